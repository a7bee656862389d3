from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IntegrationsConfig(AppConfig):
    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from fcp.health import register_check
        from integrations import bells, panel
        from integrations.reach import check_apps
        from integrations.schedules import make_schedules
        from integrations.setting_links import links_of
        from integrations.settings_document import rules_in_force, told_in_force
        from integrations.tick import overdue
        from orders.rules import provide_rules
        from orders.setting_links import provide_setting_links
        from orders.told_to_partner import provide_told

        check_apps()
        panel.register()
        bells.hang()
        provide_rules(rules_in_force)
        provide_told(told_in_force)
        provide_setting_links(links_of)
        register_check("schedule", overdue)
        post_migrate.connect(make_schedules, sender=self)
