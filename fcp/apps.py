import django_stubs_ext
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PanelAdminConfig(AdminConfig):
    default_site = "fcp.admin_site.PanelAdminSite"


django_stubs_ext.monkeypatch()  # lets `ModelForm[Account]` and the like stand in the code, for the type checker


class FcpConfig(AppConfig):
    name = "fcp"
    verbose_name = "Fulfillment Control Panel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_q.signals import post_execute_in_worker, pre_execute

        from fcp import lookups, panel
        from fcp.pulse import show_life
        from fcp.roles import May

        panel.add_pages("dashboard", panel.Page("Dashboard", "fcp:dashboard", also=("fcp:search",)))
        panel.add_pages(
            "settings",
            panel.Page("Account", "fcp:account", may=May.MANAGE, synonyms="time zone currency"),
            panel.Page("Team", "fcp:team", synonyms="people roles members"),
            panel.Page("API keys", "fcp:keys", may=May.MANAGE, synonyms="tokens"),
        )
        pre_execute.connect(show_life)
        post_execute_in_worker.connect(show_life)
        assert lookups  # importing registers them
