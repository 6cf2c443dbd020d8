"""Images of offerings and icons of categories."""

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified


class MediaFile(Identified, Base):
    """A file, shown to clients as `/api/media/{uuid}/` if its content is stored here; `size` is in bytes."""

    __tablename__ = "media_file"

    name: Mapped[str] = mapped_column(unique=True)
    mime_type: Mapped[str] = mapped_column(default="", server_default="")
    size: Mapped[int] = mapped_column(default=0, server_default="0")
    content: Mapped[bytes | None]
