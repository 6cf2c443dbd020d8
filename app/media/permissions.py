"""Who may look at which media files."""

from sqlalchemy import ColumnElement, or_, select

from app.auth import Caller
from app.catalogue.permissions import visible_to as offering_visible_to
from app.models import Category, MediaFile, Offering


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """Icons, and images of offerings that the caller may look up."""
    offered = [
        MediaFile.uuid.in_(select(image).where(offering_visible_to(caller)))
        for image in (Offering.image_uuid, Offering.thumbnail_uuid)
    ]
    return or_(MediaFile.uuid.in_(select(Category.icon_uuid)), *offered)
