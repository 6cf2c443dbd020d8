"""What is noted about the request at hand, by whoever comes to know it: its log line and its metrics are made of it."""

from contextvars import ContextVar, Token
from uuid import UUID


class Notes:
    """A request: who asks, by which route, and how many statements it took."""

    __slots__ = ("answered", "caller", "is_refused", "request_id", "route", "statements", "status", "traced")

    def __init__(self, request_id: str = "") -> None:
        self.request_id = request_id
        self.caller: UUID | None = None
        self.route: str | None = None
        self.traced: object = None
        """What the framework notes of a request that it traces, and whose route it finds itself."""
        self.statements = 0
        self.status = 0
        self.answered = 0.0
        self.is_refused = False
        """Whether it was refused unseen, of which nobody wants a line each."""


_NOBODYS = Notes()
_AT_HAND: ContextVar[Notes] = ContextVar("notes")


def at_hand() -> Notes:
    """The notes of the request at hand; where there is none, notes that nobody reads."""
    return _AT_HAND.get(_NOBODYS)


def start(notes: Notes) -> Token[Notes]:
    """Makes them those at hand, until `stop`."""
    return _AT_HAND.set(notes)


def stop(token: Token[Notes]) -> None:
    """Makes those at hand that were before."""
    _AT_HAND.reset(token)
