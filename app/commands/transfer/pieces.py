"""What comes within rows: tokens of users, periods, endpoints of bookings."""

from typing import Self

from pydantic import BaseModel, model_validator

from app.commands.transfer.values import Digest, Moment, Text, Text255, UuidText


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
    """A booked period; an empty `backend_id` is given a value."""

    backend_id: Text255 = ""


class EndpointRow(BaseModel):
    uuid: UuidText | None = None
    name: Text
    url: Text
