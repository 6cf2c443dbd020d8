"""Media files: images are shown, anything else is to be saved, and nobody sees the image of a hidden offering."""

from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Category, MediaFile, Offering
from app.models.enums import OfferingState
from tests.conftest import AsUser

CONTENT = b"\x89PNG and so on"


async def stored(rows: AsyncConnection, mime_type: str = "image/png", content: bytes | None = CONTENT) -> UUID:
    """A file that is the image of every offering."""
    uuid = uuid4()
    values = {"uuid": uuid, "name": str(uuid), "mime_type": mime_type, "content": content}
    await rows.execute(insert(MediaFile).values(values))
    await rows.execute(update(Offering).values(image_uuid=uuid))
    return uuid


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"])
async def test_image_is_shown(client: AsyncClient, rows: AsyncConnection, as_user: AsUser, kind: str) -> None:
    path = f"/api/media/{await stored(rows, kind)}/"
    for method in ("GET", "HEAD"):
        response = await client.request(method, path, headers=as_user("outsider") | {"Accept": "image/*"})
        assert response.status_code == 200
        assert response.content == (CONTENT if method == "GET" else b"")
        assert response.headers["Content-Type"] == kind
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Disposition" not in response.headers


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "IMAGE/PNG; charset=x", "", "a\r\nSet-Cookie: b=c"])
async def test_anything_else_is_to_be_saved(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, kind: str
) -> None:
    response = await client.get(f"/api/media/{await stored(rows, kind)}/", headers=as_user("outsider"))
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers


async def test_file_without_content_is_not_found(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    for uuid in (await stored(rows, content=None), uuid4(), "nothing"):
        response = await client.get(f"/api/media/{uuid}/", headers=as_user("staff"))
        assert (response.status_code, response.json()) == (404, {"detail": "No MediaFile matches the given query."})


async def test_empty_file_is_a_file(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    response = await client.get(f"/api/media/{await stored(rows, content=b'')}/", headers=as_user("staff"))
    assert (response.status_code, response.content) == (200, b"")


async def test_image_of_a_hidden_offering_is_not_found(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    path = f"/api/media/{await stored(rows)}/"
    await rows.execute(update(Offering).values(state=OfferingState.DRAFT))
    assert (await client.get(path, headers=as_user("outsider"))).status_code == 404
    assert (await client.get(path, headers=as_user("powner"))).status_code == 200


async def test_icon_is_shown_to_everybody(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    uuid = await stored(rows)
    await rows.execute(update(Offering).values(image_uuid=None))
    await rows.execute(update(Category).values(icon_uuid=uuid))
    assert (await client.get(f"/api/media/{uuid}/", headers=as_user("outsider"))).status_code == 200


async def test_nobody_is_answered_without_a_token(client: AsyncClient, rows: AsyncConnection) -> None:
    path = f"/api/media/{await stored(rows)}/"
    assert (await client.get(path)).status_code == 401


async def test_nothing_can_be_changed(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    response = await client.put(f"/api/media/{await stored(rows)}/", headers=as_user("staff"))
    assert response.status_code == 405
