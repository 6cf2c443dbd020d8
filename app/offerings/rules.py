"""Rules of booking as providers write them: each by itself, and whether they can hold together."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from app.api.parameters import refusal
from app.api.wire import Comment
from app.slots.rules import Rules, iso, rules_of
from app.values import DURATION, JsonObject, NoDuration, duration_of

_LONGEST, _LONGEST_TURNAROUND = timedelta(days=36_525), timedelta(days=31)
_SCHEMA = {"type": "string", "pattern": f"^({DURATION})$"}
MOST_ROLES = 20


def _between(least: timedelta, most: timedelta) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            length = duration_of(text)
        except NoDuration as error:
            raise refusal(str(error)) from None
        if not least <= length <= most:
            raise refusal(f"Must be from {iso(least)} to {iso(most)}.")
        return text.strip().upper()

    return check


_SECOND = timedelta(seconds=1)
Length = Annotated[str, AfterValidator(_between(_SECOND, _LONGEST)), WithJsonSchema(_SCHEMA)]
Ahead = Annotated[str, AfterValidator(_between(timedelta(), _LONGEST)), WithJsonSchema(_SCHEMA)]
Pause = Annotated[str, AfterValidator(_between(timedelta(), _LONGEST_TURNAROUND)), WithJsonSchema(_SCHEMA)]
RoleName = Annotated[Comment, Field(max_length=150)]
Limit = Annotated[int, Field(ge=1, le=1_000_000)]


class BookingRules(BaseModel):
    """By which rules an offering is booked; durations as in ISO 8601, such as PT1H30M. What is null is no rule."""

    model_config = ConfigDict(extra="forbid", strict=True)

    slot: Length | None = Field(default=None, description="Periods are of slots so long, from where open time begins.")
    min: Length | None = Field(default=None, description="A period is at least so long.")
    max: Length | None = Field(default=None, description="A period is at most so long.")
    lead: Ahead | None = Field(default=None, description="A period starts so long after the request, or later.")
    horizon: Length | None = Field(default=None, description="A period ends so long after the request, or earlier.")
    turnaround: Pause | None = Field(default=None, description="So much time is kept free after each booking.")
    pending_expires: Length | None = Field(
        default=None, description="A request on which nobody decides within this time is rejected."
    )
    max_open_per_user: Limit | None = Field(
        default=None, description="So many periods that have not ended a user may have asked for at most."
    )
    max_open_per_project: Limit | None = Field(
        default=None, description="So many periods that have not ended may be for a project at most."
    )
    auto_accept: Annotated[list[RoleName], Field(max_length=MOST_ROLES)] | None = Field(
        default=[],
        description="Roles on the project or its organisation; requests of those who hold one are accepted at once. "
        "Nobody's are, if it is empty.",
    )

    @model_validator(mode="after")
    def _can_hold_together(self) -> Self:
        for fault in _faults(rules_of(self.stored())):
            raise refusal(fault)
        return self

    def stored(self) -> JsonObject:
        """What is stored: the rules that there are."""
        return {name: value for name, value in self.model_dump().items() if value not in (None, [])}


def _faults(rules: Rules) -> Iterator[str]:
    least, most = rules.min or timedelta(), rules.max or _LONGEST
    if least > most:
        yield "min is more than max: no period could be booked."
    if rules.slot:
        least = max(-(-least // rules.slot), 1) * rules.slot
        if least > most:
            yield "No number of slots is both as long as min and as short as max."
    if rules.horizon is not None and (rules.lead or timedelta()) + least > rules.horizon:
        yield "No period could start after lead and end within horizon."
