"""Each parameter of the list, held against a plain statement of its meaning over the recorded data set."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID

import pytest
from httpx import AsyncClient, QueryParams, Response
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.bookings.filters import BookingFilters
from app.models import RoleGrant
from tests.conftest import AsUser
from tests.dataset import BOOKINGS, DATASET, USERS, Resource, uuid_of
from tests.documentation import ADDED_FILTERS, documented
from tests.oracle import PEOPLE, is_member, looks_up, scopes_of, standing

URL = "/api/booking-resources/"
OF_NEWER_CLIENTS = {"flavor_name", "image_name", "is_attached", "resource_attributes", "visible_to_providers"}
"""Of which the recorded data set has nothing: see `test_newer_filters`."""
NOT_FILTERS = {"field", "o", "page", "page_size"}
CALLERS = ("staff", "powner", "creator", "outsider")
MICROSECOND = timedelta(microseconds=1)
CHOICES = "Select a valid choice. {} is not one of the available choices."
NUL = ("\x00", "Null characters are not allowed.")
NO_UUID = ("a3e17d95", "Enter a valid UUID.")
NO_FLAG = ("yes", "Must be a valid boolean.")
NO_NUMBER = ("three", "Enter a number.")
NO_MOMENT = ("yesterday", "Enter a valid date/time.")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


ALPHA, ROOM, TELESCOPE, LAB = (
    uuid_of("offerings", name=name).hex for name in ("Microscope", "Meeting room", "Telescope", "Private lab")
)


def moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def shifted(text: str, by: timedelta) -> str:
    return (moment(text) + by).isoformat()


def flag(text: str) -> bool:
    return text.lower() in ("true", "1")


def same(one: str | None, other: str) -> bool:
    return one is not None and UUID(one) == UUID(other)


def same_in(one: str, others: str) -> bool:
    return any(same(one, other) for other in others.split(","))


def last_part(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[-1]


def found_by(text: str, booking: Resource) -> bool:
    """The meaning of `query`."""
    names = ("external_ips", "internal_ips", "hypervisor_hostname", "router_fixed_ips", "external_address")
    listed = [booking.metadata.get(name, []) for name in names]
    addresses = [item for value in listed for item in (value if isinstance(value, list) else [value])]
    wanted = text.strip().lower()
    return (
        any(wanted in part.lower() for part in (booking.row["name"], booking.row["slug"], *addresses))
        or wanted in (booking.row["backend_id"].lower(), booking.row["effective_id"].lower())
        or wanted in (booking.uuid, booking.uuid.replace("-", ""))
    )


def managed_by(user: str, booking: Resource) -> bool:
    """Whether a user has a role of whatever kind on the offering, which is shared."""
    managing = [person.uuid for person in PEOPLE.values() if booking.row["offering"] in person.scopes]
    return booking.offering["shared"] and any(same(uuid, user) for uuid in managing)


def visible_to(username: str, booking: Resource) -> bool:
    return username in PEOPLE and is_member(PEOPLE[username], scopes_of(booking))


class Parameter(NamedTuple):
    """What a parameter means, and values for it: one that matches the booking, one that just misses it, one that is
    refused with a message, and those drawn from the data set."""

    holds: Callable[[Resource, str], bool]
    booking: str
    match: str
    miss: str
    bad: tuple[str, str]
    drawn: Callable[[Resource], str | None] = lambda _: None


FLAGS = ("true", "false")
PARAMETERS: dict[str, Parameter] = {
    "backend_id": Parameter(
        holds=lambda b, v: b.row["backend_id"] == v,
        drawn=lambda b: b.row["backend_id"],
        booking="Alpha scan",
        match="bk-1",
        miss="BK-1",
        bad=NUL,
    ),
    "category_uuid": Parameter(
        holds=lambda b, v: same(b.offering["category"], v),
        drawn=lambda b: b.offering["category"],
        booking="Alpha scan",
        match=DATASET["offerings"][ALPHA]["category"],
        miss=DATASET["offerings"][ROOM]["category"],
        bad=NO_UUID,
    ),
    "component_count": Parameter(
        holds=lambda b, v: len(b.billing) == Decimal(v),
        drawn=lambda b: str(len(b.billing)),
        booking='room "A"',
        match="0",
        miss="0.5",
        bad=NO_NUMBER,
    ),
    "connected_customer_uuid": Parameter(
        holds=lambda b, v: same(b.project["customer"], v) or same(b.offering["customer"], v),
        drawn=lambda b: b.project["customer"],
        booking="Alpha scan",
        match=DATASET["offerings"][ALPHA]["customer"],
        miss=DATASET["offerings"][TELESCOPE]["customer"],
        bad=NO_UUID,
    ),
    "created": Parameter(
        holds=lambda b, v: moment(b.row["created"]) >= moment(v),
        drawn=lambda b: b.row["created"],
        booking="Alpha scan",
        match="2024-04-04T08:01:00.123456Z",
        miss="2024-04-04T08:01:00.123457Z",
        bad=NO_MOMENT,
    ),
    "created_before": Parameter(
        holds=lambda b, v: moment(b.row["created"]) <= moment(v),
        drawn=lambda b: b.row["created"],
        booking="Alpha scan",
        match="2024-04-04T08:01:00.123456Z",
        miss="2024-04-04T08:01:00.123455Z",
        bad=NO_MOMENT,
    ),
    "customer": Parameter(
        holds=lambda b, v: same(b.project["customer"], last_part(v)),
        drawn=lambda b: f"http://waldur.example.com/api/customers/{b.project['customer']}/",
        booking="alpha scan",
        match="/api/customers/fe20067b983290aacd685746f837e557/",
        miss="/api/customers/3b76a60cdd9589bc12e52abed2d4ee9c/",
        bad=NUL,
    ),
    "customer_uuid": Parameter(
        holds=lambda b, v: same(b.project["customer"], v),
        drawn=lambda b: b.project["customer"],
        booking="alpha scan",
        match="fe20067b983290aacd685746f837e557",
        miss="3b76a60cdd9589bc12e52abed2d4ee9c",
        bad=NO_UUID,
    ),
    "downscaled": Parameter(
        holds=lambda b, v: b.row["downscaled"] == flag(v), booking="tail-1", match="true", miss="false", bad=NO_FLAG
    ),
    "has_terminate_date": Parameter(
        holds=lambda b, v: (b.row["end_date"] is not None) == flag(v),
        booking="zz last",
        match="true",
        miss="false",
        bad=NO_FLAG,
    ),
    "lexis_links_supported": Parameter(
        holds=lambda b, v: ("heappe_url" in b.offering["plugin_options"]) == flag(v),
        booking="tail-1",
        match="true",
        miss="false",
        bad=NO_FLAG,
    ),
    "limit_based": Parameter(
        holds=lambda b, v: ("limit" in b.billing) == flag(v), booking="tail-1", match="true", miss="false", bad=NO_FLAG
    ),
    "limit_component_count": Parameter(
        holds=lambda b, v: b.billing.count("limit") == Decimal(v),
        drawn=lambda b: str(b.billing.count("limit")),
        booking="tail-1",
        match="3.0",
        miss="2",
        bad=NO_NUMBER,
    ),
    "modified": Parameter(
        holds=lambda b, v: moment(b.row["modified"]) >= moment(v),
        drawn=lambda b: b.row["modified"],
        booking="Alpha scan",
        match="2024-04-09T09:01:00.123456Z",
        miss="2024-04-09T09:01:00.123457Z",
        bad=NO_MOMENT,
    ),
    "modified_before": Parameter(
        holds=lambda b, v: moment(b.row["modified"]) <= moment(v),
        drawn=lambda b: b.row["modified"],
        booking="Alpha scan",
        match="2024-04-09T09:01:00.123456Z",
        miss="2024-04-09T09:01:00.123455Z",
        bad=NO_MOMENT,
    ),
    "name": Parameter(
        holds=lambda b, v: v.strip().lower() in b.row["name"].lower(),
        drawn=lambda b: b.row["name"][1:5],
        booking="Ülemiste tuba",
        match="ÜLEMISTE",
        miss="ulemiste",
        bad=NUL,
    ),
    "name_exact": Parameter(
        holds=lambda b, v: b.row["name"] == v,
        drawn=lambda b: b.row["name"],
        booking="  leading space",
        match="  leading space",
        miss="leading space",
        bad=NUL,
    ),
    "offering": Parameter(
        holds=lambda b, v: same(b.row["offering"], last_part(v)),
        drawn=lambda b: f"http://waldur.example.com/api/marketplace-provider-offerings/{b.row['offering']}/",
        booking="Alpha scan",
        match=f"/api/marketplace-public-offerings/{ALPHA}/",
        miss=f"/api/marketplace-public-offerings/{ROOM}/",
        bad=NUL,
    ),
    "offering_billable": Parameter(
        holds=lambda b, v: b.offering["billable"] == flag(v), booking="tail-1", match="false", miss="true", bad=NO_FLAG
    ),
    "offering_shared": Parameter(
        holds=lambda b, v: b.offering["shared"] == flag(v), booking="quiet", match="false", miss="true", bad=NO_FLAG
    ),
    "offering_slug": Parameter(
        holds=lambda b, v: b.offering["slug"] in v.split(","),
        drawn=lambda b: b.offering["slug"],
        booking="Alpha scan",
        match="telescope,microscope",
        miss="Microscope",
        bad=NUL,
    ),
    "offering_type": Parameter(
        holds=lambda b, v: b.offering["type"] == v,
        drawn=lambda b: b.offering["type"],
        booking="Alpha scan",
        match="Marketplace.Booking",
        miss="marketplace.booking",
        bad=NUL,
    ),
    "offering_uuid": Parameter(
        holds=lambda b, v: same_in(b.row["offering"], v),
        drawn=lambda b: b.row["offering"],
        booking="Alpha scan",
        match=f"{ROOM},{ALPHA}",
        miss=f"{ROOM},{TELESCOPE}",
        bad=NO_UUID,
    ),
    "only_limit_based": Parameter(
        holds=lambda b, v: (set(b.billing) == {"limit"}) == flag(v),
        booking="tail-1",
        match="true",
        miss="false",
        bad=NO_FLAG,
    ),
    "only_usage_based": Parameter(
        holds=lambda b, v: (set(b.billing) == {"usage"}) == flag(v),
        booking="tail-2",
        match="true",
        miss="false",
        bad=NO_FLAG,
    ),
    "order_state": Parameter(
        holds=lambda b, v: any(order["state"] == v for order in b.orders),
        drawn=lambda b: b.orders[-1]["state"] if b.orders else None,
        booking="Alpha scan",
        match="pending-provider",
        miss="executing",
        bad=("Done", CHOICES.format("Done")),
    ),
    "parent_offering_uuid": Parameter(
        holds=lambda b, v: same(b.offering["parent"], v),
        drawn=lambda b: b.offering["parent"],
        booking="quiet",
        match=ALPHA,
        miss=ROOM,
        bad=NO_UUID,
    ),
    "paused": Parameter(
        holds=lambda b, v: b.row["paused"] == flag(v), booking="tail-2", match="true", miss="false", bad=NO_FLAG
    ),
    "plan_uuid": Parameter(
        holds=lambda b, v: same(b.row["plan"], v),
        drawn=lambda b: b.row["plan"],
        booking="Alpha scan",
        match="096ce7cd-1565-c351-2c17-28c2e99f412b",
        miss="491cd3e8-5d19-e146-c93e-32db144c4ea2",
        bad=NO_UUID,
    ),
    "project_name": Parameter(
        holds=lambda b, v: b.project["name"] == v,
        drawn=lambda b: b.project["name"],
        booking="alpha scan",
        match="Genome study",
        miss="Genome stud",
        bad=NUL,
    ),
    "project_uuid": Parameter(
        holds=lambda b, v: same(b.row["project"], v),
        drawn=lambda b: b.row["project"],
        booking="alpha scan",
        match="c4959024e19e0dc05e28d9fe9cd46389",
        miss="5e06db4e65f5fc85faa6b43c2db9de73",
        bad=NO_UUID,
    ),
    "provider_uuid": Parameter(
        holds=lambda b, v: same(b.offering["customer"], v),
        drawn=lambda b: b.offering["customer"],
        booking="tail-1",
        match="b2ac023fd6645926742348ccba202989",
        miss="3b76a60cdd9589bc12e52abed2d4ee9c",
        bad=NO_UUID,
    ),
    "query": Parameter(
        holds=lambda b, v: found_by(v, b),
        drawn=lambda b: next(iter(b.metadata.get("internal_ips", [])), b.row["backend_id"] or b.row["slug"][-4:]),
        booking="beta_run",
        match="193.40.1.70",
        miss="193.40.1.71",
        bad=NUL,
    ),
    "restrict_member_access": Parameter(
        holds=lambda b, v: b.row["restrict_member_access"] == flag(v),
        booking="Zeta",
        match="true",
        miss="false",
        bad=NO_FLAG,
    ),
    "runtime_state": Parameter(
        holds=lambda b, v: b.metadata.get("runtime_state") == v,
        drawn=lambda b: b.metadata.get("runtime_state"),
        booking="Alpha scan",
        match="running",
        miss="Running",
        bad=NUL,
    ),
    "service_manager_uuid": Parameter(
        holds=lambda b, v: managed_by(v, b),
        drawn=lambda b: b.orders[0]["created_by"] if b.orders else None,
        booking="Alpha scan",
        match=USERS["omanager"]["uuid"],
        miss=USERS["pmanager"]["uuid"],
        bad=NO_UUID,
    ),
    "slot_start_after": Parameter(
        holds=lambda b, v: any(moment(slot["start"]) >= moment(v) for slot in b.row["slots"]),
        drawn=lambda b: b.row["slots"][0]["start"] if b.row["slots"] else None,
        booking="Alpha scan",
        match="2024-04-14T08:01:00.123456Z",
        miss="2024-04-14T08:01:00.123457Z",
        bad=NO_MOMENT,
    ),
    "slot_start_before": Parameter(
        holds=lambda b, v: any(moment(slot["start"]) < moment(v) for slot in b.row["slots"]),
        drawn=lambda b: b.row["slots"][0]["start"] if b.row["slots"] else None,
        booking="Alpha scan",
        match="2024-04-14T08:01:00.123457Z",
        miss="2024-04-14T08:01:00.123456Z",
        bad=NO_MOMENT,
    ),
    "slug": Parameter(
        holds=lambda b, v: b.row["slug"] == v,
        drawn=lambda b: b.row["slug"],
        booking="alpha scan",
        match="res-0",
        miss="res-",
        bad=NUL,
    ),
    "state": Parameter(
        holds=lambda b, v: b.row["state"] == v,
        drawn=lambda b: b.row["state"],
        booking="Alpha scan",
        match="OK",
        miss="Creating",
        bad=("ok", CHOICES.format("ok")),
    ),
    "usage_based": Parameter(
        holds=lambda b, v: ("usage" in b.billing) == flag(v),
        booking="Alpha scan",
        match="true",
        miss="false",
        bad=NO_FLAG,
    ),
    "visible_to_username": Parameter(
        holds=lambda b, v: visible_to(v, b), booking="alpha scan", match="padmin", miss="Padmin", bad=NUL
    ),
}
FURTHER: dict[str, Sequence[str]] = {
    "created": (shifted("2024-04-04T08:01:00.123456Z", timedelta(hours=2)), "2024-04-04", "2030-01-01"),
    "customer_uuid": (UNKNOWN, str(UUID("041124f0f4121070da9f2484feedf0aa"))),
    "limit_component_count": ("0", "1", "-1", "1e3"),
    "name": ("%", "_", "\\", "O'N", "🔬", "ωMEGA", " scan ", "nnnn", "<b>"),
    "query": ("custom-slug", "RES-1", "eff-0", "BK-SHARED", "hv-7", "[", "%", "_", "deadbeefdeadbeefdeadbeefdeadbeef"),
    "service_manager_uuid": (UNKNOWN,),
    "visible_to_username": (*USERS, "nobody"),
}
"""Values beside those drawn."""


def values_of(name: str) -> list[str]:
    """Several values: those of the table, further ones, and some drawn from the data set."""
    parameter = PARAMETERS[name]
    drawn = sorted({value for booking in BOOKINGS if (value := parameter.drawn(booking))})
    if name == "query":
        drawn += [BOOKINGS[3].uuid, BOOKINGS[4].uuid.replace("-", "")]
    picked = Random(name).sample(drawn, min(5, len(drawn)))
    return [*dict.fromkeys((parameter.match, parameter.miss, *FURTHER.get(name, ()), *picked))]


def expected(username: str, filters: Iterable[tuple[str, str]]) -> set[str]:
    filters = list(filters)
    if any(name == "visible_to_username" and not looks_up(username, value) for name, value in filters):
        return set()
    return {
        booking.uuid
        for booking in BOOKINGS
        if standing(username, booking).sees and all(PARAMETERS[name].holds(booking, value) for name, value in filters)
    }


class List:
    """Asks for whole lists."""

    def __init__(self, client: AsyncClient, as_user: AsUser) -> None:
        self.client = client
        self.as_user = as_user

    async def raw(self, query: str, username: str = "staff") -> Response:
        return await self.client.get(f"{URL}?{query}", headers=self.as_user(username))

    async def __call__(self, filters: Iterable[tuple[str, str]], username: str = "staff") -> set[str]:
        parameters = QueryParams([*filters, ("page_size", "300"), ("field", "uuid")])
        response = await self.client.get(URL, params=parameters, headers=self.as_user(username))
        assert response.status_code == 200, response.text
        uuids = [item["uuid"] for item in response.json()]
        assert len(uuids) == len(set(uuids)) == int(response.headers["X-Result-Count"])
        return set(uuids)

    async def refused(self, filters: Iterable[tuple[str, str]], username: str = "staff") -> Any:
        response = await self.client.get(URL, params=QueryParams(list(filters)), headers=self.as_user(username))
        assert response.status_code == 400, response.text
        return response.json()


@pytest.fixture(name="listed")
def list_fixture(client: AsyncClient, as_user: AsUser) -> List:
    return List(client, as_user)


def named(name: str) -> str:
    return next(booking.uuid for booking in BOOKINGS if booking.row["name"] == name)


def test_table_covers_every_filter() -> None:
    published = {row["name"] for row in documented("list_parameters")}
    assert set(BookingFilters.model_fields) == published - NOT_FILTERS | ADDED_FILTERS
    assert set(PARAMETERS) | OF_NEWER_CLIENTS == set(BookingFilters.model_fields)


@pytest.mark.parametrize("name", PARAMETERS)
async def test_parameter_matches_nearly_misses_and_refuses(listed: List, name: str) -> None:
    parameter = PARAMETERS[name]
    assert named(parameter.booking) in await listed([(name, parameter.match)])
    assert named(parameter.booking) not in await listed([(name, parameter.miss)])
    value, message = parameter.bad
    assert await listed.refused([(name, value)]) == {name: [message]}


@pytest.mark.parametrize("name", PARAMETERS)
async def test_result_equals_plain_filter_over_all(listed: List, name: str) -> None:
    asked = [(username, value) for username in CALLERS[:-1] for value in values_of(name)]
    asked.append((CALLERS[-1], PARAMETERS[name].match))
    results = {(username, value): await listed([(name, value)], username) for username, value in asked}
    assert results == {(username, value): expected(username, [(name, value)]) for username, value in asked}


@pytest.mark.parametrize("username", CALLERS)
async def test_without_filters_everything_visible_is_listed(listed: List, username: str) -> None:
    assert await listed([], username) == expected(username, [])


@pytest.mark.parametrize("seed", range(12))
async def test_all_parameters_given_must_hold(listed: List, seed: int) -> None:
    random = Random(seed)
    for size in (2, 2, 2, 2, 2, 2, 3, 3, 5):
        filters = [(name, random.choice(values_of(name))) for name in random.sample(sorted(PARAMETERS), size)]
        for username in CALLERS[:-1]:
            assert await listed(filters, username) == expected(username, filters), filters


def test_values_of_the_table_tell_bookings_apart() -> None:
    for name in set(PARAMETERS) - {"offering_type"}:
        sizes = {len(expected("staff", [(name, value)])) for value in values_of(name)}
        assert sizes - {0, len(BOOKINGS)}, f"no value of {name} tells bookings apart"


@pytest.mark.parametrize("query", ["nonsense=1", "State=ok", "state__in=ok", "format=json", "=", "&&", "field=nothing"])
async def test_unknown_parameters_are_ignored(listed: List, query: str) -> None:
    response = await listed.raw(query)
    assert (response.status_code, response.headers["X-Result-Count"]) == (200, str(len(BOOKINGS)))


@pytest.mark.parametrize("name", [*sorted(set(PARAMETERS) - {"state", "order_state"}), *sorted(NOT_FILTERS)])
async def test_empty_value_is_not_given(listed: List, name: str) -> None:
    response = await listed.raw(f"{name}=")
    assert (response.status_code, response.headers["X-Result-Count"]) == (200, str(len(BOOKINGS)))


@pytest.mark.parametrize("name", ["state", "order_state"])
async def test_empty_state_is_refused(listed: List, name: str) -> None:
    assert await listed.refused([(name, "")]) == {name: [CHOICES.format("")]}
    assert await listed.refused([(name, ""), (name, "x")]) == {name: [CHOICES.format(""), CHOICES.format("x")]}


@pytest.mark.parametrize("value", ["ok", "OK,Creating", "OK ", "{x}", "{", "}}", "\x00", "🔬"])
@pytest.mark.parametrize("name", ["state", "o"])
async def test_choice_is_told_back_as_it_was_sent(listed: List, name: str, value: str) -> None:
    told = [part for part in value.split(",") if part not in ("created", "name")] if name == "o" else [value]
    assert await listed.refused([(name, value)]) == {name: [CHOICES.format(part) for part in told]}


async def test_all_bad_parameters_are_reported_together(listed: List) -> None:
    bad = {**{name: parameter.bad for name, parameter in PARAMETERS.items()}, "o": ("uuid", CHOICES.format("uuid"))}
    body = await listed.refused((name, value) for name, (value, _) in bad.items())
    assert body == {name: [message] for name, (_, message) in bad.items()}


async def test_bad_parameter_is_refused_whatever_the_page(listed: List) -> None:
    assert await listed.refused([("paused", "maybe"), ("page", "99")]) == {"paused": ["Must be a valid boolean."]}


@pytest.mark.parametrize("name", ["offering_uuid", "offering_slug"])
@pytest.mark.parametrize("separator", ["{0},{1}", "{0}&{name}={1}", "{0},{0}&{name}={1},{0}", ",{0},,{1},"])
async def test_lists_are_repeated_or_separated_by_commas(listed: List, name: str, separator: str) -> None:
    one, other = (ALPHA, ROOM) if name == "offering_uuid" else ("microscope", "meeting-room")
    query = f"{name}={separator.format(one, other, name=name)}&page_size=300"
    response = await listed.raw(query)
    found = {item["uuid"] for item in response.json()}
    assert found == {booking.uuid for booking in BOOKINGS if booking.row["offering"] in (ALPHA, ROOM)}


async def test_one_bad_value_of_a_list_refuses_it(listed: List) -> None:
    assert await listed.refused([("offering_uuid", f"{ALPHA},x")]) == {"offering_uuid": ["Enter a valid UUID."]}
    assert await listed.refused([("offering_uuid", "x,y,z")]) == {"offering_uuid": ["Enter a valid UUID."]}


async def test_repeated_states_are_alternatives(listed: List) -> None:
    found = await listed([("state", "OK"), ("state", "Erred"), ("state", "OK")])
    assert found == expected("staff", [("state", "OK")]) | expected("staff", [("state", "Erred")])
    pending = await listed([("order_state", "pending-consumer"), ("order_state", "pending-project")])
    assert pending == {named("100% done"), BOOKINGS[20].uuid}


@pytest.mark.parametrize("name", ["name", "query", "project_name", "backend_id"])
async def test_of_a_repeated_text_the_last_counts(listed: List, name: str) -> None:
    parameter = PARAMETERS[name]
    given = [(name, "nothing like that"), (name, parameter.match)]
    assert await listed(given) == expected("staff", [given[1]])
    assert await listed(reversed(given)) == set()


@pytest.mark.parametrize(
    ("text", "meaning"), [("true", "1"), ("True", "1"), ("TRUE", "1"), ("false", "0"), ("FALSE", "0"), ("tRuE", "1")]
)
async def test_flags_are_taken_in_any_case(listed: List, text: str, meaning: str) -> None:
    assert (
        await listed([("paused", text)]) == await listed([("paused", meaning)]) == expected("staff", [("paused", text)])
    )


@pytest.mark.parametrize("text", ["yes", "no", "t", "on", "2", "-1", "None", "null", "truefalse", "0.0"])
async def test_other_words_are_no_flags(listed: List, text: str) -> None:
    assert await listed.refused([("paused", text)]) == {"paused": ["Must be a valid boolean."]}


@pytest.mark.parametrize("text", ["%", "_", "\\", "%a%", "a_c", "\\%", "100%", "k\\s", "beta_"])
@pytest.mark.parametrize("name", ["name", "query"])
async def test_wildcards_are_literal(listed: List, name: str, text: str) -> None:
    found = await listed([(name, text)])
    assert found == {booking.uuid for booking in BOOKINGS if text in booking.row["name"].lower()}


@pytest.mark.parametrize("text", ["bk%", "BK-share_", "%"])
async def test_identifiers_are_compared_without_wildcards(listed: List, text: str) -> None:
    assert await listed([("backend_id", text)]) == set()
    assert await listed([("runtime_state", text)]) == set()


async def test_outer_blanks_of_text_do_not_count(listed: List) -> None:
    assert await listed([("project_name", "  Genome study ")]) == expected("staff", [("project_name", "Genome study")])
    assert await listed([("name_exact", " Alpha scan")]) == set()


async def test_addresses_are_compared_not_their_notation(listed: List) -> None:
    for notation in ("[", '"', '["10.0.0.5"]', '", "'):
        found = await listed([("query", notation)])
        assert found == {booking.uuid for booking in BOOKINGS if notation in booking.row["name"]}, notation


@pytest.mark.parametrize(
    ("name", "value", "role"),
    [
        ("visible_to_username", "padmin", "PROJECT.ADMIN"),
        ("visible_to_username", "cowner", "CUSTOMER.OWNER"),
        ("service_manager_uuid", USERS["omanager"]["uuid"], "OFFERING.MANAGER"),
    ],
)
async def test_role_counts_as_long_as_it_is_held(
    listed: List, rows: AsyncConnection, name: str, value: str, role: str
) -> None:
    held = expected("staff", [(name, value)])
    assert held
    grants, now = update(RoleGrant).where(RoleGrant.role == role), datetime.now(UTC)
    for values, found in (
        ({"expiration_time": now + timedelta(hours=1)}, held),
        ({"expiration_time": now - timedelta(hours=1)}, set()),
        ({"expiration_time": None, "is_active": False}, set()),
        ({"is_active": True}, held),
    ):
        await rows.execute(grants.values(**values))
        assert await listed([(name, value)]) == found, values


INSTANT = "2024-04-04T08:01:00.123456"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (f"{INSTANT}Z", f"{INSTANT}Z"),
        (f"{INSTANT}+00:00", f"{INSTANT}Z"),
        ("2024-04-04T10:01:00.123456+02:00", f"{INSTANT}Z"),
        ("2024-04-03T22:31:00.123456-09:30", f"{INSTANT}Z"),
        ("2024-04-04 08:01:00.123456Z", f"{INSTANT}Z"),
        ("2024-04-04T08:01Z", "2024-04-04T08:01:00Z"),
        ("2024-04-04T08:01:00Z", "2024-04-04T08:01:00Z"),
        ("2024-04-04T08:01:00.12Z", "2024-04-04T08:01:00.120000Z"),
        ("2024-04-04", "2024-04-04T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2024-06-30T23:59:60Z", "2024-06-30T23:59:59Z"),
        (" 2024-04-04 ", "2024-04-04T00:00:00Z"),
    ],
)
async def test_moments_are_read_with_their_offset(listed: List, text: str, first: str) -> None:
    at = moment(first)
    later = {booking.uuid for booking in BOOKINGS if moment(booking.row["created"]) >= at}
    earlier = {booking.uuid for booking in BOOKINGS if moment(booking.row["created"]) <= at}
    assert await listed([("created", text)]) == later
    assert await listed([("created_before", text)]) == earlier


NAIVE = "Enter a valid date/time. A time needs Z or an offset, as in 2026-01-31T12:00:00Z."
PLUS = "Enter a valid date/time. The + of an offset must be sent as %2B; it arrived as a space."
PLAIN = "Enter a valid date/time."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("2024-04-04T08:01:00", NAIVE),
        ("2024-04-04%2008:01:00", NAIVE),
        ("2024-04-04T08:01", NAIVE),
        ("2024-04-04T08:01:00+02:00", PLUS),
        ("2024-04-04T08:01:00.5+0200", PLUS),
        ("2024-04-04T08:01:00%2002:00", PLUS),
        ("2024-13-01", PLAIN),
        ("2024-02-30", PLAIN),
        ("2023-02-29", PLAIN),
        ("2024-04-04T25:00:00Z", PLAIN),
        ("2024-04-04T08:75:00Z", PLAIN),
        ("2024-04-04T08:00:75Z", PLAIN),
        ("2024-04-04T08:00:00%2B99:00", PLAIN),
        ("0000-01-01", PLAIN),
        ("24-04-04", PLAIN),
        ("20240404", PLAIN),
        ("1712217660", PLAIN),
        ("2024-04-04T", PLAIN),
        ("2024-04-04Z", PLAIN),
        ("%D9%A2%D9%A0%D9%A2%D9%A4-04-04", PLAIN),
        ("now", PLAIN),
    ],
)
@pytest.mark.parametrize("name", ["created", "modified_before"])
async def test_what_is_no_moment_is_refused_and_told_why(listed: List, name: str, query: str, message: str) -> None:
    response = await listed.raw(f"{name}={query}")
    assert (response.status_code, response.json()) == (400, {name: [message]})


@pytest.mark.parametrize(
    ("after", "before", "found"),
    [
        ("2024-04-18T09:14:00.5Z", "2024-04-18T09:14:00.500001Z", True),
        ("2024-04-19T08:14:00.5Z", "2024-04-20", True),
        ("2024-04-18", "2024-04-20", True),
        ("2024-04-18T09:14:00.500001Z", "2024-04-19T08:14:00.5Z", False),
        ("2024-04-19", "2024-04-19", False),
        ("2024-04-20", "2024-04-18", False),
    ],
)
async def test_both_bounds_must_hold_of_one_slot(listed: List, after: str, before: str, found: bool) -> None:
    both = [("slot_start_after", after), ("slot_start_before", before)]
    uuids = await listed(both)
    assert uuids == {
        booking.uuid
        for booking in BOOKINGS
        if any(moment(after) <= moment(slot["start"]) < moment(before) for slot in booking.row["slots"])
    }
    assert (named("back\\slash") in uuids) == found
    assert await listed([*both, ("name", "slash")]) == uuids & await listed([("name", "slash")])


CONSUMER = UUID("fe20067b983290aacd685746f837e557")
REFERENCES = {
    "customer": ("customer_uuid", CONSUMER, ("/api/customers/{}/",)),
    "offering": (
        "offering_uuid",
        UUID(ALPHA),
        ("/api/marketplace-provider-offerings/{}/", "/api/marketplace-public-offerings/{}/"),
    ),
}


@pytest.mark.parametrize("name", REFERENCES)
async def test_reference_is_url_path_or_uuid_in_either_form(listed: List, name: str) -> None:
    by_uuid, uuid, paths = REFERENCES[name]
    wanted = expected("staff", [(by_uuid, str(uuid))])
    for path in paths:
        for written in (path.format(uuid), path.format(uuid.hex), path.format(str(uuid).upper())):
            for base in ("", "http://waldur.example.com", "https://other.example.org:8443", "HTTP://x"):
                assert await listed([(name, base + written)]) == wanted, base + written
    for bare in (str(uuid), uuid.hex, f" {uuid} "):
        assert await listed([(name, bare)]) == wanted, bare


@pytest.mark.parametrize(
    "form",
    [
        "/api/projects/{}/",
        "/api/users/{}/",
        "/api/{}/",
        "/api/customers/{}/x/",
        "/api/customers/x{}/",
        "/api/customers/",
        "/nowhere/{}/",
        "http://waldur.example.com/",
        "http://",
        "://",
        "not a url",
        "javascript:alert(1)",
        "/api/customers/{}/plans/{}/",
    ],
)
@pytest.mark.parametrize("name", REFERENCES)
async def test_another_kind_of_url_finds_nothing(listed: List, name: str, form: str) -> None:
    assert await listed([(name, form.format(REFERENCES[name][1], UNKNOWN))]) == set()


async def test_url_of_the_other_parameter_finds_nothing(listed: List) -> None:
    assert await listed([("customer", f"/api/marketplace-public-offerings/{ALPHA}/")]) == set()
    assert await listed([("offering", f"/api/customers/{CONSUMER}/")]) == set()


@pytest.mark.parametrize("form", ["{0}", "{0.hex}", "{upper}", "{{{0}}}", "urn:uuid:{0}", " {0} "])
async def test_uuid_is_taken_in_all_its_notations(listed: List, form: str) -> None:
    written = form.format(CONSUMER, upper=str(CONSUMER).upper())
    assert await listed([("customer_uuid", written)]) == expected("staff", [("customer_uuid", str(CONSUMER))])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "1",
        "3",
        "3.0",
        "3e0",
        "0.5",
        "-3",
        "99999999999",
        "1e9999",
        "1e-9999",
        "-0",
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
    ],
)
async def test_numbers_are_compared_by_value(listed: List, text: str) -> None:
    matching = {b.uuid for b in BOOKINGS if not text or len(b.billing) == Decimal(text)}
    assert await listed([("component_count", text)]) == matching


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "inf", "-Infinity", "1,5", "0x3", "3 4", "--3", "e3", "1e", "½", "three"]
)
async def test_what_is_no_number_is_refused(listed: List, text: str) -> None:
    assert await listed.refused([("component_count", text)]) == {"component_count": ["Enter a number."]}


ODD = {
    "long": "x" * 60_000,
    "long digits": "9" * 10_000,
    "NUL": "%00",
    "lone surrogate": "%ED%A0%80",
    "invalid UTF-8": "%FF%FE",
    "cut percent": "%E",
    "huge number": "1e999999",
    "huge exponent": "1e99999999999999999999",
    "tiny number": "1e-999999",
    "no number": "NaN",
    "first moment": quote("0001-01-01T00:00:00+14:00"),
    "last moment": quote("9999-12-31T23:59:59-14:00"),
    "first day": "0001-01-01",
    "huge integer": "1" + "0" * 30,
    "braces": "%7B%7B0%7D%7B",
    "uuid braces": "%7B" + str(CONSUMER) + "%7D",
    "quotes": quote("'\";--"),
    "regular expression": quote("(((*[^"),
    "brackets": "[]&{0}[]=1&{0}[0]=1",
    "jsonpath": quote('$.** ? (@ like_regex "(")'),
    "right to left": quote("\u202e\u200b\ufeff"),
    "commas": "," * 1000,
    "line ends": "%0D%0A%0D%0AX-Injected:%201",
}


@pytest.mark.parametrize("kind", ODD)
async def test_odd_input_never_breaks_the_service(listed: List, kind: str) -> None:
    for name in (*PARAMETERS, *NOT_FILTERS):
        response = await listed.raw(f"{name}={ODD[kind].replace('{0}', name)}")
        assert response.status_code in (200, 400, 404), (name, response.text)
        assert (response.status_code == 404) <= (name == "page"), name
        assert response.headers["Content-Type"] == "application/json"
        assert "X-Injected" not in response.headers
        if response.status_code == 400:
            assert set(response.json()) == {name}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_moments_at_the_ends_of_time_are_beyond_every_booking(listed: List, text: str) -> None:
    everything = expected("staff", [])
    after, before = await listed([("created", text)]), await listed([("created_before", text)])
    assert (after, before) == ((everything, set()) if text.startswith("0001") else (set(), everything))


async def test_many_values_are_taken(listed: List) -> None:
    many = ",".join([UNKNOWN] * 1500 + [ALPHA])
    assert await listed([("offering_uuid", many)]) == expected("staff", [("offering_uuid", ALPHA)])


@pytest.mark.parametrize(
    "query", ["state=OK", "state=nonsense", "paused=maybe", "name=nothing", "o=nonsense", "page=99"]
)
async def test_filters_apply_to_the_list_only(client: AsyncClient, as_user: AsUser, query: str) -> None:
    headers = as_user("staff")
    creating = named("alpha scan")
    assert (await client.get(f"{URL}{creating}/?{query}", headers=headers)).status_code == 200
    assert (await client.post(f"{URL}{creating}/accept/?{query}", headers=headers)).status_code == 200
