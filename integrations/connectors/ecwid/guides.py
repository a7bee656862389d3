"""The set-up guides for Ecwid: one for each way in, one for webhooks, one for one's own app.

In our own words. What is done at Ecwid is marked (`in_store`): Ecwid changes its pages without notice. Sources of the
names on Ecwid's pages: docs.ecwid.com, "App settings", "Set up webhooks", "Access scopes".
"""

from __future__ import annotations

from ..declaring import Guide, Step
from .help import APP_STEPS, CUSTOM_APP_STEPS
from .words import EVENTS, MORE_SCOPES, SCOPES

ACCOUNT = "An account here, in which you may add integrations."
STORE = "An Ecwid store on a paid plan (the free plan lets no app in), and the sign-in of its owner."
NOTHING_RUNS = "Every flow you left off stays off; only locations are read, because processing orders depends on them."
FLOWS = Step(
    "Open Integrations, Add Integration, Ecwid, and press Add. Choose which flows shall run, or leave all of them off "
    "for now, and press Next. You can change every one of them later."
)
AFTER = Step(
    "Map the shipping options, the SKUs and the locations under Mappings, try with one order, then press Go live."
)

CUSTOM_APP = Guide(
    key="custom-app",
    title="Connect an Ecwid store with its secret token",
    intro="The way for whoever runs this panel himself: no registered app is needed, only a token of your own store.",
    needs=(ACCOUNT, STORE),
    steps=(FLOWS, *CUSTOM_APP_STEPS, AFTER),
    notes=(
        "A token has no end date. Deleting the custom app at Ecwid stops all our calls at once; the panel then says so "
        "and keeps everything it has.",
        "A custom app may read and change orders and products from the start. Where a permission is missing, we name "
        "it; Ecwid's support adds it to the app.",
        NOTHING_RUNS,
    ),
    way="custom_app",
)
FROM_THE_PANEL = Guide(
    key="from-the-panel",
    title="Connect an Ecwid store from this panel",
    intro="You begin here, agree at Ecwid, and come back by yourself. No token has to be copied.",
    needs=(ACCOUNT, STORE),
    steps=(FLOWS, *APP_STEPS, AFTER),
    notes=("Taking the app out of the store stops our calls and loses nothing: connect again, and it goes on.",
           NOTHING_RUNS),
    way="app",
)  # fmt: skip
ORDERS = Guide(
    key="orders",
    title="Set up the orders, stock and tracking of an Ecwid store",
    intro="After connecting: what to look at before anything goes to a warehouse, and how we read what Ecwid says.",
    needs=("A connected Ecwid store.",),
    steps=(
        Step(
            "Open the integration's Main settings. Every order comes in, whatever its status, until you choose fewer; "
            "only paid ones are released, unless you choose otherwise there."
        ),
        Step("Open Carrier Mappings and give each of the store's shipping options the warehouse's ship code."),
        Step("Open Warehouse Mappings: map the store, and each place of pickup, to the warehouse that serves it."),
        Step("Open Stock, look at the preview, and let quantities go to the store once they are right."),
        Step("Try with one order, then press Go live."),
    ),
    notes=(
        "Payment statuses of the store's own count as pending: such an order waits for its payment. Fulfillment "
        "statuses of its own count as not fulfilled.",
        "An order that is canceled, will not be delivered, or was deleted at Ecwid is never sent to a warehouse; nor "
        "is a cart that its buyer never finished.",
        "An order has one tracking number and one status at Ecwid, and no carrier. Several parcels are told as one "
        "text with all their numbers; until everything has left, the order shows Processing, then Shipped.",
        "Once an order turns to Shipped, or gets a tracking number, Ecwid mails the buyer if the store wants it.",
        "A variation without a SKU of its own is sold from its product's stock, so that the quantity goes to the "
        "product. A product with unlimited stock is never switched to a counted one.",
    ),
    tabs=("setup",),
)
WEBHOOKS = Guide(
    key="webhooks",
    title="Let an Ecwid store tell us of orders at once",
    intro="Ecwid posts each change of an order to us. Without that, we ask at the interval that you set.",
    needs=("The panel reachable from outside by https; Ecwid calls no other address. It is {panel} now.",),
    steps=(
        Step(
            "Write to Ecwid's support for app developers, ec.apps@lightspeedhq.com: name the app, or the Store ID of a "
            "custom app, and ask them to set this webhook address.",
            in_store=True,
            code="{hooks}",
        ),
        Step("Ask for these events.", in_store=True, code="\n".join(EVENTS)),
        Step("For a custom app: enter its client secret here, by reconnecting the store, if you have not done so yet."),
        Step("Open Main settings, set Channel Mode to Webhooks with a safety poll, and save."),
    ),
    notes=(
        "What Ecwid posts is only a hint: we read the order itself from the store, and import it by the same "
        "conditions as any other. Ecwid may post late, twice, or in another sequence.",
    ),
    tabs=("webhooks", "webhook_create", "webhook_address"),
)
OWN_APP = Guide(
    key="own-app",
    title="Register your own Ecwid app for this panel",
    intro="For whoever runs this installation: with an app of your own, stores connect without copying a token.",
    needs=(
        "Access to the settings of this installation (environment or .env).",
        "The panel reachable from outside by https; it is {panel} now.",
    ),
    steps=(
        Step(
            "Register an app with Ecwid: open the page of your own apps and follow it to an app for many stores.",
            in_store=True,
            url="https://my.ecwid.com/#develop-apps",
        ),
        Step("Give this address as the app's return URL.", in_store=True, code="{return}"),
        Step("Ask for these access scopes.", in_store=True, code=" ".join((*SCOPES, *MORE_SCOPES))),
        Step("Give this address for webhooks, with the events that the guide on webhooks lists.", in_store=True,
             code="{hooks}"),
        Step(
            "Write client_id and client_secret into the settings of this installation and start it again.",
            code="FCP_ECWID_APP_ID=…\nFCP_ECWID_APP_SECRET=…",
        ),
        Step("Connect a store by Add Integration, Ecwid, and choose Ecwid app."),
    ),
    notes=(
        "The client secret buys tokens and signs webhooks: keep it like a password.",
        "Changing the app's access scopes later means that every store has to accept it again.",
    ),
    operator=True,
)  # fmt: skip

GUIDES = (CUSTOM_APP, FROM_THE_PANEL, ORDERS, WEBHOOKS, OWN_APP)
