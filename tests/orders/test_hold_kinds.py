"""Which holds the facts of an order ask for, and where a customs border lies: pure."""

import datetime as dt

import pytest

from fcp.roles import ALLOWED, STAFF, May, Role
from mappings.words import ListingRow, ShipRow
from orders.customs import areas_of, goes_abroad
from orders.goods import Goods, ProductRow
from orders.holds import BY_HAND, KINDS, HoldFacts, HoldKind, SoldAhead, WantedHold, wanted_holds
from orders.setting_links import WHY
from orders.translation import LineWords, OrderWords, meaning_of
from tests.build import rules

DAY = dt.date(2026, 12, 3)
UNTIL = dt.datetime(2026, 12, 2, 23, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 20)
NORD = 7


def line(product: int | None = 1, ships: bool = True) -> LineWords:
    listing = ListingRow(30 + (product or 0), TODAY, f"p-{product}", "", f"SKU-{product}", "", product, 1, 0)
    return LineWords(listing, None, ships)


def holds(*lines: LineWords, goods: Goods, hold_option: bool = False, to: str = "US", postcode: str = "", **of):
    ship = ShipRow(5, TODAY, "standard", "Standard", "", "GROUND", "", "", hold_option, 0)
    words = OrderWords("approved", "paid", "none", False, ship, None, lines, (), to, postcode, goods)
    return list(meaning_of(words, rules(warehouse_id=NORD, **of)).holds)


def sold_ahead(*skus: int) -> Goods:
    return Goods({pk: ProductRow(pk, f"SKU-{pk}", DAY, "6912", "DE") for pk in skus}, {NORD: "DE"}, TODAY)


def lacking(country: str = "DE") -> Goods:
    return Goods({1: ProductRow(1, "SKU-1", None, "", "DE")}, {NORD: country}, TODAY)


# --- sold ahead ------------------------------------------------------------------------------------------------------


def test_an_order_waits_for_each_of_its_products_that_is_sold_ahead_until_the_day_begins_in_the_accounts_zone():
    berlin = dt.timezone(dt.timedelta(hours=1))

    found = holds(line(1), line(2), line(1), line(3), goods=sold_ahead(1, 2), zone=berlin)

    assert found == [
        WantedHold(HoldKind.PREORDER, "1", "SKU-1 is sold ahead until 3 December 2026", UNTIL),
        WantedHold(HoldKind.PREORDER, "2", "SKU-2 is sold ahead until 3 December 2026", UNTIL),
    ]


@pytest.mark.parametrize(("today", "kinds"), [(DAY - dt.timedelta(days=1), ["preorder"]), (DAY, [])])
def test_on_the_day_itself_it_goes(today, kinds):
    goods = Goods(sold_ahead(1).products, {}, today)

    assert [hold.kind for hold in holds(line(1), goods=goods)] == kinds


def test_a_line_that_does_not_ship_and_a_listing_without_a_product_hold_nothing_back():
    assert holds(line(2), line(1, ships=False), goods=sold_ahead(1)) == []


def test_what_the_store_closed_asks_for_nothing():
    ahead = (SoldAhead(1, "MUG", DAY, UNTIL),)
    facts = {"preorders": ahead, "customs_lacks": ((1, "MUG"),), "looked_at_ship": (2, "Std"), "rules": ((3, "Big"),)}

    assert [h.kind for h in wanted_holds(HoldFacts(True, False, **facts))] == [
        "preorder", "customs", "ship_method", "rule",
    ]  # fmt: skip
    assert wanted_holds(HoldFacts(True, True, **facts)) == wanted_holds(HoldFacts(False, False, **facts)) == []


# --- a shipping option to look at ------------------------------------------------------------------------------------


def test_a_shipping_option_that_is_marked_holds_its_orders_though_it_is_mapped():
    assert holds(line(), goods=Goods(), hold_option=True) == [WantedHold(HoldKind.SHIP_METHOD, "5", "Standard")]
    assert holds(line(), goods=Goods()) == []


# --- customs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "warehouse", "to", "waits"),
    [
        (True, "DE", "US", True),
        (True, "DE", "AT", False),
        (False, "DE", "US", False),
        (True, "", "US", False),  # nobody knows where the border is
        (True, "DE", "", False),
        (True, "US", "US", False),
    ],
)
def test_what_goes_abroad_without_customs_data_waits_where_the_setting_says_so(on, warehouse, to, waits):
    found = holds(line(), goods=lacking(warehouse), customs=on, to=to)

    assert found == ([WantedHold(HoldKind.CUSTOMS, "1", "SKU-1")] if waits else [])


@pytest.mark.parametrize(("code", "origin", "lacks"), [("6912", "DE", False), ("", "DE", True), ("6912", "", True)])
def test_a_product_lacks_customs_data_without_its_code_or_its_origin(code, origin, lacks):
    goods = Goods({1: ProductRow(1, "SKU-1", None, code, origin)}, {NORD: "DE"}, TODAY)

    assert bool(holds(line(), goods=goods, customs=True)) is lacks


@pytest.mark.parametrize(
    ("start", "country", "postcode", "abroad"),
    [
        ("DE", "FR", "75001", False),
        ("DE", "fr", "97110", True),  # Guadeloupe
        ("FR", "MC", "98000", False),
        ("DE", "FR", "98000", False),
        ("DE", "CH", "8001", True),
        ("CH", "LI", "9490", False),
        ("DE", "ES", "28001", False),
        ("DE", "ES", "35001", True),
        ("DE", "ES", "38001", True),
        ("DE", "ES", "51001", True),
        ("DE", "ES", "52001", True),
        ("DE", "DE", "78266", True),  # Büsingen
        ("CH", "DE", "78266", False),
        ("DE", "DE", "D-27498", True),  # Helgoland
        ("DE", "DE", "27499", False),
        ("DE", "IT", "23041", True),  # Livigno
        ("DE", "FI", "22 100", True),  # Åland
        ("FI", "AX", "", True),
        ("DE", "GB", "SW1A 1AA", True),
        ("DE", "GB", "bt1 1aa", False),  # Northern Ireland
        ("GB", "GB", "BT1 1AA", False),
        ("GB", "IM", "", False),
        ("GB", "IE", "", True),
        ("DE", "NO", "", True),
        ("US", "CA", "", True),
        ("US", "PR", "", False),
        ("", "US", "", False),
        ("US", "", "", False),
    ],
)
def test_where_a_customs_border_lies(start, country, postcode, abroad):
    assert goes_abroad(start, country, postcode) is abroad


def test_every_country_is_in_some_area():
    assert areas_of("JP") == {"JP"}
    assert areas_of("") == frozenset()


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_kind_has_its_words_its_reason_and_somebody_who_may():
    for kind in HoldKind:
        assert "" not in (KINDS[kind].label, KINDS[kind].sentence, WHY[kind][0])
        assert kind.needs in STAFF
        assert kind.who
    assert set(BY_HAND) == {kind for kind, of in KINDS.items() if not of.by_itself and not of.after_release} - {
        HoldKind.REJECTED_BY_WAREHOUSE
    }


def test_who_may_place_and_lift_each_kind():
    assert HoldKind.OPERATOR.who == "The operator's staff"
    assert HoldKind.FRAUD.who == "Owner and Admin"
    assert HoldKind.CLIENT.who == "Owner, Admin and Operator"
    assert not any(May.OPERATE in ALLOWED[role] for role in Role)
