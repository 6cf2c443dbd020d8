"""Bookings as resources of the marketplace show them: to members of their projects too."""

from app import models
from app.access import known_scopes
from app.api.wire import Url
from app.bookings.schemas import BookingResource
from app.lifecycle.service import BOOKING
from app.links import RESOURCE
from app.query.collection import Collection
from app.query.fieldset import View, link
from app.relations import BOOKING_RELATIONS


class Resource(BookingResource):
    """A booking, as a resource like others."""

    url: Url = link(RESOURCE, models.Resource.uuid, description="The resource itself.")


RESOURCES = Collection(
    BOOKING,
    View(Resource, models.Resource, BOOKING_RELATIONS),
    known_scopes,
    {"created": models.Resource.created},
    "created",
)
