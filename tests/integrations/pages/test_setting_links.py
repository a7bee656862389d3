"""The link beside a hold leads to the field that decides it."""

import pytest

from integrations.setting_links import links_of
from orders.setting_links import WHY
from tests.build import make_account
from tests.integrations.flows.flows import make_integration


@pytest.mark.parametrize("key", sorted({key for _, key in WHY.values() if key}))
def test_every_setting_that_a_hold_names_has_its_field_there(client, account, shop, key):
    page, _, field = links_of(account)(shop.store_id, key).partition("#")

    assert f'id="{field}"' in client.get(page).content.decode()


def test_where_the_store_is_not_known_the_only_integration_is_meant_or_all_of_them(account, shop):
    assert f"/integrations/{shop.pk}/" in links_of(account)(0, "release")
    make_integration(account)

    assert links_of(account)(0, "release").endswith("/integrations/")
    assert links_of(make_account())(0, "release") == ""
    assert links_of(account)(shop.store_id, "no such setting") == ""
