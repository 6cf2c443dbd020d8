"""Nothing that the newest official client may send to a route is ignored: it filters, or is refused with 400."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from httpx import AsyncClient

from app.api.asking import NOT_SUPPORTED
from tests.clients.conftest import installed
from tests.clients.test_waldur_client import NEWEST, NOVEMBER_2025
from tests.conftest import AsUser
from tests.documentation import DOCUMENTED

pytestmark = pytest.mark.slow

CONTRACT = Path(__file__).parents[2] / "docs" / "contract.md"
VERSIONS = (NOVEMBER_2025, NEWEST)


@cache
def documented() -> dict[str, tuple[str, frozenset[str]]]:
    """By operation, the path, and the query parameters that have a meaning."""
    document = json.loads((DOCUMENTED / "openapi.json").read_text())
    return {
        operation["operationId"]: (path, frozenset(_in_query(operation)))
        for path, methods in document["paths"].items()
        for operation in methods.values()
    }


def _in_query(operation: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]


@cache
def sent(version: str, operation: str) -> frozenset[str] | None:
    """The query parameters that a function of the client sends; None if the client has no such function."""
    found = list((installed(version) / "waldur_api_client" / "api").glob(f"*/{operation}.py"))
    if not found:
        return None
    [arguments] = [
        node
        for node in ast.parse(found[0].read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "_get_kwargs"
    ]
    return frozenset(
        node.slice.value
        for node in ast.walk(arguments)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "params"
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    )


@cache
def refused() -> dict[str, set[str]]:
    """By path, what the contract says is refused."""
    section = CONTRACT.read_text().partition("### 11.11 ")[2].partition("\n#")[0]
    found: dict[str, set[str]] = {}
    for path, names in re.findall(r"^\| `(/api/[^`]+)` \| (.*) \|$", section, re.MULTILINE):
        found.setdefault(path, set()).update(re.findall(r"`(\w+)`", names))
    return found


def unknown(version: str) -> dict[str, dict[str, set[str]]]:
    """By path and operation, what the client sends beside what has a meaning."""
    found: dict[str, dict[str, set[str]]] = {}
    for operation, (path, known) in documented().items():
        names = (sent(version, operation) or frozenset()) - known
        if names:
            found.setdefault(path, {})[operation] = set(names)
    return found


def test_the_client_is_read() -> None:
    sizes = {operation: len(sent(NEWEST, operation) or ()) for operation in documented()}
    assert sizes["booking_resources_list"] > 40
    assert sizes["marketplace_orders_list"] > 25
    assert sum(size > 0 for size in sizes.values()) > 20


def test_what_has_no_meaning_is_said_to_be_refused() -> None:
    """To the name: nothing is said to be refused that the client does not send."""
    beside = {path: set().union(*names.values()) for path, names in unknown(NEWEST).items()}
    assert beside == refused()


def test_what_the_client_of_november_2025_sends_is_filtered_by_or_refused() -> None:
    for path, operations in unknown(NOVEMBER_2025).items():
        for operation, names in operations.items():
            assert names <= refused().get(path, set()), operation


def test_what_has_a_meaning_is_in_the_contract() -> None:
    section = CONTRACT.read_text().partition("## 11. ")[2].partition("### 11.11 ")[0]
    said = set(re.findall(r"`(\w+)`", section))
    assert set().union(*(names for path, names in documented().values() if path.startswith("/api/"))) <= said


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_is_refused_is_refused(client: AsyncClient, as_user: AsUser, method: str) -> None:
    assert len(refused()) > 5
    for path, names in refused().items():
        for name in names:
            answer = await client.request(method, path, params={name: "1"}, headers=as_user("staff"))
            assert answer.status_code == 400, (path, name)
            if method == "GET":
                assert answer.json() == {name: [NOT_SUPPORTED]}


async def test_refusals_are_told_with_all_else_that_is_wrong(client: AsyncClient, as_user: AsUser) -> None:
    path = "/api/customers/?user_uuid=&backend_id=1&backend_id=2&archived=maybe&o=uuid&nonsense=1"
    answer = await client.get(path, headers=as_user("staff"))
    assert answer.json() == {
        "backend_id": [NOT_SUPPORTED],
        "archived": ["Must be a valid boolean."],
        "o": ["Select a valid choice. uuid is not one of the available choices."],
    }


async def test_empty_and_unknown_names_are_ignored(client: AsyncClient, as_user: AsUser) -> None:
    every = await client.get("/api/customers/?page_size=300", headers=as_user("staff"))
    some = await client.get("/api/customers/?page_size=300&user_uuid=%20&nonsense=1", headers=as_user("staff"))
    assert (some.status_code, some.json()) == (200, every.json())
