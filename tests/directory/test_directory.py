"""Organisations, projects and users: what is shown of whom to whom, and by what they are found."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient

from tests.conftest import AsUser
from tests.dataset import DATASET
from tests.oracle import PEOPLE

Rows = dict[str, dict[str, Any]]

PATHS = ("/api/customers/", "/api/projects/", "/api/users/")
CALLERS = ("staff", "support", "powner", "omanager", "creator", "cowner", "outsider")
CUSTOMER = ["url", "uuid", "created", "blocked", "archived", "name", "slug", "native_name", "abbreviation"]
PROJECT = ["url", "uuid", "name", "slug", "customer", "customer_uuid", "customer_name", "customer_slug"]
PROJECT += ["customer_native_name", "customer_abbreviation", "description", "created", "start_date", "end_date"]
USER = ["url", "uuid", "username", "full_name", "email", "is_staff", "is_active", "is_support"]
FIELDS = {
    "/api/customers/": [*CUSTOMER, "is_service_provider"],
    "/api/projects/": [*PROJECT, "end_date_requested_by", "is_removed"],
    "/api/users/": [*USER, "first_name", "last_name"],
}
PRIVATE = {"email", "is_staff", "is_active", "is_support"}


async def listed(client: AsyncClient, path: str, headers: dict[str, str], **parameters: Any) -> list[dict[str, Any]]:
    response = await client.get(path, params={"page_size": 300, **parameters}, headers=headers)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


@pytest.mark.parametrize("path", PATHS)
async def test_fields_are_the_published_ones(client: AsyncClient, as_user: AsUser, path: str) -> None:
    rows = await listed(client, path, as_user("staff"))
    assert rows
    assert {tuple(row) for row in rows} == {tuple(FIELDS[path])}


async def test_customer_is_as_it_was_loaded(client: AsyncClient, as_user: AsUser) -> None:
    providers = {offering["customer"] for offering in DATASET["offerings"].values()}
    found = {row["uuid"]: row for row in await listed(client, "/api/customers/", as_user("staff"))}
    assert len(found) == len(DATASET["customers"])
    for uuid, loaded in DATASET["customers"].items():
        row = found[str(UUID(uuid))]
        for name in ("name", "slug", "native_name", "abbreviation", "blocked", "archived"):
            assert row[name] == loaded[name]
        assert row["is_service_provider"] == (uuid in providers)


async def test_project_is_as_it_was_loaded(client: AsyncClient, as_user: AsUser) -> None:
    found = {row["uuid"]: row for row in await listed(client, "/api/projects/", as_user("staff"))}
    assert len(found) == len(DATASET["projects"])
    for uuid, loaded in DATASET["projects"].items():
        row, customer = found[str(UUID(uuid))], DATASET["customers"][loaded["customer"]]
        for name in ("name", "slug", "description", "start_date", "end_date", "is_removed"):
            assert row[name] == loaded[name]
        assert (row["customer_name"], row["customer_slug"]) == (customer["name"], customer["slug"])
        assert row["customer"].endswith(f"/api/customers/{UUID(loaded['customer'])}/")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("caller", CALLERS)
async def test_detail_is_the_row_of_the_list(client: AsyncClient, as_user: AsUser, path: str, caller: str) -> None:
    for row in await listed(client, path, as_user(caller)):
        response = await client.get(f"{path}{row['uuid']}/", headers=as_user(caller))
        assert response.json() == row


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("caller", CALLERS)
async def test_what_is_not_listed_is_not_found(client: AsyncClient, as_user: AsUser, path: str, caller: str) -> None:
    every = {row["uuid"] for row in await listed(client, path, as_user("staff"))}
    own = {row["uuid"] for row in await listed(client, path, as_user(caller))}
    assert own <= every
    for uuid in every - own:
        assert (await client.get(f"{path}{uuid}/", headers=as_user(caller))).status_code == 404


@pytest.mark.parametrize("path", PATHS)
async def test_staff_and_support_see_everything(client: AsyncClient, as_user: AsUser, path: str) -> None:
    for caller in ("staff", "support"):
        assert len(await listed(client, path, as_user(caller))) == len(DATASET[path.split("/")[2]])


async def test_outsider_sees_nobody_else(client: AsyncClient, as_user: AsUser) -> None:
    assert [row["username"] for row in await listed(client, "/api/users/", as_user("outsider"))] == ["outsider"]


@pytest.mark.parametrize("caller", CALLERS)
async def test_members_see_their_organisation_and_its_projects(
    client: AsyncClient, as_user: AsUser, caller: str
) -> None:
    customers = {row["uuid"] for row in await listed(client, "/api/customers/", as_user(caller))}
    projects = {row["uuid"] for row in await listed(client, "/api/projects/", as_user(caller))}
    for scope in PEOPLE[caller].scopes:
        if scope in DATASET["customers"]:
            own = {str(UUID(uuid)) for uuid, row in DATASET["projects"].items() if row["customer"] == scope}
            assert str(UUID(scope)) in customers
            assert own <= projects
        if scope in DATASET["projects"]:
            assert str(UUID(scope)) in projects
            assert str(UUID(DATASET["projects"][scope]["customer"])) in customers


@pytest.mark.parametrize("caller", CALLERS)
async def test_organisations_that_are_shown_are_those_that_are_named(
    client: AsyncClient, as_user: AsUser, caller: str
) -> None:
    """By a role, a visible project or a visible offering, and by nothing else."""
    if caller in ("staff", "support"):
        return
    named = {str(UUID(scope)) for scope in PEOPLE[caller].scopes if scope in DATASET["customers"]}
    for path, member in (("/api/projects/", "customer_uuid"), ("/api/marketplace-public-offerings/", "customer_uuid")):
        named |= {row[member] for row in await listed(client, path, as_user(caller))}
    assert {row["uuid"] for row in await listed(client, "/api/customers/", as_user(caller))} == named - {None}


@pytest.mark.parametrize("caller", CALLERS)
async def test_only_staff_and_the_user_see_what_is_private(client: AsyncClient, as_user: AsUser, caller: str) -> None:
    for row in await listed(client, "/api/users/", as_user(caller)):
        hidden = PRIVATE - row.keys()
        if caller == "staff" or row["username"] == caller:
            assert hidden == set()
        else:
            assert hidden == ({"email"} if caller == "support" else PRIVATE)


@pytest.mark.parametrize(
    ("path", "parameters", "names"),
    [
        ("customers", {"name": "ALPHA"}, {"alpha"}),
        ("customers", {"name_exact": "alph"}, set()),
        ("customers", {"query": "alpha"}, {"alpha"}),
        ("customers", {"slug": "alph"}, set()),
        ("customers", {"abbreviation": "%"}, set()),
        ("customers", {"native_name": "no such name"}, set()),
        ("projects", {"name": "GENOME"}, {"genome"}),
        ("projects", {"name_exact": "genome"}, set()),
        ("projects", {"query": "genome"}, {"genome"}),
        ("projects", {"slug": "_enome"}, set()),
        ("projects", {"customer_name": "no such name"}, set()),
        ("users", {"username": "creator"}, {"creator"}),
        ("users", {"username": "creato"}, set()),
        ("users", {"query": "creato"}, {"creator"}),
        ("users", {"full_name": "no such name"}, set()),
    ],
)
async def test_rows_are_found_by_name(
    client: AsyncClient, as_user: AsUser, path: str, parameters: dict[str, str], names: set[str]
) -> None:
    rows = await listed(client, f"/api/{path}/", as_user("staff"), **parameters)
    found = {str(row.get("name", row.get("username"))).lower() for row in rows}
    assert len(found) == len(names) or found
    for name in names:
        assert any(name in each for each in found)
    assert bool(found) == bool(names)


@pytest.mark.parametrize("path", ["customers", "projects"])
async def test_every_row_is_found_by_its_own_name_and_slug(client: AsyncClient, as_user: AsUser, path: str) -> None:
    rows = await listed(client, f"/api/{path}/", as_user("staff"))
    for row in rows:
        for name, value in (("name_exact", row["name"]), ("slug", row["slug"]), ("name", row["name"][1:4])):
            found = await listed(client, f"/api/{path}/", as_user("staff"), **{name: value})
            assert row in found
            if name != "name":
                member = "name" if name == "name_exact" else "slug"
                assert {each[member] for each in found} == {value}


async def test_projects_are_found_by_their_organisation(client: AsyncClient, as_user: AsUser) -> None:
    for customer, loaded in DATASET["customers"].items():
        expected = {str(UUID(uuid)) for uuid, row in DATASET["projects"].items() if row["customer"] == customer}
        for parameters in ({"customer": customer}, {"customer_uuid": customer}):
            rows = await listed(client, "/api/projects/", as_user("staff"), **parameters)
            assert {row["uuid"] for row in rows} == expected
        rows = await listed(client, "/api/projects/", as_user("staff"), customer_name=loaded["name"])
        assert expected <= {row["uuid"] for row in rows}


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("customers", {"archived": "perhaps"}),
        ("customers", {"o": "slug"}),
        ("projects", {"customer": "nobody"}),
        ("projects", {"is_removed": "2"}),
        ("users", {"o": "email"}),
    ],
)
async def test_bad_parameter_is_told(
    client: AsyncClient, as_user: AsUser, path: str, parameters: dict[str, str]
) -> None:
    response = await client.get(f"/api/{path}/", params=parameters, headers=as_user("staff"))
    assert response.status_code == 400
    assert response.json().keys() == parameters.keys()


@pytest.mark.parametrize("path", PATHS)
async def test_pages_are_stable_and_complete(client: AsyncClient, as_user: AsUser, path: str) -> None:
    every = await listed(client, path, as_user("staff"))
    pages = []
    for number in range(1, len(every) + 1):
        response = await client.get(path, params={"page": number, "page_size": 1}, headers=as_user("staff"))
        assert response.headers["X-Result-Count"] == str(len(every))
        pages += response.json()
    assert pages == every


@pytest.mark.parametrize("path", PATHS)
async def test_order_can_be_chosen(client: AsyncClient, as_user: AsUser, path: str) -> None:
    name = "username" if path == "/api/users/" else "name"
    forth, back = [await listed(client, path, as_user("staff"), o=order) for order in (name, f"-{name}")]
    assert [row[name] for row in forth] == sorted(row[name] for row in back)
    assert [row[name] for row in back] == sorted((row[name] for row in forth), reverse=True)


@pytest.mark.parametrize("path", PATHS)
async def test_fields_can_be_chosen(client: AsyncClient, as_user: AsUser, path: str) -> None:
    rows = await listed(client, path, as_user("staff"), field="uuid,url")
    assert {tuple(row) for row in rows} == {("url", "uuid")}


@pytest.mark.parametrize("path", PATHS)
async def test_head_counts(client: AsyncClient, as_user: AsUser, path: str) -> None:
    counted = await client.head(path, headers=as_user("staff"))
    rows = await listed(client, path, as_user("staff"))
    assert (counted.status_code, counted.content) == (200, b"")
    assert counted.headers["X-Result-Count"] == str(len(rows))
    one = await client.head(f"{path}{rows[0]['uuid']}/", headers=as_user("staff"))
    assert (one.status_code, one.content) == (200, b"")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("uuid", ["nowhere", "00000000-0000-4000-8000-000000000000"])
async def test_what_is_not_there_is_not_found(client: AsyncClient, as_user: AsUser, path: str, uuid: str) -> None:
    response = await client.get(f"{path}{uuid}/", headers=as_user("staff"))
    assert response.status_code == 404
    assert "matches the given query." in response.json()["detail"]


@pytest.mark.parametrize("path", [*PATHS, "/api/users/me/"])
async def test_nobody_is_answered_without_a_token(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await client.head(path)).status_code == 401


@pytest.mark.parametrize("path", [*PATHS, "/api/users/me/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_is_changed_but_by_adding(client: AsyncClient, as_user: AsUser, path: str, method: str) -> None:
    response = await client.request(method, path, headers=as_user("staff"))
    may_add = path in ("/api/customers/", "/api/projects/")
    if may_add and method == "POST":
        assert response.status_code == 400, "there is nothing to add"
        return
    assert response.status_code == 405
    assert response.headers["Allow"] == ("GET, HEAD, POST, OPTIONS" if may_add else "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("caller", CALLERS)
async def test_me_is_the_caller(client: AsyncClient, as_user: AsUser, caller: str) -> None:
    response = await client.get("/api/users/me/", headers=as_user(caller))
    assert response.status_code == 200
    me = response.json()
    assert list(me) == [*FIELDS["/api/users/"], "permissions"]
    del me["permissions"]
    assert (me["username"], me["is_staff"]) == (caller, caller == "staff")
    assert (await client.get(me["url"], headers=as_user(caller))).json() == me
    assert (await client.get("/api/users/me", params={"field": "username"}, headers=as_user(caller))).json() == {
        "username": caller
    }
    head = await client.head("/api/users/me/", headers=as_user(caller))
    assert (head.status_code, head.content) == (200, b"")
