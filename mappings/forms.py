"""What a person fills in to give a store's word its meaning; each form knows how to store what it was given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms

from fcp.models import Account, Store
from inventory.models import Product, Warehouse, sku_key_of
from inventory.signals import product_named

from .errors import ChangedMeanwhile, MappingError
from .mapping import forget_carrier, give_meaning, map_listing, map_location, map_ship_method, name_carrier
from .models import CarrierOut, Listing, Location, MappingChange, ShipMethod, Word
from .ship_codes import ShipCode, as_listed, ship_codes_of


class WordForm(forms.Form):
    """The meaning of one word. `target` is the first field in the row; its label is read aloud only.

    `inline`: it stands in a list of many, whose choices the page carries once for all rows.
    """

    row: Word
    target: ClassVar[forms.Field]

    def __init__(self, account: Account, row: Word, *args: Any, inline: bool = False, **kwargs: Any) -> None:
        kwargs["auto_id"] = f"id_{row._meta.model_name}_{row.pk}_%s"
        super().__init__(*args, **kwargs)
        self.account, self.row, self.inline = account, row, inline
        self.fields["target"].widget.attrs["aria-label"] = f"{self.fields['target'].label} for {row}"

    @property
    def others(self) -> list[forms.BoundField]:
        """The fields beside the target that are shown with it."""
        return []

    def meaning(self) -> dict[str, Any]:
        """The fields that the word's row gets, as the history keeps them."""
        raise NotImplementedError

    @property
    def only_at(self) -> int | None:
        """The version of the row that the person saw; None where the page did not say."""
        seen = str(self.data.get("version", ""))
        return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None

    def check_seen(self) -> None:
        """ChangedMeanwhile where the row is another by now than the person saw. Storing it asks once more."""
        if self.only_at not in (None, self.row.version):
            raise ChangedMeanwhile

    @property
    def why(self) -> str:
        """What the person said of it, for the history."""
        return str(self.data.get("why", "")).replace("\x00", "").strip()[:200]

    def apply(self, by: str, now: dt.datetime) -> str:
        """Store it. Returns the target in words, empty when the word means nothing (any more)."""
        raise NotImplementedError


class ShipCodeForm(WordForm):
    """One of the warehouses' ship codes; where they list none any code, with its carrier and service beside it."""

    target = forms.CharField(label="Ship code", max_length=60, required=False, strip=True)
    carrier = forms.CharField(label="Carrier", max_length=60, required=False, strip=True)
    service = forms.CharField(label="Service", max_length=60, required=False, strip=True)
    row: ShipMethod

    def __init__(
        self, account: Account, row: ShipMethod, *args: Any, codes: list[ShipCode] | None = None, **kw: Any
    ) -> None:
        kept = {"target": row.target, "carrier": row.target_carrier, "service": row.target_service}
        kw["initial"] = kept | (kw.get("initial") or {})
        super().__init__(account, row, *args, **kw)
        self.codes = {code.code: code for code in (ship_codes_of(account) if codes is None else codes)}
        field = self.fields["target"]
        if self.codes:
            del self.fields["carrier"], self.fields["service"]
        for name in set(self.fields) - {"target"}:
            words = f"{self.fields[name].label} for {row}"
            self.fields[name].widget.attrs |= {"aria-label": words, "placeholder": self.fields[name].label}
        if self.inline or not self.codes:
            field.widget.attrs |= {"list": "codes-known", "autocomplete": "off", "placeholder": "Ship code"}
            return
        known = [(one.code, f"{one.code} · {one.words}" if one.words else one.code) for one in self.codes.values()]
        choices = [("", "Not mapped"), *known]
        if row.target and row.target not in self.codes:
            choices.append((row.target, f"{row.target} (no longer listed)"))
        field.widget = forms.Select(choices=choices, attrs=field.widget.attrs)

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in ("carrier", "service") if name in self.fields]

    def clean_target(self) -> str:
        try:
            return as_listed(self.cleaned_data["target"], self.codes.values(), self.row.target)
        except MappingError as error:
            raise forms.ValidationError(str(error), code=error.code) from error

    def apply(self, by: str, now: dt.datetime) -> str:
        target: str = self.cleaned_data["target"]
        carrier, service = self.way(target)
        about: dict[str, Any] = {"by": by, "now": now, "why": self.why, "only_at": self.only_at}
        map_ship_method(self.row, target, carrier=carrier, service=service, **about)
        return target

    def meaning(self) -> dict[str, Any]:
        target: str = self.cleaned_data["target"]
        carrier, service = self.way(target)
        return {"target": target, "target_carrier": carrier, "target_service": service}

    def way(self, target: str) -> tuple[str, str]:
        """Carrier and service of a code: as its list says, else as typed; a code that left its list keeps them."""
        code = self.codes.get(target)
        if code:
            return code.carrier[:60], code.service[:60]
        kept = (self.row.target_carrier, self.row.target_service) if target == self.row.target else ("", "")
        if self.codes or not target:
            return kept if target else ("", "")
        typed = [self.cleaned_data.get(name, "") if name in self.data else None for name in ("carrier", "service")]
        return (
            kept[0] if typed[0] is None else typed[0],
            kept[1] if typed[1] is None else typed[1],
        )


class LocationForm(WordForm):
    target = forms.ModelChoiceField(
        Warehouse.objects.none(), label="Warehouse", required=False, empty_label="Not mapped"
    )
    row: Location

    def __init__(
        self, account: Account, row: Location, *args: Any, warehouses: Sequence[Warehouse] | None = None, **kw: Any
    ) -> None:
        kw.setdefault("initial", {"target": row.warehouse_id})
        super().__init__(account, row, *args, **kw)
        field = self.fields["target"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Warehouse.objects.for_account(account)
        if warehouses is not None:  # read once for all rows of a page
            field.choices = [("", "Not mapped"), *((one.pk, str(one)) for one in warehouses)]

    def meaning(self) -> dict[str, Any]:
        return {"warehouse_id": self.cleaned_data["target"].pk if self.cleaned_data["target"] else None}

    def apply(self, by: str, now: dt.datetime) -> str:
        warehouse: Warehouse | None = self.cleaned_data["target"]
        map_location(self.row, warehouse, by=by, now=now, why=self.why, only_at=self.only_at)
        return warehouse.name if warehouse else ""


class ListingForm(WordForm):
    """The product's SKU is typed, a catalogue being too long for a list of choices. `make`: add a product for it;
    `back`: the change that is taken back, where this is what the listing meant before.
    """

    target = forms.CharField(label="Product", max_length=100, required=False)
    units = forms.IntegerField(label="Units", min_value=1, max_value=10_000, required=False)
    make = forms.BooleanField(required=False, widget=forms.HiddenInput)
    back = forms.IntegerField(required=False, widget=forms.HiddenInput)
    row: Listing

    def __init__(self, account: Account, row: Listing, *args: Any, **kw: Any) -> None:
        kept = {"target": row.product.sku if row.product else "", "units": row.units}
        kw["initial"] = kept | (kw.get("initial") or {})
        super().__init__(account, row, *args, **kw)
        self.fields["target"].widget.attrs |= {"list": "products-found", "autocomplete": "off", "placeholder": "SKU"}
        self.fields["units"].widget.attrs |= {"aria-label": f"Pieces of the product in one {row}"}
        self.product: Product | None = None

    @property
    def others(self) -> list[forms.BoundField]:
        return [self["units"]]

    @property
    def can_make(self) -> bool:
        """A listing with an SKU that no product has can become a product with one press."""
        return bool(self.row.sku_key) and self.row.product_id is None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("make"):
            if not self.row.sku_key:
                raise forms.ValidationError("This listing has no SKU. Give it one in the store, or choose a product.")
            return data
        sku = data.get("target", "")
        if sku:
            products = Product.objects.for_account(self.account)
            self.product = products.filter(sku_key=sku_key_of(sku)).first()
            if self.product is None:
                self.add_error("target", f"You have no product with the SKU “{sku}”.")
        return data

    def meaning(self) -> dict[str, Any]:
        return {"product_id": self.product.pk if self.product else None, "units": self.cleaned_data.get("units") or 1}

    def apply(self, by: str, now: dt.datetime) -> str:
        units = self.cleaned_data.get("units") or 1
        if self.cleaned_data.get("make"):
            self.product, _ = Product.objects.get_or_create(
                account=self.account,
                sku_key=self.row.sku_key,
                defaults={"sku": self.row.sku, "name": self.row.title or self.row.sku},
            )
        made = bool(self.cleaned_data.get("make"))  # from its SKU, which therefore chose the product
        about: dict[str, Any] = {"by": by, "now": now, "why": self.why, "only_at": self.only_at}
        if kept := self._kept():
            give_meaning(self.row, kept, **about)
        else:
            map_listing(self.row, self.product, units=units, by_hand=not made, **about)
        if made:
            product_named.send(Product, product=self.product, by=by, now=now)
        return self.product.sku if self.product else ""

    def _kept(self) -> dict[str, Any]:
        """What the history kept of the meaning that is given back."""
        change = self.cleaned_data.get("back")
        changes = MappingChange.objects.filter(account=self.account, table="listing", row=self.row.pk)
        before = changes.filter(pk=change).values_list("before", flat=True).first() if change else None
        return before if before and self.meaning().items() <= before.items() else {}


def tracking_link(text: str) -> str:
    """A tracking link as it was typed; a ValidationError where it would lead nowhere."""
    link = text.strip()
    if link and not link.startswith(("https://", "http://")):
        raise forms.ValidationError("A tracking link begins with https:// or http://.", code="scheme")
    if link and "{number}" not in link:
        raise forms.ValidationError("Write {number} where the tracking number belongs.", code="number")
    return link


class CarrierNameForm(WordForm):
    """What one store calls a carrier that it is told; empty, the carrier's own name goes out."""

    target = forms.CharField(label="Name for the store", max_length=100, required=False, strip=True)
    link = forms.CharField(label="Tracking link", max_length=500, required=False)
    row: CarrierOut

    def __init__(self, account: Account, row: CarrierOut, *args: Any, **kw: Any) -> None:
        kw["initial"] = {"target": row.name, "link": row.link} | (kw.get("initial") or {})
        super().__init__(account, row, *args, **kw)
        known = row.store.platform if row.store_id else "all"
        self.fields["target"].widget.attrs |= {
            "list": f"carriers-known-{known}", "autocomplete": "off", "placeholder": row.carrier,
        }  # fmt: skip
        self.fields["link"].widget.attrs |= {
            "aria-label": f"Tracking link for {row}", "placeholder": "Link with {number}", "autocomplete": "off",
        }  # fmt: skip

    @property
    def others(self) -> list[forms.BoundField]:
        return [self["link"]]

    def clean_link(self) -> str:
        """One that was not sent stays as it is."""
        return tracking_link(self.cleaned_data["link"]) if "link" in self.data else self.row.link

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("link") and "link" in self.data and not data.get("target") and "target" not in self.errors:
            self.add_error("target", "Give the name that goes with the link; the carrier's own will do.")
        return data

    def meaning(self) -> dict[str, Any]:
        """For many at once: a link that is not given stays as it is."""
        link = {"link": self.cleaned_data["link"]} if self.cleaned_data["link"] else {}
        return {"name": self.cleaned_data["target"], **link}

    def apply(self, by: str, now: dt.datetime) -> str:
        name: str = self.cleaned_data["target"]
        row = self.row
        about: dict[str, Any] = {"by": by, "now": now, "why": self.why, "only_at": self.only_at}
        if name:
            name_carrier(row.store, row.carrier, name, self.cleaned_data["link"], **about)
        elif row.name or row.link:
            forget_carrier(row, keep=True, **about)
        row.refresh_from_db()
        return name


class CarrierForm(forms.ModelForm[CarrierOut]):
    """What one store calls a carrier that it was never told of yet."""

    class Meta:
        model = CarrierOut
        fields = ["store", "carrier", "name", "link"]
        labels = {"carrier": "Carrier, as the warehouse calls it", "link": "Tracking link"}
        help_texts = {
            "store": "Each store has its own names.",
            "carrier": "As it stands on your shipments, for example GLS Germany.",
            "name": "As the store shall show it. Stores make tracking links for the names they know.",
            "link": "For a carrier that the store makes no link for. {number} stands for the tracking number.",
        }

    def __init__(self, account: Account, *args: Any, known: dict[int, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account
        self.instance.account = account
        store = self.fields["store"]
        assert isinstance(store, forms.ModelChoiceField)
        store.queryset = Store.objects.for_account(account)
        store.empty_label = None
        names = known or {}
        store.label_from_instance = lambda obj: names.get(obj.pk, str(obj))  # type: ignore[method-assign]
        self.fields["name"].required = True
        self.fields["name"].widget.attrs["list"] = "carriers-known-all"

    def clean_link(self) -> str:
        return tracking_link(self.cleaned_data["link"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        store, carrier = data.get("store"), (data.get("carrier") or "").strip()
        taken = CarrierOut.objects.filter(store=store, carrier__iexact=carrier).exclude(name="")
        if store and carrier and taken.exists():
            self.add_error("carrier", f"{carrier} has a name for this store already. Change that one.")
        return data
