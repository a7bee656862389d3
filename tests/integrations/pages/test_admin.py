"""The admin of integrations: staff look things up and press buttons, and no secret is shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from fcp.models import Account
from integrations.connectors import connector_class
from integrations.connectors.declaring import FlowKind
from integrations.models import FailedRecord, Flow, Integration, SettingsVersion
from integrations.sandbox.server import Sandbox
from tests.build import make_listing, make_product, make_ship_method, make_user
from tests.integrations.flows.world import flow_of
from tests.integrations.pages.test_runs_page import make_failure, make_run

APPS = {"integrations", "mappings", "inventory"}


@pytest.fixture
def office(db: None) -> Client:
    """Staff without any Django permission."""
    client = Client()
    client.force_login(make_user(is_staff=True, first_name="Olga"))
    return client


def test_staff_look_every_row_up_and_no_secret_is_shown(
    office: Client, open_shop: Integration, account: Account, sandbox: Sandbox
) -> None:
    make_failure(open_shop, payload=b"secret payload")
    make_run(open_shop)
    make_listing(open_shop.store, "MUG", make_product(account, "MUG"))
    make_ship_method(open_shop.store)
    secret = sandbox.info["wix"]["api_key"]
    seen = 0
    for model in [m for m in admin.site._registry if m._meta.app_label in APPS]:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        rows = office.get(base, {"q": "shop"})
        assert rows.status_code == 200, base
        row = model._default_manager.first()
        pages = [rows] + ([office.get(f"{base}{row.pk}/change/")] if row else [])
        for page in pages:
            text = page.content.decode()
            assert secret not in text, base
            assert "gAAAA" not in text, base  # nor its cipher
            assert "secret payload" not in text
        seen += len(pages)
    assert seen > 20


def act(office: Client, model: str, action: str, *rows: int) -> str:
    answer = office.post(
        f"/admin/integrations/{model}/", {"action": action, "_selected_action": list(rows)}, follow=True
    )
    return answer.content.decode()


def test_actions_sync_pause_resume_and_unblock(office: Client, open_shop: Integration) -> None:
    Flow.objects.filter(integration=open_shop).update(blocked=True, lease_until=None)
    Integration.objects.update(live=True)

    act(office, "integration", "try_the_key", open_shop.pk)
    assert not Flow.objects.filter(blocked=True).exists()
    assert "done" in act(office, "integration", "pause_handing_over", open_shop.pk)
    assert Integration.objects.get().paused
    act(office, "integration", "resume_handing_over", open_shop.pk)
    assert not Integration.objects.get().paused
    Flow.objects.update(lease_until=None)
    act(office, "integration", "sync_now", open_shop.pk)
    assert flow_of(open_shop).asked_by == "Olga"


def test_a_flow_is_switched_off_by_a_version_of_the_settings(office: Client, open_shop: Integration) -> None:
    orders = flow_of(open_shop)

    act(office, "flow", "switch_off", orders.pk)
    assert flow_of(open_shop).due_at is None
    version = SettingsVersion.objects.order_by("-number").first()
    assert version is not None
    assert (version.by, version.why) == ("Olga", "by the operator's staff")
    act(office, "flow", "switch_on", orders.pk)
    assert flow_of(open_shop).interval == 30

    locations = flow_of(open_shop, FlowKind.LOCATIONS)
    assert "Always on" in act(office, "flow", "switch_off", locations.pk)
    assert flow_of(open_shop, FlowKind.LOCATIONS).due_at is not None


def test_several_flows_of_one_integration_are_switched_at_once(office: Client, open_shop: Integration) -> None:
    both = [flow_of(open_shop, kind) for kind in (FlowKind.ORDERS, FlowKind.FULFILLMENTS)]

    act(office, "flow", "switch_off", *[flow.pk for flow in both])

    assert [flow_of(open_shop, FlowKind(flow.kind)).due_at for flow in both] == [None, None]
    act(office, "flow", "switch_on", *[flow.pk for flow in both])
    assert None not in [flow_of(open_shop, FlowKind(flow.kind)).due_at for flow in both]


def test_a_flow_that_cannot_be_switched_says_why(office: Client, open_shop: Integration, monkeypatch: Any) -> None:
    """Somebody deleted the integration while the page was open, and after the list was read."""
    from integrations import admin as page

    def late(key: str) -> Any:
        Integration.objects.all().delete()
        return connector_class(key)

    monkeypatch.setattr(page, "connector_class", late)

    assert "deleted this integration" in act(office, "flow", "switch_off", flow_of(open_shop).pk)


def test_a_failed_record_is_retried(office: Client, open_shop: Integration) -> None:
    record = make_failure(open_shop)

    act(office, "failedrecord", "retry", record.pk)

    due = FailedRecord.objects.get().not_before
    assert due is not None
    assert due <= timezone.now()


def test_nobody_edits_an_integration_there(office: Client, open_shop: Integration) -> None:
    assert office.post(f"/admin/integrations/integration/{open_shop.pk}/change/", {"name": "x"}).status_code == 403
    assert office.get("/admin/integrations/integration/add/").status_code == 403
    assert Client().get("/admin/integrations/credential/").status_code == 302
