"""Variations of Ecwid products ("combinations"): one without an SKU of its own is sold from its product's stock."""

from typing import Any

from . import stock
from .api import Call, route
from .errors import EcwidError, missing, wrong
from .goods import check_skus, check_types, keep, noted, product_of, refuse_places
from .wire import num

READ_ONLY = {"id", "combinationNumber", "inStock", "defaultDisplayedPrice", "locationInventory"}


def shown(product: dict, one: dict) -> dict[str, Any]:
    """As it goes over the wire. Without an SKU of its own it shows the product's stock."""
    if one.get("sku"):
        return {**one, "inStock": one["unlimited"] or one["quantity"] > 0}
    shared = {"unlimited": product["unlimited"], "inStock": stock.in_stock({**product, "combinations": []})}
    if not product["unlimited"]:
        shared["quantity"] = product["quantity"]
    return {**one, **shared}


def _find(call: Call) -> tuple[dict, dict]:
    product = product_of(call.store, call.ids["product"])
    one = next((one for one in product["combinations"] if str(one["id"]) == call.ids["combination"]), None)
    if one is None:
        raise missing("Combination", call.ids["combination"])
    return product, one


@route("GET", "/products/{product}/combinations", "read_catalog")
def all_combinations(call: Call) -> list:
    """A bare list, without a page's envelope."""
    product = product_of(call.store, call.ids["product"])
    return [shown(product, one) for one in product["combinations"]]


@route("GET", "/products/{product}/combinations/{combination}", "read_catalog")
def get_combination(call: Call) -> dict:
    return shown(*_find(call))


def made(call: Call, product: dict, sent: dict, old: dict | None = None) -> dict[str, Any]:
    """A combination as it stands after a write."""
    refuse_places(call.store, sent)
    check_types(sent)
    sent = sent if old or not sent.get("sku") else stock.tracked_if_counted(sent)
    before = old or {
        "id": call.store.count_on("next_combination"),
        "combinationNumber": 1 + max((one["combinationNumber"] for one in product["combinations"]), default=0),
        "options": [],
        "attributes": [],
        "unlimited": True,
        "outOfStockVisibilityBehaviour": "SHOW",
    }
    after = {**before, **{name: value for name, value in sent.items() if name not in READ_ONLY}}
    if isinstance(after.get("price"), float):
        after["price"] = num(after["price"])
    if not after.get("sku"):
        if "quantity" in sent or sent.get("unlimited") is False:
            raise wrong("A variation without an SKU of its own has its product's stock")
        after = {name: value for name, value in after.items() if name not in ("sku", "quantity")}
        return {**after, "unlimited": product["unlimited"]}
    return stock.settled(before, after, sent)


def made_of(call: Call, product: dict, sent: list[dict]) -> list[dict]:
    """The whole list as a write of the product sends it: known ones change, others are new or gone."""
    known = {one["id"]: one for one in product["combinations"]}
    found: list[dict] = []
    for one in sent:
        if not isinstance(one, dict):
            raise wrong("Wrong value of combinations")
        found.append(made(call, {**product, "combinations": found}, one, known.get(one.get("id"))))
    return found


def with_options(product: dict, options: list[dict]) -> list[dict]:
    """The product's options; what a new combination names beyond them becomes a dropdown."""
    found = [{**one, "choices": list(one["choices"])} if "choices" in one else one for one in product["options"]]
    for wanted in options:
        option = next((one for one in found if one["name"] == wanted["name"] and "choices" in one), None)
        if option is None:
            option = {"type": "SELECT", "name": wanted["name"], "choices": [], "defaultChoice": 0, "required": False}
            found.append(option)
        if all(choice["text"] != wanted["value"] for choice in option["choices"]):
            option["choices"].append({"text": wanted["value"], "priceModifier": 0, "priceModifierType": "ABSOLUTE"})
    return found


@route("POST", "/products/{product}/combinations", "update_catalog")
def create_combination(call: Call) -> dict:
    product, sent = product_of(call.store, call.ids["product"]), call.record()
    options = sent.get("options")
    if not options or not all(isinstance(one, dict) and {"name", "value"} <= set(one) for one in options):
        raise wrong("options are required")
    wanted = {(one["name"], one["value"]) for one in options}
    if any({(one["name"], one["value"]) for one in other["options"]} == wanted for other in product["combinations"]):
        raise EcwidError(409, "There is such a combination", "COMBINATION_DUPLICATED")
    one = made(call, product, sent)
    after = {
        **product,
        "options": with_options(product, options),
        "combinations": [*product["combinations"], one],
        "defaultCombinationId": product["defaultCombinationId"] or one["id"],
    }
    call.store.note("create_combination", sku=one.get("sku", ""))
    _keep(call, after)
    return {"id": one["id"]}


def _keep(call: Call, product: dict) -> None:
    check_skus(call.store, product)
    keep(call.store, product)


def _with(product: dict, one: dict) -> dict[str, Any]:
    same = [one if other["id"] == one["id"] else other for other in product["combinations"]]
    return {**product, "combinations": same}


@route("PUT", "/products/{product}/combinations/{combination}", "update_catalog")
def put_combination(call: Call) -> dict:
    (product, one), sent = _find(call), call.record()
    after = made(call, product, sent, one)
    _keep(call, _with(product, after))
    call.store.note("update_combination", sku=after.get("sku", ""), sent=noted(sent))
    return {"updateCount": 1}


@route("PUT", "/products/{product}/combinations/{combination}/inventory", "update_catalog")
def change_quantity(call: Call) -> dict:
    product, one = _find(call)
    delta = stock.delta_of(call.record())
    if not one.get("sku"):
        raise wrong("A variation without an SKU of its own has its product's stock")
    if one["unlimited"]:
        raise wrong("The variation's stock is unlimited")
    after = {**one, "quantity": one["quantity"] + delta}
    _keep(call, _with(product, after))
    call.store.note("change_quantity", sku=one["sku"], delta=delta)
    return stock.counted(after["quantity"], "Combination")


@route("DELETE", "/products/{product}/combinations/{combination}", "update_catalog")
def delete_combination(call: Call) -> dict:
    product, one = _find(call)
    _keep(call, {**product, "combinations": [other for other in product["combinations"] if other is not one]})
    call.store.note("delete_combination", sku=one.get("sku", ""))
    return {"deleteCount": 1}


@route("DELETE", "/products/{product}/combinations", "update_catalog")
def delete_combinations(call: Call) -> dict:
    product = product_of(call.store, call.ids["product"])
    _keep(call, {**product, "combinations": []})
    return {"deleteCount": len(product["combinations"])}
