"""Offerings: who sees which, and by what they are looked up."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from sqlalchemy import ColumnElement, or_

from app.catalogue.permissions import provided_by, visible_to
from app.catalogue.schemas import OFFERING_VIEW, PUBLIC_OFFERING_VIEW
from app.errors import NotFound
from app.kit.collection import Collection
from app.kit.filtering import FilterSet, contains, where
from app.kit.parameters import Flag, Text, Uuid, one_of
from app.models import Offering
from app.models.enums import OfferingState

States = list[Annotated[OfferingState, BeforeValidator(one_of(OfferingState))]]
_ORDERINGS: dict[str, ColumnElement[Any]] = {"name": Offering.name.collate("C"), "created": Offering.created.expression}


def _equals(column: Any) -> Any:
    return lambda value: column == value


def _one_of(column: Any) -> Any:
    return lambda values: column.in_(values)


def _contains(*columns: Any) -> Any:
    return lambda value: or_(*(contains(column, value) for column in columns))


class OfferingFilters(FilterSet):
    """What offerings are looked up by."""

    billable: Flag = where(_equals(Offering.billable), "Whether use of it is invoiced.")
    category_uuid: Uuid = where(_equals(Offering.category_uuid), "Kind of the offering.")
    customer_uuid: Uuid = where(_equals(Offering.customer_uuid), "Organisation that offers.")
    name: Text = where(_contains(Offering.name), "Part of the name, in any case.")
    name_exact: Text = where(_equals(Offering.name), "The name, to the letter.")
    query: Text = where(_contains(Offering.name, Offering.slug), "Part of name or short name, in any case.")
    shared: Flag = where(_equals(Offering.shared), "Whether it is accessible to all customers.")
    slug: Text = where(_equals(Offering.slug), "Short name, to the letter.", extension=True)
    state: States = where(_one_of(Offering.state), "Whether it may be booked; several may be given.")


def _not_found() -> NotFound:
    return NotFound("No Offering matches the given query.")


PUBLIC_OFFERINGS = Collection(PUBLIC_OFFERING_VIEW, visible_to, _ORDERINGS, "name", _not_found)
BOOKING_OFFERINGS = Collection(OFFERING_VIEW, provided_by, _ORDERINGS, "name", _not_found)
