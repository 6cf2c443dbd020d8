"""Organisations, projects, offerings and roles, as an operator types them."""

from uuid import UUID

import pytest

from tests.commandline import Booking, Query

pytestmark = pytest.mark.slow

NEVER = "It has no opening windows that are still to come, so nobody can book it."


@pytest.fixture
def known(booking: Booking) -> Booking:
    """An organisation, two users."""
    for words in (
        ("organisation", "create", "Imaging Facility"),
        ("user", "create", "iris"),
        ("user", "create", "ben"),
    ):
        assert booking(*words).exit_code == 0
    return booking


def test_organisation_project_and_offering_are_made(known: Booking, query: Query) -> None:
    [(organisation,)] = query("SELECT uuid FROM customer WHERE slug = 'imaging-facility'")
    made = known("project", "create", "Bee brains", "--organisation", "imaging-facility", "--end", "2031-05-01")
    project = UUID(made.stdout.strip())
    where = f"WHERE uuid = '{project}'"
    assert query(f"SELECT name, customer_uuid, end_date::text FROM project {where}") == [
        ("Bee brains", organisation, "2031-05-01")
    ]
    words = ("--open", "Mon-Fri 08:00-18:00", "--time-zone", "Europe/Tallinn", "--category", "Microscopes")
    made = known("offering", "create", "Confocal", "--provider", "Imaging Facility", *words)
    assert (made.exit_code, made.stderr) == (0, "")
    [found] = query(
        "SELECT o.uuid, o.state, o.type, o.shared, c.title, o.attributes->'schedules'->0->'extendedProps'->'config'"
        " FROM offering o JOIN category c ON c.uuid = o.category_uuid"
    )
    hours = {"daysOfWeek": [1, 2, 3, 4, 5], "startTime": "08:00", "endTime": "18:00"}
    expected = (UUID(made.stdout.strip()), "Active", "Marketplace.Booking", True, "Microscopes")
    assert tuple(found) == (*expected, {"businessHours": hours, "timeZone": "Europe/Tallinn"})
    assert "Bee brains" in known("project", "list").output
    assert "Confocal" in known("offering", "list").output
    assert "Imaging Facility" in known("organisation", "list").output


def test_offering_without_hours_says_that_nobody_can_book_it(known: Booking, query: Query) -> None:
    made = known("offering", "create", "Closed", "--provider", "Imaging Facility", "--draft", "--private")
    UUID(made.stdout.strip())
    assert NEVER in made.stderr
    over = known(
        *("offering", "create", "Over", "--provider", "Imaging Facility"),
        *("--open", "always", "--from", "2020-01-01", "--until", "2020-02-01"),
    )
    assert NEVER in over.stderr
    assert query("SELECT state, shared, attributes FROM offering WHERE name = 'Closed'") == [("Draft", False, {})]


def test_roles_are_given_and_taken_away(known: Booking, query: Query) -> None:
    granted = ("role", "grant", "iris", "CUSTOMER.OWNER", "Imaging Facility")
    assert known(*granted, "--expires-in", "30").exit_code == 0
    assert query("SELECT is_active, expiration_time > now() + interval '29 days' FROM role_grant") == [(True, True)]
    assert query("SELECT count(*) > 20 FROM role_permission WHERE role = 'CUSTOMER.OWNER'") == [(True,)]
    assert "already" in str(known(*granted).exception)
    listed = known("role", "list").output
    assert "iris" in listed
    assert "CUSTOMER.OWNER" in listed
    assert known("role", "revoke", *granted[2:]).exit_code == 0
    assert "does not hold" in str(known("role", "revoke", *granted[2:]).exception)
    assert query("SELECT action, created_by_uuid FROM role_event ORDER BY created") == [
        ("granted", None),
        ("revoked", None),
    ]


def test_usual_permissions_are_added_to_those_there_are(booking: Booking) -> None:
    booking("migrate")
    assert booking("role", "defaults").output == "0 permissions were added.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("project", "create", "A", "--organisation", "Nowhere"), "There is no organisation 'Nowhere'."),
        (("offering", "create", "A", "--provider", str(UUID(int=1))), f"There is no organisation '{UUID(int=1)}'."),
        (("role", "grant", "nobody", "CUSTOMER.OWNER", "Imaging Facility"), "There is no user 'nobody'."),
        (("role", "grant", "iris", "CUSTOMER.KING", "Imaging Facility"), "There is no role 'CUSTOMER.KING'."),
        (("role", "grant", "iris", "PROJECT.MEMBER", "Imaging Facility"), "There is no project 'Imaging Facility'."),
    ],
)
def test_what_is_not_there_is_named(known: Booking, words: tuple[str, ...], message: str) -> None:
    assert str(known(*words).exception) == message


def test_what_has_one_name_is_told_apart_by_uuid(known: Booking) -> None:
    made = known("organisation", "create", "Imaging Facility").stdout.strip()
    answer = str(known("project", "create", "A", "--organisation", "Imaging Facility").exception)
    assert "There is more than one organisation 'Imaging Facility'" in answer
    assert made in answer
    assert known("project", "create", "A", "--organisation", made).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("organisation", "create", " "),
        ("organisation", "create", "x" * 151),
        (
            "project",
            "create",
            "A",
            "--organisation",
            "Imaging Facility",
            "--start",
            "2030-02-01",
            "--end",
            "2030-01-01",
        ),
        ("offering", "create", "A", "--provider", "Imaging Facility", "--open", "Monday"),
        ("offering", "create", "A", "--provider", "Imaging Facility", "--open", "always", "--time-zone", "Moon"),
        ("offering", "create", "A", "--provider", "Imaging Facility", "--until", "2020-01-01"),
    ],
)
def test_impossible_words_are_refused(known: Booking, query: Query, words: tuple[str, ...]) -> None:
    assert known(*words).exit_code == 2
    assert query("SELECT count(*) FROM offering") == query("SELECT count(*) FROM project") == [(0,)]
