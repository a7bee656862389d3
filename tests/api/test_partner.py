"""What a partner says of its own system: its guide, whether aliases can be read from it, what it wants to know."""

from __future__ import annotations

import pytest
from django.test import Client

from fcp.models import Partner
from fcp.partner_fields import fields_needed, wrong_in
from inventory.models import Alias
from tests.api.conftest import Api, account_api
from tests.build import make_account, make_product, make_user, make_warehouse

FIELDS = [
    {
        "key": "dock", "label": "Dock", "help": "Which dock packs.", "required": True, "kind": "text",
        "platforms": ["wix"],
    },
    {"key": "boxes", "label": "Boxes", "help": "", "required": False, "kind": "number", "platforms": []},
]  # fmt: skip
SAID = {"guide_url": "https://wms.example/guide", "alias_download": True, "fields_needed": FIELDS}

pytestmark = pytest.mark.django_db


@pytest.mark.req("EIM-32", "EIM-5")
def test_a_partner_says_what_it_can_do_and_what_it_wants_to_know(api: Api, partner: Partner) -> None:
    empty = {"guide_url": "", "alias_download": None, "fields_needed": []}
    assert api.get("/partner").json() == empty

    assert api.put("/partner", SAID).json() == SAID

    partner.refresh_from_db()
    assert partner.capabilities == {"alias_download": True}
    assert [one.key for one in fields_needed(partner, "wix")] == ["dock", "boxes"]
    assert [one.key for one in fields_needed(partner, "ecwid")] == ["boxes"]
    assert api.get("/partner").json() == SAID
    assert api.put("/partner", {}).json() == empty


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields_needed": "dock"},
        {"fields_needed": [{"key": "Dock!", "label": "Dock"}]},
        {"fields_needed": [{"key": "dock"}]},
        {"fields_needed": [FIELDS[0], FIELDS[0]]},
        {"fields_needed": [{**FIELDS[0], "kind": "color"}]},
        {"fields_needed": [{**FIELDS[0], "platforms": "wix"}]},
        {"guide_url": "javascript:alert(1)"},
        {"guide_url": "ftp://wms.example/"},
        {"alias_download": "perhaps"},
    ],
)
def test_what_cannot_be_asked_is_refused_and_changes_nothing(api: Api, partner: Partner, wrong: dict) -> None:
    api.put("/partner", SAID)

    assert api.put("/partner", wrong).status_code == 400
    assert api.get("/partner").json() == SAID


def test_an_account_speaks_for_no_partner(db: None) -> None:
    api = account_api(make_account())

    assert api.get("/partner").status_code == 403
    assert api.put("/partner", SAID).status_code == 403


@pytest.mark.req("EIM-32")
def test_the_admin_checks_the_same(partner: Partner) -> None:
    staff = Client()
    staff.force_login(make_user(is_staff=True, is_superuser=True))
    url = f"/admin/fcp/partner/{partner.pk}/change/"
    sent = {"name": partner.name, "capabilities": "{}", "ship_codes": "[]", "guide_url": ""}

    wrong = staff.post(url, {**sent, "fields_needed": '[{"key": "Dock!", "label": "Dock"}]'})
    assert "A key is a word" in wrong.content.decode()
    right = staff.post(url, {**sent, "fields_needed": '[{"key": "dock", "label": "Dock"}]'})

    assert right.status_code == 302, right.content.decode()
    partner.refresh_from_db()
    assert partner.fields_needed == [{"key": "dock", "label": "Dock"}]


@pytest.mark.parametrize(
    "odd",
    [None, {}, "x", [1], [[]], [{}], [{"key": 7, "label": "x"}], [{"key": "a", "label": "x", "evil": 1}],
     [{"key": "a", "label": " "}], [{"key": "a", "label": "x", "help": 5}], [{"key": "a", "label": "x", "required": 1}],
     [{"key": "a", "label": "x", "platforms": [7]}], [{"key": f"a{n}", "label": "x"} for n in range(51)]],
)  # fmt: skip
def test_an_odd_list_of_fields_is_told_and_never_shown(partner: Partner, odd: object) -> None:
    assert wrong_in(odd)
    partner.fields_needed = odd

    assert fields_needed(partner, "wix") == []


# --- aliases ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-5")
def test_aliases_come_from_the_wms_and_are_those_of_the_products_page(api: Api, partner: Partner) -> None:
    account = make_account("shoes")
    warehouse, mug = make_warehouse(account, partner=partner), make_product(account, "MUG")
    cup = make_product(account, "CUP")
    rows = [
        {"sku": "mug", "type": "EAN", "code": "4006381333931"},
        {"sku": "CUP", "type": "ean", "code": "4006381333931"},
        {"sku": "HAT", "type": "EAN", "code": "1"},
        {"sku": "CUP", "type": "Old SKU", "code": "C-1"},
    ]

    first = api.post("/aliases", {"warehouse": str(warehouse.pk), "aliases": rows})
    again = api.post("/aliases", {"warehouse": str(warehouse.pk), "aliases": rows[:1]})

    assert [one["result"] for one in first.json()["results"]] == ["stored", "taken", "unknown_sku", "stored"]
    assert [one["result"] for one in again.json()["results"]] == ["unchanged"]
    stored = Alias.objects.for_account(account).values_list("product", "alias_type__name", "code")
    assert set(stored) == {(mug.pk, "EAN", "4006381333931"), (cup.pk, "Old SKU", "C-1")}
    owner = Client()
    owner.force_login(make_user(account))
    assert "4006381333931" in owner.get(f"/a/shoes/products/{mug.pk}/").content.decode()


@pytest.mark.req("EIM-5")
def test_an_alias_is_reported_with_its_pieces_and_changed_by_a_later_report(api: Api, partner: Partner) -> None:
    account = make_account("shoes")
    warehouse = make_warehouse(account, partner=partner)
    make_product(account, "MUG")
    row = {"sku": "MUG", "type": "Pack", "code": "MUG-BOX"}

    def report(**more: object) -> str:
        answer = api.post("/aliases", {"warehouse": str(warehouse.pk), "aliases": [{**row, **more}]})
        return str(answer.json()["results"][0]["result"])

    assert report(units=6) == "stored"
    assert (report(), report(units=6)) == ("unchanged", "unchanged")
    assert Alias.objects.get().units == 6
    assert report(units=12) == "stored"
    assert Alias.objects.get().units == 12
    assert api.post("/aliases", {"warehouse": str(warehouse.pk), "aliases": [{**row, "units": 0}]}).status_code in (
        400,
        422,
    )


def test_aliases_of_accounts_that_a_partner_does_not_serve_are_not_its_own(api: Api) -> None:
    theirs = make_warehouse(make_account())
    make_product(theirs.account, "MUG")
    row = {"sku": "MUG", "type": "EAN", "code": "1"}

    assert api.post("/aliases", {"warehouse": str(theirs.pk), "aliases": [row]}).status_code == 404
    assert not Alias.objects.exists()
