"""Forms of products and warehouses."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from babel import Locale
from django import forms
from django.db.models import Q, QuerySet

from fcp.models import Account, Partner

from .models import Product, Warehouse, sku_key_of


@lru_cache(maxsize=1)
def countries() -> list[tuple[str, str]]:
    """Two-letter codes with their names, by name."""
    names = {code: name for code, name in Locale("en").territories.items() if len(code) == 2 and code.isalpha()}
    no_country = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
    kept = sorted((name, code) for code, name in names.items() if code not in no_country)
    return [("", "Not said"), *((code, f"{name} ({code})") for name, code in kept)]


class ProductForm(forms.ModelForm[Product]):
    """A product of one account; its SKU is compared without regard to case and spaces."""

    origin = forms.ChoiceField(
        choices=countries, required=False, label="Country of origin", help_text="Where it was made; for customs."
    )

    class Meta:
        model = Product
        fields = ["sku", "name", "barcode", "weight_grams", "customs_code", "origin"]
        labels = {"sku": "SKU", "weight_grams": "Weight in grams", "customs_code": "Customs code"}
        help_texts = {
            "sku": "Your own code for it. Listings of your stores with the same SKU mean this product.",
            "name": "As people in the warehouse call it.",
            "barcode": "What a scanner reads: EAN, UPC or your own.",
            "weight_grams": "Of one piece, packed.",
            "customs_code": "The HS or tariff number, for parcels that cross a border.",
        }

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.instance.account = account

    def clean_sku(self) -> str:
        sku = " ".join(self.cleaned_data["sku"].split())
        other = Product.objects.for_account(self.account).filter(sku_key=sku_key_of(sku)).exclude(pk=self.instance.pk)
        if found := other.first():
            raise forms.ValidationError(f"The product “{found.name}” has this SKU already.", code="taken")
        return sku


class WarehouseForm(forms.ModelForm[Warehouse]):
    """A warehouse of one account. Merchants choose among the partners they work with; staff among all."""

    country = forms.ChoiceField(choices=countries, required=False, help_text="Where it stands.")

    class Meta:
        model = Warehouse
        fields = ["code", "name", "country", "partner", "kept_by"]
        labels = {"kept_by": "Stock is kept by"}
        help_texts = {
            "code": "A short word that lists show, for example NJ1.",
            "name": "As you call it.",
            "partner": "Who takes its orders through our API. Empty: people ship them on the page To ship. "
            "Requests that were offered already stay where they are.",
            "kept_by": "Who counts its stock: the warehouse reports levels, or documents in this panel move them.",
        }

    def __init__(self, account: Account, *args: Any, staff: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.instance.account = account
        partner = self.fields["partner"]
        assert isinstance(partner, forms.ModelChoiceField)
        partner.queryset = Partner.objects.all() if staff else partners_of(account)
        partner.empty_label = "Nobody: shipped on the page To ship"
        self.fields["kept_by"].named_default = dict(Warehouse._meta.get_field("kept_by").flatchoices)["partner"]  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        other = Warehouse.objects.for_account(self.account).filter(code__iexact=code).exclude(pk=self.instance.pk)
        if found := other.first():
            raise forms.ValidationError(f"The warehouse “{found.name}” has this code already.", code="taken")
        return code


def partners_of(account: Account) -> QuerySet[Partner]:
    """The partners that work in the account's warehouses: the others are no business of its people."""
    return Partner.objects.filter(Q(pk__in=Warehouse.objects.for_account(account).values("partner")))
