"""What a person fills in to send a file of mappings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from fcp.file_forms import FileForm
from fcp.file_rows import heading
from fcp.models import Account, Store

from .outside import OUTSIDE
from .word_columns import Field, choosable, columns_of, enough


class WordsFileForm(FileForm):
    """A file of mappings. The integration counts for rows that name none."""

    store = forms.ModelChoiceField(
        Store.objects.none(),
        label="Integration",
        required=False,
        empty_label="As the file says",
        help_text="For files without a column Integration.",
    )

    def __init__(self, account: Account, scope: Store | None, *, of_stores: bool = True, **kwargs: Any) -> None:
        """`scope`: the one integration that the page is about; `of_stores`: its rows are about integrations at all."""
        super().__init__(**kwargs)
        store = self.fields["store"]
        assert isinstance(store, forms.ModelChoiceField)
        if scope or not of_stores:
            del self.fields["store"]
        else:
            names = OUTSIDE.nicknames(account)
            store.queryset = Store.objects.for_account(account)
            store.label_from_instance = lambda obj: names.get(obj.pk, str(obj))  # type: ignore[method-assign]


class ColumnsForm(forms.Form):
    """Which column of the file is what; each of them once."""

    def __init__(self, kind: str, header: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        named = [(str(place), f"{place + 1}. {name[:60]}" if name else f"{place + 1}. (no name)")
                 for place, name in enumerate(header)]  # fmt: skip
        guessed = columns_of(header, kind)
        for one in choosable(kind):
            place = guessed[0].get(one.key) if guessed else _guess(one, header)
            self.fields[one.key] = forms.ChoiceField(
                label=one.label, required=False, help_text=one.help, initial="" if place is None else str(place),
                choices=[("", "Not in the file"), *named],
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        places = {key: int(place) for key, place in data.items() if place}
        if len(set(places.values())) < len(places):
            raise forms.ValidationError("A column can be one thing only. Choose each of them once.")
        if not self.errors and not enough(places, self.kind):
            raise forms.ValidationError("Say at least which column holds the store's word, and which what it means.")
        self.places = places
        return data


def _guess(one: Field, header: Sequence[str]) -> int | None:
    names = [heading(name) for name in header]
    return next((place for place, name in enumerate(names) if name in one.names), None)
