"""A store that moved to another catalogue, as its people see it: what waits, what is asked, and Done."""

import pytest

from integrations.connectors.declaring import FlowKind
from tests.build import make_user
from tests.integrations.flows.stock_world import sending
from tests.integrations.flows.world import sync
from tests.integrations.pages.conftest import signed_in
from tests.orders.shop import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def moved(sandbox):
    """Its stock was sent, then it moved, and its new catalogue was read."""
    integration = sending(sandbox)
    sandbox.wix.migrate("v1")
    sync(integration, FlowKind.PRODUCTS)
    integration.refresh_from_db()
    assert integration.relinking_since
    return integration


def test_the_sku_tab_asks_about_what_was_not_carried_over_until_somebody_says_done(moved):
    person = signed_in(make_user(moved.account))
    base = f"/a/{moved.account.slug}/integrations/{moved.pk}/"

    page = text_of(person.get(f"{base}skus/"))
    assert "moved to Catalog V3." in page
    assert "It has no SKU, so it was not carried over when the store moved." in page
    assert "Stock waits." in text_of(person.get(f"{base}stock/"))
    assert "moved to another catalogue" in text_of(person.get(f"/a/{moved.account.slug}/"))

    done = text_of(person.post(f"{base}skus/linked/", follow=True))

    assert "The listings are linked again." in done
    moved.refresh_from_db()
    assert moved.relinking_since is None
    assert "moved to Catalog V3." not in text_of(person.get(f"{base}skus/"))
    assert "It has no SKU" in text_of(person.get(f"{base}skus/"))  # what means nothing is not guessed later either


def test_a_viewer_may_not_say_done(moved):
    from fcp.roles import Role

    viewer = signed_in(make_user(moved.account, Role.VIEWER))

    answer = viewer.post(f"/a/{moved.account.slug}/integrations/{moved.pk}/skus/linked/")

    assert answer.status_code == 403
    moved.refresh_from_db()
    assert moved.relinking_since is not None
