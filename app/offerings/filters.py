"""What kinds of offerings, and offerings as consumers and providers see them, are looked up by."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import PrivateAttr
from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, exists, select, true, types

from app.access import visible_offerings
from app.api.parameters import Flag, Moment, PlainText, Text, TextList, Uuid, UuidList, choice, uuid_in_path
from app.auth import Caller
from app.conditions import managed_by
from app.database import Database
from app.models import Category, Offering
from app.models.enums import OfferingState
from app.offerings.collections import OfferingFilters
from app.query.filtering import FilterSet, Values, equals, one_of, part_of, since, until, where

CustomerUrl = Annotated[UUID | None, uuid_in_path("customers"), PlainText]


def _has_offering(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether one of the offerings that the caller sees is of the kind, and meets the conditions."""
    seen = bindparam("seen", type_=ARRAY(types.Uuid()), required=False)
    return exists().where(Offering.category_uuid == Category.uuid, Offering.uuid == any_(seen), *conditions)


def _has_shared(flag: bool) -> ColumnElement[bool]:
    has = _has_offering(Offering.shared.is_(True))
    return has if flag else has.is_not(true())


class CategoryFilters(FilterSet):
    """What kinds of offerings are looked up by. Of offerings, only those count that the caller sees."""

    refused = frozenset({"accessible", "group_uuid", "resource_customer_uuid", "resource_project_uuid"})
    _seen: Sequence[UUID] = PrivateAttr(default=())

    customer_uuid: Uuid = where(
        equals(Offering.customer_uuid), "Organisation that offers something of the kind.", within=_has_offering
    )
    customers_offerings_state: list[Annotated[OfferingState, choice(OfferingState)]] = where(
        one_of(Offering.state), "State of an offering; several may be given.", within=_has_offering
    )
    has_shared: Flag = where(_has_shared, "Whether an offering is accessible to all customers.")
    offering_name: Text = where(
        part_of(Offering.name), "Part of the name of an offering, in any case.", within=_has_offering
    )
    title: Text = where(part_of(Category.title), "Part of the name, in any case.")

    async def resolve(self, database: Database, caller: Caller) -> None:
        """Finds the offerings that the caller sees, if any are asked about."""
        if self.model_fields_set - {"title"}:
            seen = select(Offering.uuid).where(visible_offerings(caller))
            async with database.transaction(snapshot=True) as connection:
                self._seen = list(await connection.scalars(seen))

    def values(self) -> Values:
        """What a statement of this shape takes, with the offerings that the caller sees."""
        return {**super().values(), "seen": self._seen}


def _managed_by(uuid: UUID) -> ColumnElement[bool]:
    return managed_by(uuid, Offering.uuid)


class PublicOfferingFilters(OfferingFilters):
    """What offerings are looked up by as consumers see them."""

    refused = frozenset(
        {"accessible", "accessible_via_calls", "allowed_customer_uuid", "attributes", "can_create_offering_user"}
        | {"category_group_uuid", "consumer_customer_uuid", "has_active_terms_of_service"}
        | {"offering_group_uuid", "open_for_proposals", "organization_group_uuid", "project_uuid"}
        | {"resource_customer_uuid", "resource_project_uuid", "scope_uuid", "tag", "tag_name", "tag_names_and"}
        | {"tags_and", "user_has_consent", "user_has_offering_user"}
    )

    created: Moment = where(since(Offering.created), "Created after")
    created_before: Moment = where(until(Offering.created), "Created before or then.", extension=True)
    customer: CustomerUrl = where(equals(Offering.customer_uuid), "Organisation that offers: URL, path or UUID.")
    description: Text = where(part_of(Offering.description), "Part of the description, in any case.")
    has_terms_of_service: Flag = where(
        equals(Offering.terms_of_service != ""), "Whether there are terms to be accepted.", extension=True
    )
    keyword: Text = where(
        part_of(Offering.name, Offering.slug, Offering.description),
        "Part of name, short name or description, in any case.",
        extension=True,
    )
    modified: Moment = where(since(Offering.modified), "Modified after")
    modified_before: Moment = where(until(Offering.modified), "Modified before or then.", extension=True)
    parent_uuid: Uuid = where(equals(Offering.parent_uuid), "Offering that it is a part of.")
    service_manager_uuid: Uuid = where(_managed_by, "User who holds a role on it, if it is shared.")
    type: TextList = where(one_of(Offering.type), "Type; bookable ones have `Marketplace.Booking`.")
    uuid_list: UuidList = where(one_of(Offering.uuid), "UUIDs, separated by commas.", extension=True)


class ProviderOfferingFilters(PublicOfferingFilters):
    """What a provider's own offerings are looked up by."""

    refused = PublicOfferingFilters.refused | {"importable"}
