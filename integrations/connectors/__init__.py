"""The platforms, listed by hand, once: a key here is also its folder under `integrations.sandbox`."""

from __future__ import annotations

from importlib import import_module

from .base import Connector

CONNECTORS = {  # key -> class; its label stands in its declaration
    "wix": "integrations.connectors.wix.connector.WixConnector",
    "ecwid": "integrations.connectors.ecwid.connector.EcwidConnector",
}


def connector_class(key: str) -> type[Connector]:
    """The class of a platform. KeyError for one that is not listed."""
    module, name = CONNECTORS[key].rsplit(".", 1)
    found: type[Connector] = getattr(import_module(module), name)
    return found


def platforms() -> list[type[Connector]]:
    return [connector_class(key) for key in CONNECTORS]
