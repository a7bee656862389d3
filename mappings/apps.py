from django.apps import AppConfig


class MappingsConfig(AppConfig):
    name = "mappings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from mappings import alias_changes, panel, same_sku, stock_marks

        panel.register()
        same_sku.listen()
        stock_marks.listen()
        alias_changes.listen()
