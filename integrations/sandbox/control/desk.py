"""What the control pages show and do of a store of any platform: each host has a desk that knows its own words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from integrations.sandbox.faults import KINDS

Form = dict[str, str]


class Site(Protocol):
    """A store, of any platform."""

    key: str
    name: str
    orders: Any
    products: Any
    faults: list[Any]
    installed: bool
    revoked: bool


@dataclass(frozen=True)
class Line:
    name: str
    choices: str
    sku: str
    quantity: str


@dataclass(frozen=True)
class Shown:
    """An order as a person sees it. `words`: what its statuses are called by the platform."""

    uid: str
    number: str
    placed: str  # ISO time in UTC
    changed: str
    shipping: str
    payment: str
    status: str
    total: str
    words: tuple[str, ...] = ()
    lines: list[Line] = field(default_factory=list)
    address: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Told:
    """What the store was told of an order's parcels, one row each."""

    at: str  # ISO time in UTC
    carrier: str  # or what else is told of who brings it
    number: str
    what: str  # how many units, or a status
    link: str = ""


@dataclass(frozen=True)
class Action:
    """A button below an order. `field`: what is typed beside it."""

    key: str
    label: str
    field: str = ""
    style: str = "quiet"
    tick: str = ""  # a box that is ticked at first, by its name and label
    tick_label: str = ""


class Desk:
    label: ClassVar[str]  # of the platform
    office: ClassVar[str]  # what the owner's own pages are called
    who: ClassVar[str] = "Carrier"  # heading of Told.carrier
    what: ClassVar[str] = "#Units"  # heading of Told.what
    payments: ClassVar[dict[str, str]]
    odd: ClassVar[dict[str, str]]
    words: ClassVar[dict[str, str]]  # status -> what people call it
    tones: ClassVar[dict[str, str]]
    switches: ClassVar[dict[str, str]]  # misbehaviour that lasts until told to behave
    actions: ClassVar[tuple[Action, ...]]
    refusal: ClassVar[type[Exception]] = ValueError  # what the host raises for something that cannot be done
    host: Any

    def __init__(self, host: Any):
        self.host = host

    def home(self, site: Any = None) -> str:
        """Address of the owner's pages: of one store, or of all."""
        raise NotImplementedError

    def about(self, site: Any) -> str:
        raise NotImplementedError

    def waiting(self, site: Any) -> int:
        """How many orders are not shipped yet."""
        raise NotImplementedError

    def goods(self, site: Any) -> dict[str, str]:
        """What can be ordered: its name in `place_order`, and what a person reads."""
        raise NotImplementedError

    def ways(self, site: Any) -> list[str]:
        raise NotImplementedError

    def countries(self, site: Any) -> tuple[dict[str, str], str]:
        """Code and name of where buyers live, and the store's own code."""
        raise NotImplementedError

    def show(self, order: dict[str, Any]) -> Shown:
        raise NotImplementedError

    def told(self, site: Any, order: str) -> list[Told]:
        raise NotImplementedError

    def place(self, site: Any, form: Form) -> str:
        """The id of the order that a person placed."""
        raise NotImplementedError

    def act(self, site: Any, order: str, action: str, form: Form) -> None:
        raise NotImplementedError

    def levels(self, site: Any, sought: str) -> Iterator[tuple[str, str, str, str, int | None]]:
        """Of each thing sold: name in `set_stock`, SKU, title, place, quantity."""
        raise NotImplementedError

    def more(self, site: Any) -> str:
        """What only this platform has, as HTML."""
        return ""

    def own(self, method: str, path: list[str], site: str, query: dict[str, str], body: dict[str, Any]) -> Any:
        """A control call that only this platform has. KeyError where it has none such."""
        raise KeyError("there is no such control call")

    # The same for all.

    @property
    def kinds(self) -> dict[str, str]:
        return {**KINDS, **self.switches}

    def broken(self, site: Any) -> list[str]:
        """What is wrong with the store, in words."""
        found = [] if site.installed else ["The app is not in this store."]
        for fault in site.faults:
            words = {None: "until told to behave", 1: "once more"}
            found.append(f"{KINDS[fault.kind]}: {words.get(fault.count, f'{fault.count} more times')}")
        return found

    def can(self, actions: dict[str, Callable[[], Any]], action: str) -> None:
        """Do one of the actions."""
        if action not in actions:
            raise KeyError(f"There is no action {action}.")
        actions[action]()
