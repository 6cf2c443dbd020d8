"""What the rows of all tables have in common, and what comes within rows: tokens, periods, endpoints."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator

from app.commands.transfer.values import Digest, Moment, Text, Text255, UuidText
from app.values import slug_of

Record = Mapping[str, object]
"""Values by column."""


class Row(BaseModel):
    """What all rows have in common; unknown keys are ignored."""

    model_config = ConfigDict(alias_generator=lambda name: name.removesuffix("_uuid"))
    table: ClassVar[str]

    @classmethod
    def read(cls, key: str | int, value: object) -> Self:
        """The row under a key of its table; raises ValidationError."""
        return cls.model_validate(value)

    def records(self) -> Iterator[tuple[str, Record]]:
        """What is to be stored, each with the name of the stored table."""
        yield self.table, self.__dict__


class IdentifiedRow(Row):
    """A row whose key is its uuid."""

    uuid: UuidText

    @classmethod
    def read(cls, key: str | int, value: object) -> Self:
        return cls.model_validate({**value, "uuid": key} if isinstance(value, dict) else value)


class DatedRow(IdentifiedRow):
    """A row without `modified` is added if it is new, and never changes a stored one."""

    created: Moment | None = None
    modified: Moment | None = None


class NamedRow(DatedRow):
    """A row whose slug, if missing, is made of its name."""

    name: Text
    slug: Text255 | None = None

    @model_validator(mode="after")
    def _with_slug(self) -> Self:
        if self.slug is None:
            self.slug = slug_of(self.name, 255)
        return self


class TokenRow(BaseModel):
    """A token as `dump` writes it: not the key, only its digest."""

    uuid: UuidText
    digest: Digest
    name: Text = ""
    created: Moment | None = None
    refreshed: Moment | None = None
    expires: Moment | None = None


class PeriodRow(BaseModel):
    """A period, half-open."""

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _is_period(self) -> Self:
        if self.start >= self.end:
            raise ValueError("start must be before end")
        return self


class SlotRow(PeriodRow):
    """A booked period; an empty `backend_id` is given a value. `held_until` is null unless it is later than the end."""

    held_until: Moment | None = None
    backend_id: Text255 = ""


class EndpointRow(BaseModel):
    uuid: UuidText | None = None
    name: Text
    url: Text
