"""What a new listing means after the store moved to another catalogue: carried over, or asked."""

import pytest

from mappings.models import Asked
from mappings.relinking import Meaning, carried_over

MUG, CUP, NOTHING = Meaning(1, 1, False), Meaning(2, 1, False), Meaning(None, 1, False)
BOX_BY_HAND = Meaning(3, 6, True)


@pytest.mark.parametrize(
    ("sku", "before", "alike", "means"),
    [
        ("MUG", [MUG], 1, MUG),
        ("BOX", [BOX_BY_HAND], 1, BOX_BY_HAND),
        ("NEW", [], 1, None),
        ("NEW", [], 2, None),
        ("MUG", [NOTHING], 1, None),
        ("", [], 1, Asked.NO_SKU),
        ("", [MUG], 1, Asked.NO_SKU),
        ("MUG", [MUG], 2, Asked.DUPLICATE),
        ("MUG", [MUG, MUG], 1, Asked.DUPLICATE),
        ("MUG", [MUG, NOTHING], 1, Asked.DUPLICATE),
        ("MUG", [MUG, CUP], 1, Asked.DIFFERENT),
    ],
)
def test_only_a_sku_that_one_old_and_one_new_listing_have_carries_its_meaning_over(sku, before, alike, means):
    assert carried_over(sku, before, alike) == means
