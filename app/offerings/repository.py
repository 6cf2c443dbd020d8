"""What media files contain."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import visible_media
from app.auth import Caller
from app.models import MediaFile


async def stored_media(connection: AsyncConnection, caller: Caller, uuid: UUID) -> tuple[bytes, str] | None:
    """Content and MIME type of a file that the caller may look at; None if it is not stored here."""
    statement = select(MediaFile.content, MediaFile.mime_type).where(MediaFile.uuid == uuid, visible_media(caller))
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None or row.content is None else (row.content, row.mime_type)
