"""What cannot be done with an integration, as sentences for whoever asked."""

from __future__ import annotations


class IntegrationError(Exception):
    """`code` for the API and tests, the text for a person; `field` the form field it belongs to, if any."""

    def __init__(self, sentence: str, code: str, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.field = field
