"""What tests in a real browser share: where Chromium is on this machine, who is signed in, and WCAG."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import BrowserContext, Page

NAMES = ["chromium", "chromium-browser", "google-chrome"]
MISSING = "Chromium is missing. Type: sudo apt-get install --no-install-recommends chromium libatomic1"
WCAG_2_2_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def find_chromium() -> str | None:
    """FCP_CHROMIUM if given, else the first one on PATH."""
    given = os.environ.get("FCP_CHROMIUM")
    if given:
        return shutil.which(given)
    return next((path for path in map(shutil.which, NAMES) if path), None)


def sign_in(context: BrowserContext, client: Client, address: str) -> None:
    """Whoever the client is signed in as."""
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])


def wcag_faults(page: Page, name: str) -> list[tuple[str, str, str]]:
    """What axe finds on the page as it stands: `name`, the rule, the beginning of the first such element.

    The page's context is one with `bypass_csp`: axe puts styles of its own into the page.
    """
    page.evaluate(_axe())
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", WCAG_2_2_AA)
    return [(name, one["id"], one["nodes"][0]["html"][:160]) for one in found["violations"]]


@cache
def _axe() -> str:
    return Path(__file__).with_name("axe").joinpath("axe.min.js").read_text()
