"""The set-up guides for Wix: one for each way in and each catalog version, one for webhooks, one for one's own app.

In our own words. What is done at Wix is marked (`in_store`): Wix changes its pages without notice. Sources of the
names on Wix's pages: dev.wix.com, "Make REST API Calls with an API Key", "About the External Install Flow", "Step 1,
Create a Custom Wix App"; where a name could not be checked, the step says what to look for and not where.
"""

from __future__ import annotations

from ..declaring import Guide, Step
from .help import API_KEY_STEPS, AUTOMATION_STEPS
from .words import EVENTS

ACCOUNT = "An account here, in which you may add integrations."
STORES = "A Wix site with Wix Stores, and the sign-in of its owner."
APP_NAME = "Fulfillment Control Panel"

TELL_APART = Step(
    "Open the dashboard of the site, then Store Products. Where products are grouped in Collections, the site has "
    "Catalog V1; where they are grouped in Categories, it has Catalog V3.",
    in_store=True,
)
ASK_THE_SITE = Step(
    "Surer, with an API key of the site: ask the site itself. It answers V1_CATALOG or V3_CATALOG.",
    code='curl -H "Authorization: YOUR_API_KEY" -H "wix-site-id: YOUR_SITE_ID" '
    "https://www.wixapis.com/stores/v3/provision/version",
)
WE_SHOW_IT = "When you connect the site we read the version from it and show it before any setting."
CONNECT = Step(
    "Connect the site: Integrations, Add Integration, Wix. The API key comes first; the other ways in have guides of "
    "their own. Before anything is saved you read “This site uses {version}”."
)
SAVE = Step("Choose the account, name the store and press Save. Nothing runs yet.")
FINISH = Step(
    "Check the five settings (Payment Status, Fulfillment Status, Order Age and the two intervals) and press Finish "
    "Setup: orders come in from then on. Everything can be changed later on the integration's page."
)
CARRIERS = Step("Open Carrier Mappings and give each of the site's shipping options the warehouse's ship code.")
LOOK = Step(
    "Open Stock, look at the preview and press Send these quantities. Until somebody has done that, no quantity goes "
    "to Wix."
)
LIVE = Step("Try with one order, then press Go live.")


def _connect(version: str) -> Step:
    return Step(CONNECT.text.replace("{version}", version))


API_KEY = Guide(
    key="api-key",
    title="Connect a Wix site with an API key",
    intro="The way for whoever runs this panel himself: no app is needed, only a key from your Wix account.",
    needs=(ACCOUNT, "The owner of the Wix account: Wix lets nobody else make API keys."),
    steps=(*API_KEY_STEPS, SAVE, FINISH),
    notes=(
        "A key has no end date. Taking it back at Wix stops all our calls at once; the panel then says so and keeps "
        "everything it has.",
        "With a key alone Wix does not tell us of new orders; we ask at the intervals you set. An automation of the "
        "site can tell us at once, see the guide on webhooks.",
    ),
    way="api_key",
)
APP_MARKET = Guide(
    key="app-market",
    title="Add the app in the Wix App Market",
    intro="You begin at Wix and end here. No key has to be copied.",
    needs=(STORES, "A sign-in here; without one you make it on the way."),
    steps=(
        Step("Open the app's own page in the Wix App Market.", in_store=True, url="{market}"),
        Step(
            "Or find it from inside Wix: sign in, open the site, and in the navigation bar choose Apps, then App "
            f"Market (manage.wix.com/app-market). Search for the app's name, {APP_NAME}, and open its tile.",
            in_store=True,
            url="https://manage.wix.com/app-market",
        ),
        Step("Press Add to Site.", in_store=True),
        Step("Several sites? Select the site of this store and confirm once more.", in_store=True),
        Step("Read what the app may do, and agree.", in_store=True),
        Step(
            "Wix leads you here by itself. Sign in with your credentials of this panel, or request an account or a new "
            "password by the links below the form."
        ),
        Step("Choose the account that the store shall belong to, name the store and press Save."),
        FINISH,
    ),
    notes=("Removing the app at Wix stops our calls and loses nothing: add it again, and the same store goes on.",),
    way="market",
)
FROM_THE_PANEL = Guide(
    key="from-the-panel",
    title="Connect a Wix site from this panel",
    intro="You begin here, agree at Wix, and come back by yourself.",
    needs=(ACCOUNT, STORES),
    steps=(
        Step("Open Integrations, Add Integration, Wix, and choose Wix app."),
        Step("Press Connect: Wix opens. Sign in as the owner of the site."),
        Step("Several sites? Select the site of this store and confirm once more.", in_store=True),
        Step("Read what the app may do, and agree.", in_store=True),
        Step("Wix sends you back. Choose the account, name the store and press Save."),
        FINISH,
    ),
    way="market",
)
INVITATION = Guide(
    key="invitation",
    title="Let a store's owner connect it by a link",
    intro="For a store whose owner has no account here: you send a link by e-mail that works once, for seven days.",
    needs=(ACCOUNT, "The owner's e-mail address."),
    steps=(
        Step(
            "Open Integrations, Add Integration, and choose “Ask the store's owner to connect it”. Give the platform "
            "and the owner's e-mail address, and press Send the link."
        ),
        Step("The owner opens the link. The page names your account and shows nothing else of it."),
        Step("There the owner goes to Wix, chooses the site and agrees, or makes an API key for it.", in_store=True),
        Step("Back on our page the owner presses Connect, and is done."),
        Step("You find the store in your list, with every flow off. Check the five settings and press Finish Setup."),
    ),
    notes=(
        "A link can be revoked or sent again from the same page; a link that was used or sent again connects nothing "
        "more.",
        "Whoever has the link can connect a store to your account, so it is not to be passed on.",
    ),
    tabs=("invitations",),
)


def _of_catalog(variant: str, twin: str, warehouses: str, *notes: str) -> Guide:
    """The guide of one catalog version; `warehouses` says what mapping them means there."""
    mine, other = f"Catalog {variant.upper()}", f"Catalog {twin.upper()}"
    return Guide(
        key=f"catalog-{variant}",
        title=f"Set up a Wix site with {mine}",
        intro=f"This guide is for a site with {mine}.",
        twin=f"catalog-{twin}",
        twin_asks=f"Your site has {other}?",
        needs=("The catalog version of the site, looked up in the first steps. " + WE_SHOW_IT, ACCOUNT, STORES),
        steps=(
            TELL_APART,
            ASK_THE_SITE,
            _connect(mine),
            SAVE,
            FINISH,
            CARRIERS,
            Step(f"Open Warehouse Mappings. {warehouses}"),
            LOOK,
            LIVE,
        ),
        notes=notes,
        variant=variant,
    )


CATALOG_V1 = _of_catalog(
    "v1",
    "v3",
    "Catalog V1 has one quantity for each SKU and none by location: the stock of all mapped warehouses is added up, a "
    "sum below 0 goes out as 0, and while no warehouse is mapped nothing is sent.",
    "Wix moves sites from Catalog V1 to V3 one after another. When it moves yours we notice by ourselves: orders and "
    "tracking go on, stock pauses until the listings are linked again, and the panel asks what it cannot know.",
    "Catalog V1 takes stock product by product, so that a large catalogue takes longer than with V3.",
)
CATALOG_V3 = _of_catalog(
    "v3",
    "v1",
    "Catalog V3 counts each location for itself: map each of the site's locations to the warehouse whose stock it "
    "shall show. A location that is not mapped is never touched.",
    "A product that Wix does not track is never switched to tracked by us; it is listed as left out.",
)
WEBHOOKS = Guide(
    key="webhooks",
    title="Let a Wix site tell us of new orders at once",
    intro="An automation of the site posts each new order to an address of ours. It works with every way in.",
    needs=("A connected site whose Site ID stands on the Channel settings tab.", STORES),
    steps=AUTOMATION_STEPS,
    notes=(
        "What the site posts is only a hint: we read the order itself from Wix, and import it by the same conditions "
        "as any other. An order whose status is not among the chosen ones is not imported.",
        "A copied URL works even if you pressed Cancel. It is listed as reserved until its first event, and can be "
        "revoked.",
    ),
    tabs=("webhooks", "webhook_create", "webhook_address"),
)
SCOPES = (  # as the app's dashboard names them
    "SCOPE.DC-STORES.READ-ORDERS",
    "SCOPE.DC-STORES.MANAGE-ORDERS",
    "SCOPE.DC-STORES.READ-PRODUCTS",
    "SCOPE.STORES.PRODUCT_READ_ADMIN",
    "SCOPE.STORES.INVENTORY_ITEM_READ",
)
OWN_APP = Guide(
    key="own-app",
    title="Make your own Wix app for this panel",
    intro="For whoever runs this installation: with an app of your own, stores connect without a key and tell us of "
    "each change at once.",
    needs=(
        "Access to the settings of this installation (environment or .env).",
        "The panel reachable from outside by https; Wix opens and calls no other address. It is {panel} now.",
    ),
    steps=(
        Step(
            "Sign in at dev.wix.com, open your apps and create a new app.",
            in_store=True,
            url="https://dev.wix.com/apps/my-apps",
        ),
        Step(
            "On the app's home page open More Actions, View ID & keys. Copy the App ID, the App secret key and the "
            "public key.",
            in_store=True,
        ),
        Step(
            "Write the three values into the settings of this installation and start it again.",
            code="FCP_WIX_APP_ID=…\nFCP_WIX_APP_SECRET=…\nFCP_WIX_PUBLIC_KEY=…",
        ),
        Step(
            "Where the app asks for its App URL, the page that Wix opens after an installation, give this address.",
            in_store=True,
            code="{landing}",
        ),
        Step(
            "Where it asks for a redirect URL, or for addresses that Wix may send people back to, give this one.",
            in_store=True,
            code="{return}",
        ),
        Step(
            "On the page for permissions add those that read and manage orders (which covers fulfillments), products, "
            "stock and locations. Their names, as far as Wix documents them; add the ones that manage beside those "
            "that read.",
            in_store=True,
            code="\n".join(SCOPES),
        ),
        Step("On the page for webhooks give every event this address as its callback.", in_store=True, code="{hooks}"),
        Step("Subscribe to these events.", in_store=True, code="\n".join(EVENTS)),
        Step(
            "Let Wix build a version of the app and get its install link, or publish it in the App Market. A private "
            "app can be installed on your own sites at once; the App Market wants Wix's approval first.",
            in_store=True,
        ),
        Step(
            "With a page in the App Market, tell this installation its address, so that the guides lead to it.",
            code="FCP_WIX_MARKET_URL=https://www.wix.com/app-market/<app-slug>",
        ),
        Step("Connect a site by Add Integration, Wix, Wix app; its page then says that changes are announced at once."),
    ),
    notes=(
        "The permission that a call needs, by Wix's own ids: ECOM.READ_ORDERS, ECOM.MODIFY_ORDERS, "
        "ECOM.READ_FULFILLMENTS, ECOM.MODIFY_FULFILLMENTS, LOCATIONS.READ, WIX_STORES.CATALOG_VERSION_READ; for "
        "Catalog V1: WIX_STORES.READ_PRODUCTS, MODIFY_PRODUCTS, READ_INVENTORY, MODIFY_INVENTORY; for Catalog V3: "
        "WIX_STORES.PRODUCT_READ, PRODUCT_READ_NON_VISIBLE, PRODUCT_MERCHANT_DATA_READ, PRODUCT_CREATE, "
        "PRODUCT_UPDATE, INVENTORY_READ, INVENTORY_CREATE, INVENTORY_UPDATE, STORES_LOCATION_READ.",
        "The App secret key signs what Wix opens and buys our tokens: keep it like a password. The public key only "
        "proves that a webhook comes from Wix.",
    ),
    operator=True,
)

GUIDES = (API_KEY, FROM_THE_PANEL, APP_MARKET, INVITATION, CATALOG_V1, CATALOG_V3, WEBHOOKS, OWN_APP)
