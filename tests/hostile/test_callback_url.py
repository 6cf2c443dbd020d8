"""A browser may be sent to what an order names as its callback: nothing but the web."""

import pytest

from tests.orders.conftest import Place, period

TOLD = {"callback_url": ["Enter a valid URL that begins with http:// or https://."]}
TAKEN = (
    *("https://example.org", "HTTP://example.org:8080/a?b=c#d", "https://user:secret@example.org/", "http://[::1]/"),
    *("https://bücher.example/ü", None),
)
REFUSED = (
    *("javascript:alert(1)", "JavaScript://example.org/%0aalert(1)", "data:text/html,<script>", "file:///etc/passwd"),
    *("ftp://example.org", "//example.org", "/path", "example.org", "http:example.org", "http://", "https:///path", ""),
    *("java\nscript:alert(1)", " https://example.org", "https://example.org\n", "https://a b", "https://a\x00b"),
    *("http://?q", "http://#x", "http://\\example.org", "vbscript:https://example.org"),
)


@pytest.mark.parametrize("url", TAKEN)
async def test_web_address_is_kept_as_it_is(place: Place, url: str | None) -> None:
    answer = await place(period(1, 2), callback_url=url)
    assert (answer.status_code, answer.json()["callback_url"]) == (201, url)


@pytest.mark.parametrize("url", REFUSED)
async def test_anything_else_is_refused(place: Place, url: str) -> None:
    answer = await place(period(1, 2), callback_url=url)
    assert (answer.status_code, answer.json()) == (400, TOLD)
