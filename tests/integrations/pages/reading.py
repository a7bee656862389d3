"""Reading pages as a person does: words in their order, and forms that are sent as they were shown."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse


def words(response: HttpResponse) -> str:
    """What a person reads, in one line."""
    text = response.content.decode()
    text = text[text.index("<main") :] if "<main" in text else text
    text = re.sub(r"<(script|style|template)\b.*?</\1>", " ", text, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def assert_in_order(text: str, *pieces: str) -> None:
    at = 0
    for piece in pieces:
        found = text.find(piece, at)
        assert found >= 0, f"{piece!r} is missing after {text[max(at - 60, 0) : at]!r}"
        at = found + len(piece)


class _Form(HTMLParser):
    """The values that a browser would send for one form of the page."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.inside, self.found = wanted, False, False
        self.values: dict[str, list[str]] = {}
        self._select = ""
        self._first: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.wanted or given.get("action") == self.wanted
            self.found = self.found or self.inside
        if not self.inside or "disabled" in given:
            return
        name = given.get("name") or ""
        if tag == "select":
            self._select, self._first = name, None
        elif tag == "option" and self._select:
            self._first = given.get("value") or "" if self._first is None else self._first
            if "selected" in given:
                self.values[self._select] = [given.get("value") or ""]
        elif tag == "input" and name:
            ticked = given.get("type") not in {"checkbox", "radio"} or "checked" in given
            if ticked:
                self.values.setdefault(name, []).append(given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "select" and self._select:
            self.values.setdefault(self._select, [self._first or ""])
            self._select = ""


def form_of(response: HttpResponse, wanted: str = "settings", **changed: Any) -> dict[str, Any]:
    """The form with this id or action, as the page shows it, with what a person changes in it."""
    reader = _Form(wanted)
    reader.feed(response.content.decode())
    assert reader.found, f"no form {wanted}"
    reader.values.pop("csrfmiddlewaretoken", None)
    return {**reader.values, **changed}
