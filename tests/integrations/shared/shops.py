"""The platforms that the shared tests run for: one line each."""

from tests.integrations.shared.adapter import Shop
from tests.integrations.shared.of_ecwid import Ecwid
from tests.integrations.shared.of_wix import WixV1, WixV3
from tests.platforms.corner.adapter import Corner

SHOPS: tuple[type[Shop], ...] = (WixV1, WixV3, Ecwid, Corner)
