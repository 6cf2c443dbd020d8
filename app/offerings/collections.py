"""Offerings: who sees which, and by what they are looked up."""

from typing import Annotated
from uuid import UUID

from app.access import provided_offerings, visible_offerings
from app.api.parameters import Flag, Text, Uuid, choice
from app.models import Offering, OfferingChange
from app.models.enums import OfferingState
from app.offerings.schemas import CHANGE_VIEW, OFFERING_VIEW, PROVIDER_OFFERING_VIEW, PUBLIC_OFFERING_VIEW
from app.query.collection import Collection
from app.query.filtering import FilterSet, equals, one_of, part_of, where
from app.query.lists import any_scope
from app.query.ordering import Orderings

OFFERING = "Offering"
"""What error messages call an offering."""
States = list[Annotated[OfferingState, choice(OfferingState)]]
_ORDERINGS: Orderings = {"name": Offering.name.collate("C"), "created": Offering.created}


class OfferingFilters(FilterSet):
    """What offerings are looked up by."""

    billable: Flag = where(equals(Offering.billable), "Whether use of it is invoiced.")
    category_uuid: Uuid = where(equals(Offering.category_uuid), "Kind of the offering.")
    customer_uuid: Uuid = where(equals(Offering.customer_uuid), "Organisation that offers.")
    name: Text = where(part_of(Offering.name), "Part of the name, in any case.")
    name_exact: Text = where(equals(Offering.name), "The name, to the letter.")
    query: Text = where(part_of(Offering.name, Offering.slug), "Part of name or short name, in any case.")
    shared: Flag = where(equals(Offering.shared), "Whether it is accessible to all customers.")
    slug: Text = where(equals(Offering.slug), "Short name, to the letter.", extension=True)
    state: States = where(one_of(Offering.state), "Whether it may be booked; several may be given.")


_PROVIDER_ORDERINGS: Orderings = {**_ORDERINGS, "state": Offering.state, "type": Offering.type}
PUBLIC_OFFERINGS = Collection(OFFERING, PUBLIC_OFFERING_VIEW, any_scope(visible_offerings), _ORDERINGS, "name")
BOOKING_OFFERINGS = Collection(OFFERING, OFFERING_VIEW, any_scope(provided_offerings), _ORDERINGS, "name")
PROVIDER_OFFERINGS = Collection(
    OFFERING, PROVIDER_OFFERING_VIEW, any_scope(provided_offerings), _PROVIDER_ORDERINGS, "name"
)


def changes_of(uuid: UUID) -> Collection:
    """The recorded changes of an offering, oldest first; whether the caller may see them is not asked here."""
    own = OfferingChange.offering_uuid == uuid
    orderings: Orderings = {"created": OfferingChange.created}
    return Collection("Change", CHANGE_VIEW, any_scope(lambda _: own), orderings, "created")
