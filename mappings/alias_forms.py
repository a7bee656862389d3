"""What a person fills in to say which product another code means, and how many of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms

from fcp.models import Account
from inventory.models import Alias, AliasType, Product, sku_key_of

from .alias_changes import NOTHING, NewAlias, change_alias, meaning_of_alias, types_named

MOST_UNITS = 10_000


class AliasRowForm(forms.Form):
    """What one alias means, in its row: a product, by its SKU, and how many of it."""

    target = forms.CharField(label="Product", max_length=100)
    units = forms.IntegerField(label="Units", min_value=1, max_value=MOST_UNITS, required=False)

    def __init__(self, account: Account, row: Alias, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = f"id_alias_{row.pk}_%s"
        kwargs["initial"] = {"target": row.product.sku, "units": row.units}
        super().__init__(*args, **kwargs)
        self.account, self.row = account, row
        self.product: Product | None = None
        self.fields["target"].widget.attrs |= {
            "list": "products-found", "autocomplete": "off", "placeholder": "SKU", "aria-label": f"Product for {row}",
        }  # fmt: skip
        self.fields["units"].widget.attrs |= {"aria-label": f"Pieces of the product in one {row}"}

    def clean_target(self) -> str:
        sku: str = self.cleaned_data["target"]
        self.product = Product.objects.for_account(self.account).filter(sku_key=sku_key_of(sku)).first()
        if self.product is None:
            raise forms.ValidationError(f"You have no product with the SKU “{sku}”.", code="unknown")
        return sku

    def apply(self, by: str, now: dt.datetime) -> bool:
        """Whether it means something else since. Raises MappingError."""
        assert self.product is not None
        row, units = self.row, self.cleaned_data.get("units") or self.row.units
        after = {"product_id": self.product.pk, "units": units}
        wanted = NewAlias(row.alias_type_id, row.code, after, meaning_of_alias(row))
        return change_alias(self.account, wanted, by=by, now=now)


class AliasAddForm(forms.Form):
    """Another code for a product, of a type that is there or made with it."""

    NEW = "new"

    target = forms.CharField(label="Product", max_length=100, help_text="Its SKU.")
    code = forms.CharField(
        label="Alias",
        max_length=100,
        help_text="The other code. Compared like SKUs: upper and lower case are one. Within a type it means one "
        "product.",
    )
    units = forms.IntegerField(
        min_value=1,
        max_value=MOST_UNITS,
        initial=1,
        help_text="How many of the product one thing with this code is: 6 for a box of six.",
    )
    alias_type = forms.ChoiceField(label="Type", required=False)
    new_type = forms.CharField(
        label="Name of the new type",
        required=False,
        max_length=60,
        help_text="What kind of code it is: a marketplace's number, an old system's SKU, a barcode scheme.",
    )

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.product: Product | None = None
        self.types = {str(one.pk): one.name for one in AliasType.objects.for_account(account)}
        field = self.fields["alias_type"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*self.types.items(), (self.NEW, "A new type …")]
        if not self.types:
            del self.fields["alias_type"]
        self.fields["target"].widget.attrs |= {"list": "products-found", "autocomplete": "off", "placeholder": "SKU"}

    def clean_target(self) -> str:
        sku: str = self.cleaned_data["target"]
        self.product = Product.objects.for_account(self.account).filter(sku_key=sku_key_of(sku)).first()
        if self.product is None:
            raise forms.ValidationError(f"You have no product with the SKU “{sku}”.", code="unknown")
        return sku

    def clean_code(self) -> str:
        code = " ".join(self.cleaned_data["code"].split())
        if not sku_key_of(code):
            raise forms.ValidationError("Type the code.", code="required")
        return code

    def clean_new_type(self) -> str:
        return " ".join(self.cleaned_data["new_type"].split())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name = self.types.get(data.get("alias_type", ""), "") or data.get("new_type", "")
        if not name and "new_type" not in self.errors:
            self.add_error("new_type", "Say what kind of code it is.")
        data["type_name"] = name
        known = Alias.objects.for_account(self.account).filter(
            alias_type__name__iexact=name, code_key=sku_key_of(data.get("code", ""))
        )
        if name and data.get("code") and (taken := known.select_related("product", "alias_type").first()):
            self.add_error(
                "code", f"{taken.code} is the {taken.alias_type} of {taken.product} already. Change that one."
            )
        return data

    def apply(self, by: str, now: dt.datetime) -> None:
        """Raises MappingError where somebody gave the code to a product in this moment."""
        assert self.product is not None
        data = self.cleaned_data
        type_id = types_named(self.account.pk, [data["type_name"]])[data["type_name"].casefold()]
        after = {"product_id": self.product.pk, "units": data["units"]}
        change_alias(self.account, NewAlias(type_id, data["code"], after, dict(NOTHING)), by=by, now=now)
