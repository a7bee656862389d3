"""How a sandbox is set up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

# Seconds between the tries to deliver a webhook. Wix waits 1 minute to 12 hours ("Webhook resend policy").
RETRIES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 600.0, 600.0, 600.0)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Setup:
    orders: int = 0  # in each store
    products: int = 12  # in each store
    seed: int = 1
    port: int = 0  # 0: any free one
    state: str | None = None  # file that keeps everything; None: nothing is kept
    webhook_urls: tuple[str, ...] = ()  # {platform} in one stands for the key of whose stand-in it is
    platforms: tuple[str, ...] = ()  # whose stand-ins there are; empty: all that there are
    sites: tuple[str, ...] = ()  # which of a platform's shops are filled; empty: all
    panel_url: str = ""  # where our app's pages are, without a slash at the end
    rate_limit: int = 200  # calls a minute and store; 0: no limit
    plain: bool = False  # every order is paid, waits, and has three lines, as measurements want them
    variants: bool = True  # False: every product has one variant, so that it is one listing
    stock_places: int = 1  # at how many of its locations a V3 store keeps stock
    odd: float = 0.0  # share of the orders that no shop should have: see wix.demo.ODD
    clock: Callable[[], datetime] = utc_now
    retries: tuple[float, ...] = RETRIES
