"""Bodies that no good client sends, and requests that hide in others."""

from tests.resilience.malformed import CHUNKED, JSON, ORDERS, Case, chunked, get, post, request

ACCEPT = b"/api/booking-resources/00000000-0000-4000-8000-000000000000/accept/"
SMALL = b'{"a":1}'
EMPTY_CHUNK = b"0\r\n\r\n"


def _post(*headers: bytes, body: bytes = SMALL, target: bytes = ORDERS) -> bytes:
    return request(target, JSON, *headers, method=b"POST", body=body)


FRAMES: dict[str, Case] = {
    "chunks": Case([chunked(b"7\r\n", SMALL, b"\r\n", EMPTY_CHUNK)], [400]),
    "chunks byte by byte": Case([chunked(), *(bytes([byte]) for byte in b'3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n')], [400]),
    "no chunks": Case([chunked(SMALL)], [400]),
    "chunk of no hexadecimal length": Case([chunked(b"zz\r\n", SMALL)], [400]),
    "chunk of negative length": Case([chunked(b"-7\r\n", SMALL)], [400]),
    "chunk beyond all lengths": Case([chunked(b"f" * 40 + b"\r\n", SMALL)], [400]),
    "chunk that is too short": Case([chunked(b"3\r\n", SMALL, b"\r\n", EMPTY_CHUNK)], [400]),
    "chunk that does not come": Case([chunked(b"ff\r\n", SMALL)], [408]),
    "chunk that is larger than a body": Case([chunked(b"ffffff\r\n", b"x" * 0xFFFFFF, b"\r\n", EMPTY_CHUNK)], [413]),
    "chunks without an end": Case([chunked(b"7\r\n", SMALL, b"\r\n")], [408]),
    "long extension of a chunk": Case([chunked(b"7;", b"x" * 20_000, b"\r\n", SMALL, b"\r\n", EMPTY_CHUNK)], [400]),
    "trailers": Case([chunked(b"7\r\n", SMALL, b"\r\n0\r\n", b"X: x\r\n" * 50, b"\r\n")], [400]),
    "length and chunks": Case([_post(b"Content-Length: 7", CHUNKED)], [400]),
    "chunks and length": Case([_post(CHUNKED, b"Content-Length: 7", body=EMPTY_CHUNK)], [400]),
    "two lengths": Case([_post(b"Content-Length: 7", b"Content-Length: 8")], [400]),
    "one length twice": Case([_post(b"Content-Length: 7", b"Content-Length: 7")], [400]),
    "lengths in a list": Case([_post(b"Content-Length: 7, 7")], [400]),
    "negative length": Case([_post(b"Content-Length: -7")], [400]),
    "length with a sign": Case([_post(b"Content-Length: +7")], [400]),
    "length beyond all numbers": Case([_post(b"Content-Length: " + b"9" * 50)], [400]),
    "length larger than a body": Case([_post(b"Content-Length: 99999999")], [413]),
    "length of 18 digits": Case([_post(b"Content-Length: " + b"9" * 18)], [413]),
    "no length": Case([_post(body=b"")], [400]),
    "length that is too long": Case([_post(b"Content-Length: 8")], [408]),
    "length that is too short": Case([_post(b"Content-Length: 6")], [400, 400]),
    "chunked twice": Case([_post(CHUNKED, CHUNKED, body=EMPTY_CHUNK)], [400]),
    "chunked, hidden": Case([_post(b"Transfer-Encoding: xchunked", body=EMPTY_CHUNK)], [400]),
    "chunked, and then packed": Case([_post(b"Transfer-Encoding: chunked, gzip", body=EMPTY_CHUNK)], [400]),
    "packed, and then chunked": Case([_post(b"Transfer-Encoding: gzip, chunked", body=EMPTY_CHUNK)], [400]),
    "chunked by a tab": Case([_post(b"Transfer-Encoding:\tchunked", body=EMPTY_CHUNK)], [400]),
    "continue": Case([_post(b"Content-Length: 7", b"Expect: 100-continue", body=b""), SMALL], [100, 400]),
    "continue without waiting": Case([_post(b"Content-Length: 7", b"Expect: 100-continue")], [100, 400]),
    "continue with nothing": Case([_post(b"Content-Length: 7", b"Expect: 100-continue", body=b"")], [100, 408]),
    "upgrade with a body": Case([_post(b"Content-Length: 7", b"Connection: Upgrade", b"Upgrade: x")], [400]),
    "upgrade with a body that comes later": Case(
        [_post(b"Content-Length: 7", b"Connection: Upgrade", b"Upgrade: x", body=b""), SMALL], [400, 400]
    ),
    "body of a list": Case([get(b"Content-Length: 7") + SMALL], [200]),
    "body that nobody reads": Case([post(b"\xff" * 1000, target=ACCEPT)], [404]),
}
REQUESTS: dict[str, Case] = {
    "ten at once": Case([get() * 10], [200] * 10),
    "ten, of which one is wrong": Case(
        [get() * 4 + request(b"/api/nothing/") + get() * 5], [200] * 4 + [404] + [200] * 5
    ),
    "noise after one": Case([get() + b"\x00\x01\x02\r\n\r\n"], [200, 400]),
    "noise after two": Case([get() * 2 + b"\x00\x01\x02\r\n\r\n"], [200, 200, 400]),
    "bad chunk after one": Case([get() + chunked(b"zz\r\n")], [200, 400]),
    "too large a head after one": Case([get() + request(b"/" + b"x" * 9000)], [200, 414]),
    "noise later": Case([get(), b"", b"", b"", b"\x00\r\n\r\n"], [200, 400]),
    "half of one after one": Case([get() + get()[:-5]], [200]),
    "after the last": Case([get(b"Connection: close") + get()], [200]),
    "body after a list": Case([get() + SMALL + b"\r\n\r\n"], [200, 400]),
    "cut into pieces": Case([get()[at : at + 40] for at in range(0, len(get()), 40)], [200]),
}
TEXTS: dict[str, Case] = {
    "no JSON": Case([post(b"{")], [400]),
    "no UTF-8": Case([post(b'{"offering": "\xff\xfe"}')], [400]),
    "UTF-16": Case([post('{"offering": "x"}'.encode("utf-16"))], [400]),
    "mark before the text": Case([post(b"\xef\xbb\xbf{}")], [400]),
    "NUL": Case([post(b'{"offering": "\\u0000", "attributes": {"name": "\\u0000"}}')], [400]),
    "raw NUL": Case([post(b"\x00")], [400]),
    "lone surrogate": Case([post(b'{"offering": "\\ud800", "attributes": {"\\udfff": "\\ud800\\ud800"}}')], [400]),
    "deep lists": Case([post(b"[" * 100_000)], [400]),
    "deep lists, closed": Case([post(b"[" * 100_000 + b"]" * 100_000)], [400]),
    "deep objects": Case([post(b'{"attributes":' * 5000 + b"1" + b"}" * 5000)], [400]),
    "deep attributes": Case([post(b'{"attributes": {"a": ' + b"[" * 190 + b"]" * 190 + b"}}")], [400]),
    "one member 50,000 times": Case([post(b"{" + b",".join([b'"offering": 1'] * 50_000) + b"}")], [400]),
    "number beyond all numbers": Case([post(b'{"attributes": {"a": ' + b"9" * 5000 + b"}}")], [400]),
    "exponent beyond all numbers": Case([post(b'{"attributes": {"a": 1e999999}}')], [400]),
    "no number": Case([post(b'{"attributes": {"a": NaN, "b": -Infinity}}')], [400]),
    "long text": Case([post(b'{"attributes": {"name": "' + b"x" * 1_000_000 + b'"}}')], [400]),
    "text larger than a body": Case([post(b'"' + b"x" * 2_000_000 + b'"')], [413]),
    "no object": Case([post(b"null")], [400]),
    "form": Case([_post(b"Content-Length: 3", b"Content-Type: application/x-www-form-urlencoded", body=b"a=b")], [400]),
    "packed": Case([post(b"\x1f\x8b\x08\x00", b"Content-Encoding: gzip")], [400]),
}
