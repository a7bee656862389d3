"""The API keys that the account's owner makes: what each may do, and on which sites."""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from integrations.sandbox.state import State

from .site import dump, iso

# What a key can be allowed, by words of ours: Wix's own list is longer and changes. "manage" holds "read".
PERMISSIONS = {
    "orders.read": "Wix eCommerce: read orders and fulfillments",
    "orders.manage": "Wix eCommerce: manage orders and fulfillments",
    "products.read": "Wix Stores: read products",
    "products.manage": "Wix Stores: manage products",
    "stock.read": "Wix Stores: read inventory",
    "stock.manage": "Wix Stores: manage inventory",
    "locations.read": "Locations: read",
    "site.read": "Site properties: read",
}
# The part of a path that says what a call is about; the first that is found decides.
ABOUT = {
    "/stores/v3/provision/": "",  # which catalogue a site has, every key may ask
    "/locations": "locations",
    "nventory": "stock",
    "/stores": "products",
    "/ecom/": "orders",
    "/site-properties/": "site",
}


@dataclass
class Key:
    id: str
    name: str
    digest: str  # the key itself is shown once
    ending: str
    made: str
    permissions: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)  # by site id
    revoked: bool = False

    def may(self, site_id: str, path: str, writes: bool) -> bool:
        """Whether a call may be made. Of an app's own calls (/apps/) a key may make none."""
        about = next((about for part, about in ABOUT.items() if part in path), None)
        if self.revoked or site_id not in self.sites or about is None:
            return False
        wanted = {f"{about}.manage"} if writes else {f"{about}.read", f"{about}.manage"}
        return about == "" or bool(wanted & set(self.permissions))


class Keys:
    def __init__(self, state: State):
        self.state = state
        rows = [Key(**json.loads(body)) for kind, _, body in state.load("account") if kind == "key"]
        self.by_id = {key.id: key for key in rows}

    def make(self, name: str, permissions: list[str], sites: list[str]) -> str:
        """The new key, which nobody is shown again. ValueError says what is missing."""
        if not name.strip():
            raise ValueError("Give the key a name.")
        if not permissions or not set(permissions) <= set(PERMISSIONS):
            raise ValueError("Choose what the key may do.")
        if not sites:
            raise ValueError("Choose the sites that the key is for.")
        text = "IST." + secrets.token_urlsafe(72)
        made = iso(datetime.now(UTC))
        self._keep(Key(secrets.token_hex(8), name.strip()[:80], digest_of(text), text[-4:], made, permissions, sites))
        return text

    def revoke(self, uid: str) -> None:
        self.by_id[uid].revoked = True
        self._keep(self.by_id[uid])

    def allow(self, text: str, site_id: str, path: str, writes: bool) -> bool:
        digest = digest_of(text)
        return any(key.digest == digest and key.may(site_id, path, writes) for key in self.by_id.values())

    def _keep(self, key: Key) -> None:
        self.by_id[key.id] = key
        self.state.save("account", "key", key.id, dump(asdict(key)))


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
