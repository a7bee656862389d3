"""Two people change the same settings: whoever saves second keeps what was typed, and sees both values.

What the second person did not touch becomes what the first one saved; where both changed a setting, the typed value
stays in the field and a sentence beside it names the other one. Nothing is saved before the next Save.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import strip_tags

from integrations.forms import DocumentForm
from integrations.models import Integration
from integrations.settings_document import Document, completed, document_of
from integrations.versions import version_of

SAVED_MEANWHILE = (
    "Somebody else saved these settings meanwhile. What you typed is kept; look at the fields marked, then save again."
)

Make = Callable[[Document, Any], DocumentForm]  # (the document it starts from, what was sent or None) -> the form


def is_outdated(integration: Integration, sent: QueryDict) -> bool:
    """Whether the page was made before the settings that are in force now."""
    version = str(sent.get("version", ""))
    return version.isdecimal() and len(version) < 9 and int(version) != integration.settings_version


def says_what_is_in_force(form: DocumentForm) -> bool:
    """A second click on Save, or two people of one mind: what is asked for is so already.

    The form starts from the settings of now.
    """
    names = [name for name, field in form.fields.items() if field.show_hidden_initial]
    return form.is_valid() and all(
        [
            all(form.before.get(key) == value for key, value in form.document.items()),
            *(form.cleaned_data[name] == form.initial[name] for name in names),
        ]
    )


def brought_together(integration: Integration, make: Make, sent: QueryDict) -> DocumentForm:
    """The form with what was typed and what was saved meanwhile; it carries an error, so that nothing is saved yet."""
    current = document_of(integration)
    newest = version_of(integration, integration.settings_version)
    base = version_of(integration, int(str(sent.get("version", "0"))))
    by = newest.by if newest else "Somebody"
    merged = sent.copy()
    merged["version"] = str(integration.settings_version)
    merged.pop("confirmed", None)
    said: dict[str, str] = {}
    if base is not None:
        before = make(completed(make(current, None).platform, base.document), None)
        typed = make(current, sent)
        for name, field in typed.fields.items():
            if field.disabled or name == "version" or name not in before.fields:  # another warehouse's partner asks
                continue
            if field.show_hidden_initial:  # a name: no version has it, the page says what it showed
                if name not in typed.changed_data:
                    merged[name] = merged[typed[name].html_initial_name] = str(typed.initial[name])
                continue
            was, now = before.get_initial_for_field(before.fields[name], name), typed.initial.get(name)
            if was == now:
                continue
            mine = typed[name].data
            if not field.has_changed(was, mine):
                merged.setlist(name, [str(one) for one in (now if isinstance(now, list) else [now])])
                said[name] = f"{by} changed this meanwhile; it was {_in_words(field, was)}."
            elif field.has_changed(now, mine):
                said[name] = f"{by} saved “{_in_words(field, now)}” meanwhile, you typed “{_in_words(field, mine)}”."
    form = make(current, merged)
    for name, sentence in said.items():
        form.fields[name].meanwhile = sentence  # type: ignore[attr-defined]  # parts/field.html shows it
    form.is_valid()
    form.add_error(None, SAVED_MEANWHILE)
    return form


def _in_words(field: forms.Field, value: Any) -> str:
    labels = {str(key): strip_tags(str(label).split('<span class="soft">')[0]).strip() for key, label in _pairs(field)}
    values = value if isinstance(value, list) else [value]
    words = [labels.get(str(one), str(one)) for one in values if one not in (None, "")]
    unit = getattr(field, "unit", "")
    return f"{', '.join(words)} {unit}".strip() if words else "empty"


def _pairs(field: forms.Field) -> list[tuple[Any, Any]]:
    return list(field.choices) if isinstance(field, forms.ChoiceField) else []  # type: ignore[arg-type]
