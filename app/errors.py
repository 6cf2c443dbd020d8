"""Everything that can go wrong for a caller; the only place that knows which status an error has.

ApiError
├── Invalid                 400  {"<parameter>": ["..."], ...}
├── RuleBroken              400  ["..."]
│   ├── PeriodTaken              ["...", {"conflicts": [...]}]       app.slots.conflicts
│   ├── OrderMissing, OrdersAmbiguous, OrderTypeWrong              app.lifecycle.service
│   └── (by its message)                                           app.orders.rules
└── Detailed                     {"detail": "..."}
    ├── Malformed           400
    ├── TooMuch             400
    ├── Unauthenticated     401
    ├── Forbidden           403
    ├── NotFound            404
    │   └── InvalidPage                                            app.query.pagination
    ├── MethodNotAllowed    405
    ├── NotAcceptable       406
    ├── TooSlow             408
    ├── Conflict            409
    │   ├── InvalidState                                           app.lifecycle.service
    │   └── RequestInFlight                                        app.api.idempotency
    ├── PreconditionFailed  412
    ├── BodyTooLarge        413
    ├── TargetTooLong       414
    ├── KeyReused           422
    ├── TooManyAtOnce       429
    ├── TooManyRequests     429
    ├── HeadersTooLarge     431
    └── Unavailable         503
        └── Overloaded
"""

from collections.abc import Iterable, Mapping
from typing import Self


class ApiError(Exception):
    """An answer other than success: a status, a JSON body, and headers. Shapes: contract, 5.1."""

    status = 400
    headers: Mapping[str, str] = {}
    conflict = ""
    """With what the request is in conflict, for those who count: `period`, `state`, `version` or `retry`."""

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


class TooMuch(Detailed):
    """More than the database can take at once: too complex, too many, too large."""

    detail = "This request asks for more than the database can take at once."


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


class TooSlow(Detailed):
    """The client takes its time to send what it has begun."""

    status = 408
    detail = "The request was not sent in time."
    headers: Mapping[str, str] = {"Connection": "close"}


class Conflict(Detailed):
    """Not possible in the state that things are in, or while another request is in flight."""

    status = 409
    conflict = "state"


class PreconditionFailed(Detailed):
    """It is not what the caller saw (If-Match)."""

    status = 412
    conflict = "version"
    detail = "It has changed since it was retrieved."


class BodyTooLarge(Detailed):
    """More than the service takes."""

    status = 413
    headers: Mapping[str, str] = {"Connection": "close"}

    def __init__(self, most: int) -> None:
        super().__init__(f"The body has more than {most} bytes.")


class TargetTooLong(Detailed):
    """A path with its query that is longer than the service reads."""

    status = 414
    detail = "The address is too long."


class TooManyAtOnce(Detailed):
    """A token whose requests are still being worked on, and too many of them."""

    status = 429
    detail = "Too many requests at once."
    headers: Mapping[str, str] = {"Retry-After": "1"}


class HeadersTooLarge(Detailed):
    """More headers, or larger ones, than the service reads."""

    status = 431
    detail = "The headers are too large."


class KeyReused(Detailed):
    """An Idempotency-Key that came with another request before."""

    status = 422
    detail = "This Idempotency-Key was used for another request."


class TooManyRequests(Detailed):
    """More than is allowed within a time; trying again after so many seconds may work."""

    status = 429

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(seconds)}


class Unavailable(Detailed):
    """The database cannot be reached, or is too busy; nothing was changed, and trying again later may work."""

    status = 503
    detail = "The service is temporarily unavailable."
    headers: Mapping[str, str] = {"Retry-After": "5"}


class Overloaded(Unavailable):
    """More requests than the service can answer in time; this one has not been looked at."""

    detail = "The service is too busy."
    headers: Mapping[str, str] = {"Retry-After": "2"}


class DatabaseDefect(Exception):
    """An error of the database that nobody expected, without the values that it is about, which belong into no log."""

    def __init__(self, error: BaseException) -> None:
        cause = getattr(error, "orig", None) or error
        cause = cause.__cause__ or cause
        about = [f"{name} {value}" for name in _NAMES if (value := getattr(cause, name, None))]
        super().__init__(", ".join([type(cause).__name__, *about]))


def for_log(error: Exception) -> Exception:
    """The error as it may be logged."""
    of_database = hasattr(error, "orig") or hasattr(error, "sqlstate") or isinstance(error, ValueError)
    return DatabaseDefect(error).with_traceback(error.__traceback__) if of_database else error


_NAMES = ("sqlstate", "table_name", "column_name", "constraint_name")


def is_mistaken(error: Exception) -> bool:
    """Whether the driver was given a value that it cannot send, which says nothing about the connection."""
    cause = getattr(error, "orig", None) or error
    return isinstance(cause.__cause__ or cause, ValueError)


def sqlstate(error: Exception) -> str:
    """By which code PostgreSQL says what is wrong, be it through SQLAlchemy or not; empty if it does not."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""
