"""A mapping that decided orders already is to mean something else: what shall become of them is asked before saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from fcp.keyset import up_to
from fcp.listing import Column, Empty, Listing, Rows
from fcp.models import Account
from fcp.panel import PanelRequest, panel_url
from fcp.roles import May, may
from fcp.short_lists import ShortLists
from mappings.forms import WordForm
from mappings.history import Names, meaning_words, names_in
from mappings.lists import KINDS, Kind
from mappings.models import Listing as StoreListing
from mappings.models import Location, ShipMethod, Word
from mappings.outside import OUTSIDE
from mappings.versions import Meaning, meaning_of_row

from ..models import Fulfillment, Order, OrderLine, Remapping
from ..remapping import COUNTED, Question, begin, go_on, question_of
from ..settle import WORDS
from ..using import GONE, Becomes, Shift, shift_to, went_by

SECONDS = 1.5  # of a press; what is left goes on in the background
KIND_OF: dict[type[Word], Kind] = {kind.model: kind for kind in KINDS.values()}


def asks_first(row: Word, form: WordForm) -> str:
    """Where a person is asked before this (valid) form of a word is stored; empty where there is nothing to ask."""
    kind = KIND_OF[type(row)]
    if not _means(row):
        return ""
    if not question_of(row, _proposed(row, form), timezone.now()).asks:
        return ""
    fields = {name: form.data[name] for name in form.fields if name in form.data}
    why = {"why": form.data["why"]} if form.data.get("why") else {}
    return f"{panel_url(row.account, f'orders:late_{kind.one}', pk=row.pk)}?{urlencode(fields | why)}"


def _means(row: Word) -> bool:
    """Whether it means anything at present."""
    first = next(iter(meaning_of_row(row).values()))
    return bool(first)


def _proposed(row: Word, form: WordForm) -> Meaning:
    """What the row would mean: the form is stored, looked at, and taken back."""
    with transaction.atomic():
        form.apply(by="", now=timezone.now())
        after = meaning_of_row(type(row)._default_manager.get(pk=row.pk))
        transaction.set_rollback(True)
    row.refresh_from_db()
    return after


# --- the question ----------------------------------------------------------------------------------------------------


@may(May.WORK_ORDERS)
@require_http_methods(["GET", "POST"])
def late(request: PanelRequest, pk: int, key: str) -> HttpResponseBase:
    """The question, for the values in the address; a POST answers it."""
    kind = KINDS[key]
    row = get_object_or_404(kind.rows(request.account), pk=pk)
    sent = request.POST if request.method == "POST" else request.GET
    form = kind.form(request.account, row, sent)
    if not _means(row) or not form.is_valid():
        return redirect(panel_url(request.account, f"mappings:{kind.one}", pk=pk))
    if request.method == "POST":
        return _answer(request, kind, row, form)
    question = question_of(row, _proposed(row, form), timezone.now())
    if request.GET.get("format") == "csv":
        return SHIPPED.file_of(request, shipped(question.shift))
    return _ask(request, kind, row, form, question)


def _ask(request: PanelRequest, kind: Kind, row: Any, form: WordForm, question: Question) -> HttpResponse:
    before, after = words_of(meaning_of_row(row), question.shift.after)
    context = {
        "row": row,
        "kind": kind,
        "question": question,
        "cap": COUNTED - 1,
        "before": before,
        "after": after,
        "fields": [(name, form.data[name]) for name in form.fields if form.data.get(name)],
        "why": request.GET.get("why", "")[:200],
        "csv": f"{request.path}?{_as_csv(request.GET)}",
        "integration": OUTSIDE.nicknames(request.account).get(row.store_id, row.store.name),
        "back": panel_url(request.account, f"mappings:{kind.one}", pk=row.pk),
        "crumbs": [
            (kind.title, panel_url(request.account, f"mappings:{kind.key}")),
            (str(row), panel_url(request.account, f"mappings:{kind.one}", pk=row.pk)),
        ],
    }
    return render(request, "mappings/late.html", context)


def _as_csv(query: QueryDict) -> str:
    fields = query.copy()
    fields["format"] = "csv"
    return fields.urlencode()


def words_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str]:
    names = names_in([before, after])
    return meaning_words(before, names), meaning_words(after, names)


def _answer(request: PanelRequest, kind: Kind, row: Any, form: WordForm) -> HttpResponse:
    """Store the meaning and the answer together; then begin with it at once."""
    version, by, now = request.POST.get("version", ""), str(request.user), timezone.now()
    again, ask = request.POST.get("again") == "1", request.POST.get("ask") == "1"
    found = None
    with transaction.atomic():
        row = kind.model.objects.select_for_update(no_key=True).get(pk=row.pk)
        form.row, before = row, meaning_of_row(row)
        if version != str(row.version):
            messages.warning(request, f"Somebody changed “{row}” meanwhile. Look at what it would do now.")
            return redirect(f"{request.path}?{urlencode({name: form.data.get(name, '') for name in form.fields})}")
        target = form.apply(by=by, now=now)
        row.refresh_from_db()
        if row.version != int(version):
            found = begin(row, before, again=again, ask=ask, by=by, now=now)
    if found is None:
        return redirect(panel_url(request.account, f"mappings:{kind.one}", pk=row.pk))
    go_on(found.pk, seconds=SECONDS)
    messages.success(request, f"“{row}” means {target} from now on." if target else f"“{row}” is not mapped any more.")
    return redirect(panel_url(request.account, "orders:remapping", pk=found.pk))


# --- what became of it -----------------------------------------------------------------------------------------------


@require_GET
def remapping(request: PanelRequest, pk: int) -> HttpResponseBase:
    """How far it is, and what became of the orders; a list of those that had left, as a file too."""
    rows = Remapping.objects.for_account(request.account).select_related("store")
    found = get_object_or_404(rows, pk=pk)
    model = WORDS.get(found.kind, ShipMethod)
    row = model.objects.for_account(request.account).filter(pk=found.row).first()
    shift = shift_to(row, found.after, found.at) if row and set(found.after) else None
    if shift and request.GET.get("format") == "csv":
        return SHIPPED.file_of(request, shipped(shift))
    kind = KIND_OF[model]
    before, after = words_of(found.before, found.after)
    context: dict[str, Any] = {
        "found": found,
        "row": row,
        "kind": kind,
        "before": before,
        "after": after,
        "counts": {fate.value: found.counts.get(fate.value, 0) for fate in Becomes},
        "done": min(sum(found.counts.values()), found.total),
        "running": found.state != Remapping.State.DONE,
        "gone": up_to(_shipped_rows(shift)) if shift and shift.older else 0,
        "held": f"{panel_url(request.account, 'orders:group')}?kind=changed_after_release",
        "crumbs": [(kind.title, panel_url(request.account, f"mappings:{kind.key}"))],
    }
    if row:
        context["back"] = panel_url(request.account, f"mappings:{kind.one}", pk=row.pk)
        context["crumbs"].append((str(row), context["back"]))
    part = bool(request.htmx)
    return render(request, "orders/parts/remapping.html" if part else "orders/remapping.html", context)


# --- what left under an older meaning --------------------------------------------------------------------------------


class Left:
    """One order that left: with what it was sent, and what the word means now."""

    __slots__ = ("now", "order", "pk", "shipped_at", "store", "then", "tracking", "word")

    def __init__(self, order: Order, word: str, then: str, now: str, store: str, left: Sequence[Fulfillment]) -> None:
        self.pk, self.order, self.word, self.then, self.now, self.store = order.pk, order, word, then, now, store
        self.shipped_at = max((one.shipped_at for one in left), default=None)
        self.tracking = ", ".join(parcel.tracking for one in left for parcel in one.parcels.all() if parcel.tracking)


def _shipped_rows(shift: Shift) -> Any:
    """Orders, or their lines, that left under an older meaning; every part of it is a walk along an index."""
    states = [state.value for state in GONE]
    if shift.kind is ShipMethod:
        return Order.objects.filter(ship_method=shift.row.pk, mapping_version__in=list(shift.older), state__in=states)
    if shift.kind is StoreListing:
        lines = OrderLine.objects.filter(listing=shift.row.pk, mapping_version__in=list(shift.older))
        return lines.filter(order__state__in=states, ships=True, removed_at=None)
    warehouses = [was["warehouse_id"] for was in shift.older.values()]
    orders = Order.objects.filter(account=shift.row.account_id, store=shift.row.store_id, state__in=states)
    return orders.filter(went_by(shift.row, warehouses), placed_at__gte=shift.since)


def shipped(shift: Shift) -> Rows:
    """The same, to be walked by rising id, each row knowing what it is compared with."""
    rows: Any = _shipped_rows(shift)
    if shift.kind is ShipMethod:
        parts = [Q(mapping_version=version, state=state.value) for version in shift.older for state in GONE]
        rows = ShortLists(Order.objects.filter(ship_method=shift.row.pk), parts)
    return cast("Rows", _Compared(rows, shift))


class _Compared:
    """Rows with the shift they are compared by; stands where a queryset is walked."""

    def __init__(self, rows: Any, shift: Shift) -> None:
        self.rows, self.shift, self.model = rows, shift, rows.model

    def filter(self, *args: Any, **kwargs: Any) -> _Compared:
        return _Compared(self.rows.filter(*args, **kwargs), self.shift)

    def order_by(self, *names: str) -> _Compared:
        return _Compared(self.rows.order_by(*names), self.shift)

    def __getitem__(self, page: slice) -> list[Any]:
        found = list(self.rows[page])
        for row in found:
            row.shift = self.shift
        return found


def decorate(rows: list[Any], account: Account | None) -> None:
    """Orders, or lines, of one shift."""
    assert account is not None
    if not rows:
        return
    shift: Shift = rows[0].shift
    ids = [row.order_id if isinstance(row, OrderLine) else row.pk for row in rows]
    orders = Order.objects.select_related("store").in_bulk(ids)
    left: dict[int, list[Fulfillment]] = {}
    standing = Fulfillment.objects.filter(order_id__in=ids, voided_at=None).prefetch_related("parcels").order_by("pk")
    for one in standing:
        left.setdefault(one.order_id, []).append(one)
    names = names_in([*shift.older.values(), shift.after])
    stores, now = OUTSIDE.nicknames(account), meaning_words(shift.after, names) or "Not mapped"
    went = _warehouses_of(ids) if isinstance(shift.row, Location) else {}
    rows[:] = [
        Left(orders[pk], str(shift.row), _then(row, shift, names, went.get(pk, "")), now,
             stores.get(orders[pk].store_id, orders[pk].store.name), left.get(pk, []))
        for row, pk in zip(rows, ids, strict=True)
    ]  # fmt: skip


def _warehouses_of(order_ids: Sequence[int]) -> dict[int, str]:
    lines = OrderLine.objects.filter(order_id__in=order_ids, ships=True, removed_at=None, warehouse__isnull=False)
    return dict(lines.values_list("order_id", "warehouse__name"))


def _then(row: Any, shift: Shift, names: Names, warehouse: str) -> str:
    """What it meant for this order, as the order itself keeps it."""
    if isinstance(row, OrderLine):
        return meaning_words({"product_id": row.product_id, "units": row.units}, names)
    if isinstance(shift.row, Location):
        return warehouse
    way = " ".join(part for part in (row.carrier, row.service) if part)
    return f"{row.ship_code} ({way})" if way else str(row.ship_code)


SHIPPED = Listing(
    key="shipped-under-another-mapping",
    row="",
    order=("id",),
    columns=(
        Column("number", "Order", csv=lambda row: row.order.number),
        Column("store", "Integration", csv=lambda row: row.store),
        Column("shipped", "Shipped on", csv=lambda row: row.shipped_at),
        Column("tracking", "Tracking", csv=lambda row: row.tracking),
        Column("then", "It meant then", csv=lambda row: row.then),
        Column("now", "It means now", csv=lambda row: row.now),
    ),
    decorate=decorate,
    empty=Empty("None"),
)
