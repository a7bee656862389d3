"""Products pushed to a store: worked out, asked, sent, found again after a lost answer, refused with a sentence."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import pytest
from django.utils import timezone

from fcp.panel import waiting_of
from integrations.connectors.declaring import FlowKind
from integrations.errors import IntegrationError
from integrations.models import Exchange, Integration, ProductPush, ProductPushRow
from integrations.models.products import PushAction, PushState, RowState
from integrations.product_answers import begin, confirm, drop, leave_out, questions, try_again
from inventory.models import Product, ProductGroup
from mappings.models import Listing
from tests.build import make_account, make_product
from tests.integrations.flows.test_products_pull import on_schedule
from tests.integrations.flows.world import change_settings, flow_of, work

PRODUCTS = (FlowKind.PRODUCTS,)
SITES = pytest.mark.parametrize("site", ["v1", "v3"])


@pytest.fixture
def live(connect):
    """A live store whose products fill the catalogue and may be pushed; nothing differs."""

    def live(site="v1", account=None):
        integration = connect(site, account=account, on=PRODUCTS, fills=True)
        change_settings(integration, flows={"products": {"mode": "push", "interval": 60}})
        Integration.objects.filter(pk=integration.pk).update(live=True)
        work()
        integration.refresh_from_db()
        return integration

    return live


def worked_out(integration, create=True) -> ProductPush:
    push = begin(integration, create=create, by="Ann", now=timezone.now())
    work()
    push.refresh_from_db()
    return push


def sent(push) -> ProductPush:
    confirm(push, by="Ann", now=timezone.now())
    work()
    push.refresh_from_db()
    return push


def of_shop(sandbox, site, name) -> dict:
    return next(p for p in sandbox.wix.site(site).products if p["name"] == name)


def currency(site) -> str:
    return "EUR" if site == "v1" else "SEK"


def make_group(account, name, options, currency, **skus) -> ProductGroup:
    group = ProductGroup.objects.create(account=account, code=name, name=name, options=list(options))
    for sku, choices in skus.items():
        make_product(account, sku, group=group, options=list(choices), price=Decimal("12.50"), currency=currency)
    return group


def writes() -> list[str]:
    found = Exchange.objects.filter(flow="products").exclude(method="GET").exclude(path__contains="query")
    return [f"{call.method} {call.path}" for call in found.order_by("pk")]


@SITES
def test_what_was_pulled_and_not_changed_is_not_pushed(live, sandbox, site):
    push = worked_out(live(site))

    assert (push.state, push.rows.count()) == (PushState.DONE, 0), list(
        push.rows.values("title", "before", "after", "problem")
    )
    assert push.unchanged > 5
    assert writes() == []


@SITES
@pytest.mark.req("TECH-21")
def test_a_group_is_created_with_its_missing_combinations_hidden_and_without_a_sku(live, sandbox, site):
    integration = live(site)
    make_group(
        integration.account,
        "Shirt",
        ("Size", "Color"),
        currency(site),
        **{"SH-SR": ("S", "Red"), "SH-LB": ("L", "Blue")},
    )

    push = worked_out(integration)
    row = push.rows.get()
    assert (push.state, row.action, row.hidden, row.before) == (PushState.ASKED, PushAction.CREATE, 2, {})
    assert writes() == []

    push = sent(push)
    assert (push.state, push.rows.get().state) == (PushState.DONE, RowState.DONE), push.rows.get().problem
    shirt = of_shop(sandbox, site, "Shirt")
    assert {(v["sku"], v["visible"]) for v in shirt["variants"]} == {("SH-SR", True), ("SH-LB", True), ("", False)}
    assert [v["choices"] for v in shirt["variants"] if not v["visible"]] == [
        {"Size": "S", "Color": "Blue"},
        {"Size": "L", "Color": "Red"},
    ]
    assert {v["price"] for v in shirt["variants"] if v["sku"]} == {12.5}
    linked = Listing.objects.filter(store=integration.store, product__sku__startswith="SH-")
    assert linked.count() == 2
    assert worked_out(integration).rows.count() == 0


@SITES
@pytest.mark.req("TECH-53")
def test_a_product_with_variants_becomes_one_without_and_the_reverse_once_confirmed(live, sandbox, site):
    integration = live(site)
    group = ProductGroup.objects.filter(account=integration.account).order_by("pk").first()
    members = list(group.products.order_by("pk"))
    keep, drop_ones = members[0], members[1:]
    Listing.objects.filter(product__in=drop_ones).update(product=None)
    Product.objects.filter(pk__in=[one.pk for one in drop_ones]).delete()
    Product.objects.filter(pk=keep.pk).update(group=None, options=[], name="Plain now")
    plain = Product.objects.filter(account=integration.account, group=None).exclude(pk=keep.pk).order_by("pk").first()
    uid = Listing.objects.get(product=plain).product_uid
    sized = ProductGroup.objects.create(account=integration.account, code="g", name=plain.name, options=["Size"])
    Product.objects.filter(pk=plain.pk).update(group=sized, options=["One"])
    make_product(
        integration.account, "SIZE-TWO", group=sized, options=["Two"], price=Decimal(5), currency=plain.currency
    )

    push = worked_out(integration)
    actions = dict(push.rows.values_list("title", "action"))
    assert actions == {"Plain now": PushAction.TO_PLAIN, sized.name: PushAction.TO_VARIANTS}

    push = sent(push)
    assert [(r.state, r.problem) for r in push.rows.all()] == [(RowState.DONE, "")] * 2
    assert of_shop(sandbox, site, "Plain now")["options"] == []
    assert [v["sku"] for v in of_shop(sandbox, site, "Plain now")["variants"]] == [keep.sku]
    shown = sandbox.wix.site(site).products.rows[uid]
    assert {tuple(v["choices"].values()): v["sku"] for v in shown["variants"]} == {
        ("One",): plain.sku,
        ("Two",): "SIZE-TWO",
    }
    assert Listing.objects.get(product=keep, retired_at=None).product_uid == of_shop(sandbox, site, "Plain now")["id"]
    assert worked_out(integration).rows.count() == 0


@SITES
def test_a_changed_price_goes_in_one_call_and_nothing_else_of_the_product_changes(live, sandbox, site):
    integration = live(site)
    product = Product.objects.filter(account=integration.account, group__isnull=False).order_by("pk").first()
    uid = Listing.objects.get(product=product).product_uid
    before = {v["id"]: dict(v) for v in sandbox.wix.site(site).products.rows[uid]["variants"]}
    product.price = Decimal("99.90")
    product.save()

    push = worked_out(integration)
    assert push.rows.get().after["plain"]
    sent(push)

    assert len(writes()) == 1
    shown = sandbox.wix.site(site).products.rows[uid]["variants"]
    for variant in shown:
        mine = variant["sku"] == product.sku
        assert variant["price"] == (99.9 if mine else before[variant["id"]]["price"])
        assert variant["quantity"] == before[variant["id"]]["quantity"]


def test_calls_are_as_few_as_the_catalogue_allows(live, sandbox):
    integration = live("v3")
    for n in range(130):
        make_product(integration.account, f"NEW-{n}", price=Decimal(3), currency="SEK")

    push = sent(worked_out(integration))

    assert push.rows.filter(state=RowState.DONE).count() == 130
    assert writes() == ["POST /wix/stores/v3/bulk/products/create"] * 2


@SITES
def test_nothing_is_written_before_a_person_confirms_nor_while_it_is_not_live(live, sandbox, site):
    integration = live(site)
    make_product(integration.account, "NEW", price=Decimal(3), currency=currency(site))
    push = worked_out(integration)
    on_schedule(integration)
    assert writes() == []

    Integration.objects.filter(pk=integration.pk).update(live=False)
    with pytest.raises(IntegrationError) as refused:
        confirm(ProductPush.objects.get(pk=push.pk), by="Ann", now=timezone.now())
    assert "Go live" in refused.value.sentence
    ProductPush.objects.filter(pk=push.pk).update(state=PushState.SENDING, confirmed_at=timezone.now())
    on_schedule(integration)
    assert writes() == []


@SITES
def test_a_product_that_changed_in_the_store_since_the_preview_is_asked_again_and_not_overwritten(live, sandbox, site):
    integration = live(site)
    product = Product.objects.filter(account=integration.account, group=None).order_by("pk").first()
    Product.objects.filter(pk=product.pk).update(name="Ours", changed_at=timezone.now())
    make_product(integration.account, "NEW", name="New one", price=Decimal(3), currency=currency(site))
    push = worked_out(integration)
    shop = sandbox.wix.site(site)
    shown = shop.products.rows[Listing.objects.get(product=product).product_uid]
    revision = str(int(shown["revision"]) + 1)
    shop.put_product({**shown, "name": "Renamed there", "revision": revision, "updatedDate": shop.now()})

    push = sent(push)

    row = push.rows.get(title="Ours")
    assert (push.state, row.state) == (PushState.ASKED, RowState.PLANNED)
    assert row.before["name"] == "Renamed there"
    assert "changed in the store" in row.problem
    assert push.rows.get(title="New one").state == RowState.DONE
    assert shop.products.rows[shown["id"]]["name"] == "Renamed there"

    push = sent(push)
    assert (push.state, shop.products.rows[shown["id"]]["name"]) == (PushState.DONE, "Ours")


WRITES = r"(POST|PATCH) /stores/v\d/(bulk/products/(create|update)|products(/[^/]+(/variants)?)?)$"


@pytest.mark.parametrize(("site", "skip"), [("v1", 0), ("v1", 1), ("v1", 2), ("v3", 0)])
@pytest.mark.parametrize("kind", ["lost_answer", "drop"])
def test_a_lost_answer_makes_nothing_twice(live, sandbox, site, kind, skip, time_machine):
    integration = live(site)
    make_product(integration.account, "NEW", name="New one", price=Decimal(3), currency=currency(site))
    make_group(integration.account, "Shirt", ("Size",), currency(site), **{"SH-S": ("S",), "SH-L": ("L",)})
    push = worked_out(integration)
    sandbox.wix.misbehave(kind, site=site, path=WRITES, skip=skip, count=1)

    push = sent(push)
    assert push.state == PushState.SENDING
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=90), tick=True)
    flow = flow_of(integration, FlowKind.PRODUCTS)
    assert flow.failures == 1
    on_failure_is_over(flow)
    push.refresh_from_db()

    assert push.state == PushState.DONE, list(push.rows.values("title", "state", "problem"))
    names = [p["name"] for p in sandbox.wix.site(site).products]
    assert (names.count("New one"), names.count("Shirt")) == (1, 1)
    assert {v["sku"] for v in of_shop(sandbox, site, "Shirt")["variants"]} == {"SH-S", "SH-L"}


def on_failure_is_over(flow) -> None:
    from integrations.tick import tick

    tick(timezone.now())
    work()


def test_a_worker_killed_between_the_stores_answer_and_ours_makes_nothing_twice(
    live, sandbox, monkeypatch, time_machine
):
    integration = live("v3")
    make_product(integration.account, "NEW", name="New one", price=Decimal(3), currency="SEK")
    push = worked_out(integration)
    from integrations.flows import product_sending

    def killed(*args):
        raise KeyboardInterrupt

    confirm(push, by="Ann", now=timezone.now())
    with monkeypatch.context() as patch:
        patch.setattr(product_sending, "_write_answer", killed)
        with pytest.raises(KeyboardInterrupt):
            work()
    assert push.rows.get().state == RowState.SENT
    time_machine.move_to(timezone.now() + dt.timedelta(minutes=5), tick=True)
    on_failure_is_over(flow_of(integration, FlowKind.PRODUCTS))

    push.refresh_from_db()
    assert push.state == PushState.DONE
    assert [p["name"] for p in sandbox.wix.site("v3").products].count("New one") == 1


def test_what_the_store_refuses_is_listed_with_its_sentence_and_can_be_tried_again(live, sandbox):
    integration = live("v3")
    make_product(integration.account, "NEW", name="New one", barcode="400", price=Decimal(3), currency="SEK")
    make_product(integration.account, "FINE", name="Fine one", price=Decimal(3), currency="SEK")
    shop = sandbox.wix.site("v3")
    other = next(iter(shop.products))
    other["variants"][0]["barcode"] = "400"

    push = sent(worked_out(integration))

    row = push.rows.get(title="New one")
    assert (push.state, row.state) == (PushState.DONE, RowState.FAILED)
    assert "barcode" in row.problem
    assert push.rows.get(title="Fine one").state == RowState.DONE

    other["variants"][0]["barcode"] = ""
    try_again(push, by="Ann", now=timezone.now())
    work()
    push.refresh_from_db()
    assert push.state == PushState.ASKED
    push = sent(push)
    assert (push.state, push.rows.get(title="New one").state) == (PushState.DONE, RowState.DONE)


def test_a_product_without_a_price_or_with_too_long_a_name_is_listed_and_the_rest_goes(live, sandbox):
    integration = live("v1")
    make_product(integration.account, "FREE", name="No price")
    make_product(integration.account, "LONG", name="x" * 90, price=Decimal(3), currency="EUR")
    make_product(integration.account, "SEK", name="Other money", price=Decimal(3), currency="SEK")
    make_product(integration.account, "FINE", name="Fine", price=Decimal(3), currency="EUR")

    push = sent(worked_out(integration))

    states = dict(push.rows.values_list("product__sku", "state"))
    assert states == {"FREE": "failed", "LONG": "failed", "SEK": "failed", "FINE": "done"}
    assert not any(p["name"] in ("No price", "Other money") for p in sandbox.wix.site("v1").products)


def test_after_a_first_confirmed_push_plain_changes_go_by_themselves_and_the_rest_waits(live, sandbox):
    integration = live("v1")
    make_product(integration.account, "NEW", name="New one", price=Decimal(3), currency="EUR")
    product = Product.objects.filter(account=integration.account, group=None).order_by("pk").first()
    product.name = "Changed before anybody confirmed"
    product.save()
    on_schedule(integration)
    assert not ProductPush.objects.exists()
    sent(worked_out(integration))

    product.name = "Changed later"
    product.save()
    make_product(integration.account, "NEWER", name="Newer one", price=Decimal(3), currency="EUR")
    on_schedule(integration)

    uid = Listing.objects.get(product=product).product_uid
    assert sandbox.wix.site("v1").products.rows[uid]["name"] == "Changed later"
    assert not any(p["name"] == "Newer one" for p in sandbox.wix.site("v1").products)
    push = ProductPush.objects.latest("pk")
    assert (push.by, push.state) == ("schedule", PushState.ASKED)
    assert push.rows.get(state=RowState.PLANNED).title == "Newer one"


def test_rows_can_be_left_out_and_the_whole_be_dropped(live, sandbox):
    integration = live("v1")
    make_product(integration.account, "ONE", name="One", price=Decimal(3), currency="EUR")
    make_product(integration.account, "TWO", name="Two", price=Decimal(3), currency="EUR")
    push = worked_out(integration)

    assert leave_out(push, ProductPushRow.objects.filter(title="One")) == 1
    with pytest.raises(IntegrationError):
        begin(integration, create=True, by="Ann", now=timezone.now())
    push = sent(push)
    assert [p["name"] for p in sandbox.wix.site("v1").products if p["name"] in ("One", "Two")] == ["Two"]

    push = worked_out(integration)
    drop(push, by="Ann", now=timezone.now())
    with pytest.raises(IntegrationError):
        confirm(ProductPush.objects.get(pk=push.pk), by="Ann", now=timezone.now())
    work()
    assert not any(p["name"] == "One" for p in sandbox.wix.site("v1").products)


def test_to_its_master_only_what_it_does_not_have_is_pushed(live, sandbox):
    integration = live("v1")
    account = integration.account
    account.settings = {"master_products": f"store:{integration.store_id}"}
    account.save()
    product = Product.objects.filter(account=account, group=None).order_by("pk").first()
    product.name = "Typed here"
    product.save()
    make_product(account, "NEW", name="New one", price=Decimal(3), currency="EUR")

    push = worked_out(integration)

    assert [(row.title, row.action) for row in push.rows.all()] == [("New one", PushAction.CREATE)]


def test_a_push_without_creating_touches_only_what_the_store_has(live, sandbox):
    integration = live("v1")
    make_product(integration.account, "NEW", name="New one", price=Decimal(3), currency="EUR")

    assert worked_out(integration, create=False).rows.count() == 0


def test_products_that_are_variants_of_one_thing_there_are_never_guessed(live, sandbox):
    integration = live("v1")
    group = ProductGroup.objects.filter(account=integration.account).order_by("pk").first()
    members = list(group.products.all())
    Product.objects.filter(group=group).update(group=None, options=[])

    push = worked_out(integration)

    rows = push.rows.filter(product__in=members)
    assert {row.state for row in rows} == {RowState.FAILED}
    assert all("variants of a group" in row.problem for row in rows)


def test_a_push_is_refused_while_the_flow_only_pulls(connect):
    integration = connect("v1", on=PRODUCTS, fills=True)

    with pytest.raises(IntegrationError) as refused:
        begin(integration, create=True, by="Ann", now=timezone.now())
    assert "Push" in refused.value.sentence


def test_nothing_is_pushed_while_the_listings_of_a_moved_store_are_linked_anew(live, sandbox):
    integration = live("v1")
    make_product(integration.account, "NEW", name="New one", price=Decimal(3), currency="EUR")
    push = worked_out(integration)
    Integration.objects.filter(pk=integration.pk).update(relinking_since=timezone.now())
    ProductPush.objects.filter(pk=push.pk).update(state=PushState.SENDING, confirmed_at=timezone.now())

    on_schedule(integration)

    assert writes() == []
    push.refresh_from_db()
    with pytest.raises(IntegrationError) as refused:
        begin(Integration.objects.get(pk=integration.pk), create=True, by="Ann", now=timezone.now())
    assert "linked again" in refused.value.sentence


def test_a_push_goes_on_where_a_slice_ended(live, sandbox, monkeypatch):
    from integrations import runs

    integration = live("v1")
    for n in range(25):
        make_product(integration.account, f"NEW-{n}", price=Decimal(3), currency="EUR")
    monkeypatch.setattr(runs, "SLICE_SECONDS", -1.0)
    monkeypatch.setattr("integrations.flows.product_push.BATCH", 10)

    push = sent(worked_out(integration))

    assert push.state == PushState.DONE
    assert push.rows.filter(state=RowState.DONE).count() == 25
    assert len([p for p in sandbox.wix.site("v1").products if p["variants"][0]["sku"].startswith("NEW-")]) == 25


def test_an_account_of_another_store_is_left_alone(live, sandbox):
    other = make_account()
    make_product(other, "THEIRS", price=Decimal(3), currency="EUR")

    push = worked_out(live("v1"))

    assert push.rows.count() == 0


def test_of_catalog_v1_each_answer_is_kept_before_the_next_product_is_sent(live, sandbox):
    integration = live("v1")
    for n in range(4):
        make_product(integration.account, f"NEW-{n}", price=Decimal(3), currency="EUR")
    push = worked_out(integration)
    last = Exchange.objects.latest("pk").pk

    sent(push)

    calls = [f"{call.method} {call.path}" for call in Exchange.objects.filter(pk__gt=last, flow="products")]
    made = [place for place, call in enumerate(calls) if call == "POST /wix/stores/v1/products"]
    assert len(made) == 4
    assert all(later - sooner > 1 for sooner, later in pairwise(made)), calls


@pytest.mark.parametrize("kind", ["cut", "html"])
def test_an_unreadable_answer_to_the_last_creation_makes_nothing_twice(live, sandbox, kind, time_machine):
    """More options than one call takes: two calls, the second of which is answered with nonsense."""
    integration = live("v3")
    for n in range(34):
        make_group(integration.account, f"Shirt {n}", ("Size", "Color", "Cut"), "SEK", **{f"SH-{n}": ("S", "Red", "A")})
    push = worked_out(integration)
    sandbox.wix.misbehave(kind, site="v3", path="bulk/products/create", skip=1, count=1)

    push = sent(push)
    assert push.state == PushState.SENDING
    assert (push.rows.filter(state=RowState.DONE).count(), push.rows.filter(state=RowState.SENT).count()) == (33, 1)
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=90), tick=True)
    on_failure_is_over(flow_of(integration, FlowKind.PRODUCTS))
    push.refresh_from_db()

    assert (push.state, push.rows.filter(state=RowState.DONE).count()) == (PushState.DONE, 34)
    names = [p["name"] for p in sandbox.wix.site("v3").products if p["name"].startswith("Shirt ")]
    assert len(names) == len(set(names)) == 34


@SITES
def test_a_product_deleted_in_the_store_is_created_anew_once_a_person_says_so(live, sandbox, site):
    integration = live(site)
    product = Product.objects.filter(account=integration.account, group=None).order_by("pk").first()
    old = Listing.objects.get(product=product)
    shop = sandbox.wix.site(site)
    shop.products.delete(old.product_uid)

    push = worked_out(integration)
    assert push.rows.get().action == PushAction.CREATE
    push = sent(push)

    assert (push.state, push.rows.get().state) == (PushState.DONE, RowState.DONE), push.rows.get().problem
    made = [p for p in shop.products if p["variants"][0]["sku"] == product.sku]
    assert [p["id"] for p in made] == [push.rows.get().product_uid]
    assert Listing.objects.get(product=product, retired_at=None).product_uid == made[0]["id"]
    assert worked_out(integration).rows.count() == 0


def of_grid(sandbox, name) -> dict:
    """Every combination: its SKU, and whether a buyer sees it. There is one product of the name."""
    (product,) = [p for p in sandbox.wix.site("v1").products if p["name"] == name]
    return {tuple(v["choices"].values()): (v["sku"], v["visible"]) for v in product["variants"]}


GRID = {
    ("S", "Red"): ("GR-1", True),
    ("S", "Blue"): ("", False),
    ("L", "Red"): ("", False),
    ("L", "Blue"): ("GR-2", True),
}


@pytest.mark.parametrize("shape", ["made", "converted"])
@pytest.mark.parametrize("kind", ["busy", "drop", "lost_answer", "cut", "html", "refuse"])
@pytest.mark.req("TECH-21")
def test_extra_combinations_are_hidden_whatever_comes_between_the_two_calls(live, sandbox, kind, shape, time_machine):
    integration = live("v1")
    account = integration.account
    group = ProductGroup.objects.create(account=account, code="g", name="Grid", options=["Size", "Color"])
    if shape == "converted":
        first = Product.objects.filter(account=account, group=None).order_by("pk").first()
        Product.objects.filter(pk=first.pk).update(group=group, options=["S", "Red"])
        wanted = GRID | {("S", "Red"): (first.sku, True)}
    else:
        make_product(account, "GR-1", group=group, options=["S", "Red"], price=Decimal(5), currency="EUR")
        wanted = GRID
    make_product(account, "GR-2", group=group, options=["L", "Blue"], price=Decimal(5), currency="EUR")
    push = worked_out(integration)
    assert push.rows.get().hidden == 2
    how = {"retry_after": 20} if kind == "busy" else {}
    sandbox.wix.misbehave(kind, site="v1", path="PATCH /stores/v1/products/[^/]+/variants", count=1, **how)

    sent(push)
    if kind == "refuse":
        try_again(ProductPush.objects.get(pk=push.pk), by="Ann", now=timezone.now())
        work()
        assert "half done" in push.rows.get().problem
        sent(ProductPush.objects.get(pk=push.pk))
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=90), tick=True)
    on_failure_is_over(flow_of(integration, FlowKind.PRODUCTS))
    push.refresh_from_db()

    assert (push.state, push.rows.get().state) == (PushState.DONE, RowState.DONE), push.rows.get().problem
    assert of_grid(sandbox, "Grid") == wanted


@pytest.fixture
def pushed(live):
    """A V1 store to which two products were sent once, and these."""
    integration = live("v1")
    made = [
        make_product(integration.account, sku, name=sku, price=Decimal(3), currency="EUR") for sku in ("MUG", "CUP")
    ]
    assert sent(worked_out(integration)).state == PushState.DONE
    return integration, made


def name_there(sandbox, product) -> str:
    return next(p["name"] for p in sandbox.wix.site("v1").products if p["variants"][0]["sku"] == product.sku)


def rename(product, name) -> None:
    product.name = name
    product.save()


def test_by_itself_only_what_changed_is_looked_at_and_what_was_left_out_or_dropped_stays(pushed, sandbox):
    integration, (mug, cup) = pushed
    rename(mug, "Left out")
    rename(cup, "Sent")
    push = worked_out(integration)
    leave_out(push, push.rows.filter(product=mug))
    sent(push)
    rename(cup, "Dropped")
    drop(worked_out(integration), by="Ann", now=timezone.now())

    other = make_product(integration.account, "POT", name="Pot", price=Decimal(3), currency="EUR")
    on_schedule(integration)
    push = ProductPush.objects.latest("pk")
    assert (push.by, [row.product for row in push.rows.all()]) == ("schedule", [other])
    drop(push, by="Ann", now=timezone.now())

    mug.description = "Edited again"
    mug.save()
    cup.description = "Edited again"
    cup.save()
    on_schedule(integration)

    push = ProductPush.objects.latest("pk")
    assert (push.by, push.state) == ("schedule", PushState.ASKED)
    assert {row.state for row in push.rows.all()} == {RowState.PLANNED}
    assert all("left out" in row.problem for row in push.rows.all())
    assert (name_there(sandbox, mug), name_there(sandbox, cup)) == ("MUG", "Sent")

    sent(push)
    assert (name_there(sandbox, mug), name_there(sandbox, cup)) == ("Left out", "Dropped")


def test_by_itself_what_the_merchant_changed_in_the_store_is_not_reverted(pushed, sandbox):
    integration, (mug, cup) = pushed
    shop = sandbox.wix.site("v1")
    shown = next(p for p in shop.products if p["name"] == "MUG")
    shop.put_product({**shown, "name": "Theirs", "updatedDate": shop.now()})
    mug.price = Decimal("4.50")
    mug.save()
    rename(cup, "Ours")

    on_schedule(integration)

    push = ProductPush.objects.latest("pk")
    assert (push.by, push.state) == ("schedule", PushState.ASKED)
    assert (name_there(sandbox, mug), name_there(sandbox, cup)) == ("Theirs", "Ours")
    assert "does not show here what was last sent" in push.rows.get(product=mug).problem


def test_a_push_by_itself_that_can_send_nothing_is_over_and_a_later_change_goes(pushed, sandbox):
    integration, (mug, _) = pushed
    rename(mug, "x" * 90)
    on_schedule(integration)
    push = ProductPush.objects.latest("pk")
    assert (push.by, push.state, push.rows.get().state) == ("schedule", PushState.DONE, RowState.FAILED)
    assert questions(integration.account) == []

    rename(mug, "Short")
    on_schedule(integration)

    assert name_there(sandbox, mug) == "Short"


def test_a_push_that_waits_for_a_person_stands_under_waiting_for_you(pushed):
    integration, _ = pushed
    make_product(integration.account, "POT", name="Pot", price=Decimal(3), currency="EUR")
    assert waiting_of(integration.account) == []
    on_schedule(integration)

    (question,) = waiting_of(integration.account)

    assert integration.nickname in question.text
    assert question.url.endswith(f"/integrations/{integration.pk}/products/")
    assert waiting_of(make_account()) == []
