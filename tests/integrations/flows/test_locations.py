"""A store's locations, read while its orders come in and name them too."""

import threading

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.connectors.declaring import FlowKind
from mappings.models import Location
from mappings.words import words_of
from tests.integrations.flows.world import flow_of, sync
from tests.threads import at_once, until_somebody_waits


@pytest.mark.usefixtures("transactional_db")
def test_a_location_that_an_order_names_while_the_store_s_are_read_is_one_row_with_the_store_s_name(connect, sandbox):
    integration = connect("v1")
    store = integration.store
    before = set(Location.objects.filter(store=store).values_list("uid", "name"))
    assert len(before) >= 2
    Location.objects.filter(store=store).delete()
    uid, _ = min(before)
    named = threading.Event()

    def an_order_comes_in() -> None:
        with transaction.atomic():
            words_of(store, [], [], {uid: ""}, timezone.now())
            named.set()
            until_somebody_waits()

    def the_locations_are_read() -> None:
        assert named.wait(30)
        sync(integration, FlowKind.LOCATIONS)

    at_once(an_order_comes_in, the_locations_are_read)

    assert flow_of(integration, FlowKind.LOCATIONS).failures == 0
    assert set(Location.objects.filter(store=store).values_list("uid", "name")) == before
