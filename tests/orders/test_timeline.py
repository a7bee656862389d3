"""The timeline says every event in plain words."""

import ast
import datetime as dt
import re
from pathlib import Path

import pytest

from orders.events import record
from orders.holds import HoldKind
from orders.models import OrderEvent
from orders.release import offer_waiting
from orders.timeline import SAYINGS, hold_sentence, sentence, timeline_of
from tests.build import NOW
from tests.orders.shop import Shop

ROOT = Path(__file__).resolve().parents[2]
WRITERS = {"record", "happened"}  # functions whose second argument is an event's code


def codes_in(path: Path) -> set[str]:
    """Event codes that a module writes: arguments of `record`, and tuples (..., code, {parameters})."""
    tree = ast.parse(path.read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in WRITERS and len(node.args) > 1:
            found |= texts(node.args[1], tree)
        if isinstance(node, ast.Tuple) and len(node.elts) in (3, 6) and path.name != "timeline.py":
            code, params = node.elts[-2:]
            named = isinstance(params, ast.Name) and params.id == "params"
            if isinstance(params, ast.Dict | ast.BinOp) or named:
                found |= {text for text in texts(code, tree) if re.fullmatch(r"[a-z_]+", text)}
    return found


def texts(node: ast.expr, tree: ast.AST) -> set[str]:
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.IfExp):
        return texts(node.body, tree) | texts(node.orelse, tree)
    if isinstance(node, ast.Name):  # a local that was given one of several texts
        return {
            text
            for other in ast.walk(tree)
            if isinstance(other, ast.Assign) and any(getattr(t, "id", "") == node.id for t in other.targets)
            for text in (texts(other.value, tree) if not isinstance(other.value, ast.Name) else set())
        }
    return set()


def test_every_code_that_is_written_anywhere_has_its_sentence():
    modules = [*ROOT.glob("orders/**/*.py"), *ROOT.glob("integrations/**/*.py")]
    signs = ("OrderEvent", "record(", "writes.events")
    writing = [path for path in modules if any(sign in path.read_text() for sign in signs)]

    written = set().union(*(codes_in(path) for path in writing))

    assert {"imported", "held", "offered", "changed", "shipped", "stopped", "too_late", "store_told"} <= written
    assert written - SAYINGS.keys() == set()


def test_the_search_for_codes_finds_one_without_a_sentence(tmp_path):
    module = tmp_path / "new.py"
    module.write_text("def f(order, by, now):\n    record(order, 'beamed_up', by, now)\n")

    assert codes_in(module) == {"beamed_up"}


@pytest.mark.parametrize(
    ("code", "params", "said"),
    [
        ("imported", {"by": "poll", "holds": []}, "Came in from the store (found on a regular look)."),
        ("imported", {"by": "webhook", "holds": ["ship_code", "sku"]},
         "Came in from the store (the store announced it). Held: ship code missing and SKU unknown."),
        ("imported", {}, "Came in from the store."),
        ("imported", {"by": "poll", "holds": [], "settings": 4, "ship_code": "STD", "mapping": 2},
         "Came in from the store (found on a regular look), by version 4 of the settings. "
         "It goes as STD, by version 2 of its mapping."),
        ("translated", {"was": "STD", "ship_code": "EXP", "mapping": 3, "settings": 4},
         "It goes as EXP, by version 3 of its mapping; it was STD before."),
        ("translated", {"was_warehouse": 7, "warehouse": "Nord", "settings": 5},
         "It ships from Nord now, by version 5 of the settings."),
        ("lifted", {"kind": "ship_code", "word": "std-eu", "ship_code": "STD", "mapping": 1},
         "No longer held: ship code missing (“std-eu”). It goes as STD, by version 1 of its mapping."),
        ("held", {"kind": "ship_code", "word": "std-eu"},
         "Held. The shipping option “std-eu” is not mapped to a ship code yet."),
        ("held", {"kind": "client", "word": "Call the buyer first."}, "Held. Held by hand: Call the buyer first."),
        ("held", {"kind": "retired_kind", "word": "x"}, "Held. Retired kind: x."),
        ("held", {"kind": "changed_after_release", "word": "address"},
         "A decision is asked. It changed after the warehouse took it: address."),
        ("lifted", {"kind": "changed_after_release", "word": "address"},
         "No decision is needed any more about: address."),
        ("stop_asked", {"warehouse": "Nord"}, "Nord was asked to stop it."),
        ("change_asked", {"warehouse": "Nord", "what": ["address"]}, "Nord was asked to use the new address."),
        ("change_accepted", {"warehouse": "Nord"}, "Nord uses the new address."),
        ("change_refused", {"warehouse": "Nord", "reason": "It is packed."},
         "Nord cannot use the new address any more: It is packed."),
        ("shipment_gone", {"pieces": 2},
         "A shipment of 2 pieces was deleted in the store: it counts as not shipped again."),
        ("our_shipment_gone", {"pieces": 1}, "A shipment of 1 piece that left here was deleted in the store."),
        ("lifted", {"kind": "sku", "word": "MUG"}, "No longer held: SKU unknown (“MUG”)."),
        ("lifted", {"kind": "canceled_in_store", "word": ""}, "No longer held: canceled in the store."),
        ("changed", {"what": ["payment", "address", "lines"]}, "Changed in the store: payment, address and lines."),
        ("canceled_in_store", {"status": "rejected", "payment": "paid"}, "Rejected in the store."),
        ("canceled_in_store", {"status": "approved", "payment": "refunded"},
         "The store shows the payment as refunded, so it counts as canceled."),
        ("edited", {"what": ["ship_code"]}, "Changed here: ship code."),
        ("edited", {"what": ["ship_code", "warehouse", "note"], "ship_code": "EXP", "warehouse": "Nord"},
         "Changed here: ship code (EXP), warehouse (Nord) and note."),
        ("edited", {"what": ["ship_code"], "as_mapped": True}, "As mapped again: ship code."),
        ("acknowledged", {"warehouse": "Nord", "reference": "N-7"}, "Nord took it as N-7."),
        ("rejected", {"warehouse": "Nord", "reason": "out of stock."}, "Nord will not ship it: out of stock."),
        ("too_late", {"warehouse": "Nord"}, "Nord could not stop it any more."),
        ("shipped", {"pieces": 1, "warehouse": "Nord", "carrier": "DHL", "tracking": ["1Z"]},
         "1 piece left Nord with DHL, tracking 1Z."),
        ("shipped", {"pieces": 3, "tracking": []}, "3 pieces left."),
        ("store_told", {"action": "create", "tracking": ["1Z"]}, "The store was told that it left, tracking 1Z."),
        ("store_told", {"action": "retract"}, "The store was told that the shipment was taken back."),
        ("store_refused", {"reason": "The order is archived."}, "The store could not be told: The order is archived."),
        ("never_heard_of", {}, "Never heard of."),
    ],
)  # fmt: skip
def test_an_event_is_said_in_plain_words(code, params, said):
    assert sentence(code, params) == said


@pytest.mark.parametrize("code", sorted(SAYINGS))
def test_a_sentence_stands_without_its_parameters(code):
    text = sentence(code, {})

    assert text.endswith(".")
    assert "None" not in text
    assert "{" not in text


@pytest.mark.parametrize("kind", list(HoldKind))
def test_every_kind_of_hold_says_why_it_waits(kind):
    assert hold_sentence(kind.value, "").endswith(".")
    assert "{word}" not in hold_sentence(kind.value, "std-eu")


@pytest.mark.django_db
def test_the_newest_event_stands_first_and_names_the_warehouse(monkeypatch):
    shop = Shop(monkeypatch)
    order = shop.order()
    offer_waiting(shop.store, now=NOW)

    lines = timeline_of(order).lines

    assert [line.text for line in lines] == [
        "Offered to Nord.",
        "Came in from the store (found on a regular look), by version 1 of the settings.",
    ]
    assert [line.by for line in lines] == ["the panel", "the store"]


@pytest.mark.django_db
def test_a_long_story_is_cut_and_says_so(monkeypatch):
    order = Shop(monkeypatch).order()
    for minute in range(5):
        record(order, "edited", "Ann", NOW + dt.timedelta(minutes=minute), what=["note"])

    story = timeline_of(order, most=4)

    assert story.older
    assert len(story.lines) == 4
    assert OrderEvent.objects.filter(order=order).count() == 6
    assert not timeline_of(order, most=6).older
