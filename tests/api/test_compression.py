"""Large answers are compressed for clients that take that; all others are sent as they are."""

import gzip

from httpx import AsyncClient

from app.main import LARGE
from tests.conftest import AsUser

LIST = "/api/booking-resources/"


async def test_large_lists(client: AsyncClient, as_user: AsUser) -> None:
    plain = await client.get(f"{LIST}?page_size=300", headers={**as_user("staff"), "Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(plain.content) == int(plain.headers["content-length"]) > LARGE
    async with client.stream(
        "GET", f"{LIST}?page_size=300", headers={**as_user("staff"), "Accept-Encoding": "gzip"}
    ) as answer:
        sent = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-result-count"] == plain.headers["x-result-count"]
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert len(sent) < len(plain.content) / 4
    assert gzip.decompress(sent) == plain.content


async def test_small_answers_and_tags(client: AsyncClient, as_user: AsUser) -> None:
    headers = {**as_user("staff"), "Accept-Encoding": "gzip"}
    page = await client.get(f"{LIST}?page_size=2", headers=headers)
    assert "content-encoding" not in page.headers
    one = await client.get(f"{LIST}{page.json()[0]['uuid']}/", headers=headers)
    assert "content-encoding" not in one.headers
    known = await client.get(
        f"{LIST}{page.json()[0]['uuid']}/", headers={**headers, "If-None-Match": one.headers["etag"]}
    )
    assert known.status_code == 304
    head = await client.head(f"{LIST}?page_size=300", headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    assert "content-encoding" not in head.headers
