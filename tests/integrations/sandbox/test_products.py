"""Products made and changed in the stand-in stores: what comes of it, and what is refused as Wix refuses it."""

import pytest

from integrations.sandbox.server import Sandbox
from integrations.sandbox.wix.order import NO_VARIANT

from .client import Wix
from .client import code as code_of

SIZES = [{"value": size, "description": size} for size in ("S", "L")]
EIGHTEEN = [{"value": str(n), "description": str(n)} for n in range(18)]
OPTIONS = [{"name": "Size", "choices": SIZES}]
V1, V3 = "/stores/v1/products", "/stores/v3/products"
SHIRT = {"name": "Shirt", "productType": "physical", "priceData": {"price": 12.5}}


def code(answer: tuple[int, dict]) -> tuple[int, str]:
    return answer[0], code_of(answer[1])


def variant(size: str, sku: str, **more: object) -> dict:
    names = {"optionName": "Size", "choiceName": size, "renderType": "TEXT_CHOICES"}
    price = {"actualPrice": {"amount": "12.50"}}
    return {"sku": sku, "price": price, "physicalProperties": {}, "choices": [{"optionChoiceNames": names}], **more}


def shirt(*variants: dict, **more: object) -> dict:
    choices = [{"choiceType": "CHOICE_TEXT", "name": size} for size in ("S", "L")]
    option = {"name": "Size", "optionRenderType": "TEXT_CHOICES", "choicesSettings": {"choices": choices}}
    product = {"name": "Shirt", "productType": "PHYSICAL", "physicalProperties": {}, "options": [option]}
    return product | {"variantsInfo": {"variants": list(variants)}} | more


def test_v1_makes_a_variant_of_every_combination_which_can_then_be_told_apart_and_hidden(sandbox: Sandbox) -> None:
    wix = Wix(sandbox, "v1")
    _, made = wix.post(V1, {"product": {**SHIRT, "manageVariants": True, "productOptions": OPTIONS}})
    uid = made["product"]["id"]
    assert [v["variant"]["sku"] for v in made["product"]["variants"]] == ["", ""]

    overrides = [{"choices": {"Size": "S"}, "sku": "SH-S", "price": 9}, {"choices": {"Size": "L"}, "visible": False}]
    status, _ = wix.patch(f"{V1}/{uid}/variants", {"variants": overrides})

    shown = wix.get(f"/stores-reader/v1/products/{uid}")[1]["product"]
    assert status == 200
    told = [
        (v["variant"]["sku"], v["variant"]["priceData"]["price"], v["variant"]["visible"]) for v in shown["variants"]
    ]
    assert told == [("SH-S", 9, True), ("", 12.5, False)]


def test_v1_keeps_managed_variants_until_the_options_go(sandbox: Sandbox) -> None:
    wix = Wix(sandbox, "v1")
    _, made = wix.post(V1, {"product": {**SHIRT, "manageVariants": True, "productOptions": OPTIONS}})
    uid = made["product"]["id"]

    status, refused = wix.patch(f"{V1}/{uid}", {"product": {"manageVariants": False}})
    assert (status, refused["details"]["validationError"]["fieldViolations"][0]["field"]) == (
        400,
        "product.manageVariants",
    )
    assert code(wix.call("DELETE", f"{V1}/{uid}/options")) == (400, "VARIANTS_ARE_MANAGED")

    _, plain = wix.patch(f"{V1}/{uid}", {"product": {"manageVariants": False, "productOptions": [], "sku": "SHIRT"}})
    assert [v["id"] for v in plain["product"]["variants"]] == [NO_VARIANT]
    assert plain["product"]["sku"] == "SHIRT"


@pytest.mark.parametrize(
    ("product", "field"),
    [
        ({**SHIRT, "name": "x" * 81}, "product.name"),
        ({**SHIRT, "name": ""}, "product.name"),
        ({**SHIRT, "productType": "digital"}, "product.productType"),
        ({**SHIRT, "priceData": {"price": -1}}, "product.priceData.price"),
        ({**SHIRT, "priceData": {"price": 10**9}}, "product.priceData.price"),
        ({**SHIRT, "sku": "x" * 41}, "product.sku"),
        ({**SHIRT, "description": "x" * 8001}, "product.description"),
        ({**SHIRT, "productOptions": [{**OPTIONS[0], "name": f"O{n}"} for n in range(7)]}, "product.productOptions"),
        (
            {**SHIRT, "manageVariants": True, "productOptions": [{"name": n, "choices": EIGHTEEN} for n in "AB"]},
            "product.manageVariants",
        ),
    ],
)  # fmt: skip
def test_v1_refuses_what_wix_would_refuse_and_keeps_nothing_of_it(sandbox: Sandbox, product: dict, field: str) -> None:
    before = len(sandbox.wix.site("v1").products)

    status, refused = Wix(sandbox, "v1").post(V1, {"product": product})

    assert status == 400
    assert refused["details"]["validationError"]["fieldViolations"][0]["field"] == field
    assert len(sandbox.wix.site("v1").products) == before


def test_v3_takes_the_variants_that_are_spelled_out_and_its_revision_rises(sandbox: Sandbox) -> None:
    wix = Wix(sandbox, "v3")
    _, made = wix.post(V3, {"product": shirt(variant("S", "SH-S"), variant("L", "SH-L", visible=False))})
    product = made["product"]
    assert [(v["sku"], v["visible"]) for v in product["variantsInfo"]["variants"]] == [("SH-S", True), ("SH-L", False)]

    _, changed = wix.patch(f"{V3}/{product['id']}", {"product": {"name": "Vest", "revision": product["revision"]}})
    assert changed["product"]["revision"] == str(int(product["revision"]) + 1)
    assert len(changed["product"]["variantsInfo"]["variants"]) == 2

    stale = wix.patch(f"{V3}/{product['id']}", {"product": {"name": "Coat", "revision": product["revision"]}})
    assert code(stale) == (409, "CONFLICT")


def test_v3_replaces_variants_as_a_whole_with_their_stock(sandbox: Sandbox) -> None:
    wix, site = Wix(sandbox, "v3"), sandbox.wix.site("v3")
    product = next(one for one in site.products if len(one["variants"]) > 1)
    kept, gone = product["variants"][0], product["variants"][1:]
    _, shown = wix.get(f"{V3}/{product['id']}")
    options, rows = shown["product"]["options"], shown["product"]["variantsInfo"]["variants"]
    update = {"revision": product["revision"], "options": options, "variantsInfo": {"variants": rows[:1]}}

    assert wix.patch(f"{V3}/{product['id']}", {"product": update})[0] == 200

    assert [one["id"] for one in site.products.rows[product["id"]]["variants"]] == [kept["id"]]
    assert not [item for item in site.items if item["variantId"] in {one["id"] for one in gone}]
    assert [item for item in site.items if item["variantId"] == kept["id"]]


@pytest.mark.parametrize(
    ("product", "wanted"),
    [
        (shirt(variant("S", "NC-LID")), "SKU_ALREADY_EXIST_ERROR"),
        (shirt(variant("S", "A"), variant("S", "B")), "DUPLICATE_VARIANT_OPTION_CHOICE"),
        (shirt(variant("M", "A")), "VARIANTS_ARE_NOT_ALIGNED_WITH_PRODUCT"),
        (shirt(variant("S", "A", choices=[])), "MISSING_VARIANT_OPTION_CHOICE"),
        (
            shirt(variant("S", "A", price={"actualPrice": {"amount": "9"}, "compareAtPrice": {"amount": "8"}})),
            "COMPARE_AT_PRICE_LOWER_THAN_ACTUAL_PRICE",
        ),
    ],
)
def test_v3_refuses_with_wix_s_code_alone_and_as_one_of_many(sandbox: Sandbox, product: dict, wanted: str) -> None:
    wix = Wix(sandbox, "v3")

    assert code(wix.post(V3, {"product": product})) == (400, wanted)

    _, answer = wix.post("/stores/v3/bulk/products/create", {"products": [product, shirt(variant("S", "FINE"))]})
    first, second = (row["itemMetadata"] for row in answer["results"])
    assert (first["success"], first["error"]["code"], second["success"]) == (False, wanted, True)


def test_options_and_variants_of_v3_are_sent_together(sandbox: Sandbox) -> None:
    wix = Wix(sandbox, "v3")
    product = next(iter(sandbox.wix.site("v3").products))
    wanted = {"revision": product["revision"], "variantsInfo": {"variants": [variant("S", "A")]}}

    assert code(wix.patch(f"{V3}/{product['id']}", {"product": wanted})) == (400, "MISSING_OPTIONS_ON_UPDATE_VARIANTS")


def test_what_was_made_is_there_after_a_restart(tmp_path) -> None:
    state = str(tmp_path / "state.sqlite3")
    with Sandbox(products=2, rate_limit=0, state=state) as box:
        Wix(box, "v1").post(V1, {"product": SHIRT})
        Wix(box, "v3").post(V3, {"product": shirt(variant("S", "SH-S"), variant("L", "SH-L"))})
    with Sandbox(products=2, rate_limit=0, state=state) as box:
        for site in ("v1", "v3"):
            assert [one["name"] for one in box.wix.site(site).products].count("Shirt") == 1
