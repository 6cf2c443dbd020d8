"""How the code hangs together: imports run one way, each kind of thing has its place, and everything stays small."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path, PurePath

import pytest

from tests.layers import ALLOWED, ALLOWED_IN_BOOKINGS, ARCHITECTURE, PICTURE, floor, picture, reached

ROOT = Path(__file__).parents[1]
FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "app").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, HIGHEST_FLOOR = 350, 35, 11
WITH_HTTP = (
    "app/main.py",
    "app/monitoring/health.py",
    "app/pages.py",
    "app/telemetry/traces.py",
    "app/api/*.py",
    "app/*/router.py",
    "app/offerings/media.py",
    "app/offerings/provider.py",
)
WITH_STATEMENTS = (
    "app/*/repository.py",
    "app/*/counts.py",
    "app/*/loaders.py",
    "app/*/aggregates.py",
    "app/*/facts.py",
    "app/*/schemas.py",
    "app/registry/grants.py",
    "app/*/filters.py",
    "app/access.py",
    "app/auth.py",
    "app/database/locks.py",
    "app/database/prepared.py",
    "app/relations.py",
    "app/api/idempotency.py",
    "app/api/limits.py",
    "app/commands/*/*.py",
    "app/query/*.py",
)
WITH_STATUS_NUMBERS = (
    "app/errors.py",
    "app/monitoring/health.py",
    "app/api/*.py",
    "app/*/router.py",
    "app/offerings/media.py",
    "app/offerings/provider.py",
)
WITHOUT_ANSWERS = ("app/commands/*/*.py", "app/commands/*/*/*.py")
"""Where such a number is an amount of something."""
SIBLINGS = {"bookings", "calendar", "directory"}
ROOMS = {"api", "bookings", "calendar", "directory", "lifecycle", "main", "offerings", "orders"}
"""What commands do without."""
STATEMENTS = {"select", "insert", "update", "delete"}
STATUSES = {200, 201, 202, 204, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409, 410, 415, 422, 429}
STATUSES |= {500, 501, 502, 503, 504}


def matches(path: Path, patterns: tuple[str, ...]) -> bool:
    return any(PurePath(path).match(pattern) for pattern in patterns)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path) for path in FILES}


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """What a file imports: each module, and the name taken from it if any."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from ((node.module or "", alias.name) for alias in node.names)


def imported_modules(path: Path) -> set[str]:
    """Modules of the application that a file imports."""
    found = (f"{name}.{taken}" if f"{name}.{taken}" in MODULES else name for name, taken in imports(path))
    return {name for name in found if name in MODULES and name != "app"}


def part(name: str, depth: int = 1) -> str:
    return name.split(".")[depth]


def edges(prefix: str) -> dict[str, set[str]]:
    """Imports between the modules below a package, each under its name within it."""
    depth = prefix.count(".") + 1
    found: dict[str, set[str]] = {}
    for path in FILES:
        if module(path).startswith(f"{prefix}."):
            own = part(module(path), depth)
            to = {part(name, depth) for name in imported_modules(path) if name.startswith(f"{prefix}.")}
            found.setdefault(own, set()).update(to - {own})
    return found


@pytest.mark.parametrize(("package", "allowed"), [("app", ALLOWED), ("app.bookings", ALLOWED_IN_BOOKINGS)])
def test_imports_run_one_way(package: str, allowed: dict[str, set[str]]) -> None:
    found = edges(package)
    assert found == allowed
    assert list(TopologicalSorter(allowed).static_order())  # raises when the table itself goes round


def test_house_is_not_too_high() -> None:
    assert max(floor(room) for room in ALLOWED) <= HIGHEST_FLOOR


def test_siblings_do_not_know_each_other() -> None:
    assert {room: reached(room) & SIBLINGS for room in SIBLINGS} == {room: set() for room in SIBLINGS}


def test_commands_know_neither_rooms_nor_http() -> None:
    assert reached("commands") & ROOMS == reached("cli") & ROOMS == set()
    assert [room for room, below in ALLOWED.items() if "commands" in below] == []  # `cli` names them by text


def test_picture_is_the_table() -> None:
    assert PICTURE.findall(ARCHITECTURE.read_text()) == [picture()], "Draw it anew with: python -m tests.layers"


def test_no_file_imports_itself_by_way_of_others() -> None:
    graph = {module(path): imported_modules(path) - {module(path)} for path in FILES}
    assert set(TopologicalSorter(graph).static_order()) >= MODULES - {"app"}


def test_every_import_is_at_the_top() -> None:
    inner = [
        f"{path}:{statement.lineno}"
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef))
        for statement in ast.walk(node)
        if isinstance(statement, (ast.Import, ast.ImportFrom))
    ]
    assert inner == []


def importing(*packages: str) -> set[Path]:
    return {path for path in FILES if any(name.split(".")[0] in packages for name, _ in imports(path))}


def test_http_is_known_at_the_edge_only() -> None:
    found = importing("fastapi", "starlette")
    assert found
    assert {path for path in found if not matches(path, WITH_HTTP)} == set()


def test_statements_are_built_where_they_belong() -> None:
    found = {
        path
        for path in FILES
        for name, taken in imports(path)
        if name.split(".")[0] == "sqlalchemy" and taken in STATEMENTS
    }
    assert found
    assert {path for path in found if not matches(path, WITH_STATEMENTS)} == set()


def test_transactions_end_in_one_place() -> None:
    found = {
        path
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("commit", "begin", "rollback")
    }
    assert found == set(), "`Database.transaction` does so"
    assert {path for path in FILES if ("app.database", "driver") in imports(path)} == {Path("app/database/prepared.py")}


def test_status_numbers_are_known_to_few() -> None:
    found = {
        path
        for path in FILES
        if not matches(path, WITHOUT_ANSWERS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value in STATUSES
    }
    assert found
    assert {path for path in found if not matches(path, WITH_STATUS_NUMBERS)} == set()


def words(path: Path) -> Iterator[str]:
    """What a file says: its identifiers and its strings, documentation too."""
    for node in ast.walk(tree(path)):
        for name in ("id", "attr", "arg", "name", "value"):
            if isinstance(word := getattr(node, name, None), str):
                yield word.lower()


def test_mechanism_has_never_heard_of_a_booking() -> None:
    told = {
        f"{path}: {word}"
        for path in FILES
        if matches(path, ("app/api/*.py", "app/query/*.py"))
        for word in words(path)
        if any(noun in word for noun in ("booking", "offering", "slot"))
    }
    assert told == set()


def test_files_and_functions_are_short() -> None:
    files = {str(path): len((ROOT / path).read_text().splitlines()) for path in FILES}
    functions = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert functions
    assert {name: lines for name, lines in files.items() if lines > LONGEST_FILE} == {}
    assert {name: lines for name, lines in functions.items() if lines > LONGEST_FUNCTION} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [str(path) for path in FILES if not ast.get_docstring(tree(path))] == []
