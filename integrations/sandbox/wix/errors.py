"""Wix's error bodies."""

from typing import Any


class WixError(Exception):
    """An answer other than 200: an application error with its code, or a list of field violations."""

    def __init__(
        self, status: int, message: str, code: str = "", data: dict | None = None, violations: list[dict] | None = None
    ):
        super().__init__(message)
        self.status, self.message, self.code, self.data, self.violations = status, message, code, data or {}, violations
        self.uid = ""  # of the record, in a bulk answer

    def body(self) -> dict[str, Any]:
        details: dict[str, Any] = {}
        if self.violations:
            details["validationError"] = {"fieldViolations": self.violations}
        if self.code:
            details["applicationError"] = {"code": self.code, "description": self.message, "data": self.data}
        return {"message": self.message, "details": details}

    def item(self) -> dict[str, Any]:
        """The same error inside a bulk answer."""
        code = self.code or (self.violations[0]["violatedRule"] if self.violations else "INVALID_ARGUMENT")
        return {"code": code, "description": self.message, "data": self.data}


def invalid(field: str, description: str, rule: str = "OTHER", **data: Any) -> WixError:
    violation = {"field": field, "description": description, "violatedRule": rule, "ruleName": "", "data": data}
    return WixError(400, f"INVALID_ARGUMENT: {field} {description}", violations=[violation])


def over_limit(field: str, threshold: int) -> WixError:
    return invalid(field, f"must be less than or equal to {threshold}", "MAX", threshold=threshold)


def not_found(what: str, code: str = "NOT_FOUND") -> WixError:
    return WixError(404, f"{what} not found", code)
