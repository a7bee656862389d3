"""What pushing one product would do: ours and the store's in, the store's as it would be out. Pure.

Nothing is guessed: where ours and the store's cannot be told to be one thing, or the store would not take it, the plan
is a sentence. Fields that are empty here are left as the store has them; a SKU of the store is never replaced.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from integrations.connectors.declaring import ProductOffer
from integrations.connectors.shapes import StoreProduct, StoreVariant

Options = tuple[tuple[str, tuple[str, ...]], ...]
CENT = Decimal("0.01")


class Action(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    TO_VARIANTS = "to_variants"
    TO_PLAIN = "to_plain"


@dataclass(frozen=True, slots=True)
class OurVariant:
    """`choices` in the order of the group's options; `uid` of the store's variant it is linked to, if any.

    `price` is in the store's currency, else None: it is left as it is there.
    """

    sku: str
    choices: tuple[str, ...] = ()
    price: Decimal | None = None
    barcode: str = ""
    weight_grams: int | None = None
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Ours:
    """A product of ours, or a group with its products as variants (then it has `options`)."""

    name: str
    description: str
    options: tuple[str, ...]
    variants: tuple[OurVariant, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`action` None: the store shows it as we have it, or (with a `problem`) nothing can be done.

    `hidden`: variants the store makes beyond ours, without a SKU and hidden. `plain`: only fields of what is there
    change, no variant comes, goes or is hidden.
    """

    action: Action | None = None
    after: StoreProduct | None = None
    hidden: int = 0
    problem: str = ""
    plain: bool = False


def plan(ours: Ours, theirs: StoreProduct | None, offer: ProductOffer) -> Plan:
    if theirs is not None and not theirs.goods:
        return Plan()  # a file or a service: its shape is the store's own
    if theirs is not None and theirs.problem:
        return Plan(problem=theirs.problem)
    if problem := _problem(ours, theirs, offer):
        return Plan(problem=problem)
    if theirs is None:
        return _made(ours, offer, Action.CREATE, StoreProduct("", ours.name, ours.description, (), ()))
    if ours.options and not theirs.options:
        return _made(ours, offer, Action.TO_VARIANTS, _worded(ours, theirs))
    if theirs.options and not ours.options:
        return _made(ours, offer, Action.TO_PLAIN, _worded(ours, theirs))
    return _changed(ours, theirs, offer)


def fits(wanted: StoreProduct, shown: StoreProduct | None) -> bool:
    """Whether the store shows what was wanted. Ids of what it made itself, and prices nobody set, do not matter."""
    return shown is not None and _comparable(wanted, wanted) == _comparable(shown, wanted)


def half_done(before: StoreProduct | None, after: StoreProduct | None, shown: StoreProduct | None) -> bool:
    """Whether the store shows the shape that was wanted and its new variants have got no SKU yet.

    Some stores take the shape in one call and the variants in a second one; nobody else leaves a product like that.
    """
    if after is None or shown is None or not after.options or (before and before.options == after.options):
        return False
    there = {(v.choices, v.sku, v.visible, money(v.price)) for v in (before.variants if before else ()) if v.choices}
    rest = [v for v in shown.variants if (v.choices, v.sku, v.visible, money(v.price)) not in there]
    named = (shown.name, shown.options) == (after.name, after.options)
    return named and bool(rest) and not any(v.sku for v in rest)


def as_sent(sent: StoreProduct, shown: StoreProduct, after: StoreProduct) -> bool:
    """Whether all that `after` would replace in the store is what was last sent there."""
    pairs = [((after.name, after.description), (shown.name, shown.description), (sent.name, sent.description))]
    there, told = {v.uid: v for v in shown.variants}, {v.choices: v for v in sent.variants}
    for mine in after.variants:
        now, was = there.get(mine.uid), told.get(mine.choices)
        pairs.append((_fields(mine), _fields(now), _fields(was)))
    return all(ours == theirs or theirs == last for three in pairs for ours, theirs, last in zip(*three, strict=True))


def _fields(variant: StoreVariant | None) -> tuple[Any, ...]:
    if variant is None:
        return (None,) * 4
    return variant.sku, money(variant.price), variant.barcode, variant.weight_grams


def _comparable(product: StoreProduct, wanted: StoreProduct) -> Any:
    priced = {v.choices for v in wanted.variants if v.sku and v.price is not None}
    weighed = {v.choices for v in wanted.variants if v.weight_grams is not None}
    variants = sorted(
        (v.choices, v.sku, v.visible or bool(v.sku), v.barcode, money(v.price) if v.choices in priced else None,
         v.weight_grams if v.choices in weighed else None)
        for v in product.variants
    )  # fmt: skip
    options = sorted((name, tuple(sorted(choices))) for name, choices in product.options)
    return product.name, product.description if wanted.description else "", options, variants


# --- what cannot be pushed ------------------------------------------------------------------------------------------


def _problem(ours: Ours, theirs: StoreProduct | None, offer: ProductOffer) -> str:
    """The first reason why this cannot go, or "". `theirs` None: it would be made."""
    if not ours.name or len(ours.name) > offer.name:
        return f"The store takes names of 1 to {offer.name} characters. Shorten the name here."
    if len(ours.description) > offer.description:
        return f"The store takes descriptions of at most {offer.description:,} characters. Shorten it here."
    if long := next((v.sku for v in ours.variants if len(v.sku) > offer.sku), ""):
        return f"The SKU {long} is too long: the store takes at most {offer.sku} characters."
    if any(v.price is not None and not 0 <= v.price <= offer.most_price for v in ours.variants):
        return "The store does not take this price."
    if theirs is None and (bare := next((v.sku for v in ours.variants if v.price is None), "")):
        return f"{bare} has no price in the store's currency. Nothing is offered without a price: enter one here."
    return _problem_of_options(ours, theirs, offer) if ours.options else ""


def _problem_of_options(ours: Ours, theirs: StoreProduct | None, offer: ProductOffer) -> str:
    if odd := next((v.sku for v in ours.variants if len(v.choices) != len(ours.options) or not all(v.choices)), ""):
        return f"{odd} has no value for one of the options {', '.join(ours.options)}. Enter it on the product's page."
    seen: dict[tuple[str, ...], str] = {}
    for variant in ours.variants:
        if variant.choices in seen:
            both = f"{seen[variant.choices]} and {variant.sku}"
            return f"{both} have the same values of their options. A store tells variants apart by these."
        seen[variant.choices] = variant.sku
    if theirs is not None and theirs.loose:
        named = ", ".join(theirs.loose)
        return (
            f"In the store it has the options {named} without variants of their own. Manage its variants there first."
        )
    if theirs is not None and theirs.options and _names(theirs) != ours.options:
        there, here = ", ".join(_names(theirs)), ", ".join(ours.options)
        return f"In the store it has the options {there}; here {here}. Make them the same first."
    options = _options(ours, theirs)
    if len(options) > offer.most_options or any(len(choices) > offer.most_choices for _, choices in options):
        return f"The store takes at most {offer.most_options} options of {offer.most_choices} values each."
    if not offer.cartesian and len(ours.variants) > offer.most_variants:
        return f"It has {len(ours.variants):,} variants; the store takes at most {offer.most_variants:,}."
    if offer.cartesian and (count := _count(options)) > offer.most_variants:
        return f"Its options make {count:,} combinations; the store takes at most {offer.most_variants:,}."
    return ""


# --- what it would be -----------------------------------------------------------------------------------------------


def _names(theirs: StoreProduct) -> tuple[str, ...]:
    return tuple(name for name, _ in theirs.options)


def _options(ours: Ours, theirs: StoreProduct | None) -> Options:
    """The store's choices in its order, then those that only we have."""
    there = dict(theirs.options) if theirs else {}
    return tuple(
        (name, tuple(dict.fromkeys([*there.get(name, ()), *(variant.choices[place] for variant in ours.variants)])))
        for place, name in enumerate(ours.options)
    )


def _count(options: Options) -> int:
    count = 1
    for _, choices in options:
        count *= len(choices)
    return count


def _combinations(options: Options) -> Iterable[tuple[str, ...]]:
    return itertools.product(*(choices for _, choices in options))


def _worded(ours: Ours, theirs: StoreProduct) -> StoreProduct:
    return replace(theirs, name=ours.name, description=ours.description or theirs.description)


def _made(ours: Ours, offer: ProductOffer, action: Action, product: StoreProduct) -> Plan:
    """Every variant anew: ours, and hidden ones for the combinations that we do not have."""
    was = product.variants[0] if action is Action.TO_VARIANTS and product.variants else None
    if not ours.options:
        return _made_plain(ours.variants[0], offer, action, product)
    options = _options(ours, None)
    by_choices = {variant.choices: variant for variant in ours.variants}
    least = min((v.price for v in ours.variants if v.price is not None), default=was.price if was else None)
    variants: list[StoreVariant] = []
    wanted = _combinations(options) if offer.cartesian else by_choices
    for choices in wanted:
        mine_or_not = by_choices.get(choices)
        if mine_or_not is None:
            variants.append(StoreVariant("", "", choices, least, visible=False))
        else:
            price = mine_or_not.price if mine_or_not.price is not None else least
            variants.append(StoreVariant("", mine_or_not.sku, choices, money(price), *_more(mine_or_not, offer)))
    hidden = sum(not variant.visible for variant in variants)
    if any(variant.price is None for variant in variants):
        return Plan(problem="Its variants have no price in the store's currency. Enter one here.")
    return Plan(action, replace(product, options=options, variants=tuple(variants)), hidden)


def _made_plain(mine: OurVariant, offer: ProductOffer, action: Action, product: StoreProduct) -> Plan:
    """What the variant it is linked to has, where we do not say it."""
    old = next((v for v in product.variants if v.uid and v.uid == mine.uid), StoreVariant("", mine.sku))
    least = min((v.price for v in product.variants if v.price is not None), default=None)
    price = next((one for one in (money(mine.price), old.price, least) if one is not None), None)
    if price is None:
        return Plan(problem="It has no price in the store's currency. Enter one here.")
    barcode, weight = _more(mine, offer)
    made = StoreVariant("", mine.sku, (), price, barcode or old.barcode, old.weight_grams if weight is None else weight)
    return Plan(action, replace(product, options=(), variants=(made,)))


def _changed(ours: Ours, theirs: StoreProduct, offer: ProductOffer) -> Plan:
    by_uid = {variant.uid: variant for variant in ours.variants if variant.uid}
    by_choices = {variant.choices: variant for variant in ours.variants} if ours.options else {}
    single = ours.variants[0] if not ours.options else None
    variants: list[StoreVariant] = []
    placed: set[str] = set()
    for theirs_one in theirs.variants:
        mine = by_uid.get(theirs_one.uid) or by_choices.get(theirs_one.choices) or single
        if mine is not None and ours.options and mine.choices != theirs_one.choices:
            there, here = ", ".join(theirs_one.choices), ", ".join(mine.choices)
            return Plan(problem=f"{mine.sku} is “{there}” in the store and “{here}” here. Make them the same first.")
        variants.append(_with(mine, theirs_one, offer) if mine else theirs_one)
        if mine:
            placed.add(mine.sku)
    options = _options(ours, theirs) if ours.options else ()
    made = _new_ones(ours, theirs, options, offer, placed)
    if any(variant.price is None for variant in made):
        return Plan(problem="Its new variants have no price in the store's currency. Enter one here.")
    after = replace(_worded(ours, theirs), options=options or theirs.options, variants=(*variants, *made))
    if after == theirs:
        return Plan()
    hidden = sum(not variant.visible for variant in made)
    return Plan(Action.CHANGE, after, hidden, plain=not made and after.options == theirs.options)


def _new_ones(
    ours: Ours, theirs: StoreProduct, options: Options, offer: ProductOffer, placed: set[str]
) -> list[StoreVariant]:
    missing = [variant for variant in ours.variants if variant.sku not in placed]
    if not ours.options or not missing:
        return []
    there = {variant.choices for variant in theirs.variants}
    prices = [*(v.price for v in ours.variants), *(v.price for v in theirs.variants)]
    least = min((price for price in prices if price is not None), default=None)
    by_choices = {variant.choices: variant for variant in missing}
    more = options != theirs.options and offer.cartesian  # a new choice makes combinations with all others
    made: list[StoreVariant] = []
    for choices in _combinations(options) if more else by_choices:
        if choices in there:
            continue
        mine = by_choices.get(choices)
        if mine is None:
            made.append(StoreVariant("", "", choices, least, visible=False))
        else:
            made.append(StoreVariant("", mine.sku, choices, money(mine.price), *_more(mine, offer)))
    return made


def _with(mine: OurVariant, theirs: StoreVariant, offer: ProductOffer) -> StoreVariant:
    return replace(
        theirs,
        sku=theirs.sku or mine.sku,
        price=_price(mine, theirs),
        barcode=(mine.barcode if offer.barcode else "") or theirs.barcode,
        weight_grams=mine.weight_grams if offer.weight and mine.weight_grams is not None else theirs.weight_grams,
    )


def _price(mine: OurVariant, theirs: StoreVariant | None) -> Decimal | None:
    """Ours, unless it is the same to the cent, or the store's is not ours to say."""
    if theirs is None:
        return money(mine.price)
    if mine.price is None or theirs.price is None or money(mine.price) == money(theirs.price):
        return theirs.price
    return money(mine.price)


def _more(mine: OurVariant, offer: ProductOffer) -> tuple[str, int | None]:
    return mine.barcode if offer.barcode else "", mine.weight_grams if offer.weight else None


def money(price: Decimal | None) -> Decimal | None:
    return None if price is None else price.quantize(CENT)


# --- as JSON, for keeping and showing ---------------------------------------------------------------------------------


def as_json(product: StoreProduct | None) -> dict[str, Any]:
    if product is None:
        return {}
    return {
        "name": product.name,
        "description": product.description,
        "options": [[name, list(choices)] for name, choices in product.options],
        "goods": product.goods,
        "loose": list(product.loose),
        "problem": product.problem,
        "variants": [_variant_json(variant) for variant in product.variants],
    }


def _variant_json(variant: StoreVariant) -> dict[str, Any]:
    return {
        "uid": variant.uid,
        "sku": variant.sku,
        "choices": list(variant.choices),
        "price": None if variant.price is None else str(variant.price),
        "barcode": variant.barcode,
        "weight_grams": variant.weight_grams,
        "visible": variant.visible,
    }


def from_json(uid: str, kept: Mapping[str, Any]) -> StoreProduct | None:
    if not kept:
        return None
    return StoreProduct(
        uid=uid,
        name=kept["name"],
        description=kept["description"],
        options=tuple((name, tuple(choices)) for name, choices in kept["options"]),
        variants=tuple(_variant(row) for row in kept["variants"]),
        goods=kept["goods"],
        loose=tuple(kept["loose"]),
        problem=kept.get("problem", ""),
    )


def _variant(row: Mapping[str, Any]) -> StoreVariant:
    price = None if row["price"] is None else Decimal(row["price"])
    return StoreVariant(
        row["uid"], row["sku"], tuple(row["choices"]), price, row["barcode"], row["weight_grams"], row["visible"]
    )


def same(before: StoreProduct | None, shown: StoreProduct | None) -> bool:
    """Whether the store still shows what a plan was made for, whatever the sequence of its variants."""
    return _sorted(before) == _sorted(shown)


def _sorted(product: StoreProduct | None) -> StoreProduct | None:
    if product is None:
        return None
    variants: Sequence[StoreVariant] = sorted(product.variants, key=lambda v: (v.choices, v.uid))
    return replace(product, variants=tuple(variants))
