"""Who is let in: so many requests at once, and of those that wait the newest first, since their clients still wait."""

import asyncio
import json
import math
from collections import Counter, deque
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import ApiError, Overloaded, TooManyAtOnce
from app.protocol import DOOR
from app.telemetry import metrics
from app.telemetry.notes import at_hand
from app.telemetry.refusals import refused

WAITING = 4
"""How many may wait for each that is worked on; of more, the oldest is refused."""
ALONE = 2
"""So many are worked on without a look at how long they have been here, which costs a little."""
FREE = "/health/"
"""What is always let in."""


class Admission:
    """Lets a request in, makes it wait, or refuses it at once and for next to nothing.

    No token has all places: what it asks beyond its share waits, however new it is. After `seconds`, those included for
    which nobody had read it, a request is refused.
    """

    def __init__(self, app: ASGIApp, at_once: int, per_token: int, seconds: float) -> None:
        self._app, self._free, self._per_token, self._seconds = app, at_once, per_token, seconds
        self._quiet, self._share = max(at_once - ALONE, 0), at_once - at_once // 4
        self._most_waiting = at_once * WAITING
        self._waiting: deque[_Turn] = deque()
        self._known, self._inside = Counter[bytes](), Counter[bytes]()
        self._coming = Counter[bytes]()
        metrics.sampled(metrics.INSIDE, lambda: at_once - self._free)
        metrics.sampled(metrics.WAITING, lambda: len(self._waiting))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 429 to a token that asks too much at once, and 503 when there is too much of all."""
        if scope["type"] == "lifespan":
            scope.get("state", {})[DOOR] = self.refusal
        if scope["type"] != "http" or scope["path"].startswith(FREE):
            await self._app(scope, receive, send)
            return
        self._coming.clear()  # whoever came through the door before is here by now, or next
        token = _token(scope["headers"])
        if token and self._known[token] >= self._per_token:
            await _refuse(TooManyAtOnce(), send)
            return
        self._known[token] += 1
        try:
            await self._admit(token, scope, receive, send)
        finally:
            _count_down(self._known, token)

    def refusal(self, scope: Scope) -> ApiError | None:
        """Why a request that has just come need not come in, if so: what the server asks before it does anything.

        When nobody more may wait, a token that has its share of places has no more; the others displace the oldest.
        """
        if scope["path"].startswith(FREE):
            return None
        token = _token(scope["headers"])
        known = self._known[token] + self._coming[token]
        if token and known >= self._per_token:
            return TooManyAtOnce()
        places = self._most_waiting + self._free
        if len(self._waiting) + self._coming.total() >= places:
            tokens = len({token, *self._known, *self._coming})
            if known * tokens >= places:
                return Overloaded()
        self._coming[token] += 1
        return None

    async def _admit(self, token: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        if self._free > self._quiet and self._has_room(token):
            self._enter(token)
        elif not await self._wait(token, scope):
            await _refuse(Overloaded(), send)
            return
        place = _Place(self, token, send)
        try:
            await self._app(scope, receive, place.send)
        finally:
            place.leave()

    async def _wait(self, token: bytes, scope: Scope) -> bool:
        """Whether the request may go on, at once or when another has left; not if its client no longer waits."""
        left = self._patience(scope)
        if left <= 0:
            return False
        if self._free > 0 and self._has_room(token):
            self._enter(token)
            return True
        if not await self._turn(token, left):
            return False
        if self._patience(scope) > -math.inf:
            return True
        self.leave(token)  # the client has left meanwhile
        return False

    async def _turn(self, token: bytes, seconds: float) -> bool:
        """Waits for a place, but not for longer; the oldest makes room for others that wait."""
        if len(self._waiting) >= self._most_waiting:
            self._waiting.popleft().tell(False)
        turn = _Turn(token)
        self._waiting.append(turn)
        late = asyncio.get_running_loop().call_later(seconds, self._send_away, turn)
        try:
            return await turn.told
        except asyncio.CancelledError:
            self._forget(turn)
            raise
        finally:
            late.cancel()

    def _patience(self, scope: Scope) -> float:
        """For how many seconds a request may still wait."""
        return self._seconds - (scope["waited"]() if "waited" in scope else 0)

    def _has_room(self, token: bytes) -> bool:
        return not token or self._inside[token] < self._share

    def _enter(self, token: bytes) -> None:
        self._free -= 1
        self._inside[token] += 1

    def leave(self, token: bytes) -> None:
        """A place is free: the newest gets it whose token has not its share."""
        self._free += 1
        _count_down(self._inside, token)
        for turn in reversed(self._waiting):
            if self._has_room(turn.token) and turn.tell(True):
                self._waiting.remove(turn)
                self._enter(turn.token)
                return

    def _send_away(self, turn: "_Turn") -> None:
        if turn.tell(False):
            self._waiting.remove(turn)

    def _forget(self, turn: "_Turn") -> None:
        """Whoever is stopped gives back the place that it was told of."""
        if turn in self._waiting:
            self._waiting.remove(turn)
        elif turn.may_go_on:
            self.leave(turn.token)


class _Turn:
    """A request that waits."""

    def __init__(self, token: bytes) -> None:
        self.token, self.may_go_on = token, False
        self.told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def tell(self, may_go_on: bool) -> bool:
        """Whether it can still be told so."""
        if self.told.done():
            return False
        self.may_go_on = may_go_on
        self.told.set_result(may_go_on)
        return True


class _Place:
    """A place that a request has, until its answer begins: who reads slowly is in nobody's way."""

    def __init__(self, admission: Admission, token: bytes, send: Send) -> None:
        self._admission: Admission | None = admission
        self._token, self._send = token, send

    async def send(self, message: Message) -> None:
        """Passes on a part of the answer."""
        self.leave()
        await self._send(message)

    def leave(self) -> None:
        """Gives the place back, once."""
        if self._admission is not None:
            admission, self._admission = self._admission, None
            admission.leave(self._token)


def _count_down(counts: "Counter[bytes]", token: bytes) -> None:
    counts[token] -= 1
    if not counts[token]:
        del counts[token]


def _token(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    for name, value in headers:
        if name == b"authorization":
            return value
    return b""


def _messages(error: ApiError) -> tuple[Message, Message]:
    body = json.dumps(error.body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **error.headers}
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    start = {"type": "http.response.start", "status": error.status, "headers": encoded}
    return start, {"type": "http.response.body", "body": body}


_ANSWERS: dict[type[ApiError], tuple[Message, Message]] = {
    type(error): _messages(error) for error in (Overloaded(), TooManyAtOnce())
}


async def _refuse(error: ApiError, send: Send) -> None:
    refused(error)
    at_hand().is_refused = True
    start, body = _ANSWERS[type(error)]
    await send({**start, "headers": [*start["headers"]]})
    await send(body)
