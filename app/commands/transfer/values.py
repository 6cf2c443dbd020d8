"""Types of values in a file: what is accepted, and as what it is stored."""

import binascii
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StrictBool, StrictInt, StrictStr

from app.values import NoMoment, NoOffset, has_null, is_storable, moment_of, uuid_or_none

Calendar = TypeVar("Calendar", date, datetime)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""How NUL looks in JSON text; an escaped backslash before u0000 is no NUL."""


def uuid_of(value: object) -> UUID:
    """The UUID that a text says; raises ValueError."""
    uuid = uuid_or_none(value, plain=True) if isinstance(value, str) else None
    if uuid is None:
        raise ValueError("must be a UUID: 32 hexadecimal digits, with or without dashes")
    return uuid


def _moment(value: object) -> datetime:
    try:
        return _storable(moment_of(value if isinstance(value, str) and ":" in value else ""))  # a date is no moment
    except NoOffset:
        raise ValueError("must say its time zone: end in Z, or in an offset as +02:00") from None
    except NoMoment:
        raise ValueError("must be a date and time, as 2030-01-31T08:00:00Z") from None


def _day(value: object) -> date:
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("must be a date, as 2030-01-31") from None
    return _storable(day)


def _storable(day: Calendar) -> Calendar:
    if not is_storable(day):
        raise ValueError("must be in the years 2 to 9998")
    return day


def _plain(value: str) -> str:
    if has_null(value):
        raise ValueError("must not contain the character NUL")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        with suppress(InvalidOperation):
            return Decimal(str(value))
    raise ValueError("must be a decimal number, as a string")


DEEPEST = 200
"""How many levels of objects and lists a JSON value may have; answers could not show many more."""


Tree: TypeAlias = dict[str, object] | list[object]
"""A JSON value that has others in it."""


def storable(value: Tree) -> str:
    """The JSON text of a value as PostgreSQL takes it and answers show it.

    Raises ValueError for NUL, lone surrogates, infinity, and more than DEEPEST levels.
    """
    _check_depth(value)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    except (TypeError, ValueError):
        raise ValueError("must not contain numbers beyond the range of JSON") from None
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("must not contain the character NUL")
    return text


def _check_depth(value: Tree) -> None:
    level = [value]
    for _ in range(DEEPEST):
        inner = (each for item in level for each in (item.values() if isinstance(item, dict) else item))
        level = [each for each in inner if isinstance(each, (dict, list))]
        if not level:
            return
    raise ValueError("is nested too deeply")


def _object(value: object) -> str:
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    return storable(value)


def _content(value: object) -> bytes:
    if isinstance(value, str):
        with suppress(ValueError):
            return binascii.a2b_base64(value, strict_mode=True)
    raise ValueError("must be base64, on one line")


def _is_section(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("header"), str) and isinstance(value.get("body"), str)


def _report(value: object) -> str:
    if not (isinstance(value, list) and all(map(_is_section, value))):
        raise ValueError('must be a list of sections, each with the texts "header" and "body"')
    return storable(value)


def _or_null(accept: Callable[[object], str]) -> Callable[[object], str | None]:
    return lambda value: None if value is None else accept(value)


UuidText = Annotated[UUID, PlainValidator(uuid_of)]
Moment = Annotated[datetime, PlainValidator(_moment)]
Day = Annotated[date, PlainValidator(_day)]
Flag = StrictBool
Whole = Annotated[StrictInt, Field(ge=-(2**31), lt=2**31)]
Coordinate = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Price = Annotated[Decimal, BeforeValidator(_decimal), Field(max_digits=22, decimal_places=10, allow_inf_nan=False)]
Text = Annotated[StrictStr, AfterValidator(_plain)]
Text50 = Annotated[str, Field(strict=True, max_length=50), AfterValidator(_plain)]
Text100 = Annotated[str, Field(strict=True, max_length=100), AfterValidator(_plain)]
Text150 = Annotated[str, Field(strict=True, max_length=150), AfterValidator(_plain)]
Text255 = Annotated[str, Field(strict=True, max_length=255), AfterValidator(_plain)]
Text500 = Annotated[str, Field(strict=True, max_length=500), AfterValidator(_plain)]
"""For texts without a limit of their own that are indexed, which PostgreSQL takes up to some 2,700 bytes."""
Username = Annotated[str, Field(strict=True, min_length=1, max_length=128), AfterValidator(_plain)]
FileName = Annotated[str, Field(strict=True, min_length=1, max_length=500), AfterValidator(_plain)]
TokenKey = Annotated[str, Field(strict=True, pattern=r"^\S+$"), AfterValidator(_plain)]
Digest = Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]
Content = Annotated[bytes, PlainValidator(_content)]
"""Bytes, in base64."""
JsonObject = Annotated[str, PlainValidator(_object)]
JsonObjectOrNull = Annotated[str | None, PlainValidator(_or_null(_object))]
ReportOrNull = Annotated[str | None, PlainValidator(_or_null(_report))]
