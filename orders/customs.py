"""Whether goods cross a customs border: pure, from two countries and the recipient's postcode.

What counts is whether a parcel needs a customs declaration. So the parts of a country that lie outside its customs or
VAT territory are areas of their own, as far as their postcodes tell them apart; Northern Ireland belongs to two.
Of a warehouse only its country is known.
"""

from __future__ import annotations

import re

EU = "EU"
MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
TOGETHER = {**dict.fromkeys(MEMBERS.split(), EU), "EL": EU, "MC": EU, "LI": "CH", "IM": "GB", "PR": "US"}

# Country -> (how the postcode begins, the areas that this part belongs to instead).
PARTS: dict[str, tuple[tuple[str, frozenset[str]], ...]] = {
    "DE": (("78266", frozenset({"CH"})), ("27498", frozenset({"Helgoland"}))),  # Büsingen is in the Swiss territory
    "ES": (
        ("35", frozenset({"Canary Islands"})),
        ("38", frozenset({"Canary Islands"})),
        ("51", frozenset({"Ceuta"})),
        ("52", frozenset({"Melilla"})),
    ),
    "FI": (("22", frozenset({"AX"})),),
    "FR": (("97", frozenset({"French overseas"})), ("98", frozenset({"French overseas"}))),
    "GB": (("BT", frozenset({EU, "GB"})),),  # goods move freely to both sides of Northern Ireland
    "GR": (("63086", frozenset({"Mount Athos"})),),
    "IT": (("23041", frozenset({"Livigno"})), ("23030", frozenset({"Livigno"})), ("22061", frozenset({"Campione"}))),
}
MONACO = "980"  # a French postcode that is no overseas one


def areas_of(country: str, postcode: str = "") -> frozenset[str]:
    """The customs areas of an address; empty where the country is unknown. Most countries are one of their own."""
    country = country.strip().upper()
    if country == "XI":
        country, postcode = "GB", "BT"
    plain = re.sub(r"^[A-Z]{1,3}-", "", "".join(postcode.split()).upper())  # "D-27498"
    if not (country == "FR" and plain.startswith(MONACO)):
        for begins, areas in PARTS.get(country, ()):
            if plain.startswith(begins):
                return areas
    return frozenset({TOGETHER.get(country, country)} if country else ())


def goes_abroad(from_country: str, to_country: str, to_postcode: str = "") -> bool:
    """Whether a parcel needs a customs declaration; no, where either country is unknown."""
    here, there = areas_of(from_country), areas_of(to_country, to_postcode)
    return bool(here and there) and not here & there
