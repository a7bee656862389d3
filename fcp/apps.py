from typing import Any

import django_stubs_ext
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate


class PanelAdminConfig(AdminConfig):
    default_site = "fcp.admin_site.PanelAdminSite"


django_stubs_ext.monkeypatch()  # lets `ModelForm[Account]` and the like stand in the code, for the type checker


class FcpConfig(AppConfig):
    name = "fcp"
    verbose_name = "Fulfillment Control Panel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django_q.signals import post_execute_in_worker, pre_execute

        from fcp import checks, lookups, panel
        from fcp.pulse import show_life
        from fcp.roles import May
        from fcp.tasks import show_queue

        panel.add_pages("dashboard", panel.Page("Dashboard", "fcp:dashboard", also=("fcp:search",)))
        panel.add_pages(
            "settings",
            panel.Page("Account", "fcp:account", may=May.MANAGE, synonyms="time zone currency"),
            panel.Page("Team", "fcp:team", synonyms="people roles members"),
            panel.Page("API keys", "fcp:keys", may=May.MANAGE, synonyms="tokens"),
        )
        pre_execute.connect(show_life)
        pre_execute.connect(show_queue)
        post_execute_in_worker.connect(show_life)
        post_migrate.connect(make_cache_table, sender=self)
        assert checks  # importing registers them
        assert lookups


def make_cache_table(**signal: Any) -> None:
    """What limits sign-ins lies in it, when CACHE_URL names the database: without it nobody could sign in."""
    call_command("createcachetable", verbosity=0)
