"""What stands around the whole application: headers that make browsers careful, and who is believed about a request."""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import TypeAlias, cast

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.api.failures import respond
from app.api.limits import MORE_HEADERS
from app.errors import Malformed

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

_ALWAYS: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_DATA: RawHeaders = [*_ALWAYS, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]
_PRIVATE: RawHeaders = [*_DATA, (b"cache-control", b"private, no-cache")]
"""Of what depends on who asks: nobody else gets it, and whoever keeps it asks first, which `ETag` makes cheap."""
_PAGE = (
    "default-src 'none'; script-src 'self'{}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


def page_policy(page: bytes) -> bytes:
    """What an HTML page may do: run its own scripts, and ask this service alone for anything."""
    digests = (b64encode(sha256(script).digest()).decode() for script in _INLINE.findall(page))
    return _PAGE.format("".join(f" 'sha256-{digest}'" for digest in digests)).encode()


class SafeAnswers:
    """Adds to each answer what makes browsers careful, unless the answer says it itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        added = _PRIVATE if scope["path"].startswith("/api/") else _DATA
        more = scope[MORE_HEADERS] = []
        page: Message | None = None

        async def careful(message: Message) -> None:
            nonlocal page
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if (b"content-type", b"text/html; charset=utf-8") in headers:
                    page = message
                    return
                message["headers"] = _together(headers, added, more)
            elif page is not None:
                policy = (b"content-security-policy", page_policy(message.get("body", b"")))
                page["headers"] = _together(page["headers"], [*_ALWAYS, policy], more)
                await send(page)
                page = None
            await send(message)

        await self.app(scope, receive, careful)


def _together(own: RawHeaders, added: RawHeaders, more: RawHeaders) -> RawHeaders:
    names = {name for name, _ in own}
    return [*own, *(header for header in added if header[0] not in names), *more]


class Forwarded(ProxyHeadersMiddleware):
    """Believes trusted proxies who asks (`X-Forwarded-For`), how (`-Proto`) and of which host (`-Host`)."""

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        client = scope.get("client")
        if scope["type"] == "http" and client and client[0] in self.trusted_hosts:
            told = [value for name, value in scope["headers"] if name == b"x-forwarded-host"]
            if told:
                host = told[-1].rpartition(b",")[2].strip()  # what the nearest proxy says
                others = [header for header in scope["headers"] if header[0] != b"host"]
                scope = {**scope, "headers": [(b"host", host), *others]}
        await super().__call__(scope, receive, send)


class KnownHosts:
    """Answers 400 where the host that is asked for is none, or not one of those allowed; health is told to all."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self.app = app
        self._any = "*" in allowed
        self._names = {name.lower().encode() for name in allowed}
        self._suffixes = tuple(name.lower().encode()[1:] for name in allowed if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        served = scope["type"] != "http" or scope["path"].startswith("/health/") or self._is_known(scope)
        app = self.app if served else respond(Malformed("This host is not served here."))
        await app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if not hosts and self._any:
            return True
        if len(hosts) != 1 or _HOST.fullmatch(hosts[0]) is None:
            return False
        name = re.sub(rb":\d+$", b"", hosts[0]).lower()
        return self._any or name in self._names or name.endswith(self._suffixes)


def guard(app: FastAPI) -> None:
    """Puts all of this around the application, outside of what answers defects."""
    build = app.build_middleware_stack

    def guarded() -> ASGIApp:
        settings = app.state.settings
        known = KnownHosts(build(), settings.allowed_hosts)
        return SafeAnswers(cast("ASGIApp", Forwarded(known, settings.trusted_proxies)))  # type: ignore[arg-type]

    app.build_middleware_stack = guarded  # type: ignore[method-assign]
