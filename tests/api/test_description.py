"""The API does what its description says, whatever is sent; and the description can be read and tried."""

from types import SimpleNamespace

import hypothesis
import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.api.conftest import partner_api
from tests.orders.making import make_partner, new_order, offered, taken

EXAMPLES = 15
CALM = list(HealthCheck)
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


@pytest.fixture
def busy(db):
    """A partner with a request in each of the first states; many calls, so no limit of them."""
    partner = make_partner()
    request = offered(new_order({"MUG": 2}, partner))
    taken(new_order({"MUG": 2}, partner))
    return SimpleNamespace(api=partner_api(partner), request=request)


@pytest.fixture
def described(db):
    """The description, and the panel called in this process; its requests leave the test's connection open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema?format=json", get_wsgi_application())
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("kind", list(GenerationMode))
def test_every_address_keeps_to_its_description(described, busy, settings, kind):
    settings.FCP_API_RATE = 100_000

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(data=st.data())
    def keep(operation, data):
        case = data.draw(operation.as_strategy(generation_mode=kind))
        if "shipping-requests/{id}" in operation.path:
            case.path_parameters["id"] = str(busy.request.pk)  # beyond the 404
        for sent in (case.query, case.body):
            if isinstance(sent, dict) and isinstance(sent.get("warehouse"), str):
                sent["warehouse"] = str(busy.request.warehouse_id)
        case.call_and_validate(headers=busy.api.headers(), checks=CHECKS)

    for found in described.get_all_operations():
        keep(found.ok())


def test_the_description_is_whole(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "api.yml"))


@pytest.mark.django_db
def test_every_method_names_its_scope(client):
    paths = client.get("/api/schema?format=json").json()["paths"]

    for methods in paths.values():
        for method in methods.values():
            assert "Scope: `" in method["description"]
            assert method["security"] == [{"ApiKey": []}]


@pytest.mark.browser
def test_the_page_lists_the_addresses_from_our_own_origin(page):
    page.goto("/api/")

    page.get_by_text("/api/v1/shipping-requests/{id}/fulfillments").first.wait_for()
    page.get_by_text("Report what has shipped").first.click()
    page.get_by_text("Whole or in parts.").first.wait_for()
