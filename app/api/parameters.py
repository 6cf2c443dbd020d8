"""Types of parameters: how a text becomes a value, and what is answered when it does not.

Messages: contract, 4.2 to 4.7. Every type says in the OpenAPI document what it takes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.errors import NotFound
from app.query.pagination import Page
from app.values import NO_NULL, PLAIN_UUID, NoMoment, has_null, moment_of, uuid_or_none

DEFAULT_SIZE = 10
MAX_SIZE = 300
Value = TypeVar("Value")

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def refusal(message: str) -> PydanticCustomError:
    """What a validator raises; the message is answered as it is."""
    return PydanticCustomError("invalid", message)


def storable_text(text: str) -> str:
    """The text, unless PostgreSQL could not store it."""
    if has_null(text):
        raise refusal("Null characters are not allowed.")
    return text


def _uuid(value: str) -> UUID:
    found = uuid_or_none(value.strip())
    if found is None:
        raise refusal("Enter a valid UUID.")
    return found


def _flag(value: str) -> bool:
    match value.strip().lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
    raise refusal("Must be a valid boolean.")


def _number(value: str) -> Decimal:
    try:
        return Decimal(value.strip() if _NUMBER.fullmatch(value.strip()) else "")
    except InvalidOperation:  # raised of what is no number, and of exponents beyond counting
        raise refusal("Enter a number.") from None


def _moment(value: str) -> datetime:
    try:
        return moment_of(value)
    except NoMoment as error:
        raise refusal(str(error)) from None


def choice(choices: Iterable[str]) -> BeforeValidator:
    """A validator that takes exactly the given values."""
    known = tuple(str(choice) for choice in choices)

    def check(value: str) -> str:
        if value not in known:
            raise refusal(f"Select a valid choice. {value} is not one of the available choices.")
        return value

    return BeforeValidator(check)


def split_commas(values: Iterable[str]) -> list[str]:
    """Repeated and comma-separated values alike, without empty ones."""
    return [part for value in values for part in value.split(",") if part]


def uuid_at(text: str, *collections: str) -> UUID | None:
    """The uuid in a URL or path of one of the collections, or a bare one; None for any other text."""
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]*", "", text.strip())
    found = re.fullmatch(rf"/api/(?:{'|'.join(collections)})/({PLAIN_UUID})/?", path)
    return uuid_or_none(found[1] if found else path)


def uuid_in_path(*collections: str) -> BeforeValidator:
    """A validator that takes a URL or path of one of the collections, or a bare uuid; any other text is None."""
    return BeforeValidator(lambda value: uuid_at(storable_text(value), *collections))


PlainText = WithJsonSchema({"type": "string", "pattern": NO_NULL})
Exact = Annotated[str, AfterValidator(storable_text), PlainText]
"""Text, taken to the letter."""
Text = Annotated[str, AfterValidator(storable_text), AfterValidator(str.strip), PlainText]
"""Text without its outer blanks."""
TextList = Annotated[list[Exact], BeforeValidator(split_commas)]
Uuid = Annotated[UUID, BeforeValidator(_uuid), WithJsonSchema({"type": "string", "format": "uuid"})]
UuidList = Annotated[list[Uuid], BeforeValidator(split_commas)]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Number = Annotated[Decimal, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A point in time; a plain date is its midnight UTC."""

Names = Annotated[
    list[str],
    BeforeValidator(split_commas),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
    Query(description="Members to return; may be repeated, or separated by commas. Unknown names are ignored."),
]


async def _fields(field: Names = []) -> Sequence[str]:  # noqa: B006
    return field


Fields = Annotated[Sequence[str], Depends(_fields)]
"""The names asked for in `field`; without a known one among them, all are meant."""


def path_uuid(noun: str, name: str = "uuid", described: str = "UUID of the object.") -> Callable[..., object]:
    """A dependency that gives a UUID in the path; of what is no UUID, none of that noun is found."""

    async def uuid(
        text: Annotated[str, Path(alias=name, description=described, json_schema_extra={"format": "uuid"})],
    ) -> UUID:
        found = uuid_or_none(text)
        if found is None:
            raise NotFound.of(noun)
        return found

    return uuid


_PageNumber = Annotated[int | str, WithJsonSchema({"type": "integer"})]
_PageSize = Annotated[int | str, WithJsonSchema({"type": ["integer", "string"]})]


def _integer(value: str) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


async def _page(
    number: Annotated[
        _PageNumber,
        Query(
            alias="page",
            description="A page number within the paginated result set, or `last`; the first if it is left out.",
        ),
    ] = 1,
    size: Annotated[
        _PageSize,
        Query(
            alias="page_size",
            description="Number of results to return per page: at most 300; what is no number counts as 10.",
        ),
    ] = DEFAULT_SIZE,
) -> Page:
    """The page of a request. A size that is none is the default; a number that is none is beyond every list."""
    rows, chosen = _integer(str(size)), _integer(str(number or 1))
    if number != "last" and chosen is None:
        chosen = 0
    return Page(chosen, min(rows, MAX_SIZE) if rows is not None and rows > 0 else DEFAULT_SIZE)


Paged = Annotated[Page, Depends(_page)]
