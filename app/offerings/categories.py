"""Kinds of offerings: one line for each field of those that clients of the published API read."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, true

from app.access import orderable_offerings, visible_offerings
from app.api.wire import Url
from app.auth import Caller
from app.links import CATEGORY
from app.models import Category, Offering
from app.models.enums import OfferingState
from app.offerings.loaders import counting
from app.offerings.schemas import media_link
from app.query.collection import Collection
from app.query.fieldset import Fieldset, View, column, link, related
from app.query.lists import any_scope


def _bookable_now(caller: Caller) -> ColumnElement[bool]:
    return and_(orderable_offerings(caller), Offering.state == OfferingState.ACTIVE)


class MarketplaceCategory(Fieldset):
    """A kind of offerings, such as instruments or rooms."""

    url: Url = link(CATEGORY, Category.uuid, description="The kind itself.")
    uuid: UUID = column(Category.uuid, "UUID of the kind.")
    title: str = column(Category.title, "Its name.")
    description: str = column(Category.description, "What it is.")
    icon: Url | None = media_link(Category.icon_uuid, "Its icon.")
    offering_count: int = related(
        counting(visible_offerings), Category.uuid, 0, "How many offerings of this kind the caller sees."
    )
    available_offerings_count: int = related(
        counting(_bookable_now), Category.uuid, 0, "How many offerings of this kind the caller may book now."
    )


CATEGORIES = Collection(
    "Category",
    View(MarketplaceCategory, Category, {}),
    any_scope(lambda _: true()),
    {"title": Category.title.collate("C")},
    "title",
)
