"""The panel's words for templates: addresses, icons, chips, money, times. Loaded everywhere (TEMPLATES, builtins)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.numbers import get_currency_precision
from django import template
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from fcp.panel import CHIPS, Chip, panel_url
from fcp.wording import plural

register = template.Library()

register.filter(plural)

ENGLISH = Locale("en")
SPRITE = "vendor/icons/icons.svg"
SPARKLINE = (
    '<svg class="sparkline" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">'
    '<title>{2}</title><polygon points="{3}"/><polyline points="{4}"/></svg>'
)
NAMED_ICON = '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>'


@register.simple_tag(takes_context=True)
def panel(context: Context, name: str, **kwargs: Any) -> str:
    """`{% panel 'orders:order' pk=order.pk %}`: a page of the account one is in (or of `in_account=`)."""
    account = kwargs.pop("in_account", None)
    if account is None:
        account = _request(context).account  # type: ignore[attr-defined]
    return panel_url(account, name, **kwargs)


def _request(context: Context) -> HttpRequest:
    request = getattr(context, "request", None) or context.get("request")
    if request is None:
        raise template.TemplateSyntaxError("This tag needs the request; render the template with it.")
    return request


@register.simple_tag
@lru_cache(maxsize=512)  # a list of 50 rows draws some hundred of the same few
def icon(name: str, label: str = "") -> SafeString:
    """A sign from the sprite; with `label` it is read aloud, without it is decoration."""
    if label:
        return format_html(NAMED_ICON, label, static(SPRITE), name)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static(SPRITE), name)


@register.simple_tag
def chip(kind: str, value: Any, note: str = "") -> SafeString:
    """A state as word, colour and shape: `{% chip "order" order.state %}`; `note` is read on hover."""
    known = CHIPS.get((kind, str(value))) or Chip(str(value).replace("_", " ").capitalize(), "neutral", "circle")
    return make_chip(known.label, known.tone, known.icon, note)


@register.simple_tag
def plain_chip(label: str, tone: str = "neutral", icon_name: str = "", note: str = "") -> SafeString:
    """A chip that is no state: a tag, "Late", "Gift note"."""
    return make_chip(label, tone, icon_name, note)


@lru_cache(maxsize=2048)
def make_chip(label: str, tone: str, icon_name: str = "", note: str = "") -> SafeString:
    title = format_html(' title="{}"', note) if note else SafeString("")
    sign = icon(icon_name) if icon_name else SafeString("")
    return format_html('<span class="chip chip-{}"{}>{}<span>{}</span></span>', tone, title, sign, label)


@register.simple_tag
def money(amount: Decimal | str | float | None, currency: str, whole: bool = False) -> str:
    """ "2,140.00 EUR"; with as many decimals as the currency has. `whole`: none, for headlines."""
    if amount is None:
        return "–"
    if not currency:
        return f"{Decimal(amount):,.2f}"
    return f"{Decimal(amount):,.{0 if whole else _decimals(currency)}f} {currency}"


@lru_cache(maxsize=256)
def _decimals(currency: str) -> int:
    return get_currency_precision(currency)


@register.simple_tag
def when(at: dt.datetime | None, style: str = "ago", missing: str = "–") -> SafeString | str:
    """A time in the account's zone: "ago" (3 h ago), "age" (3 h), "exact" (22 Nov, 14:03) or "day"; exact on hover."""
    if at is None:
        return missing
    local = timezone.localtime(at)
    now = timezone.localtime()
    exact = f"{local:%-d %b %Y, %H:%M:%S} ({local.tzname()})"
    texts = {"ago": ago, "age": age, "exact": _exact, "day": _day_of}
    text = texts[style](local, now)
    live = mark_safe(f" data-{style}") if style in ("ago", "age") else SafeString("")  # noqa: S308  # fixed words
    return format_html('<time datetime="{}" title="{}"{}>{}</time>', local.isoformat(), exact, live, text)


STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(at: dt.datetime, now: dt.datetime) -> str:
    """How long ago in one unit: "45 s", "12 min", "3 h", "9 d"."""
    return span(abs((now - at).total_seconds()))


def span(seconds: float) -> str:
    for size, unit in STEPS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def ago(at: dt.datetime, now: dt.datetime) -> str:
    if abs((now - at).total_seconds()) < 10:
        return "just now"
    return f"in {age(at, now)}" if at > now else f"{age(at, now)} ago"


def _exact(at: dt.datetime, now: dt.datetime) -> str:
    if at.date() == now.date():
        return f"{at:%H:%M}"
    return f"{at:%-d %b, %H:%M}" if at.year == now.year else f"{at:%-d %b %Y, %H:%M}"


def _day_of(at: dt.datetime, now: dt.datetime) -> str:
    return f"{at:%-d %b}" if at.year == now.year else f"{at:%-d %b %Y}"


@register.simple_tag
def country(code: str) -> SafeString | str:
    """ "DE" with the country's name on hover."""
    return format_html('<span title="{}">{}</span>', country_name(code), code) if code else "–"


@lru_cache(maxsize=512)
def country_name(code: str) -> str:
    return ENGLISH.territories.get(code.upper(), code)


@register.simple_tag
def sparkline(values: Sequence[float], label: str, width: int = 120, height: int = 28) -> SafeString:
    """A small line of values, oldest first; `label` says it in words."""
    numbers = [float(value) for value in values] or [0.0]
    top = max(max(numbers), 1.0)
    step = width / max(len(numbers) - 1, 1)
    points = [(round(i * step, 1), round(height - 2 - n / top * (height - 4), 1)) for i, n in enumerate(numbers)]
    line = " ".join(f"{x},{y}" for x, y in points)
    area = f"0,{height} {line} {points[-1][0]},{height}"
    return format_html(SPARKLINE, width, height, label, area, line)


@register.simple_tag
def count(number: int | None, limit: int = 1000) -> str:
    """A count that was capped: "999+"."""
    if number is None:
        return ""
    return f"{limit - 1}+" if number >= limit else f"{number:,}"


@register.simple_tag
def demo_people() -> list[Any]:
    """The demo's sign-ins, to fill the form with; none outside of the demo."""
    from fcp.sign_in import demo_sign_ins  # not at the top: allauth's forms import our form while apps still load

    return demo_sign_ins()


@register.filter
def thousands(number: int) -> str:
    return f"{number:,}"
