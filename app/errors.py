"""Everything that can go wrong for a caller; the only place that knows which status an error has.

ApiError
├── Invalid                 400  {"<parameter>": ["..."], ...}
├── RuleBroken              400  ["..."]
│   ├── PeriodTaken              ["...", {"conflicts": [...]}]       app.slots.conflicts
│   ├── OrderMissing, OrdersAmbiguous, OrderTypeWrong              app.lifecycle.service
│   └── (by its message)                                           app.orders.rules
└── Detailed                     {"detail": "..."}
    ├── Malformed           400
    ├── Unauthenticated     401
    ├── Forbidden           403
    ├── NotFound            404
    │   └── InvalidPage                                            app.query.pagination
    ├── MethodNotAllowed    405
    ├── NotAcceptable       406
    ├── Conflict            409
    │   ├── InvalidState                                           app.lifecycle.service
    │   └── RequestInFlight                                        app.api.idempotency
    ├── PreconditionFailed  412
    ├── KeyReused           422
    └── Unavailable         503
"""

from collections.abc import Iterable, Mapping
from typing import Self


class ApiError(Exception):
    """An answer other than success: a status, a JSON body, and headers. Shapes: contract, 5.1."""

    status = 400
    headers: Mapping[str, str] = {}

    def __init__(self, body: object) -> None:
        super().__init__(body)
        self.body = body


class Invalid(ApiError):
    """Input that does not have the documented form: messages by parameter or body member."""

    def __init__(self, messages: Mapping[str, list[str]]) -> None:
        super().__init__(dict(messages))


class RuleBroken(ApiError):
    """A request that is well formed, and not possible as things are."""

    message = ""

    def __init__(self, message: str = "", *more: object) -> None:
        super().__init__([message or self.message, *more])


class Detailed(ApiError):
    """An answer with one message."""

    detail = ""

    def __init__(self, detail: str = "") -> None:
        super().__init__({"detail": detail or self.detail})


class Malformed(Detailed):
    """A body that is no JSON."""


class Unauthenticated(Detailed):
    """Nobody that we know."""

    status = 401
    headers: Mapping[str, str] = {"WWW-Authenticate": "Token"}


class Forbidden(Detailed):
    """Visible to the caller, and not for the caller to do."""

    status = 403
    detail = "You do not have permission to perform this action."


class NotFound(Detailed):
    """Not there, or not for the caller to see; the two are not told apart."""

    status = 404
    detail = "Not found."

    @classmethod
    def of(cls, noun: str) -> Self:
        """The answer to a uuid of which no row of that noun is visible."""
        return cls(f"No {noun} matches the given query.")


class MethodNotAllowed(Detailed):
    """A method that the path does not have."""

    status = 405

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        super().__init__(f'Method "{method}" not allowed.')
        self.headers = {"Allow": ", ".join(allowed)}


class NotAcceptable(Detailed):
    """The client takes no JSON."""

    status = 406
    detail = "Could not satisfy the request Accept header."


class Conflict(Detailed):
    """Not possible in the state that things are in, or while another request is in flight."""

    status = 409


class PreconditionFailed(Detailed):
    """It is not what the caller saw (If-Match)."""

    status = 412
    detail = "It has changed since it was retrieved."


class KeyReused(Detailed):
    """An Idempotency-Key that came with another request before."""

    status = 422
    detail = "This Idempotency-Key was used for another request."


class Unavailable(Detailed):
    """The database cannot be reached, or is too busy; nothing was changed, and trying again later may work."""

    status = 503
    detail = "The service is temporarily unavailable."
    headers: Mapping[str, str] = {"Retry-After": "5"}


def sqlstate(error: Exception) -> str:
    """By which code PostgreSQL says what is wrong, be it through SQLAlchemy or not; empty if it does not."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""
