"""What cannot be done with stock, as a sentence for whoever asked."""

from __future__ import annotations


class InventoryError(Exception):
    """`code` for the API, the text for a person."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code
