"""How to connect an Ecwid store, step by step. Steps done at Ecwid may change there without notice."""

from __future__ import annotations

from ..declaring import Step

CUSTOM_APP_STEPS = (
    Step("Sign in at my.ecwid.com as the owner of the store.", in_store=True, url="https://my.ecwid.com"),
    Step(
        "Open the page of your own apps. Where it offers to build a custom app for this store, do that.",
        in_store=True,
        url="https://my.ecwid.com/#develop-apps",
    ),
    Step("Open the custom app's details and copy its secret token. It begins with secret_.", in_store=True),
    Step("Copy the Store ID, a number, from the same page or from the foot of the Ecwid admin.", in_store=True),
    Step(
        "To have Ecwid tell us of each order at once, copy the app's client secret as well. Ecwid's support sets up "
        "the address that the app posts to; see the guide on webhooks.",
        in_store=True,
    ),
    Step("Paste them here and press Connect. Before anything is saved we ask the store who it is."),
)

APP_STEPS = (
    Step("Press Connect. Ecwid opens in a new tab of your browser; sign in there as the owner of the store."),
    Step("Read what the app may do, and accept.", in_store=True),
    Step("Ecwid sends you back here by itself, and the store is connected. A consent works once, within minutes."),
)
