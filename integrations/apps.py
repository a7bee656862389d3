from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IntegrationsConfig(AppConfig):
    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import panel
        from integrations.schedules import make_schedules

        panel.register()
        post_migrate.connect(make_schedules, sender=self)
