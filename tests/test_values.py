"""What texts mean, and what PostgreSQL can store."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest

from app.values import NoMoment, NoOffset, has_null, is_storable, moment_of, slug_of, text_of, uuid_or_none

ONE = UUID("00000000-0000-4000-8000-0000000000ab")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", [str(ONE), ONE.hex, str(ONE).upper()])
def test_plain_uuid_is_one_everywhere(text: str) -> None:
    assert uuid_or_none(text) == uuid_or_none(text, plain=True) == ONE


@pytest.mark.parametrize("text", [f"{{{ONE}}}", f"{{{ONE.hex}}}", f"urn:uuid:{ONE}"])
def test_other_notations_are_not_plain(text: str) -> None:
    assert uuid_or_none(text) == ONE
    assert uuid_or_none(text, plain=True) is None


@pytest.mark.parametrize(
    "text", ["", "x", f"{ONE}0", f" {ONE}", f"{ONE}\n", f"{{{ONE}", f"{ONE}}}", str(ONE).replace("-", "", 1)], ids=repr
)
def test_anything_else_is_no_uuid(text: str) -> None:
    assert uuid_or_none(text) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31T12:00:00z", NOON),
        ("2026-01-31t12:00Z", NOON),
        ("2026-01-31 12:00:00Z", NOON),
        (" 2026-01-31T12:00:00Z\n", NOON),
        ("2026-01-31T14:00:00+02:00", NOON),
        ("2026-01-31T14:00:00+0200", NOON),
        ("2026-01-31T14:00:00+02", NOON),
        ("2026-01-31T02:30:00-09:30", NOON),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-01-31T12:00:00,123456789Z", NOON + timedelta(microseconds=123456)),
        ("2026-01-31T11:59:60Z", NOON - timedelta(seconds=1)),
        ("0001-01-01T00:00:00+14:00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_moment_is_read_in_utc(text: str, moment: datetime) -> None:
    assert moment_of(text) == moment
    assert moment_of(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-02-30", "2026-01-31T25:00:00Z", "2026-01-31T", "2026-01-31Z", "20260131", "٢٠٢٦-01-31"],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(NoMoment, match=r"^Enter a valid date/time\.$"):
        moment_of(text)


def test_moment_without_an_offset_is_told_apart() -> None:
    for text in ("2026-01-31T12:00:00", "2026-01-31 12:00"):
        with pytest.raises(NoOffset, match="needs Z or an offset"):
            moment_of(text)


def test_plus_that_became_a_blank_is_told() -> None:
    with pytest.raises(NoMoment, match="must be sent as %2B"):
        moment_of("2026-01-31T12:00:00 02:00")


@pytest.mark.parametrize("text", ["2026-01-31", "2026-01-31T12:00Z"])
def test_moment_to_the_second_has_seconds(text: str) -> None:
    with pytest.raises(NoMoment):
        moment_of(text, to_the_second=True)
    assert moment_of("2026-01-31T12:00:00Z", to_the_second=True) == NOON


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Genome study", "genome-study"),
        ("  Ülemiste -- tuba!  ", "ulemiste-tuba"),
        ("Å1_b", "a1-b"),
        ("ﬁne ½", "fine-12"),
        ("🔬", ""),
        ("", ""),
        ("abcdefghijklmn", "abcdefghij"),
    ],
)
def test_slug_is_letters_digits_and_single_dashes(name: str, slug: str) -> None:
    assert slug_of(name, 10 if len(name) == 14 else 50) == slug


@pytest.mark.parametrize(("year", "storable"), [(1, False), (2, True), (2026, True), (9998, True), (9999, False)])
def test_ends_of_the_calendar_are_not_stored(year: int, storable: bool) -> None:
    assert is_storable(date(year, 6, 1)) == is_storable(datetime(year, 6, 1, tzinfo=UTC)) == storable


def test_null_characters_are_found() -> None:
    assert has_null("a\x00")
    assert not has_null("a\\0 0")


def test_moment_is_written_in_utc() -> None:
    assert text_of(datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-31T12:00:00Z"
    assert moment_of(text_of(NOON)) == NOON
