"""Types of query parameters: how a text becomes a value, and what is answered when it does not.

The messages are those of the reference. Every type says in the OpenAPI document what it takes.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.kit.wire import NO_NULL

_HEX = "[0-9a-fA-F]"
_PLAIN_UUID = f"({_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}|{_HEX}{{32}})"
_UUID = re.compile(rf"{_PLAIN_UUID}|\{{{_PLAIN_UUID}\}}|urn:uuid:{_PLAIN_UUID}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?(?P<blank> ?)"
    r"(?P<offset>Z|[+-]?\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_IN_PATH = "/api/(?:{})/([0-9a-fA-F-]{{32,36}})/?"


def _refuse(message: str) -> PydanticCustomError:
    return PydanticCustomError("invalid", message)


def _text(value: str) -> str:
    if "\x00" in value:
        raise _refuse("Null characters are not allowed.")
    return value


def _uuid(value: str) -> UUID:
    found = uuid_or_none(value.strip())
    if found is None:
        raise _refuse("Enter a valid UUID.")
    return found


def _flag(value: str) -> bool:
    match value.strip().lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
    raise _refuse("Must be a valid boolean.")


def _number(value: str) -> Decimal:
    try:
        return Decimal(value.strip() if _NUMBER.fullmatch(value.strip()) else "")
    except InvalidOperation:  # raised of what is no number, and of exponents beyond counting
        raise _refuse("Enter a number.") from None


def _moment(value: str) -> datetime:
    found = _MOMENT.fullmatch(value.strip())
    if found is None:
        raise _refuse("Enter a valid date/time.")
    if found["hour"] is not None:
        _check_offset(found)
    offset = (found["offset"] or "Z").upper()
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    second = 59 if second == 60 else second  # a leap second
    fraction = (found["fraction"] or "0")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{hour:02}:{minute:02}:{second:02}.{fraction}{offset}")
    except ValueError:
        raise _refuse("Enter a valid date/time.") from None
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within an offset of year 1 or year 9999
        return moment.replace(tzinfo=UTC)


def _check_offset(found: re.Match[str]) -> None:
    offset = found["offset"]
    if offset is None:
        raise _refuse("Enter a valid date/time. A time needs Z or an offset, as in 2026-01-31T12:00:00Z.")
    if found["blank"]:
        raise _refuse("Enter a valid date/time. The + of an offset must be sent as %2B; it arrived as a space.")
    if offset[0].isdigit():
        raise _refuse("Enter a valid date/time.")


def one_of(choices: type[Any] | tuple[str, ...]) -> Callable[[str], str]:
    """A validator that takes exactly the given values."""
    known = tuple(str(choice) for choice in choices)

    def check(value: str) -> str:
        if value not in known:
            raise _refuse(f"Select a valid choice. {value} is not one of the available choices.")
        return value

    return check


def split_commas(values: Any) -> list[str]:
    """Repeated and comma-separated values alike, without empty ones."""
    return [part for value in values for part in value.split(",") if part]


def uuid_at(text: str, *collections: str) -> UUID | None:
    """The uuid in a URL or path of one of the collections, or a bare one; None for any other text."""
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]*", "", text.strip())
    found = re.fullmatch(_IN_PATH.format("|".join(collections)), path)
    return uuid_or_none(found[1] if found else path)


def uuid_in_path(*collections: str) -> BeforeValidator:
    """A validator that takes a URL or path of one of the collections, or a bare uuid; any other text is None."""
    return BeforeValidator(lambda value: uuid_at(_text(value), *collections))


PlainText = WithJsonSchema({"type": "string", "pattern": NO_NULL})
Exact = Annotated[str, AfterValidator(_text), PlainText]
"""Text, taken to the letter."""
Text = Annotated[str, AfterValidator(_text), AfterValidator(str.strip), PlainText]
"""Text without its outer blanks."""
TextList = Annotated[list[Exact], BeforeValidator(split_commas)]
Uuid = Annotated[UUID, BeforeValidator(_uuid), WithJsonSchema({"type": "string", "format": "uuid"})]
UuidList = Annotated[list[Uuid], BeforeValidator(split_commas)]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Number = Annotated[Decimal, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A point in time; a plain date is its midnight UTC."""


def uuid_or_none(value: str) -> UUID | None:
    """The UUID that the text is, dashed or as 32 hex digits, also in braces or as a URN; None if it is none."""
    return UUID(value) if _UUID.fullmatch(value) else None
