"""The editor of an order rule: its table of conditions, what it does, and what was typed as a `Draft`.

The table works without a script: adding and removing a row, or another field, sends the form and shows it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from fcp.forms import currencies
from fcp.models import Account
from inventory.forms import countries
from inventory.models import Warehouse
from mappings.ship_codes import ShipCode, ship_codes_of

from .forms import clean_code, code_help
from .models import Match
from .rule_book import FIELDS, Do, Field, Is, Kind
from .rule_saving import Draft
from .rule_words import GONE, Names, names_of

MOST_CONDITIONS, MOST_VALUES, MOST_TAGS = 20, 200, 5
LONGEST, LONGEST_TAG = 200, 40
ROW = re.compile(r"c(\d{1,3})-field")
SEVERAL = (Is.ONE_OF, Is.IS_NOT, Is.BEGINS, Is.CONTAINS)


class ConditionForm(forms.Form):
    """One row: a field, how it is compared, with what. Which inputs it has follows from the first two."""

    def __init__(self, account: Account, names: Names, prefix: str, given: Mapping[str, Any], bound: bool) -> None:
        """`given` is {"field", "is", "values"}; `bound`: what was typed is checked."""
        self.field = FIELDS.get(str(given.get("field")), FIELDS["total"])
        offered = [one for one in self.field.operators if one.value == given.get("is")]
        self.operator = offered[0] if offered else self.field.operators[0]
        values = [str(value) for value in given.get("values") or ()] if offered else []
        if self.field.kind is Kind.MONEY and len(values) < 2:
            values = [*[*values, ""][:1], account.currency]
        inputs = self._inputs(account, names, values)
        initial = {"field": self.field.key, "is": self.operator.value, **_initial(self.field, self.operator, values)}
        data = {f"{prefix}-{key}": value for key, value in initial.items()} if bound else None
        super().__init__(data, initial=initial, prefix=prefix)
        what = [(key, one.label) for key, one in FIELDS.items()]
        self.fields["field"] = forms.ChoiceField(choices=what, label="What")
        how = [(one.value, _how(self.field, one)) for one in self.field.operators]
        self.fields["is"] = forms.ChoiceField(choices=how, label="How")
        self.fields |= inputs

    def _inputs(self, account: Account, names: Names, values: Sequence[str]) -> dict[str, forms.Field]:
        kind, several = self.field.kind, self.operator in SEVERAL
        if kind is Kind.YES_NO:
            return {}
        if kind is Kind.NUMBER:
            return {"value": forms.IntegerField(min_value=0, max_value=10**9, label=self.field.unit or "Number")}
        if kind is Kind.MONEY:
            amount = forms.DecimalField(min_value=0, max_digits=12, decimal_places=2, label="Amount")
            return {"value": amount, "currency": forms.ChoiceField(choices=currencies, label="Currency")}
        if kind is Kind.TEXT:
            text = forms.Textarea(attrs={"rows": 2}) if several else forms.TextInput()
            label = "Values, one on each line" if several else "Value"
            longest = LONGEST * MOST_VALUES if several else LONGEST
            return {"value": forms.CharField(max_length=longest, widget=text, label=label)}
        known = countries()[1:] if kind is Kind.COUNTRY else list(names.choices[self.field.key].items())
        listed = dict(known)
        known += [(value, f"{value} ({GONE})") for value in values if value and value not in listed]
        if several:
            known.sort(key=lambda choice: choice[0] not in values)  # what is chosen is seen without scrolling
            widget = forms.SelectMultiple(attrs={"size": min(max(len(known), 2), 6)})
            return {"value": forms.MultipleChoiceField(choices=known, widget=widget, label="Values")}
        return {"value": forms.ChoiceField(choices=[("", "Choose …"), *known], label="Value")}

    def clean_value(self) -> Any:
        value = self.cleaned_data["value"]
        if self.field.kind is not Kind.TEXT:
            return value
        lines = value.replace("\x00", "").splitlines() if self.operator in SEVERAL else [value.replace("\x00", "")]
        found = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if not found:
            raise forms.ValidationError("Fill this in.")
        if len(found) > MOST_VALUES:
            raise forms.ValidationError(f"At most {MOST_VALUES} values.")
        if too_long := next((one for one in found if len(one) > LONGEST), ""):
            raise forms.ValidationError(f"“{too_long[:30]}…” is too long.")
        return found

    @property
    def field_select(self) -> forms.BoundField:
        return self["field"]

    @property
    def is_select(self) -> forms.BoundField:
        return self["is"]

    @property
    def inputs(self) -> list[forms.BoundField]:
        return [self[name] for name in ("value", "currency") if name in self.fields]

    @property
    def help(self) -> str:
        lines = "One value on each line." if self.field.kind is Kind.TEXT and self.operator in SEVERAL else ""
        return " ".join(filter(None, (self.field.help, lines)))

    @property
    def document(self) -> dict[str, Any]:
        """As it is stored; the form is valid."""
        value = self.cleaned_data.get("value")
        if self.field.kind is Kind.MONEY:
            values = [str(value), self.cleaned_data["currency"]]
        elif isinstance(value, list):
            values = [str(one) for one in value]
        else:
            values = [] if value is None else [str(value)]
        return {"field": self.field.key, "is": self.operator.value, "values": values}


def _how(field: Field, operator: Is) -> str:
    if field.many:
        return {Is.IS: "one is", Is.IS_NOT: "none is", Is.BEGINS: "one begins with", Is.CONTAINS: "one contains"}.get(
            operator, operator.label
        )
    if operator is Is.IS_NOT:
        return "is none of"
    return operator.label


def _initial(field: Field, operator: Is, values: Sequence[str]) -> dict[str, Any]:
    if field.kind is Kind.MONEY:
        return dict(zip(("value", "currency"), values, strict=False))
    if field.kind is Kind.TEXT:
        return {"value": "\n".join(values)}
    if field.kind in (Kind.CHOICE, Kind.COUNTRY) and operator in SEVERAL:
        return {"value": list(values)}
    return {"value": values[0] if values else ""}


class ActionsForm(forms.Form):
    """What is done with an order that fulfils the conditions."""

    hold = forms.BooleanField(
        required=False,
        label="Hold it",
        help_text="It waits until somebody lifts the hold, or until the rule no longer fits. Held lists such orders.",
    )
    tags = forms.CharField(
        required=False,
        max_length=300,
        label="Tag it",
        help_text=f"Words between commas, at most {MOST_TAGS}. A tag that somebody takes off does not return.",
    )
    ship_code = forms.CharField(
        required=False,
        max_length=100,
        label="Ship it by",
        help_text="It stands above the mapping, and below what a person chose on the order.",
    )
    warehouse = forms.ModelChoiceField(
        Warehouse.objects.none(),
        required=False,
        empty_label="As mapped",
        label="Ship it from",
        help_text="It stands above the mapping, and below what a person chose on the order.",
    )
    notify = forms.BooleanField(
        required=False,
        label="Send a mail",
        help_text="To whoever gets the account's alerts, as Settings, Alerts says. Several orders come in one mail.",
    )

    def __init__(self, account: Account, data: Any = None, initial: Any = None, kept: ShipCode | None = None) -> None:
        """`kept`: the ship code that the rule has; it may stay though its list no longer has it."""
        super().__init__(data, initial=initial, prefix="do")
        self.kept = kept or ShipCode("")
        warehouse = self.fields["warehouse"]
        assert isinstance(warehouse, forms.ModelChoiceField)
        warehouse.queryset = Warehouse.objects.for_account(account)
        self.codes: list[ShipCode] = ship_codes_of(account)
        code = self.fields["ship_code"]
        code.widget.attrs |= {"list": "ship-codes", "autocomplete": "off"}
        code.help_text = f"{code_help(self.kept.code, self.codes)} {code.help_text}"

    def clean_ship_code(self) -> str:
        return clean_code(self.cleaned_data["ship_code"].strip(), self.codes, self.kept.code)

    def clean_tags(self) -> list[str]:
        tags = [" ".join(tag.replace("\x00", "").split()) for tag in self.cleaned_data["tags"].split(",")]
        found = list(dict.fromkeys(tag for tag in tags if tag))
        if len(found) > MOST_TAGS:
            raise forms.ValidationError(f"At most {MOST_TAGS} tags.")
        if any(len(tag) > LONGEST_TAG for tag in found):
            raise forms.ValidationError(f"A tag has at most {LONGEST_TAG} characters.")
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not any(data.get(name) for name in self.fields):
            raise forms.ValidationError("Say what is done with such an order.")
        return data

    @property
    def documents(self) -> list[dict[str, str]]:
        data = self.cleaned_data
        found: list[dict[str, str]] = [{"do": Do.HOLD.value}] if data["hold"] else []
        found += [{"do": Do.TAG.value, "value": tag} for tag in data["tags"]]
        if code := data["ship_code"]:
            kept = self.kept if code == self.kept.code else ShipCode(code)
            known = next((one for one in self.codes if one.code == code), kept)
            way = {"carrier": known.carrier[:60], "service": known.service[:60]}
            found.append({"do": Do.SHIP_CODE.value, "value": code, **{k: v for k, v in way.items() if v}})
        if house := data["warehouse"]:
            found.append({"do": Do.WAREHOUSE.value, "value": str(house.pk), "label": house.name})
        return found + ([{"do": Do.NOTIFY.value}] if data["notify"] else [])


def code_in(actions: Iterable[Mapping[str, Any]]) -> ShipCode | None:
    """The ship code that stored actions set, with the carrier and service it had."""
    for one in actions:
        if one.get("do") == Do.SHIP_CODE:
            carrier, service = (str(one.get(name, "")) for name in ("carrier", "service"))
            return ShipCode(str(one.get("value", "")), carrier=carrier, service=service)
    return None


def actions_initial(actions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The form's values from what is stored."""
    actions = list(actions)
    of = {str(one.get("do")): one for one in actions}
    return {
        "hold": Do.HOLD in of,
        "tags": ", ".join(str(one.get("value")) for one in actions if one.get("do") == Do.TAG),
        "ship_code": of.get(Do.SHIP_CODE, {}).get("value", ""),
        "warehouse": of.get(Do.WAREHOUSE, {}).get("value") or None,
        "notify": Do.NOTIFY in of,
    }


class NameForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="Orders that it holds say: The rule “…” holds it.")
    match = forms.ChoiceField(choices=Match.choices, widget=forms.RadioSelect, label="An order fits with")
    why = forms.CharField(
        max_length=200, required=False, label="Why", help_text="For the list of versions; it may stay empty."
    )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).replace("\x00", "").split())


class RuleEditor:
    """The three forms together. `sent` is a posted editor; `check` says that it is to be saved or tried."""

    def __init__(
        self, account: Account, stored: Draft | None, sent: QueryDict | None = None, *, check: bool = False
    ) -> None:
        names = names_of(account)
        rows = list(stored.conditions) if stored else [{"field": "total"}]
        if sent is not None:
            rows = _rows_in(sent)
            if (drop := sent.get("remove", "")).isdecimal() and len(drop) < 4 and int(drop) < len(rows):
                del rows[int(drop)]
            if sent.get("do") == "add" and len(rows) < MOST_CONDITIONS:
                rows.append({"field": "country"})
        rows = rows[:MOST_CONDITIONS]
        self.name: NameForm
        kept = code_in(stored.actions) if stored else None
        if sent is not None and not check:  # shown again as it was typed, without a word about what is missing yet
            typed = {name: sent.get(name, "") for name in ("name", "match", "why")}
            self.name = NameForm(initial=typed)
            boxes = {name: bool(sent.get(f"do-{name}")) for name in ("hold", "notify")}
            texts = {name: sent.get(f"do-{name}", "") for name in ("tags", "ship_code", "warehouse")}
            self.actions = ActionsForm(account, initial=boxes | texts, kept=kept)
        elif sent is not None:
            self.name, self.actions = NameForm(sent), ActionsForm(account, sent, kept=kept)
        else:
            self.name = NameForm(initial={"name": stored.name, "match": stored.match} if stored else {"match": "all"})
            initial = actions_initial(stored.actions) if stored else None
            self.actions = ActionsForm(account, initial=initial, kept=kept)
        self.rows = [ConditionForm(account, names, f"c{n}", row, check) for n, row in enumerate(rows)]
        self.error = "" if self.rows or not check else "Add at least one condition."

    @property
    def room(self) -> bool:
        return len(self.rows) < MOST_CONDITIONS

    def is_valid(self) -> bool:
        parts = [self.name.is_valid(), self.actions.is_valid(), *(row.is_valid() for row in self.rows)]
        return all(parts) and not self.error

    @property
    def draft(self) -> Draft:
        """What was typed; the editor is valid."""
        data = self.name.cleaned_data
        return Draft(data["name"], data["match"], [row.document for row in self.rows], self.actions.documents)

    @property
    def why(self) -> str:
        return str(self.name.cleaned_data["why"]).replace("\x00", "")

    def disable(self) -> None:
        """For those who may only look."""
        for form in (self.name, self.actions, *self.rows):
            for one in form.fields.values():
                one.disabled = True


def _rows_in(sent: QueryDict) -> list[dict[str, Any]]:
    """The rows of the table as they were typed, in their order."""
    numbers = sorted({int(found[1]) for key in sent if (found := ROW.fullmatch(key))})
    rows = []
    for n in numbers:
        field = FIELDS.get(sent.get(f"c{n}-field", ""), FIELDS["total"])
        values: list[str] = [value.replace("\x00", "") for value in sent.getlist(f"c{n}-value")]
        if field.kind is Kind.TEXT:
            values = [line for value in values for line in value.splitlines()]
        if field.kind is Kind.MONEY:
            values = [values[0] if values else "", *filter(None, [sent.get(f"c{n}-currency", "")])]
        rows.append({"field": field.key, "is": sent.get(f"c{n}-is", ""), "values": values})
    return rows
