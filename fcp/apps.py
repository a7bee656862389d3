from django.apps import AppConfig


class FcpConfig(AppConfig):
    name = "fcp"
    verbose_name = "Fulfillment Control Panel"
    default_auto_field = "django.db.models.BigAutoField"
