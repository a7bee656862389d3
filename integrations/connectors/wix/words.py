"""Wix's words in ours, and ours in Wix's. An unlisted word is an error that names it, never a guess."""

from __future__ import annotations

from orders.shapes import Payment, Status, StoreFulfillment

NO_VARIANT = "00000000-0000-0000-0000-000000000000"  # the one variant of a Catalog V1 product without variants

STATUS = {
    "INITIALIZED": Status.INITIALIZED,
    "APPROVED": Status.APPROVED,
    "PENDING": Status.PENDING,
    "CANCELED": Status.CANCELED,
    "REJECTED": Status.REJECTED,
}
# What a search can return; INITIALIZED orders are shown by Get Order only, PENDING and REJECTED only when named.
SEARCHED_STATUSES = ["APPROVED", "CANCELED", "PENDING", "REJECTED"]

PAYMENT = {
    "NOT_PAID": Payment.UNPAID,
    "PAID": Payment.PAID,
    "PENDING": Payment.PENDING,
    "PENDING_MERCHANT": Payment.PENDING,
    "PARTIALLY_PAID": Payment.PARTLY_PAID,
    "PARTIALLY_REFUNDED": Payment.PARTLY_REFUNDED,
    "FULLY_REFUNDED": Payment.REFUNDED,
    "DECLINED": Payment.DECLINED,
    "CANCELED": Payment.CANCELED,
}
FULFILLMENT = {
    "NOT_FULFILLED": StoreFulfillment.NONE,
    "PARTIALLY_FULFILLED": StoreFulfillment.PARTLY,
    "FULFILLED": StoreFulfillment.ALL,
}

# itemType.preset: whether such a thing can ship at all; None: Wix does not say, `shippable` decides.
ITEM_SHIPS = {
    "PHYSICAL": True,
    "DIGITAL": False,
    "GIFT_CARD": False,
    "SERVICE": False,
    "UNRECOGNISED": None,
}
GRAMS = {"KG": 1000.0, "LB": 453.59237, "UNSPECIFIED_WEIGHT_UNIT": None}
PAID_OFFLINE = "FULL_PAYMENT_OFFLINE"

# How merchants name a fee for gift wrap, in part.
GIFT_WORDS = ("gift", "geschenk", "cadeau", "regal", "presente", "prezent", "gåva", "gave")

# Carriers whose tracking links Wix makes itself, by our spelling: lower case, letters and digits only.
PROVIDERS = {
    "fedex": "fedex",
    "federalexpress": "fedex",
    "ups": "ups",
    "unitedparcelservice": "ups",
    "usps": "usps",
    "uspostalservice": "usps",
    "unitedstatespostalservice": "usps",
    "dhl": "dhl",
    "dhlexpress": "dhl",
    "dhlpaket": "dhl",
    "dhlparcel": "dhl",
    "dhlecommerce": "dhl",
    "canadapost": "canadaPost",
    "postescanada": "canadaPost",
}
PROVIDER_LABELS = {"fedex": "FedEx", "ups": "UPS", "usps": "USPS", "dhl": "DHL", "canadaPost": "Canada Post"}

# Tracking pages of other carriers, and of the five above for a shipment of several parcels.
LINKS = {
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
    "ups": "https://www.ups.com/track?tracknum={}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
    "dhl": "https://www.dhl.com/en/express/tracking.html?AWB={}",
    "canadaPost": "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={}",
    "australiapost": "https://auspost.com.au/mypost/track/#/details/{}",
    "chronopost": "https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT={}",
    "colissimo": "https://www.laposte.fr/outils/suivre-vos-envois?code={}",
    "correos": "https://www.correos.es/es/es/herramientas/localizador/envios/detalle?tracking-number={}",
    "dpd": "https://tracking.dpd.de/status/en_US/parcel/{}",
    "evri": "https://www.evri.com/track/parcel/{}",
    "gls": "https://gls-group.com/track/{}",
    "hermes": "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation#{}",
    "laposte": "https://www.laposte.fr/outils/suivre-vos-envois?code={}",
    "ontrac": "https://www.ontrac.com/tracking/?number={}",
    "postnord": "https://tracking.postnord.com/en/tracking?id={}",
    "purolator": "https://www.purolator.com/en/shipping/tracker?pin={}",
    "royalmail": "https://www.royalmail.com/track-your-item#/tracking-results/{}",
    "tnt": "https://www.tnt.com/express/en_us/site/tracking.html?searchType=con&cons={}",
}
TAKES_SEVERAL = {"fedex", "ups", "usps", "dhl"}  # whose pages open several numbers, separated by commas

# Event type -> what it says to us; the events of catalogue, stock and plans say nothing yet.
EVENTS = {
    "wix.ecom.v1.order_created": "order",
    "wix.ecom.v1.order_approved": "order",
    "wix.ecom.v1.order_updated": "order",
    "wix.ecom.v1.order_canceled": "order",
    "wix.ecom.v1.order_payment_status_updated": "order",
    "wix.ecom.v1.order_fulfilled": "order",
    "wix.ecom.v1.order_committed": "order",
    "wix.ecom.v1.order_imported": "order",
    "wix.ecom.v1.fulfillments_updated": "fulfillments",
    "AppInstalled": "installed",
    "AppRemoved": "removed",
}
