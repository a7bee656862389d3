"""What cannot be done with an order just now, as sentences for whoever asked."""

from __future__ import annotations


class OrderError(Exception):
    """`code` for the API, the text for a person."""

    code = "not_possible"

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        if code:
            self.code = code


class StaleRevision(OrderError):
    """Somebody acted on an older revision of a shipping request; the API answers 409 with the current one."""

    code = "stale_revision"

    def __init__(self, current: int) -> None:
        super().__init__(f"This shipping request changed meanwhile; its revision is now {current}. Read it again.")
        self.current = current
