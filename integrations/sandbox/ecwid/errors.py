"""Ecwid's refusals, in its form: a status, and a body whose every part may be missing."""

from typing import Any

from .wire import dump


class EcwidError(Exception):
    def __init__(self, status: int, message: str, code: str = "", headers: dict[str, str] | None = None, **args: Any):
        super().__init__(message)
        self.status, self.message, self.code, self.args_told = status, message, code, args
        self.headers = headers or {}

    def body(self) -> bytes:
        told = {"errorMessage": self.message, "errorCode": self.code, "args": self.args_told}
        found = {name: value for name, value in told.items() if value}
        return dump(found) if found else b""


def wrong(message: str) -> EcwidError:
    return EcwidError(400, message, "WRONG_PARAMETER")


def dead_token() -> EcwidError:
    """A wrong token is a 403 here, not a 401."""
    return EcwidError(403, "The API token is invalid or was revoked", "INVALID_API_TOKEN")


def missing(what: str, uid: Any) -> EcwidError:
    """`what`: Order, Product, Combination, ..."""
    return EcwidError(404, f"{what} #{uid} not found", f"{what.upper()}_NOT_FOUND")
