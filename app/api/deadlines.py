"""The end of a request that nobody waits for any more: its client has left, or its time is over."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.bodies import LISTEN
from app.api.failures import respond
from app.errors import Unavailable

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
WORK = "work"
"""Where the scope has the `Work`."""
PATIENCE = 0.25
"""Seconds for which nothing is watched: nearly all requests are answered by then, and cost no task of their own."""


class Watched:
    """Stops what is read for a client that has left, and whatever takes too long, unless its commit has begun."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 503 for what is stopped, if nothing has been answered yet."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        work = scope[WORK] = Work(scope, send, self._seconds)
        try:
            await self._app(scope, receive, work.send)
        except BaseException:
            if not work.is_stopped:
                raise
        finally:
            work.end()
        if work.is_late and not work.is_answered:
            await respond(Unavailable())(scope, receive, send)


class Work:
    """What is done for a request. Once it `is_decided`, it is not stopped: a commit is on its way."""

    def __init__(self, scope: Scope, send: Send, seconds: float) -> None:
        self._listen: Receive = scope[LISTEN]
        self._safe = scope["method"] in SAFE_METHODS
        self._send, self._seconds = send, seconds
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._due: float | None = self._loop.time() + seconds
        self._timer = self._loop.call_later(min(PATIENCE, seconds), self._begin_to_watch)
        self._watcher: asyncio.Task[None] | None = None
        self._limit: asyncio.Timeout | None = None
        self.is_answered = self.is_decided = self.is_late = self.is_stopped = False

    async def send(self, message: Message) -> None:
        """Passes on a part of the answer, which its client has a time of its own to read; the next part has its own."""
        self.is_answered = True
        self._is_due_at(None)
        await self._send(message)
        self._is_due_at(self._loop.time() + self._seconds)

    def _is_due_at(self, moment: float | None) -> None:
        self._due = moment
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(moment)

    def end(self) -> None:
        """Watches no longer; the task may be used for something else."""
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self.is_stopped and self._task is not None:
            self._task.uncancel()

    def _begin_to_watch(self) -> None:
        self._watcher = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        try:
            async with asyncio.timeout_at(self._due) as self._limit:
                while (await self._listen())["type"] != "http.disconnect":
                    pass
                if self._safe:
                    self._stop()
                await asyncio.Event().wait()
        except TimeoutError:
            self.is_late = True
            self._stop()

    def _stop(self) -> None:
        if not self.is_decided and not self.is_stopped and self._task is not None:
            self.is_stopped = True
            self._task.cancel()
