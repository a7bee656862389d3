"""Carriers and their usual services, with the names that shops give them: the same service under another name.

A table, so that "Colissimo Domicile" and "La Poste, Home" are known to be one. It only ever suggests.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Service:
    carrier: str
    name: str

    def __str__(self) -> str:
        return f"{self.carrier} {self.name}"


# Carrier -> the names it goes by (some of its services say who it is), and its services with the names of each.
CARRIERS: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "DHL": (
        ("dhl", "deutsche post dhl"),
        {
            "Paket": ("paket", "parcel", "standard", "parcel de", "paket national", "dhl paket de"),
            "Paket International": ("paket international", "parcel international", "weltpaket", "parcel eu"),
            "Express": ("express", "express easy", "express domestic", "express 24"),
            "Express Worldwide": ("express worldwide", "worldwide express", "express international", "wpx"),
            "Warenpost": ("warenpost", "kleinpaket", "small parcel"),
            "eCommerce": ("ecommerce", "smartmail", "parcel ground"),
        },
    ),
    "Deutsche Post": (
        ("deutsche post", "dp ag"),
        {"Letter": ("brief", "letter", "grossbrief", "maxibrief"), "Registered": ("einschreiben", "registered")},
    ),
    "UPS": (
        ("ups", "united parcel service"),
        {
            "Ground": ("ground", "ground commercial", "ground residential", "03"),
            "Standard": ("standard", "11"),
            "Next Day Air": ("next day air", "1 day air", "overnight", "01"),
            "Next Day Air Saver": ("next day air saver", "13"),
            "2nd Day Air": ("2nd day air", "second day air", "2 day air", "2 day", "blue", "02"),
            "3 Day Select": ("3 day select", "3 day", "12"),
            "Worldwide Express": ("worldwide express", "express", "07"),
            "Worldwide Saver": ("worldwide saver", "express saver", "saver worldwide", "wwx saver", "65"),
            "Worldwide Expedited": ("worldwide expedited", "expedited", "08"),
            "SurePost": ("surepost", "sure post", "ground saver"),
        },
    ),
    "FedEx": (
        ("fedex", "federal express", "fed ex"),
        {
            "Ground": ("ground", "ground service"),
            "Home Delivery": ("home delivery", "ground home", "ground home delivery"),
            "Ground Economy": ("ground economy", "smartpost", "smart post"),
            "2Day": ("2day", "2 day", "second day"),
            "Express Saver": ("express saver", "3 day"),
            "Standard Overnight": ("standard overnight",),
            "Priority Overnight": ("priority overnight", "overnight"),
            "First Overnight": ("first overnight",),
            "International Economy": ("international economy", "intl economy"),
            "International Priority": ("international priority", "intl priority"),
        },
    ),
    "USPS": (
        ("usps", "us postal service", "united states postal service", "priority mail", "ground advantage",
         "first class package", "media mail", "parcel select"),
        {
            "Ground Advantage": ("ground advantage", "first class package", "first class package service",
                                 "parcel select", "parcel select ground", "retail ground", "first class"),
            "Priority Mail": ("priority mail", "priority", "flat rate box"),
            "Priority Mail Express": ("priority mail express", "priority express", "express mail", "express"),
            "Media Mail": ("media mail", "media"),
            "First-Class Package International": ("first class international", "first class package international"),
            "Priority Mail International": ("priority mail international", "priority international"),
            "Priority Mail Express International": ("priority mail express international", "express international"),
        },
    ),
    "DPD": (
        ("dpd", "dynamic parcel distribution", "geopost"),
        {
            "Classic": ("classic", "standard", "parcel", "home", "predict", "b2c"),
            "Express": ("express", "guarantee", "express 18", "express 12"),
            "Next Day": ("next day", "nextday", "12"),
            "Pickup": ("pickup", "pick up", "parcel shop", "parcelshop", "ship to shop"),
        },
    ),
    "GLS": (
        ("gls", "general logistics systems"),
        {
            "Business Parcel": ("business parcel", "businessparcel", "standard", "parcel", "ground"),
            "Euro Business Parcel": ("euro business parcel", "eurobusinessparcel", "euro parcel", "europe"),
            "Express": ("express", "express parcel", "guaranteed 24"),
            "ShopDelivery": ("shopdelivery", "shop delivery", "parcel shop", "parcelshop"),
        },
    ),
    "Royal Mail": (
        ("royal mail", "royalmail", "tracked 24", "tracked 48", "tracked24", "tracked48", "special delivery"),
        {
            "Tracked 24": ("tracked 24", "tracked24", "tpn"),
            "Tracked 48": ("tracked 48", "tracked48", "tps"),
            "1st Class": ("1st class", "first class", "royal mail 24"),
            "2nd Class": ("2nd class", "second class", "royal mail 48"),
            "Special Delivery": ("special delivery", "special delivery guaranteed", "sd1"),
            "International Tracked": ("international tracked", "intl tracked"),
            "International Standard": ("international standard",),
        },
    ),
    "Parcelforce": (
        ("parcelforce", "parcel force"),
        {"express24": ("express24", "express 24", "24"), "express48": ("express48", "express 48", "48")},
    ),
    "Evri": (
        ("evri", "hermes", "myhermes", "my hermes"),
        {
            "Standard": ("standard", "parcel", "48", "paket"),
            "Next Day": ("next day", "nextday", "24", "express"),
            "ParcelShop": ("parcelshop", "parcel shop", "paketshop"),
        },
    ),
    "PostNL": (
        ("postnl", "post nl", "tnt post"),
        {
            "Standard": ("standard", "pakket", "parcel", "domestic", "standaard"),
            "Mailbox Parcel": ("mailbox", "mailbox parcel", "brievenbuspakje", "brievenbuspakket"),
            "Evening": ("evening", "avondlevering"),
            "EU Parcel": ("eu parcel", "eu pack", "europe"),
            "GlobalPack": ("globalpack", "global pack", "worldwide"),
        },
    ),
    "bpost": (
        ("bpost", "belgian post"),
        {"bpack 24h": ("bpack 24h", "bpack", "24h pro", "standard"), "bpack World": ("bpack world", "international")},
    ),
    "Correos": (
        ("correos", "correos express", "paq premium", "paq estandar", "paq ligero"),
        {
            "Paq Estándar": ("paq estandar", "paq 48", "paq48", "estandar", "standard", "48 72"),
            "Paq Premium": ("paq premium", "paq 24", "paq24", "premium", "express", "urgente"),
            "Paq Ligero": ("paq ligero", "ligero", "light"),
            "Paq Internacional": ("paq internacional", "internacional", "international"),
        },
    ),
    "La Poste": (
        ("la poste", "laposte", "colissimo"),
        {
            "Colissimo Home": ("colissimo domicile", "colissimo home", "domicile", "home", "sans signature",
                               "colissimo"),
            "Colissimo Home with Signature": ("colissimo domicile avec signature", "avec signature", "with signature",
                                              "expert"),
            "Colissimo Pickup": ("point retrait", "pickup", "relais", "point relais", "colissimo pickup"),
            "Colissimo International": ("colissimo international", "international", "colissimo europe"),
            "Lettre Suivie": ("lettre suivie", "tracked letter"),
        },
    ),
    "Chronopost": (
        ("chronopost", "chrono"),
        {"Chrono 13": ("chrono 13", "13", "13h", "express"), "Chrono 18": ("chrono 18", "18", "18h"),
         "Relais": ("relais", "pickup", "chrono relais"), "International": ("classic", "international", "europe")},
    ),
    "Mondial Relay": (
        ("mondial relay", "mondialrelay"),
        {"Point Relais": ("point relais", "relais", "locker", "pickup", "standard"), "Home": ("home", "domicile")},
    ),
    "Poste Italiane": (
        ("poste italiane", "posteitaliane", "poste delivery", "sda", "crono"),
        {
            "Standard": ("standard", "delivery standard", "poste delivery standard", "pacco ordinario"),
            "Express": ("express", "delivery express", "crono express", "crono", "espresso"),
            "International": ("international", "internazionale", "crono internazionale", "delivery international"),
        },
    ),
    "BRT": (("brt", "bartolini"), {"Standard": ("standard", "express", "corriere"), "Fermopoint": ("fermopoint",)}),
    "PostNord": (
        ("postnord", "post nord", "mypack", "varubrev"),
        {
            "MyPack Collect": ("mypack collect", "mypack", "collect", "service point", "servicepoint"),
            "MyPack Home": ("mypack home", "home", "hemleverans", "home delivery"),
            "Parcel": ("parcel", "business", "foretagspaket"),
            "Letter": ("varubrev", "letter", "brev"),
        },
    ),
    "Bring": (
        ("bring", "posten bring"),
        {"Pickup Parcel": ("pickup parcel", "servicepakke", "pakke til hentested"),
         "Home Delivery": ("home delivery", "pa doren", "home")},
    ),
    "Swiss Post": (
        ("swiss post", "die schweizerische post", "postpac", "post ch"),
        {"PostPac Economy": ("postpac economy", "economy", "eco"),
         "PostPac Priority": ("postpac priority", "priority", "pri")},
    ),
    "Austrian Post": (
        ("osterreichische post", "austrian post", "post at"),
        {"Parcel Austria": ("paket osterreich", "parcel austria", "paket", "standard"),
         "Parcel International": ("paket international", "parcel international", "international")},
    ),
    "InPost": (
        ("inpost", "paczkomat", "paczkomaty"),
        {"Locker": ("locker", "paczkomat", "paczkomaty", "24 7"), "Courier": ("courier", "kurier", "standard")},
    ),
    "Canada Post": (
        ("canada post", "canadapost", "postes canada", "xpresspost"),
        {
            "Regular Parcel": ("regular parcel", "regular", "standard", "dom rp"),
            "Expedited Parcel": ("expedited parcel", "expedited", "dom ep"),
            "Xpresspost": ("xpresspost", "xpress", "express", "dom xp"),
            "Priority": ("priority", "dom pc"),
            "Tracked Packet": ("tracked packet", "tracked packet usa", "tracked packet international"),
        },
    ),
    "Purolator": (
        ("purolator",),
        {"Ground": ("ground", "standard"), "Express": ("express", "next day", "overnight")},
    ),
    "Australia Post": (
        ("australia post", "auspost", "aus post", "eparcel"),
        {
            "Parcel Post": ("parcel post", "standard", "regular", "eparcel"),
            "Express Post": ("express post", "express"),
            "International Standard": ("international standard", "pack track"),
            "International Express": ("international express", "express courier international"),
        },
    ),
    "Amazon Shipping": (("amazon shipping", "amazon logistics", "amzl"), {"Standard": ("standard", "ground")}),
    "TNT": (("tnt",), {"Economy Express": ("economy express", "economy"), "Express": ("express", "global express")}),
    "OnTrac": (("ontrac", "lasership"), {"Ground": ("ground", "standard"), "Sunrise": ("sunrise", "overnight")}),
}  # fmt: skip


@lru_cache(maxsize=5_000)
def common_service(text: str) -> Service | None:
    """The service that a text names, by its longest known name; None where it names no carrier, or no service of it."""
    found = common_carrier(text)
    if found is None:
        return None
    said = f" {_plain(text)} "
    services = CARRIERS[found][1].items()
    service = _longest((name, key) for key, names in services for name in (*names, _plain(key)) if _in(name, said))
    return Service(found, service) if service else None


@lru_cache(maxsize=5_000)
def common_carrier(text: str) -> str | None:
    """The carrier that a text names, by its longest known name; None where it names none, or two."""
    said = f" {_plain(text)} "
    return _longest((name, carrier) for carrier, (names, _) in CARRIERS.items() for name in names if _in(name, said))


def _longest(found: Iterable[tuple[str, str]]) -> str | None:
    """What the longest name stands for; None where two that are equally long stand for different things."""
    names = sorted(found, key=lambda one: -len(one[0]))
    best = {what for name, what in names if len(name) == len(names[0][0])}
    return best.pop() if len(best) == 1 else None


def _in(name: str, said: str) -> bool:
    return f" {name} " in said


def _plain(text: str) -> str:
    """Small, without accents and signs: words with one space between."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    return " ".join(re.findall(r"[^\W_]+", "".join(sign for sign in plain if not unicodedata.combining(sign))))
