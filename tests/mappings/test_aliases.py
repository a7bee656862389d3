"""Aliases of products across the account: seen, added, changed, removed, with how many of a product each one is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fcp.models import Account
from fcp.roles import Role
from inventory.aliases import report_aliases
from inventory.models import Alias, AliasType, Product
from mappings.alias_changes import NewAlias, change_aliases
from mappings.mapping_many import Became
from mappings.models import Listing, ListingStock, MappingChange, WordImport
from tests.build import NOW, make_account, make_listing, make_product, make_store, make_user, make_warehouse
from tests.integrations.pages.reading import assert_in_order, words
from tests.mappings.test_word_files import download, found, press, reasons, rows_in, send

HTMX = {"HX-Request": "true"}


@pytest.fixture
def account(db: None) -> Account:
    return make_account("shoes")


@pytest.fixture
def mug(account: Account) -> Product:
    return make_product(account, "MUG")


@pytest.fixture
def cup(account: Account) -> Product:
    return make_product(account, "CUP")


@pytest.fixture
def client(account: Account) -> Client:
    return signed_in(account)


def signed_in(account: Account, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_user(account, role, first_name="Ann", last_name="Lee"))
    return client


def url(page: str = "") -> str:
    return f"/a/shoes/mappings/aliases/{page}"


def make_alias(product: Product, code: str, kind: str = "ASIN", units: int = 1) -> Alias:
    alias_type, _ = AliasType.objects.get_or_create(account=product.account, name=kind)
    return Alias.objects.create(account=product.account, product=product, alias_type=alias_type, code=code, units=units)


def kept() -> list[tuple[str, str, str, int]]:
    rows = Alias.objects.order_by("alias_type__name", "code_key")
    return list(rows.values_list("alias_type__name", "code", "product__sku", "units"))


def shown(client: Client, **query: object) -> list[str]:
    return [row.code for row in client.get(url(), query).context["list"].rows]  # type: ignore[arg-type]


# --- the page --------------------------------------------------------------------------------------------------------


def test_aliases_are_listed_with_their_pieces_searched_and_filtered(client: Client, mug: Product, cup: Product) -> None:
    asin = make_alias(mug, "B01").alias_type
    make_alias(mug, "MUG-BOX", "Pack", units=6)
    make_alias(cup, "B02")

    assert shown(client) == ["B01", "B02", "MUG-BOX"]
    assert shown(client, q="b0") == ["B01", "B02"]
    assert shown(client, q="mug") == ["B01", "MUG-BOX"]  # by the product, too
    assert shown(client, type=asin.pk) == ["B01", "B02"]
    assert shown(client, target="cup") == ["B02"]
    assert shown(client, several="1") == ["MUG-BOX"]
    assert 'value="6"' in client.get(url()).content.decode()
    export = b"".join(client.get(url(), {"format": "csv"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert "MUG-BOX,Pack,MUG,6" in export


def test_an_alias_gets_another_product_and_pieces_in_its_row_with_its_history(
    client: Client, mug: Product, cup: Product
) -> None:
    row = make_alias(mug, "B01")

    answer = client.post(url(f"{row.pk}/"), {"target": "cup", "units": "6"}, headers=HTMX)

    part = answer.content.decode()
    assert part.lstrip().startswith("<tr")
    assert "“B01” means 6 × CUP from now on." in part
    assert kept() == [("ASIN", "B01", "CUP", 6)]
    change = MappingChange.objects.get(table="alias")
    assert (change.by, change.row, change.store) == ("Ann Lee", row.pk, None)
    listed = words(client.get("/a/shoes/mappings/changes/", {"table": "alias"}))
    assert_in_order(listed, "B01", "Alias", "MUG", "CUP × 6", "Ann Lee")
    assert client.get(f"/a/shoes/mappings/changes/{change.pk}/").status_code == 200

    client.post(f"/a/shoes/mappings/changes/{change.pk}/undo/")

    assert kept() == [("ASIN", "B01", "MUG", 1)]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"target": "NO-SUCH", "units": "1"}, "You have no product with the SKU “NO-SUCH”."),
        ({"target": "MUG", "units": "0"}, "greater than or equal to 1"),
        ({"target": "MUG", "units": "x"}, "whole number"),
        ({"target": "", "units": "1"}, "required"),
    ],
)
def test_what_an_alias_cannot_mean_is_refused_in_its_row(
    client: Client, mug: Product, sent: dict[str, str], sentence: str
) -> None:
    row = make_alias(mug, "B01", units=2)

    answer = client.post(url(f"{row.pk}/"), sent, headers=HTMX)

    assert sentence in answer.content.decode()
    assert kept() == [("ASIN", "B01", "MUG", 2)]
    assert MappingChange.objects.count() == 0


def test_an_alias_is_added_with_its_type_and_removed_and_comes_back(client: Client, mug: Product) -> None:
    given = {"target": "mug", "code": " MUG  BOX ", "units": "6", "new_type": "Pack"}
    assert "new_type" in client.post(url("add/"), {**given, "new_type": ""}).context["form"].errors
    assert "target" in client.post(url("add/"), {**given, "target": "x"}).context["form"].errors
    client.post(url("add/"), given)
    assert kept() == [("Pack", "MUG BOX", "MUG", 6)]
    again = client.post(url("add/"), {**given, "alias_type": AliasType.objects.get().pk, "code": "mug box"})
    assert "MUG BOX is the Pack of MUG already. Change that one." in words(again)

    client.post(url(f"{Alias.objects.get().pk}/remove/"))
    assert kept() == []
    removal = MappingChange.objects.filter(table="alias").latest("pk")
    assert_in_order(words(client.get("/a/shoes/mappings/changes/")), "MUG BOX", "Alias", "MUG × 6", "Not mapped")
    client.post(f"/a/shoes/mappings/changes/{removal.pk}/undo/")

    assert kept() == [("Pack", "MUG BOX", "MUG", 6)]


def test_a_change_on_the_products_page_is_not_taken_back_with_an_older_one(
    client: Client, mug: Product, cup: Product
) -> None:
    row = make_alias(mug, "B01")
    client.post(url(f"{row.pk}/"), {"target": "CUP", "units": "6"})
    change = MappingChange.objects.get()
    client.post(f"/a/shoes/products/{cup.pk}/aliases/{row.pk}/", {"code": "B01", "units": "4"})

    page = client.post(f"/a/shoes/mappings/changes/{change.pk}/undo/", follow=True)

    assert "It stays as it is. Somebody has changed it since." in words(page)
    assert kept() == [("ASIN", "B01", "CUP", 4)]


def test_changes_on_the_products_page_and_by_the_api_stand_in_the_history_and_go_back(
    client: Client, account: Account, mug: Product
) -> None:
    page = f"/a/shoes/products/{mug.pk}/aliases/"
    client.post(page, {"new_type": "Pack", "code": "BOX", "units": "6"})
    row = Alias.objects.get()
    client.post(f"{page}{row.pk}/", {"code": "BOX-6", "units": "6"})
    warehouse = make_warehouse(account)
    report_aliases(account, [("MUG", "Pack", "BOX-6", 12)], by=str(warehouse), now=NOW)

    said = [(one.before["code"], one.before["product_id"], one.after["product_id"], one.after["units"]) for one in
            MappingChange.objects.order_by("pk")]  # fmt: skip
    assert said == [
        ("BOX", None, mug.pk, 6), ("BOX", mug.pk, None, 1), ("BOX-6", None, mug.pk, 6), ("BOX-6", mug.pk, mug.pk, 12),
    ]  # fmt: skip
    last = MappingChange.objects.latest("pk")
    assert last.by == str(warehouse)

    client.post(f"/a/shoes/mappings/changes/{last.pk}/undo/")
    assert kept() == [("Pack", "BOX-6", "MUG", 6)]
    client.post(f"{page}{row.pk}/", {"remove": "1"})
    removal = MappingChange.objects.latest("pk")
    client.post(f"/a/shoes/mappings/changes/{removal.pk}/undo/")
    assert kept() == [("Pack", "BOX-6", "MUG", 6)]


def test_a_products_page_shows_and_sets_the_pieces_of_an_alias(client: Client, mug: Product) -> None:
    client.post(f"/a/shoes/products/{mug.pk}/aliases/", {"new_type": "Pack", "code": "BOX", "units": "6"})

    page = client.get(f"/a/shoes/products/{mug.pk}/")

    assert kept() == [("Pack", "BOX", "MUG", 6)]
    assert_in_order(words(page), "Pack", "BOX", "× 6")


def test_listings_with_the_alias_as_their_sku_are_looked_at_again(
    client: Client, account: Account, mug: Product, cup: Product
) -> None:
    store = make_store(account)
    listing = make_listing(store, "B01")
    stock = ListingStock.objects.create(account=account, store=store, listing=listing, marked=1, handled=1)
    row = make_alias(mug, "B01")
    ListingStock.objects.update(handled=5, marked=5)

    client.post(url(f"{row.pk}/"), {"target": "CUP", "units": "1"})

    assert list(ListingStock.objects.due()) == [stock]


def test_an_alias_of_several_pieces_is_suggested_with_them(client: Client, account: Account, mug: Product) -> None:
    make_alias(mug, "MUG-BOX", "Pack", units=6)
    make_listing(make_store(account), "MUG-BOX")

    (row,) = client.get("/a/shoes/mappings/skus/").context["list"].rows

    assert (row.suggestion.value, row.suggestion.units) == ("MUG", 6)
    assert row.suggestion.reason == "MUG-BOX is the Pack alias of 6 × MUG."


def test_many_aliases_cost_a_fixed_number_of_statements(account: Account, mug: Product) -> None:
    pack = AliasType.objects.create(account=account, name="Pack")

    def cost(start: int, number: int) -> int:
        wanted = [NewAlias(pack.pk, f"A-{n}", {"product_id": mug.pk, "units": 2}) for n in range(start, start + number)]
        with CaptureQueriesContext(connection) as asked:
            assert set(change_aliases(account.pk, wanted, by="Ann", now=NOW)) == {Became.CHANGED}
        return len(asked)

    assert cost(0, 40) - cost(100, 2) <= 2 * 38  # on SQLite one short INSERT and UPDATE a row; nothing else grows


def test_viewers_see_aliases_and_change_none(account: Account, mug: Product) -> None:
    row = make_alias(mug, "B01", units=6)
    viewer = signed_in(account, Role.VIEWER)

    page = viewer.get(url())
    assert_in_order(words(page), "B01", "ASIN", "MUG × 6")
    assert "Remove" not in words(page)
    for sent in (f"{row.pk}/", f"{row.pk}/remove/", "add/"):
        assert viewer.post(url(sent), {"target": "MUG"}).status_code == 403
    assert kept() == [("ASIN", "B01", "MUG", 6)]


def test_strangers_aliases_and_products_do_not_exist_here(client: Client, mug: Product) -> None:
    theirs = make_product(make_account(), "THEIRS")
    foreign, ours = make_alias(theirs, "B09"), make_alias(mug, "B01")

    for page in (f"{foreign.pk}/", f"{foreign.pk}/remove/"):
        assert client.post(url(page), {"target": "MUG", "units": "1"}).status_code == 404
    client.post(url(f"{ours.pk}/"), {"target": "THEIRS", "units": "1"})
    client.post(url("add/"), {"target": "MUG", "code": "B02", "units": "1", "alias_type": foreign.alias_type_id})

    assert shown(client) == ["B01"]
    assert kept() == [("ASIN", "B01", "MUG", 1), ("ASIN", "B09", "THEIRS", 1)]


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.req("EIM-35")
def test_a_file_of_aliases_says_what_it_would_do_writes_it_and_goes_back(
    client: Client, account: Account, mug: Product, cup: Product
) -> None:
    make_alias(mug, "SAME")
    make_alias(mug, "MOVED")
    make_alias(mug, "BOX", "Pack", units=6)
    make_alias(mug, "OLD", "Pack")
    before = kept()
    lines = (
        "Alias type,Alias,Product SKU,Units", "asin,same,MUG,", "ASIN,MOVED,cup,", "Pack,BOX,,12", "Pack,OLD,(none),",
        "Pallet,P-1,MUG,480", "Pallet,P-2,NO-SUCH,1", "Pallet,P-3,MUG,1.5", "ASIN,,MUG,", "ASIN,NEW,,",
        "ASIN,GONE,(none),",
    )  # fmt: skip

    page = send(client, "aliases", "\n".join(lines))

    assert found(page) == [
        (2, "unchanged", "MUG", "MUG"),
        (3, "changed", "MUG", "CUP"),
        (4, "changed", "MUG × 6", "MUG × 12"),
        (5, "changed", "MUG", ""),
        (6, "added", "", "MUG × 480"),
        (7, "refused", "", ""),
        (8, "refused", "", ""),
        (9, "refused", "", ""),
        (10, "empty", "", ""),
        (11, "empty", "", ""),
    ]
    assert reasons(page) == {
        7: "You have no product with the SKU “NO-SUCH”.",
        8: "The units must be a whole number from 1 to 10,000.",
        9: "The alias is missing.",
    }
    assert kept() == before

    done = press(client, page)

    assert kept() == [
        ("ASIN", "MOVED", "CUP", 1), ("ASIN", "SAME", "MUG", 1), ("Pack", "BOX", "MUG", 12),
        ("Pallet", "P-1", "MUG", 480),
    ]  # fmt: skip
    assert "4 mappings are changed." in words(done)
    batch = WordImport.objects.get().batch
    assert MappingChange.objects.filter(batch=batch, table="alias").count() == 4

    back = press(client, done, "back")

    assert kept() == before
    assert "4 mappings mean again what they meant before" in words(back)


def test_what_somebody_changed_since_stays_when_a_file_goes_back(client: Client, mug: Product, cup: Product) -> None:
    done = press(client, send(client, "aliases", "Alias type,Alias,Product SKU\nASIN,A,MUG\nASIN,B,MUG\n"))
    client.post(url(f"{Alias.objects.get(code='A').pk}/"), {"target": "CUP", "units": "1"})

    looked = client.get(f"/a/shoes/mappings/files/{done.context['found'].pk}/back/")
    assert (looked.context["back"].goes, looked.context["back"].stay) == (1, 1)
    page = press(client, done, "back")

    assert kept() == [("ASIN", "A", "CUP", 1)]
    assert WordImport.objects.get().results["back"]["rows"] == [["A", "Somebody has changed it since."]]
    assert "A" in words(page)


def test_a_batch_of_aliases_goes_back_from_the_list_of_changes(client: Client, mug: Product) -> None:
    press(client, send(client, "aliases", "Alias type,Alias,Product SKU\nASIN,A,MUG\nASIN,B,MUG\n"))

    page = client.post("/a/shoes/mappings/changes/back/", {"batch": WordImport.objects.get().batch}, follow=True)
    assert (page.context["back"].goes, page.context["back"].stay) == (2, 0)  # the look of the file comes first
    page = press(client, page, "back")

    assert kept() == []
    assert "2 mappings mean again what they meant before." in words(page)


def test_an_alias_twice_is_refused_also_where_it_is_new(client: Client, mug: Product) -> None:
    page = send(
        client, "aliases", "Alias type,Alias,Product SKU\nNew type,A 1,MUG\nnew  type,a 1,MUG\nNew type,B,MUG\n"
    )

    assert [row[1] for row in found(page)] == ["refused", "refused", "added"]
    assert reasons(page)[2] == "This stands in rows 2, 3. Leave one of them."


def test_the_only_type_need_not_be_named(client: Client, mug: Product) -> None:
    assert "The type is missing" in reasons(send(client, "aliases", "Alias,Product SKU\nB02,MUG\n"))[2]
    make_alias(mug, "B01")

    press(client, send(client, "aliases", "Alias,Product SKU\nB02,MUG\n"))

    assert kept() == [("ASIN", "B01", "MUG", 1), ("ASIN", "B02", "MUG", 1)]


def test_a_table_of_another_system_is_known_by_its_headers(client: Client, mug: Product) -> None:
    page = send(client, "aliases", "Product SKU,Alias Name,Alias Value\nMUG,Amazon,B01\n")

    assert found(page) == [(2, "added", "", "MUG")]
    assert "Extensiv Integration Manager, product aliases" in words(page)
    press(client, page)
    assert kept() == [("Amazon", "B01", "MUG", 1)]


def test_an_alias_changed_since_the_look_is_left(client: Client, mug: Product, cup: Product) -> None:
    row = make_alias(mug, "B01")
    page = send(client, "aliases", "Alias,Product SKU,Units\nB01,MUG,6\n")
    Alias.objects.filter(pk=row.pk).update(product=cup)

    done = press(client, page)

    assert kept() == [("ASIN", "B01", "CUP", 1)]
    assert "Somebody mapped it otherwise since the file was looked at." in words(done)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_aliases_go_out_and_come_back_unchanged(client: Client, mug: Product, form: str) -> None:
    make_alias(mug, "0012", "EAN")
    make_alias(mug, "=1+1", "Odd", units=6)
    if form == "csv":
        assert [tuple(row.values()) for row in rows_in(download(client, "aliases"))] == [
            ("EAN", "0012", "MUG", "1"), ("Odd", "'=1+1", "MUG", "6"),
        ]  # fmt: skip

    page = send(client, "aliases", download(client, "aliases", form), f"aliases.{form}")

    assert {row[1] for row in found(page)} == {"unchanged"}
    files = client.get(url("files/"))
    assert "Of the whole account." in words(files)
    assert set(files.context["form"].fields) == {"file"}


def test_strangers_products_are_unknown_to_a_file_of_aliases(client: Client, account: Account) -> None:
    make_product(make_account(), "THEIRS")

    page = send(client, "aliases", "Alias type,Alias,Product SKU\nASIN,A,THEIRS\n")

    assert reasons(page)[2] == "You have no product with the SKU “THEIRS”."


def test_a_listing_gets_the_pieces_of_the_alias_that_a_file_names(
    client: Client, account: Account, mug: Product
) -> None:
    make_alias(mug, "BOX", "Pack", units=6)
    listing = make_listing(make_store(account), "SIX")

    press(client, send(client, "skus", "SKU in the store,Product SKU\nSIX,BOX\n"))

    listing = Listing.objects.get(pk=listing.pk)
    assert (listing.product, listing.units) == (mug, 6)
