"""What a change of a mapping says when it is not done."""

from __future__ import annotations


class MappingError(Exception):
    """The sentence is for the merchant; `code` tells the cases apart."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class ChangedMeanwhile(MappingError):
    def __init__(self) -> None:
        super().__init__("Somebody has changed it since.", "changed_meanwhile")
