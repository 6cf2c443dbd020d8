"""What texts mean: UUIDs, moments, slugs; and which values PostgreSQL can store. Source of all patterns of them."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object whose members nobody has fixed."""
_HEX = "[0-9a-fA-F]"
PLAIN_UUID = f"(?:{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}|{_HEX}{{32}})"
"""Dashed, or 32 hex digits."""
_PLAIN = re.compile(PLAIN_UUID)
_UUID = re.compile(rf"{PLAIN_UUID}|\{{{PLAIN_UUID}\}}|urn:uuid:{PLAIN_UUID}")
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?(?P<blank> ?)"
    r"(?P<offset>Z|[+-]?\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_ISO = r"P(?:(\d{1,6})W|(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?)(?<!P)"
_DURATION = re.compile(_ISO, re.ASCII | re.IGNORECASE)
_N = "[0-9]{1,6}"
_TIME = rf"T({_N}H({_N}M)?({_N}S)?|{_N}M({_N}S)?|{_N}S)"
DURATION = rf"P{_N}W|P{_N}D({_TIME})?|P{_TIME}"
"""Pattern of an ISO 8601 duration, as JSON Schema takes it."""
NO_NULL = r"^[^\x00]*$"
"""Pattern of text without null characters, which PostgreSQL cannot store."""
WEB_ADDRESS = r"^[hH][tT][tT][pP][sS]?://[^\x00-\x20\x7f/?#\\]+[^\x00-\x20\x7f]*$"
"""Pattern of an absolute URL that a browser may be sent to: http or https, and a host."""
STORABLE_YEARS = range(2, 9999)
"""Years of moments that can be stored; the database driver takes the ends of the calendar for infinity."""
Day = TypeVar("Day", date, datetime)


class NoMoment(ValueError):
    """A text that is no point in time, or does not say its offset; the message tells why."""


class NoOffset(NoMoment):
    """A date and time without an offset."""


class NoDuration(ValueError):
    """A text that is no length of time; the message tells so."""


def duration_of(text: str) -> timedelta:
    """The length of time that an ISO 8601 text is, in weeks, or in days and less than days; raises NoDuration."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise NoDuration("Enter a duration, as PT1H30M.")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


class NoTimeZone(ValueError):
    """A name that no time zone has; the message tells so."""


def zone_of(name: object) -> ZoneInfo:
    """The time zone of an IANA name; raises NoTimeZone."""
    try:
        if isinstance(name, str) and name.isprintable():
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # names of directories, or longer than those of files, are OSError
        pass
    raise NoTimeZone("Must be the IANA name of a time zone, such as Europe/Tallinn.")


def uuid_or_none(text: str, *, plain: bool = False) -> UUID | None:
    """The UUID that the text is, dashed or as 32 hex digits, and unless `plain` also in braces or as a URN; or None."""
    return UUID(text) if (_PLAIN if plain else _UUID).fullmatch(text) else None


def moment_of(text: str, *, to_the_second: bool = False) -> datetime:
    """The point in time that an ISO 8601 text is, in UTC; raises NoMoment.

    A plain date is its midnight UTC, and seconds may be left out, unless `to_the_second`.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None or (to_the_second and found["second"] is None):
        raise NoMoment("Enter a valid date/time.")
    if found["hour"] is not None:
        _check_offset(found)
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    second = 59 if second == 60 else second  # a leap second
    fraction = (found["fraction"] or "0")[:6].ljust(6, "0")
    offset = (found["offset"] or "Z").upper()
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{hour:02}:{minute:02}:{second:02}.{fraction}{offset}")
    except ValueError:
        raise NoMoment("Enter a valid date/time.") from None
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # within an offset of year 1 or year 9999
        return moment.replace(tzinfo=UTC)


def _check_offset(found: re.Match[str]) -> None:
    offset = found["offset"]
    if offset is None:
        raise NoOffset("Enter a valid date/time. A time needs Z or an offset, as in 2026-01-31T12:00:00Z.")
    if offset[0].isdigit() and found["blank"]:
        raise NoMoment("Enter a valid date/time. The + of an offset must be sent as %2B; it arrived as a space.")
    if offset[0].isdigit():
        raise NoMoment("Enter a valid date/time.")


def is_storable(day: date) -> bool:
    """Whether PostgreSQL can store the day or moment, and the driver brings it back as it was."""
    return day.year in STORABLE_YEARS


def has_null(text: str) -> bool:
    """Whether the text has a null character."""
    return "\x00" in text


def slug_of(name: str, longest: int) -> str:
    """Lower-case letters and digits of the name, with dashes for all else between them; may be empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:longest]


def text_of(moment: datetime) -> str:
    """A point in time as answers write it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
