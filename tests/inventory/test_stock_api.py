"""A warehouse reports what lies in it over the API, reads it back, and is told of each item what became of it."""

import datetime as dt
import json

import pytest
from django.utils import timezone

from fcp.models import IdempotentReply
from fcp.scopes import Scope
from inventory.models import Alias, AliasType, KeptBy, Reservation, StockLevel, StockMovement
from tests.api.conftest import account_api, partner_api
from tests.build import make_account, make_partner, make_product, make_warehouse

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def error(response):
    return response.status_code, response.json()["error"]["code"]


def fields(response):
    return response.json()["error"]["fields"]


@pytest.fixture
def partner():
    return make_partner()


@pytest.fixture
def api(partner):
    return partner_api(partner)


@pytest.fixture
def warehouse(partner):
    warehouse = make_warehouse(make_account(), partner=partner)
    for sku in ("MUG", "CUP", "BOWL"):
        make_product(warehouse.account, sku)
    return warehouse


def ago(hours=1.0):
    return (timezone.now() - hours * HOUR).isoformat()


def report(api, warehouse, levels, once="", **values):
    rows = (
        [{"sku": sku, "quantity": quantity} for sku, quantity in levels.items()] if isinstance(levels, dict) else levels
    )
    body = {"warehouse": str(warehouse.pk), "taken_at": ago(), "levels": rows} | values
    return api.post("/stock-levels", body, once)


def results(response):
    assert response.status_code == 200, response.content
    return [(row["sku"], row["result"], row["quantity"]) for row in response.json()["results"]]


def adjust(api, warehouse, *rows, once=""):
    found = [{"reason": "Goods in", **row} for row in rows]
    return api.post("/stock-adjustments", {"warehouse": str(warehouse.pk), "adjustments": found}, once)


def levels(api, **query):
    response = api.get("/stock-levels", **query)
    assert response.status_code == 200, response.content
    return {row["sku"]: row for row in response.json()["results"]}


# --- reports ---------------------------------------------------------------------------------------------------------


def test_levels_are_taken_and_read_back(api, warehouse):
    taken_at = ago()

    answer = report(api, warehouse, {"MUG": 12, "cup": 0}, taken_at=taken_at)

    assert results(answer) == [("MUG", "taken", 12), ("cup", "taken", 0)]
    assert answer.json()["results"][0]["error"] is None
    shown = levels(api, warehouse=warehouse.pk)
    assert list(shown) == ["MUG", "CUP"]
    assert {name: shown["MUG"][name] for name in ("quantity", "reported", "reserved", "available")} == {
        "quantity": 12, "reported": 12, "reserved": 0, "available": 12,
    }  # fmt: skip
    assert dt.datetime.fromisoformat(shown["MUG"]["taken_at"]) == dt.datetime.fromisoformat(taken_at)


def test_each_item_is_answered_in_its_place_and_keeps_back_none_of_the_others(api, warehouse):
    report(api, warehouse, {"BOWL": 5}, taken_at=ago(1))

    answer = report(
        api,
        warehouse,
        [
            {"sku": "MUG", "quantity": 3},
            {"sku": "TEAPOT", "quantity": 3},
            {"sku": "BOWL", "quantity": 9, "taken_at": ago(2)},
            {"sku": "mug ", "quantity": 4},
            {"sku": "CUP", "quantity": 1, "taken_at": (timezone.now() + HOUR).isoformat()},
        ],
        taken_at=ago(0.5),
    )

    assert results(answer) == [
        ("MUG", "taken", 3), ("TEAPOT", "unknown_sku", None), ("BOWL", "older", 5), ("mug ", "duplicate", None),
        ("CUP", "future", None),
    ]  # fmt: skip
    told = answer.json()["results"]
    assert [row["error"] and row["error"]["code"] for row in told] == [
        None,
        "unknown_sku",
        "older",
        "duplicate",
        "future",
    ]
    assert all(row["error"]["message"].endswith(".") for row in told if row["error"])
    assert dict(StockLevel.objects.values_list("product__sku", "quantity")) == {"MUG": 3, "BOWL": 5}


@pytest.mark.parametrize(
    "quantity", ["-1", "2.5", "NaN", "Infinity", "-Infinity", "1e400", "1e30", "10000001", "9" * 400, "true", "null",
                 '"seven"', '"7"', "[7]", '{"a": 1}'],
)  # fmt: skip
def test_a_quantity_that_is_none_is_refused_for_its_item_only(api, warehouse, quantity):
    body = (
        f'{{"warehouse": "{warehouse.pk}", "taken_at": "{ago()}", "levels": '
        f'[{{"sku": "MUG", "quantity": {quantity}}}, {{"sku": "CUP", "quantity": 4}}]}}'
    )

    answer = api.post("/stock-levels", body.encode(), "K")

    assert results(answer) == [("MUG", "wrong_quantity", None), ("CUP", "taken", 4)]
    assert "whole number" in answer.json()["results"][0]["error"]["message"]


@pytest.mark.parametrize(
    ("row", "sku", "sentence"),
    [
        ({"quantity": 1}, "", "sku: This field is required."),
        ({"sku": "MUG"}, "MUG", "quantity: This field is required."),
        ({"sku": "", "quantity": 1}, "", "sku: This field may not be blank."),
        ({"sku": None, "quantity": 1}, "", "sku: This field may not be null."),
        ({"sku": ["MUG"], "quantity": 1}, "", "sku: Not a valid string."),
        ({"sku": "M" * 101, "quantity": 1}, "M" * 100, "sku: Ensure this field has no more than 100 characters."),
        ({"sku": "M\0", "quantity": 1}, "M\ufffd", "sku: Null characters are not allowed."),
        ({"sku": "M\ud800", "quantity": 1}, "M?", "sku: Surrogate characters are not allowed: U+D800."),
        ({"sku": "MUG", "quantity": 1, "taken_at": "noon"}, "MUG", "taken_at: Datetime has wrong format."),
        ("MUG", "", "Invalid data. Expected a dictionary, but got str."),
        (None, "", "This field may not be null."),
    ],
)
def test_an_item_that_cannot_be_read_is_refused_alone(api, warehouse, row, sku, sentence):
    answer = report(api, warehouse, [row, {"sku": "CUP", "quantity": 4}], once="K")

    assert results(answer) == [(sku, "invalid", None), ("CUP", "taken", 4)]
    assert answer.json()["results"][0]["error"]["message"].startswith(sentence)


def test_a_number_as_sku_is_its_text(api, warehouse):
    make_product(warehouse.account, "4711")

    assert results(report(api, warehouse, [{"sku": 4711, "quantity": 2}])) == [("4711", "taken", 2)]


def test_the_same_report_twice_changes_nothing(api, warehouse):
    taken_at = ago()
    report(api, warehouse, {"MUG": 12}, taken_at=taken_at)

    again = report(api, warehouse, {"MUG": 12}, taken_at=taken_at)

    assert results(again) == [("MUG", "unchanged", 12)]
    assert again.json()["results"][0]["error"] is None
    assert StockMovement.objects.count() == 1


def test_a_report_with_a_key_of_its_own_is_answered_again(api, warehouse):
    body = {"levels": [{"sku": "MUG", "quantity": 12}], "taken_at": ago(2)}
    first = report(api, warehouse, once="K-1", **body)
    report(api, warehouse, {"MUG": 7}, taken_at=ago(1))

    again = report(api, warehouse, once="K-1", **body)

    assert again["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert StockLevel.objects.get().quantity == 7


def test_levels_without_a_time_are_refused(api, warehouse):
    body = {"warehouse": str(warehouse.pk), "levels": [{"sku": "MUG", "quantity": 1}]}

    response = api.post("/stock-levels", body)

    assert error(response) == (400, "invalid")
    assert list(fields(response)) == ["taken_at"]
    assert not StockLevel.objects.exists()
    body["levels"][0]["taken_at"] = ago()
    assert results(api.post("/stock-levels", body)) == [("MUG", "taken", 1)]


def test_a_thousand_are_taken_and_more_are_refused_with_a_sentence(api, warehouse):
    skus = [f"SKU-{n}" for n in range(1000)]
    for sku in skus:
        make_product(warehouse.account, sku)

    answer = report(api, warehouse, {sku: n for n, sku in enumerate(skus)})
    more = report(api, warehouse, dict.fromkeys([*skus, "MUG"], 1), taken_at=ago(0.5))

    assert results(answer) == [(sku, "taken", n) for n, sku in enumerate(skus)]
    assert error(more) == (400, "invalid")
    assert fields(more) == {"levels": ["At most 1000 in one call; send the rest in another."]}
    assert StockLevel.objects.count() == 1000


def test_ten_megabytes_are_refused_with_a_sentence(api, warehouse):
    rows = [{"sku": "M" * 100, "quantity": n} for n in range(85_000)]
    body = json.dumps({"warehouse": str(warehouse.pk), "taken_at": ago(), "levels": rows}).encode()
    assert len(body) > 10 * 1024 * 1024

    response = api.post("/stock-levels", body)

    assert error(response) == (413, "too_large")
    assert response.json()["error"]["message"] == "The body is larger than 1024 kB. Send it in parts."


@pytest.mark.parametrize(
    ("body", "status", "code", "named"),
    [
        (b"{", 400, "unreadable", []),
        (b"[" * 100_000, 400, "unreadable", []),
        (b'{"levels": [{"sku": "A", "quantity": ' + b"9" * 5000 + b"}]}", 400, "unreadable", []),
        (b"[]", 400, "invalid", ["non_field_errors"]),
        (b"{}", 400, "invalid", ["levels", "warehouse"]),
        (b'{"warehouse": "1", "levels": []}', 400, "invalid", ["levels"]),
        (b'{"warehouse": "1", "levels": {"MUG": 1}}', 400, "invalid", ["levels"]),
        (b'{"warehouse": NaN, "taken_at": "2026-11-01T00:00Z", "levels": [1]}', 404, "not_found", []),
        (b'{"warehouse": "9999", "taken_at": "2026-11-01T00:00Z", "levels": [1]}', 404, "not_found", []),
    ],
)
def test_a_body_that_is_not_right_gets_an_error_of_the_usual_shape(api, body, status, code, named):
    response = api.post("/stock-levels", body)

    assert error(response) == (status, code)
    assert sorted(fields(response)) == named


def test_a_warehouse_that_the_panel_keeps_says_so(api, warehouse):
    warehouse.kept_by = KeptBy.PANEL
    warehouse.save()

    for response in (
        report(api, warehouse, {"MUG": 1}),
        adjust(api, warehouse, {"id": "A", "sku": "MUG", "change": 1}),
    ):
        assert error(response) == (422, "kept_by_panel")
        assert f"The stock of {warehouse.name} is kept in this panel" in response.json()["error"]["message"]
        assert list(fields(response)) == ["warehouse"]
    [shown] = api.get("/warehouses").json()["results"]
    assert (shown["takes_levels"], shown["levels_count"]) == (False, "on_hand")


def test_a_report_of_two_and_of_two_hundred_costs_the_same_number_of_statements(
    api, warehouse, django_assert_num_queries, django_assert_max_num_queries
):
    for n in range(200):
        make_product(warehouse.account, f"SKU-{n}")
    report(api, warehouse, {"MUG": 1, "CUP": 1}, taken_at=ago(3))

    with django_assert_max_num_queries(25) as few:
        report(api, warehouse, {"MUG": 2, "SKU-0": 2}, taken_at=ago(2))
    with django_assert_num_queries(len(few)):
        report(api, warehouse, {"MUG": 3, **{f"SKU-{n}": 3 for n in range(200)}}, taken_at=ago(1))


# --- adjustments -----------------------------------------------------------------------------------------------------


def test_adjustments_move_a_level_and_the_same_id_twice_is_one(api, warehouse):
    report(api, warehouse, {"MUG": 12})
    rows = [
        {"id": "GR-1", "sku": "MUG", "change": 5},
        {"id": "GR-2", "sku": "MUG", "change": -2, "reason": "Broken"},
        {"id": "GR-1", "sku": "MUG", "change": 5},
        {"id": "GR-3", "sku": "CUP", "change": 5},
        {"id": "GR-4", "sku": "TEAPOT", "change": 5},
    ]

    first, again = adjust(api, warehouse, *rows), adjust(api, warehouse, rows[0])

    assert results(first) == [
        ("MUG", "taken", 17), ("MUG", "taken", 15), ("MUG", "repeated", 15), ("CUP", "no_level", None),
        ("TEAPOT", "unknown_sku", None),
    ]  # fmt: skip
    assert [row["id"] for row in first.json()["results"]] == ["GR-1", "GR-2", "GR-1", "GR-3", "GR-4"]
    assert [bool(row["error"]) for row in first.json()["results"]] == [False, False, False, True, True]
    assert results(again) == [("MUG", "repeated", 15)]
    assert StockLevel.objects.get().quantity == 15


def test_an_adjustment_that_cannot_be_is_refused_alone(api, warehouse):
    report(api, warehouse, {"MUG": 3, "CUP": 3, "BOWL": 3}, taken_at=ago(2))

    answer = adjust(
        api,
        warehouse,
        {"id": "A", "sku": "MUG", "change": -4},
        {"id": "B", "sku": "CUP", "change": 1.5},
        {"id": "C", "sku": "BOWL", "change": True},
        {"sku": "BOWL", "change": 1},
        {"id": "D", "sku": "BOWL", "change": 1, "reason": ""},
        {"id": "E", "sku": "BOWL", "change": 1, "at": ago(3)},
        {"id": "F", "sku": "BOWL", "change": 2, "at": ago(1)},
    )

    assert results(answer) == [
        ("MUG", "below_zero", 3), ("CUP", "wrong_quantity", None), ("BOWL", "wrong_quantity", None),
        ("BOWL", "invalid", None), ("BOWL", "invalid", None), ("BOWL", "unchanged", 3), ("BOWL", "taken", 5),
    ]  # fmt: skip


def test_one_sku_can_be_adjusted_some_times_in_one_call(api, warehouse):
    report(api, warehouse, {"MUG": 0, "CUP": 0})
    rows = [{"id": f"M-{n}", "sku": "MUG", "change": 1} for n in range(22)]

    answer = adjust(api, warehouse, *rows, {"id": "C-1", "sku": "CUP", "change": 1})
    rest = adjust(api, warehouse, *rows[-3:])

    assert [row[1] for row in results(answer)] == ["taken"] * 20 + ["duplicate"] * 2 + ["taken"]
    assert "in another call" in answer.json()["results"][21]["error"]["message"]
    assert results(rest) == [("MUG", "repeated", 20), ("MUG", "taken", 21), ("MUG", "taken", 22)]


# --- reading ---------------------------------------------------------------------------------------------------------


def reserve(product, quantity, warehouse=None, source=1):
    Reservation.objects.create(
        account=product.account, product=product, warehouse=warehouse, source_kind="line", source_id=source,
        quantity=quantity, since=timezone.now(),
    )  # fmt: skip


def test_what_open_orders_need_is_not_available(api, warehouse):
    report(api, warehouse, {"MUG": 10, "CUP": 1})
    product = {level.product.sku: level.product for level in StockLevel.objects.select_related("product")}
    reserve(product["MUG"], 3, warehouse)
    reserve(product["MUG"], 2, source=2)
    reserve(product["CUP"], 4, warehouse, source=3)

    shown = levels(api, warehouse=warehouse.pk)

    assert [(r["sku"], r["quantity"], r["reserved"], r["available"]) for r in shown.values()] == [
        ("MUG", 10, 5, 5), ("CUP", 1, 4, 0),
    ]  # fmt: skip


def test_an_order_without_a_warehouse_is_taken_once(api, partner, warehouse):
    other = make_warehouse(warehouse.account, partner=partner)
    report(api, warehouse, {"MUG": 10})
    report(api, other, {"MUG": 4})
    reserve(StockLevel.objects.first().product, 12)

    shown = api.get("/stock-levels", sku="mug").json()["results"]

    assert [(row["warehouse"], row["available"]) for row in shown] == [(str(warehouse.pk), 0), (str(other.pk), 2)]


def test_levels_can_be_narrowed_and_need_a_bound(api, partner, warehouse):
    report(api, warehouse, {"MUG": 1, "CUP": 2})
    StockLevel.objects.filter(product__sku="MUG").update(changed_at=timezone.now() + HOUR)

    assert list(levels(api, warehouse=warehouse.pk, sku=" cup")) == ["CUP"]
    assert list(levels(api, sku="CUP")) == ["CUP"]
    assert list(levels(api, warehouse=warehouse.pk, changed_since=(timezone.now() + HOUR / 2).isoformat())) == ["MUG"]
    assert levels(api, warehouse=warehouse.pk, sku="TEAPOT") == {}
    assert list(fields(api.get("/stock-levels"))) == ["warehouse"]
    assert list(fields(api.get("/stock-movements"))) == ["warehouse"]
    assert list(fields(api.get("/products"))) == ["warehouse"]


@pytest.mark.parametrize("path", ["/stock-levels", "/stock-movements", "/products"])
@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 501}, {"after": "x"}, {"after": "A\x00"}, {"sku": "M\x00"}])
def test_a_query_that_is_not_right_says_which_field(api, warehouse, path, query):
    response = api.get(path, warehouse=warehouse.pk, **query)

    assert error(response) == (400, "invalid")
    assert list(fields(response)) == list(query)


def test_pages_follow_each_other_without_gap_or_repeat(api, warehouse):
    skus = [f"SKU-{n}" for n in range(7)]
    for sku in skus:
        make_product(warehouse.account, sku)
    report(api, warehouse, {sku: n for n, sku in enumerate(skus)})

    def walk(path):
        found, after = [], {}
        while True:
            page = api.get(path, warehouse=warehouse.pk, limit=3, **after).json()
            assert len(page["results"]) <= 3
            found += [row["sku"] for row in page["results"]]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    assert walk("/stock-levels") == skus
    assert walk("/stock-movements") == skus[::-1]
    assert walk("/products") == ["BOWL", "CUP", "MUG", *skus]


def test_pages_of_one_sku_go_through_the_warehouses(api, partner, warehouse):
    houses = [warehouse, *(make_warehouse(warehouse.account, partner=partner) for _ in range(4))]
    for house in houses:
        report(api, house, {"MUG": 1})

    first = api.get("/stock-levels", sku="MUG", limit=3).json()
    second = api.get("/stock-levels", sku="MUG", limit=3, after=first["next"]).json()

    assert [row["warehouse"] for page in (first, second) for row in page["results"]] == [str(one.pk) for one in houses]


def test_a_page_of_levels_costs_the_same_number_of_statements_for_two_and_for_many(
    api, warehouse, django_assert_num_queries
):
    report(api, warehouse, {"MUG": 1, "CUP": 1})
    query = {"warehouse": warehouse.pk}
    api.get("/stock-levels", **query)  # the calls that this process took from the key's bucket
    with django_assert_num_queries(5):
        assert len(levels(api, **query)) == 2
    for n in range(40):
        make_product(warehouse.account, f"SKU-{n}")
    report(api, warehouse, {f"SKU-{n}": n for n in range(40)})
    with django_assert_num_queries(5):
        assert len(levels(api, **query)) == 42


def test_movements_tell_what_made_the_level(api, warehouse):
    report(api, warehouse, {"MUG": 12, "CUP": 1})
    adjust(api, warehouse, {"id": "GR-1", "sku": "MUG", "change": 5, "reason": "Returned"})

    shown = api.get("/stock-movements", warehouse=warehouse.pk, sku="MUG").json()["results"]

    assert [(row["kind"], row["change"], row["balance"], row["counts"]) for row in shown] == [
        ("adjustment", 5, 17, True), ("level", 12, 12, True),
    ]  # fmt: skip
    assert (shown[0]["reason"], shown[0]["reference"]) == ("Returned", "GR-1")


def test_products_tell_what_can_be_reported(api, warehouse):
    ean = AliasType.objects.create(account=warehouse.account, name="EAN")
    product = make_product(warehouse.account, "VASE", name="Blue vase", barcode="4006381333931", weight_grams=750)
    Alias.objects.create(account=warehouse.account, alias_type=ean, product=product, code="400")

    [shown] = api.get("/products", warehouse=warehouse.pk, sku="vase").json()["results"]

    account = {"id": str(warehouse.account_id), "name": warehouse.account.name}
    assert shown == {
        "id": str(product.pk), "sku": "VASE", "name": "Blue vase", "barcode": "4006381333931", "weight_grams": 750,
        "preorder_until": None,
        "aliases": [{"type": "EAN", "code": "400", "units": 1}], "account": account,
    }  # fmt: skip


# --- whose -----------------------------------------------------------------------------------------------------------


def test_an_account_reports_and_reads_its_own(warehouse):
    api = account_api(warehouse.account)

    assert results(report(api, warehouse, {"MUG": 1})) == [("MUG", "taken", 1)]
    assert list(levels(api, sku="MUG")) == ["MUG"]
    assert [row["sku"] for row in api.get("/products").json()["results"]] == ["BOWL", "CUP", "MUG"]


def test_another_ones_warehouse_is_not_found(api, warehouse):
    report(api, warehouse, {"MUG": 1})
    own = make_warehouse(make_account(), partner=make_partner())
    left = make_warehouse(warehouse.account)  # the same account, not this partner's
    not_theirs = [
        (partner_api(own.partner), warehouse),
        (account_api(own.account), warehouse),
        (api, left),
    ]

    for stranger, theirs in not_theirs:
        answers = [
            report(stranger, theirs, {"MUG": 9}),
            adjust(stranger, theirs, {"id": "A", "sku": "MUG", "change": 9}),
            stranger.get("/stock-levels", warehouse=theirs.pk),
            stranger.get("/stock-movements", warehouse=theirs.pk),
            stranger.get("/products", warehouse=theirs.pk),
        ]
        assert {error(answer) for answer in answers} == {(404, "not_found")}
    assert StockLevel.objects.get().quantity == 1
    assert StockMovement.objects.count() == 1
    assert not IdempotentReply.objects.exists()


def test_another_ones_skus_are_unknown(api, warehouse):
    make_product(make_account(), "TEAPOT")

    assert results(report(api, warehouse, {"TEAPOT": 1})) == [("TEAPOT", "unknown_sku", None)]
    assert api.get("/products", sku="TEAPOT").json()["results"] == []
    assert levels(api, sku="TEAPOT") == {}


def test_a_partner_sees_the_levels_of_its_warehouses_in_all_accounts_and_no_others(api, partner, warehouse):
    second = make_warehouse(make_account(), partner=partner)
    make_product(second.account, "MUG")
    third = make_warehouse(warehouse.account, partner=make_partner())
    for house in (warehouse, second):
        report(api, house, {"MUG": 1})
    report(partner_api(third.partner), third, {"MUG": 1})

    shown = api.get("/stock-levels", sku="MUG").json()["results"]

    assert [row["warehouse"] for row in shown] == [str(warehouse.pk), str(second.pk)]
    assert len(api.get("/products", sku="MUG").json()["results"]) == 2


def test_an_expired_key_reports_nothing(partner, warehouse):
    api = partner_api(partner, expires_at=timezone.now() - HOUR)

    assert error(report(api, warehouse, {"MUG": 1})) == (401, "key_expired")
    assert not StockLevel.objects.exists()


def test_each_address_asks_for_its_scope(partner, warehouse):
    calls = {
        Scope.WRITE_STOCK: [
            lambda api: report(api, warehouse, {"MUG": 1}),
            lambda api: adjust(api, warehouse, {"id": "A", "sku": "MUG", "change": 1}),
        ],
        Scope.READ_STOCK: [
            lambda api: api.get("/stock-levels", warehouse=warehouse.pk),
            lambda api: api.get("/stock-movements", warehouse=warehouse.pk),
        ],
        Scope.READ_PRODUCTS: [lambda api: api.get("/products", warehouse=warehouse.pk)],
    }
    for scope, some in calls.items():
        without = partner_api(partner, *(set(Scope) - {scope}))
        alone = partner_api(partner, scope)
        for call in some:
            assert error(call(without)) == (403, "scope_missing")
            assert call(alone).status_code == 200
