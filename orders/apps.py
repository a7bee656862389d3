from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_save

        from inventory.models import Warehouse
        from mappings import outside
        from orders import causes, panel, shipping

        panel.register()
        outside.provide(waiting=causes.waiting_for)
        post_save.connect(shipping.on_warehouse_saved, sender=Warehouse)
