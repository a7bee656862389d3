"""How to connect a Wix site, step by step. Steps done at Wix may change there without notice."""

from __future__ import annotations

from ..declaring import Step

API_KEY_STEPS = (
    Step("Sign in at manage.wix.com as the owner of the Wix account; only the owner can make API keys.", in_store=True),
    Step("Open the API Keys Manager: manage.wix.com/account/api-keys.", in_store=True),
    Step("Press Generate API Key and give it a name, for example Fulfillment.", in_store=True),
    Step(
        "Under permissions choose Wix Stores (products and inventory, read and manage), Wix eCommerce (orders and "
        "fulfillments, read and manage), Locations (read) and Site Properties (read: the store's name and currency); "
        "where you may choose sites, choose the site of this store.",
        in_store=True,
    ),
    Step("Press Generate Key and copy the key at once; Wix shows it only this time.", in_store=True),
    Step(
        "Open the dashboard of the site. Its address looks like manage.wix.com/dashboard/…/home: "
        "copy the letters, digits and dashes after /dashboard/. That is the Site ID.",
        in_store=True,
    ),
    Step("Paste both here and press Connect. Before anything runs we show the store's name and catalog version."),
)

FROM_WIX_STEPS = (
    Step("Open the App Market and search for Fulfillment Control Panel."),
    Step("Press Add to Site, choose the site, and agree to what the app may do."),
    Step("Wix leads you back here. Sign in, choose the account, name the store."),
)
MARKET_STEPS = (
    Step("Press Connect. Wix opens in a new tab of your browser; sign in there as the owner of the site."),
    Step(
        "Several sites? Wix asks for one: select the site of this store and confirm. "
        "Then read what the app may do and agree.",
        in_store=True,
    ),
    Step("Wix sends you back here by itself. Choose the account, name the store, press Save."),
    Step("Check the five settings and press Finish Setup; from then on orders come in."),
    Step(
        "You can as well begin in Wix: open the App Market (manage.wix.com/app-market, or Apps in the navigation bar), "
        "search for the app's name, open its tile, press Add to Site and agree. Wix then leads you to our sign-in.",
        in_store=True,
    ),
)

APP_STEPS = (
    Step("The owner of the site adds the app to it in Wix.", in_store=True),
    Step(
        "On the app's own page at Wix, open the list of installs and copy the Instance ID of this site.", in_store=True
    ),
    Step("Paste it here and press Connect. Before anything runs we show the store's name and catalog version."),
)

# From Create here to Activate there; the address works from the moment it is shown.
AUTOMATION_STEPS = (
    Step("Open Main settings, set Channel Mode to Webhooks or to Webhooks with a safety poll, and save."),
    Step("Open the Webhooks tab, press Create and choose the Type Order placed. The URL appears at once."),
    Step("Copy the URL, then press Cancel or Save as you like: the copied URL works at once and stays in the list."),
    Step("Sign in at manage.wix.com, open the site's dashboard and go to Automations.", in_store=True),
    Step("Press Create Automation, then Start from Scratch.", in_store=True),
    Step("Choose the trigger Order placed.", in_store=True),
    Step("Press + below the trigger and choose Send HTTP Request.", in_store=True),
    Step("Paste the URL, and leave the data at all keys and values.", in_store=True),
    Step("Press Activate in the top right corner.", in_store=True),
    Step("Place a small order in the store: it appears below within seconds, and the address then shows its event."),
)
