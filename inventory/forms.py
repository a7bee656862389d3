"""Forms of products and warehouses."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from django import forms
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from fcp.file_forms import FileForm
from fcp.models import Account, Partner

from .aliases import store, taken, type_named
from .levels import MOST
from .models import Alias, AliasType, KeptBy, Product, ProductGroup, Reports, Warehouse, sku_key_of

MOST_OPTIONS = 6


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
        fields = [
            "sku", "name", "description", "price", "currency", "group", "barcode", "weight_grams", "customs_code",
            "origin", "preorder_until",
        ]  # fmt: skip
        labels = {"sku": "SKU", "weight_grams": "Weight in grams", "customs_code": "Customs code"}
        widgets = {
            "description": forms.Textarea(attrs={"rows": 4}),
            "preorder_until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "sku": "Your own code for it. Listings of your stores with the same SKU mean this product.",
            "name": "As people in the warehouse call it.",
            "description": "Plain text, a line for each paragraph. Stores that get products from here show it.",
            "price": "Of one piece. Stores in another currency keep their own price.",
            "currency": "Three letters. Empty: the account's.",
            "group": "Products that are one thing in several variants, like a shirt in its sizes.",
            "barcode": "What a scanner reads: EAN, UPC or your own.",
            "weight_grams": "Of one piece, packed.",
            "customs_code": "The HS or tariff number, for parcels that cross a border.",
            "preorder_until": "Orders with it wait, as a whole, until this day begins. Empty: it can be shipped.",
        }

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.instance.account = account
        group = self.fields["group"]
        assert isinstance(group, forms.ModelChoiceField)
        group.queryset = ProductGroup.objects.for_account(account)
        group.empty_label = "None"
        if self.instance.price is not None:
            price = self.instance.price.normalize()
            self.initial["price"] = (
                price.quantize(Decimal("0.01")) if price == price.quantize(Decimal("0.01")) else price
            )
        self._add_options()

    def _add_options(self) -> None:
        """A field for each of its group's options."""
        group = self.instance.group if self.instance.group_id else None
        self.options = list(group.options) if group else []
        values = list(self.instance.options)
        for place, name in enumerate(self.options):
            self.fields[f"option_{place}"] = forms.CharField(
                label=str(name),
                required=False,
                max_length=50,
                initial=values[place] if place < len(values) else "",
                help_text="Its value of this option of the group. No other product of the group has the same values.",
            )
        own = [f"option_{place}" for place in range(len(self.options))]
        at = list(self.Meta.fields).index("group") + 1
        self.order_fields([*self.Meta.fields[:at], *own, *self.Meta.fields[at:]])

    def clean_price(self) -> Decimal | None:
        price: Decimal | None = self.cleaned_data["price"]
        if price is not None and price < 0:
            raise forms.ValidationError("Give a price from 0 on.", code="negative")
        return price

    def clean_currency(self) -> str:
        currency = self.cleaned_data["currency"].strip().upper()
        if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
            raise forms.ValidationError("Give the three letters of a currency, like EUR.", code="currency")
        return currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("price") is None:
            cleaned["currency"] = ""
        elif not cleaned.get("currency"):
            cleaned["currency"] = self.account.currency
        return cleaned

    def save(self, commit: bool = True) -> Product:
        """Its values of the options stay only as long as it is in the group whose options they are."""
        if "group" in self.changed_data:
            self.instance.options = []
        elif self.options:
            values = [self.cleaned_data[f"option_{place}"].strip() for place in range(len(self.options))]
            self.instance.options = values if any(values) else []
        return super().save(commit)

    def clean_sku(self) -> str:
        sku = " ".join(self.cleaned_data["sku"].split())
        other = Product.objects.for_account(self.account).filter(sku_key=sku_key_of(sku)).exclude(pk=self.instance.pk)
        if found := other.first():
            raise forms.ValidationError(f"The product “{found.name}” has this SKU already.", code="taken")
        return sku


class GroupForm(forms.ModelForm[ProductGroup]):
    """A group of one account; its options are typed as one line."""

    option_names = forms.CharField(
        label="Options",
        required=False,
        max_length=300,
        help_text="What its products differ by, separated by commas, like: Size, Color. Six at most.",
    )

    class Meta:
        model = ProductGroup
        fields = ["name", "code", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "name": "As stores show the product; its variants are the products of the group.",
            "code": "Names the group; once in the account.",
            "description": "Plain text, a line for each paragraph.",
        }

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.instance.account = account
        self.initial["option_names"] = ", ".join(str(name) for name in self.instance.options)

    def clean_code(self) -> str:
        code = " ".join(self.cleaned_data["code"].split())
        other = ProductGroup.objects.for_account(self.account).filter(code=code).exclude(pk=self.instance.pk)
        if found := other.first():
            raise forms.ValidationError(f"The group “{found.name}” has this code already.", code="taken")
        return code

    def clean_option_names(self) -> list[str]:
        names = [name for part in self.cleaned_data["option_names"].split(",") if (name := " ".join(part.split()))]
        if len(names) > MOST_OPTIONS or any(len(name) > 50 for name in names):
            raise forms.ValidationError(f"Give at most {MOST_OPTIONS} options of at most 50 characters.", code="many")
        if len({name.casefold() for name in names}) < len(names):
            raise forms.ValidationError("Each option once.", code="twice")
        return names

    def save(self, commit: bool = True) -> ProductGroup:
        """Its products count as changed: what stores show of them is made of the group's fields."""
        before = list(self.instance.options)
        self.instance.options = self.cleaned_data["option_names"]
        with transaction.atomic():
            group = super().save(commit)
            members = Product.objects.filter(group=group)
            members.update(changed_at=timezone.now())
            if len(before) != len(group.options):
                members.update(options=[])
        return group


class WarehouseForm(forms.ModelForm[Warehouse]):
    """A warehouse of one account. Merchants choose among the partners they work with; staff among all."""

    country = forms.ChoiceField(choices=countries, required=False, help_text="Where it stands.")

    class Meta:
        model = Warehouse
        fields = ["code", "name", "country", "partner", "kept_by", "reports"]
        labels = {"kept_by": "Stock is kept by", "reports": "Its levels count"}
        help_texts = {
            "code": "A short word that lists show, for example NJ1.",
            "name": "As you call it.",
            "partner": "Who takes its orders through our API. Empty: people ship them on the page To ship. "
            "When you change it, what the warehouse still has to ship goes along.",
            "kept_by": "Who says how much lies there; never both. The warehouse: its partner reports levels over the "
            "API, and nobody changes them here. Without a partner, and with this panel: people count, correct and "
            "import levels here.",
            "reports": "On hand: everything that lies there; what open orders need is taken off until it has left. "
            "Available: the warehouse has taken off what it acknowledged already, so that is not taken off again.",
        }

    def __init__(self, account: Account, *args: Any, staff: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.instance.account = account
        partner = self.fields["partner"]
        assert isinstance(partner, forms.ModelChoiceField)
        partner.queryset = Partner.objects.all() if staff else partners_of(account)
        partner.empty_label = "Nobody: shipped on the page To ship"
        self.fields["kept_by"].named_default = KeptBy.PARTNER.label  # type: ignore[attr-defined]
        self.fields["reports"].named_default = Reports.ON_HAND.label  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        other = Warehouse.objects.for_account(self.account).filter(code__iexact=code).exclude(pk=self.instance.pk)
        if found := other.first():
            raise forms.ValidationError(f"The warehouse “{found.name}” has this code already.", code="taken")
        return code


def partners_of(account: Account) -> QuerySet[Partner]:
    """The partners that work in the account's warehouses: the others are no business of its people."""
    return Partner.objects.filter(Q(pk__in=Warehouse.objects.for_account(account).values("partner")))


class AliasForm(forms.Form):
    """Another code for a product: a new one, of a type that is there or made with it; or a change of `alias`."""

    NEW = "new"

    alias_type = forms.ChoiceField(label="Type", required=False)
    new_type = forms.CharField(
        label="Name of the new type",
        required=False,
        max_length=60,
        help_text="What kind of code it is: a marketplace's number, an old system's SKU, a barcode scheme.",
    )
    code = forms.CharField(
        max_length=100,
        help_text="Compared like SKUs: upper and lower case are one. Within a type it means one product.",
    )
    units = forms.IntegerField(
        min_value=1,
        max_value=10_000,
        required=False,
        initial=1,
        help_text="How many of the product one thing with this code is: 6 for a box of six.",
    )

    def __init__(self, product: Product, *args: Any, alias: Alias | None = None, **kwargs: Any) -> None:
        kwargs["auto_id"] = f"alias-{alias.pk if alias else 'new'}-%s"
        super().__init__(*args, **kwargs)
        self.product, self.alias = product, alias
        self.types = {str(one.pk): one for one in AliasType.objects.filter(account=product.account_id)}
        field = self.fields["alias_type"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*((key, one.name) for key, one in self.types.items()), (self.NEW, "A new type …")]
        if not self.types:
            del self.fields["alias_type"]
        if alias:
            self.fields = {"code": self.fields["code"], "units": self.fields["units"]}
            self.initial.update(code=alias.code, units=alias.units)

    def clean_new_type(self) -> str:
        return " ".join(self.cleaned_data["new_type"].split())

    def clean_code(self) -> str:
        code = " ".join(self.cleaned_data["code"].split())
        if not sku_key_of(code):
            raise forms.ValidationError("Type the code.", code="required")
        return code

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen = self.types.get(data.get("alias_type", ""))
        if self.alias is None and chosen is None and "new_type" not in self.errors and not data.get("new_type"):
            self.add_error("new_type", "Say what kind of code it is.")
        alias_type = self.alias.alias_type if self.alias else chosen or self._named(data.get("new_type", ""))
        data["found_type"] = alias_type
        if not self.errors and alias_type and self._is_taken(alias_type, data["code"]):
            self.add_error("code", taken(alias_type, data["code"]))
        return data

    def _is_taken(self, alias_type: AliasType, code: str) -> bool:
        same = Alias.objects.filter(alias_type=alias_type, code_key=sku_key_of(code))
        return same.exclude(pk=self.alias.pk if self.alias else 0).exists()

    def _named(self, name: str) -> AliasType | None:
        return next((one for one in self.types.values() if one.name.casefold() == name.casefold()), None)

    def save(self, *, by: str, now: dt.datetime) -> Alias:
        """Raises InventoryError where somebody gave the code to another product in this moment."""
        alias_type = self.cleaned_data.get("found_type") or type_named(self.product, self.cleaned_data["new_type"])
        units = self.cleaned_data.get("units") or (self.alias.units if self.alias else 1)
        return store(self.product, alias_type, self.cleaned_data["code"], self.alias, units=units, by=by, now=now)


class CountForm(forms.Form):
    """A count or a correction of one level. `seen` is the last movement that the person saw."""

    COUNT, CHANGE = "count", "change"

    how = forms.ChoiceField(
        label="You say",
        choices=[(COUNT, "How many there are"), (CHANGE, "How many more (+) or fewer (-)")],
        initial=COUNT,
        widget=forms.RadioSelect,
    )
    number = forms.IntegerField(label="Pieces", min_value=-MOST, max_value=MOST)
    reason = forms.CharField(required=False, max_length=200, help_text="Stands in the history. A correction needs one.")
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)  # the page writes it

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        number = data.get("number")
        if number is not None and data.get("how") == self.COUNT and number < 0:
            self.add_error("number", "There cannot be less than 0. To take some away, choose the other line above.")
        if number == 0 and data.get("how") == self.CHANGE:
            self.add_error("number", "A correction by 0 changes nothing.")
        if data.get("how") == self.CHANGE and not data.get("reason", "").strip():
            self.add_error("reason", "Say why, so that the next person understands the number.")
        return data


class LevelsFileForm(FileForm):
    """A file of levels. The warehouse counts for rows that name none."""

    columns = "the columns Warehouse, SKU and Quantity; Time may be there, too"
    warehouse = forms.ModelChoiceField(
        Warehouse.objects.none(),
        required=False,
        empty_label="As the file says",
        help_text="For files without a column Warehouse.",
    )

    def __init__(self, account: Account, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        warehouse = self.fields["warehouse"]
        assert isinstance(warehouse, forms.ModelChoiceField)
        warehouse.queryset = Warehouse.objects.for_account(account)
