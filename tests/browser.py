"""Where Chromium is on this machine."""

import os
import shutil

NAMES = ["chromium", "chromium-browser", "google-chrome"]
MISSING = "Chromium is missing. Type: sudo apt-get install --no-install-recommends chromium libatomic1"


def find_chromium() -> str | None:
    """FCP_CHROMIUM if given, else the first one on PATH."""
    given = os.environ.get("FCP_CHROMIUM")
    if given:
        return shutil.which(given)
    return next((path for path in map(shutil.which, NAMES) if path), None)
