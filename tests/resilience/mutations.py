"""Valid requests of all operations, and what becomes of them by chance: the same of the same seed."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from random import Random
from typing import Any
from urllib.parse import quote
from uuid import UUID

from app.main import app
from tests.dataset import DATASET, USERS
from tests.orders.conftest import MICROSCOPE, body, period

TABLES = {
    "booking-resources": "resources",
    "marketplace-resources": "resources",
    "marketplace-orders": "orders",
    "marketplace-bookings": "offerings",
    "booking-offerings": "offerings",
    "marketplace-public-offerings": "offerings",
    "customers": "customers",
    "projects": "projects",
    "users": "users",
    "media": "resources",
}
"""Of which table the first UUID in a path is."""
SPLICES = (
    *(b"\x00", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b":", b"%", b"%00", b"%ff", b"%0d%0a", b"\xff"),
    *(b"\\ud800", b"\\u0000", b'"', b"[" * 300, b'{"a":' * 300, b"9" * 400, b"-1", b"1e999", b"NaN", b"null", b"'"),
    *(b"chunked", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 0\r\n", b"Content-Length: 99\r\n", b"0\r\n\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: x\r\nConnection: upgrade\r\n", b"HTTP/1.0"),
    *(
        b"HEAD ",
        b"../",
        b"//",
        b"?",
        b"&",
        b"=",
        b"#",
        b"*",
        b",",
        b"x" * 9000,
        b"\xed\xa0\x80",
        b"\xe2\x80\xae",
        b";--",
    ),
)
KEYS = [user["token"] for user in USERS.values()] + ["0" * 40, ""]


def valid(chance: Random) -> bytes:
    """A request of some operation, by some user, which is well-formed."""
    method, path, operation = chance.choice(_operations())
    target = _filled(chance, path) + _query(chance, operation)
    lines = [f"{method} {target} HTTP/1.1", "Host: here", f"Authorization: Token {chance.choice(KEYS)}"]
    sent = json.dumps(_body(chance, operation)).encode() if method == "POST" else b""
    lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"] if method == "POST" else []
    lines += chance.sample(sorted(_headers(chance)), chance.choice((0, 0, 1, 2)))
    return "\r\n".join([*lines, "", ""]).encode() + sent


@cache
def _operations() -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
        if method in {"get", "head", "post", "delete"}
    ]


def _filled(chance: Random, path: str) -> str:
    parts = path.split("/")
    table = TABLES.get(parts[2], "") if len(parts) > 2 else ""
    uuids = [str(UUID(uuid)) for uuid in DATASET[table]] if table else [""]
    return "/".join(chance.choice(uuids) if part.startswith("{") else part for part in parts)


def _query(chance: Random, operation: Mapping[str, Any]) -> str:
    parameters = [each for each in operation.get("parameters", []) if each["in"] == "query"]
    some = chance.sample(parameters, min(len(parameters), chance.choice((0, 1, 2, 5))))
    pairs = [f"{each['name']}={quote(_value(chance, each['schema']))}" for each in some]
    return "?" + "&".join(pairs) if pairs else ""


def _value(chance: Random, schema: Mapping[str, Any]) -> str:
    options = schema.get("enum") or schema.get("items", {}).get("enum") or [*VALUES, MICROSCOPE]
    return str(chance.choice(options))


VALUES = ("", "0", "1", "7", "true", "false", "scan", "2024-06-01T00:00:00Z", "2030-01-01", "P1D", "name", "-created")


def _body(chance: Random, operation: Mapping[str, Any]) -> object:
    hour = chance.randrange(0, 20_000)
    if operation["operationId"] == "marketplace_orders_create":
        return body(period(hour, hour + chance.choice((-1, 0.5, 1))))
    if operation["operationId"].endswith("busy_slots_create"):
        return {**period(hour, hour + 1), "comment": "maintenance"}
    return chance.choice(({}, {"termination_comment": "over"}, {"comment": "no"}, [], None))


def _headers(chance: Random) -> list[str]:
    tag = f'"{chance.randrange(10**9)}"'
    return [
        f"If-None-Match: {tag}",
        f"If-Match: {tag}",
        "Prefer: return=representation",
        f"Idempotency-Key: {chance.randrange(50)}",
        "Accept: application/json;q=0.1, */*",
        "Accept-Encoding: gzip, br",
        "Origin: https://example.com",
    ]


def _spliced(chance: Random, sent: bytes) -> bytes:
    at = chance.randrange(len(sent) + 1)
    return sent[:at] + chance.choice(SPLICES) + sent[at:]


def _flipped(chance: Random, sent: bytes) -> bytes:
    at = chance.randrange(len(sent))
    return sent[:at] + bytes([sent[at] ^ (1 << chance.randrange(8))]) + sent[at + 1 :]


def _cut(chance: Random, sent: bytes) -> bytes:
    start, end = sorted(chance.randrange(len(sent) + 1) for _ in range(2))
    return sent[:start] + sent[min(end, start + 40) :]


def _doubled(chance: Random, sent: bytes) -> bytes:
    start, end = sorted(chance.randrange(len(sent) + 1) for _ in range(2))
    return sent[:end] + sent[start:]


def _line_changed(chance: Random, sent: bytes) -> bytes:
    lines = sent.split(b"\r\n")
    one, other = (chance.randrange(len(lines)) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\r\n".join(lines)


def _target_changed(chance: Random, sent: bytes) -> bytes:
    head, line, rest = sent.partition(b"\r\n")
    parts = head.split(b" ")
    parts[min(1, len(parts) - 1)] += b"&" + chance.choice(SPLICES).replace(b"\r\n", b"%0a").replace(b" ", b"+")
    return b" ".join(parts) + line + rest


CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(_spliced, _spliced, _flipped, _flipped, _cut, _doubled, _line_changed, _target_changed, _target_changed),
)


def mutated(seed: int) -> Iterator[bytes]:
    """Requests without an end, most of them changed in one to four places, some followed by another."""
    chance = Random(seed)
    while True:
        sent = valid(chance)
        for _ in range(chance.choice((0, 1, 1, 1, 2, 4))):
            sent = chance.choice(CHANGES)(chance, sent) or b"\r\n"
        yield sent + valid(chance) if chance.random() < 0.1 else sent
