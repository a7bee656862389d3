"""Products written through the connector: what goes over the wire, in how many calls, and what each answer means."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest
import responses

from fcp.errors import Rejected, Stale, Unreadable
from integrations.connectors.goods import as_html, plain
from integrations.connectors.shapes import ProductToPush, StoreProduct, StoreVariant

from .conftest import Reached
from .test_listings import API, by_key

TEN = Decimal("10.00")


def of_name(store: Reached, name: str) -> StoreProduct:
    uid = next(p["id"] for p in store.host.site(store.site).products if p["name"] == name)
    return store.connector.products_of([uid])[0]


def named(number: int) -> ProductToPush:
    product = StoreProduct("", f"Thing {number}", "", (), (StoreVariant("", f"T-{number}", (), TEN),))
    return ProductToPush(str(number), None, product)


def test_a_product_reads_back_as_it_was_sent(store: Reached) -> None:
    wanted = StoreProduct(
        "", "Shirt", "Two lines\n& more", (("Size", ("S", "L")),),
        (StoreVariant("", "SH-S", ("S",), TEN), StoreVariant("", "", ("L",), TEN, visible=False)),
    )  # fmt: skip

    (answer,) = store.connector.push_products([ProductToPush("a", None, wanted)]).answers

    assert answer.error is None
    (shown,) = store.connector.products_of([answer.store_ref])
    assert (shown.name, shown.description, shown.options) == ("Shirt", "Two lines\n& more", wanted.options)
    assert [(v.sku, v.choices, v.price, v.visible) for v in shown.variants] == [
        ("SH-S", ("S",), TEN, True),
        ("", ("L",), TEN, False),
    ]


def test_a_barcode_and_a_weight_go_to_v3_and_what_is_not_named_stays(reach: Any) -> None:
    store = reach("v3")
    product = next(p for p in store.host.site("v3").products if not p["options"] and p["type"] == "physical")
    product["variants"][0]["compareAt"] = 900.0
    before = store.connector.products_of([product["id"]])[0]
    assert before.variants[0].price is None  # on sale: not ours to say
    mine = replace(before.variants[0], barcode="4006381333931", weight_grams=1250)

    store.connector.push_products([ProductToPush("a", before, replace(before, variants=(mine,)))])

    variant = store.host.site("v3").products.rows[product["id"]]["variants"][0]
    assert (variant["barcode"], variant["weight"], variant["compareAt"]) == ("4006381333931", 1.25, 900.0)
    assert variant["price"] == float(product["variants"][0]["price"])


def test_many_products_of_v3_take_one_call_and_of_v1_one_each(store: Reached) -> None:
    store.calls.clear()

    done = store.connector.push_products([named(n) for n in range(30)])

    assert all(answer.error is None and answer.store_ref for answer in done.answers)
    assert len(store.calls) == (30 if store.site == "v1" else 1)


def test_of_a_call_that_wix_refuses_as_a_whole_the_good_ones_are_made(reach: Any) -> None:
    store = reach("v3")
    rows = [named(n) for n in range(8)]
    rows[5] = ProductToPush("5", None, replace(rows[5].after, name="x" * 81))

    answers = {answer.key: answer for answer in store.connector.push_products(rows).answers}

    assert [key for key, answer in answers.items() if answer.error] == ["5"]
    assert isinstance(answers["5"].error, Rejected)
    names = [p["name"] for p in store.host.site("v3").products]
    assert all(names.count(f"Thing {n}") == (n != 5) for n in range(8))


def test_a_stale_revision_is_an_answer_of_its_own(reach: Any) -> None:
    store = reach("v3")
    before = of_name(store, next(p["name"] for p in store.host.site("v3").products))
    old = replace(before, revision="0")

    (answer,) = store.connector.push_products([ProductToPush("a", old, replace(old, name="Other"))]).answers

    assert isinstance(answer.error, Stale)


def test_products_that_are_gone_are_missing(store: Reached) -> None:
    uids = [p["id"] for p in store.host.site(store.site).products][:3]

    found = store.connector.products_of([*uids, "00000000-0000-4000-8000-000000000000"])

    assert [one.uid for one in found] == uids


@responses.activate
def test_the_variants_of_v1_that_are_not_managed_are_words_only() -> None:
    product = {
        "id": "p", "name": "Mug", "productType": "physical", "sku": "MUG", "manageVariants": False,
        "priceData": {"price": 10.0, "currency": "EUR"},
        "productOptions": [{"name": "Wrap", "choices": [{"value": "Yes", "description": "Yes"}]}],
        "variants": [{"id": "a", "choices": {"Wrap": "Yes"}, "variant": {"sku": ""}}],
    }  # fmt: skip
    responses.get(f"{API}/stores-reader/v1/products/p", json={"product": product})

    (shown,) = by_key().products_of(["p"])

    assert (shown.options, shown.loose) == ((), ("Wrap",))
    assert [(v.sku, v.price) for v in shown.variants] == [("MUG", Decimal("10.0"))]


@responses.activate
def test_a_product_that_wix_made_without_saying_its_id_counts_as_a_lost_answer() -> None:
    responses.post(f"{API}/stores/v1/products", json={"product": {}})

    with pytest.raises(Unreadable) as lost:
        by_key().push_products([named(1)])

    assert lost.value.maybe_done


@responses.activate
def test_where_v1_refuses_the_variants_the_answer_names_the_product_that_was_made() -> None:
    responses.post(f"{API}/stores/v1/products", json={"product": {"id": "made"}})
    said = {"message": "no", "details": {"applicationError": {"code": "SOMETHING", "description": "no"}}}
    responses.patch(f"{API}/stores/v1/products/made/variants", json=said, status=400)
    responses.get(f"{API}/stores/v3/provision/version", json={"catalogVersion": "V1_CATALOG"})
    variants = (StoreVariant("", "S", ("S",), TEN), StoreVariant("", "", ("L",), TEN, visible=False))
    shirt = StoreProduct("", "Shirt", "", (("Size", ("S", "L")),), variants)

    (answer,) = by_key().push_products([ProductToPush("a", None, shirt)]).answers

    assert answer.store_ref == "made"
    assert isinstance(answer.error, Rejected)
    sent = orjson.loads(responses.calls[0].request.body)["product"]
    assert (sent["manageVariants"], sent["priceData"]) == (True, {"price": 10.0})
    told = orjson.loads(responses.calls[1].request.body)["variants"]
    assert told == [
        {"choices": {"Size": "S"}, "sku": "S", "visible": True, "price": 10.0},
        {"choices": {"Size": "L"}, "sku": "", "visible": False},
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"),
        ("One<br>Two", "One\nTwo"),
        ("<ul><li> a </li><li>b</li></ul>", "a\nb"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_description_is_plain_text_here(html: str, text: str) -> None:
    assert plain(html) == text
    assert plain(as_html(text)) == text
