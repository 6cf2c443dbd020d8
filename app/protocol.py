"""HTTP/1.1 with limits: how large a head may be, and how slowly a client may send it or read what it is answered.

Run by uvicorn as `http=Protocol`. What is refused here is answered as any other error, and its connection is closed.
"""

import json
import math
import socket
from asyncio import BaseTransport, TimerHandle
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.config import settings
from app.errors import ApiError, Detailed, HeadersTooLarge, Malformed, TargetTooLong, TooSlow, Unavailable
from app.telemetry.refusals import refused

DOOR = "refusal"
"""By which name the application's state has what says why a request is refused before any work is done for it."""
LONGEST_TARGET = 8 * 1024
MOST_HEADERS = 100
MOST_UNSENT = 64_000_000
"""Bytes that clients have not read yet, of all connections of a worker; beyond, the longest waiting is closed."""
RESTS, LONGEST_REST = 0.1, 0.4
"""Seconds for which nothing more is read of a connection that was refused at the door, twice as long each time: else
clients that ask again at once would take the time that others are answered in."""
FAREWELL = 5
"""Seconds that a client has to read its answer when the service stops."""
_TCP_INFO = getattr(socket, "TCP_INFO", None)
_LAST_DATA = slice(52, 56)
"""Where the kernel tells how many milliseconds ago the last bytes came."""


class _Refused(Exception):
    """Stops the parser."""


class Protocol(HttpToolsProtocol):
    """A connection to a client."""

    unsent: ClassVar[dict["Protocol", int]] = {}
    """Connections whose clients do not read as fast as they are answered, the longest waiting first."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        limits = settings()
        self._header_seconds, self._answer_seconds = limits.header_seconds, limits.answer_seconds
        self._most = limits.header_kilobytes * 1024
        self.timeout_keep_alive = limits.keep_alive_seconds
        self._awaits_head, self._is_answered = True, False
        self._head_due: TimerHandle | None = None
        self._read_due: TimerHandle | None = None
        self._rests: TimerHandle | None = None
        self._rest = RESTS
        self._refusal: Detailed | None = None
        self._due: ApiError | None = None
        self._size = self._chunk = self._unfinished = 0

    # A connection

    def connection_made(self, transport: BaseTransport) -> None:
        """Begins to wait for a request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        super().connection_lost(exc)
        self._head_has_come()
        self._is_read()
        if self._rests is not None:
            self._rests.cancel()

    def shutdown(self) -> None:
        """Ends what has not begun, and lets end what has."""
        cycle = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_started:
            self._refuse(Unavailable())
        super().shutdown()
        self._drop_in(FAREWELL)

    def waited(self) -> float:
        """For how many seconds the request has been here, unread ones included, as far as the kernel tells.

        For ever, if the client has left.
        """
        if self.transport.is_closing():
            return math.inf
        if _TCP_INFO is None:
            return 0.0
        try:
            told = self.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 64)
        except (OSError, AttributeError):  # gone, or no TCP
            return 0.0
        return int.from_bytes(told[_LAST_DATA], "little") / 1000

    # The head of a request

    def data_received(self, data: bytes) -> None:
        """Reads on; a head that is not whole has its time and its size."""
        if self._due is not None:
            return
        self._chunk, self._is_answered = len(data), False
        super().data_received(data)
        if self._awaits_head and not self._is_answered and not self.transport.is_closing():
            self._unfinished += self._chunk
            if self._unfinished > self._most:
                self._refuse(HeadersTooLarge() if self.headers else TargetTooLong())
            elif self._head_due is None:
                self._await_head()

    def on_message_begin(self) -> None:
        """A request begins; what came with it may have been others before it."""
        self._awaits_head, self._size, self._unfinished = True, 0, -self._chunk
        self._is_answered = False
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        super().on_url(url)
        if len(self.url) > LONGEST_TARGET:
            self._stop(TargetTooLong())

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those that come after a body are not read."""
        if not self._awaits_head:
            return
        self._size += len(name) + len(value)
        if self._size > self._most or len(self.headers) >= MOST_HEADERS:
            self._stop(HeadersTooLarge())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request is given to the application."""
        self._awaits_head = False
        self._head_has_come()
        self.scope["waited"] = self.waited  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Has the application answer, unless it refuses right away; only what needs no more than a look is refused."""
        refusal = self.app_state.get(DOOR)
        error = refusal(cycle.scope) if refusal and cycle.scope["method"] == "GET" and not self.pipeline else None
        if error is None:
            self._rest = RESTS
            super()._start_asgi_task(cycle, app)
            return
        refused(error)
        self._is_answered = cycle.response_started = cycle.response_complete = True
        self.transport.write(_answer(error, self.server_state.default_headers, closing=not cycle.keep_alive))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
        if cycle.keep_alive:
            self.flow.pause_reading()
            self._rests = self.loop.call_later(self._rest, self.flow.resume_reading)
            self._rest = min(2 * self._rest, LONGEST_REST)

    def _await_head(self) -> None:
        self._head_due = self.loop.call_later(self._header_seconds, self._head_is_late)

    def _head_has_come(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _head_is_late(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._await_head()  # it follows a request that is still worked on
        elif self._chunk:
            self._refuse(TooSlow())
        else:
            self.transport.close()

    # What is refused

    def _stop(self, error: Detailed) -> None:
        self._refusal = error
        raise _Refused

    def send_400_response(self, msg: str) -> None:
        """Answers what could not be read, or was not to be."""
        self._refuse(self._refusal or Malformed(msg))

    def _refuse(self, error: ApiError) -> None:
        if self._is_answering():
            self._due = error
            return
        cycle = self.cycle
        if cycle is None or not cycle.response_started or cycle.response_complete:
            refused(error)
            self.transport.write(_answer(error, self.server_state.default_headers))
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()
        self._drop_in(FAREWELL)

    def _is_answering(self) -> bool:
        """Whether requests that came whole are to be answered before what came after them is refused."""
        cycle = self.cycle
        return bool(self.pipeline) or (cycle is not None and not cycle.more_body and not cycle.response_complete)

    # An answer that is not read

    def pause_writing(self) -> None:
        """More has been written than the client reads."""
        super().pause_writing()
        self._is_read()
        self.unsent[self] = self.transport.get_write_buffer_size()
        self._read_due = self.loop.call_later(self._answer_seconds, self.transport.abort)
        while sum(self.unsent.values()) > MOST_UNSENT:
            next(iter(self.unsent))._give_up()

    def resume_writing(self) -> None:
        """Nearly all has been read."""
        super().resume_writing()
        self._is_read()

    def on_response_complete(self) -> None:
        """The answer has been written; the next request may be waiting already."""
        self._awaits_head = not self.pipeline
        super().on_response_complete()
        if self.transport.is_closing():
            self._drop_in(self._answer_seconds)
        elif self._due is not None:
            self._refuse(self._due)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection that is not used."""
        super().timeout_keep_alive_handler()
        self._drop_in(self._answer_seconds)

    def _is_read(self) -> None:
        self.unsent.pop(self, None)
        if self._read_due is not None:
            self._read_due.cancel()
            self._read_due = None

    def _give_up(self) -> None:
        self._is_read()
        self.transport.abort()

    def _drop_in(self, seconds: float) -> None:
        """Closing waits until all has been read: not for longer than that."""
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self.loop.call_later(seconds, self.transport.abort)


def _answer(error: ApiError, usual: list[tuple[bytes, bytes]], *, closing: bool = True) -> bytes:
    body = json.dumps(error.body).encode()
    headers = [*usual, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    lines = [name + b": " + value for name, value in headers if name != b"connection"]
    lines += [b"connection: close"] if closing else []
    return STATUS_LINE[error.status] + b"\r\n".join([*lines, b"", body])
