"""Requests that no good client sends, each with the statuses that are answered, one by one; none: it is hung up."""

from collections.abc import Sequence
from typing import NamedTuple

from tests.dataset import key_of

TOKEN = key_of("staff")["Authorization"].encode()
LIST = b"/api/booking-resources/?page_size=1&field=uuid"
ORDERS = b"/api/marketplace-orders/"
JSON = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"


class Case(NamedTuple):
    """What is sent, in parts, and what is answered."""

    sent: Sequence[bytes]
    statuses: Sequence[int]


def request(
    target: bytes = LIST,
    *headers: bytes,
    method: bytes = b"GET",
    version: bytes = b"HTTP/1.1",
    body: bytes = b"",
) -> bytes:
    """A request as it is sent; all but what is given is right."""
    lines = [b"%s %s %s" % (method, target, version), b"Host: here", b"Authorization: " + TOKEN, *headers]
    return b"\r\n".join([*lines, b"", body])


def post(body: bytes, *headers: bytes, target: bytes = ORDERS) -> bytes:
    """A request with a body, whose length is told."""
    return request(target, JSON, b"Content-Length: %d" % len(body), *headers, method=b"POST", body=body)


def chunked(*chunks: bytes, target: bytes = ORDERS) -> bytes:
    """A request whose body is these bytes, which may or may not be chunks."""
    return request(target, JSON, CHUNKED, method=b"POST", body=b"".join(chunks))


def get(*headers: bytes) -> bytes:
    """A list, with further headers."""
    return request(LIST, *headers)


LINES: dict[str, Case] = {
    "nothing but noise": Case([bytes(range(1, 256))], [400]),
    "NUL bytes": Case([bytes(1000)], [400]),
    "only blank lines": Case([b"\r\n" * 1000], [408]),
    "blank lines before": Case([b"\r\n\r\n" + get()], [200]),
    "no version": Case([b"GET /\r\n\r\n"], [200]),
    "version 0.9": Case([request(version=b"HTTP/0.9")], [200]),
    "version 1.0": Case([request(version=b"HTTP/1.0")], [200]),
    "version 1.9": Case([request(version=b"HTTP/1.9")], [400]),
    "version 2.0": Case([request(version=b"HTTP/2.0")], [200]),
    "version 9": Case([request(version=b"HTTP/9")], [400]),
    "preface of HTTP/2": Case([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)], [400]),
    "hello of TLS": Case([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)], [400]),
    "method unknown": Case([request(method=b"BREW")], [400]),
    "method in small letters": Case([request(method=b"get")], [400]),
    "method of WebDAV": Case([request(method=b"PROPFIND")], [405]),
    "TRACE": Case([request(method=b"TRACE")], [405]),
    "CONNECT": Case([request(b"example.com:443", method=b"CONNECT")], [400]),
    "long method": Case([request(method=b"G" * 100_000)], [400]),
    "only line feeds": Case([get().replace(b"\r\n", b"\n")], [400]),
    "only carriage returns": Case([get().replace(b"\r\n", b"\r")], [400]),
    "two blanks in the line": Case([b"GET  / HTTP/1.1\r\nHost: here\r\n\r\n"], [200]),
    "half a line": Case([b"GET /api/booking"], [408]),
    "half a head": Case([get()[:-2]], [408]),
    "byte by byte": Case([bytes([byte]) for byte in b"GET /health/live HTTP/1.1\r\n\r\n"], [200]),
    "nothing at all": Case([b""], []),
}
TARGETS: dict[str, Case] = {
    "asterisk": Case([request(b"*")], [404]),
    "OPTIONS of all": Case([request(b"*", method=b"OPTIONS")], [404]),
    "absolute form": Case([request(b"http://elsewhere" + LIST)], [200]),
    "absolute form without a path": Case([request(b"http://elsewhere")], [400]),
    "authority form": Case([request(b"here:80")], [400]),
    "two slashes": Case([request(b"//api/booking-resources/")], [404]),
    "dots": Case([request(b"/api/../../etc/passwd")], [404]),
    "dots in percent": Case([request(b"/api/%2e%2e/%2e%2e/etc/passwd")], [404]),
    "backslash": Case([request(b"/api\\booking-resources")], [404]),
    "bytes beyond ASCII": Case([request(b"/api/\xff\xfe/")], [400]),
    "UTF-8": Case([request("/api/būking/".encode())], [400]),
    "no UTF-8 in percent": Case([request(b"/api/booking-resources/%ff%fe/")], [404]),
    "NUL in percent": Case([request(b"/api/booking-resources/%00/")], [404]),
    "surrogate in percent": Case([request(b"/api/booking-resources/%ed%a0%80/")], [404]),
    "half a percent": Case([request(b"/api/booking-resources/%/")], [404]),
    "no digits in percent": Case([request(b"/api/booking-resources/%zz/")], [404]),
    "slash in percent": Case([request(b"/api/booking-resources%2f")], [200]),
    "percent twice": Case([request(b"/api/booking-resources/%2541/")], [404]),
    "line ends in percent": Case([request(b"/api/booking-resources/%0d%0aX:%20x/")], [404]),
    "line ends in a path without its slash": Case([request(b"/api/nothing%0d%0aX:%20x")], [404]),
    "fragment": Case([request(b"/api/booking-resources/?page_size=1#part")], [200]),
    "only a question mark": Case([request(b"?")], [400]),
    "long path": Case([request(b"/api/" + b"x" * 1_000_000)], [414]),
    "as long as a path may be": Case([request(b"/api/" + b"x" * 8000)], [404]),
    "deep path": Case([request(b"/api" + b"/x" * 4000)], [404]),
}
QUERIES: dict[str, Case] = {
    "no UTF-8": Case([request(b"/api/booking-resources/?query=%ff%fe")], [200]),
    "bytes beyond ASCII": Case([request(b"/api/booking-resources/?query=\xff")], [400]),
    "NUL": Case([request(b"/api/booking-resources/?query=%00&name=%00&o=%00&field=%00&state=%00")], [400]),
    "surrogate": Case([request(b"/api/booking-resources/?query=%ed%a0%80&page_size=1")], [200]),
    "half a percent": Case([request(b"/api/booking-resources/?query=%&name=%e&page_size=%")], [200]),
    "no values": Case([request(b"/api/booking-resources/?=&&==&=x&page_size=1&?&;")], [200]),
    "one parameter twice": Case([request(b"/api/booking-resources/?page=x&page=1&page_size=1")], [200]),
    "one parameter 2,000 times": Case([request(b"/api/booking-resources/?" + b"o=&" * 2000)], [200]),
    "one ordering 2,000 times": Case([request(b"/api/booking-resources/?" + b"o=1&" * 2000)], [400]),
    "uuids 200 times": Case(
        [request(b"/api/booking-resources/?page_size=1" + b"&offering_uuid=%032d" % 0 * 150)], [200]
    ),
    "2,000 parameters": Case(
        [request(b"/api/booking-resources/?page_size=1" + b"".join(b"&a%d=" % number for number in range(1000)))], [200]
    ),
    "page beyond all numbers": Case([request(b"/api/booking-resources/?page=" + b"9" * 5000)], [404]),
    "page size beyond all numbers": Case([request(b"/api/booking-resources/?page_size=" + b"9" * 5000)], [200]),
    "number beyond all numbers": Case([request(b"/api/booking-resources/?component_count=1e999999999")], [200]),
    "other digits": Case([request(b"/api/booking-resources/?page=%D9%A1&page_size=%D9%A3")], [200]),
    "moment beyond all years": Case([request(b"/api/booking-resources/?created=99999-01-01T00:00:00Z")], [400]),
}
HEADERS: dict[str, Case] = {
    "huge": Case([get(b"X: " + b"x" * 1_000_000)], [431]),
    "many": Case([get(*[b"X: x"] * 10_000)], [431]),
    "long name": Case([get(b"X" * 100_000 + b": x")], [431]),
    "no colon": Case([get(b"nothing")], [400]),
    "no name": Case([get(b": x")], [400]),
    "blank before the colon": Case([get(b"X : x")], [400]),
    "folded": Case([get(b"X: x", b"  y")], [400]),
    "NUL in a value": Case([get(b"X: \x00")], [400]),
    "NUL in a name": Case([get(b"X\x00: x")], [400]),
    "no UTF-8 in a value": Case([get(b"Prefer: \xff\xfe", b"If-None-Match: \xff", b"Accept: \xff")], [406]),
    "no UTF-8 in the key": Case([get().replace(TOKEN, b"Token \xff\xfe")], [401]),
    "NUL in the key": Case([get().replace(TOKEN, b"Token a\x00b")], [400]),
    "key twice": Case([get(b"Authorization: " + TOKEN)], [200]),
    "no host": Case([get().replace(b"Host: here\r\n", b"")], [200]),
    "host twice": Case([get(b"Host: there")], [400]),
    "host of noise": Case([get().replace(b"here", b'"><script>\xff:x:y[')], [400]),
    "expectation that nobody knows": Case([get(b"Expect: the-impossible")], [200]),
    "upgrade to HTTP/2": Case(
        [get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AA")], [200]
    ),
    "upgrade to a WebSocket": Case(
        [get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: AA==")],
        [200],
    ),
    "range": Case([get(b"Range: bytes=0-1,5-", b"If-Range: x")], [200]),
    "forwarded from noise": Case([get(b"X-Forwarded-For: \xff,,", b"X-Forwarded-Proto: javascript")], [200]),
    "length of a body that does not come": Case([get(b"Content-Length: 5")], [408]),
}
