"""What code and documents cite is there: decisions, sections of the contract, files and headings."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from app.bookings.filters import BookingFilters
from tests.layers import ALLOWED, ARCHITECTURE

ROOT = Path(__file__).parents[1]
DECISIONS, CONTRACT = ROOT / "docs" / "decisions.md", ROOT / "docs" / "contract.md"
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
CITING = sorted(
    [*DOCUMENTS, *chain.from_iterable((ROOT / folder).rglob("*.py") for folder in ("app", "tests", "migrations"))]
)
NUMBERS = r"{0}(?:(?: to |, | and |; ){0})*"
DECISION = re.compile(rf"\bdecisions? ({NUMBERS.format(r'[0-9]+')})", re.IGNORECASE)
SECTION = re.compile(rf"\bcontract, ({NUMBERS.format(r'[0-9]+[.][0-9]+')})", re.IGNORECASE)
WITHIN_CONTRACT = re.compile(r"\(([0-9]+(?:[.][0-9]+)?(?:, [0-9]+[.][0-9]+)*)\)")
OF_THE_REFERENCE = re.compile(r"\b(?:reference|behaviour),? \(?[0-9]+[.][0-9]", re.IGNORECASE)
BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def headings(document: Path) -> list[str]:
    """The headings of a document, without those in blocks of code."""
    return HEADING.findall(BLOCK.sub("", document.read_text()))


def numbers(document: Path) -> set[str]:
    """What the headings of a document begin with, such as `27` or `8.2`."""
    return {found[0].rstrip(".") for text in headings(document) if (found := re.match(r"[0-9.]+", text))}


def cited(pattern: re.Pattern[str], path: Path) -> Iterator[str]:
    """The numbers that a file cites, each end of a span too; line breaks and the marks of comments count as blanks."""
    for found in pattern.findall(re.sub(r"\s+#?\s*", " ", path.read_text())):
        yield from re.findall(r"[0-9.]*[0-9]", found)


def missing(pattern: re.Pattern[str], paths: list[Path], known: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {number}"
        for path in paths
        for number in cited(pattern, path)
        if number not in known
    ]


@pytest.mark.parametrize(
    ("pattern", "document"), [(DECISION, DECISIONS), (SECTION, CONTRACT)], ids=["decisions", "contract"]
)
def test_what_is_cited_by_number_is_there(pattern: re.Pattern[str], document: Path) -> None:
    assert any(number for path in CITING for number in cited(pattern, path))
    assert missing(pattern, CITING, numbers(document)) == []


def test_sections_that_the_contract_refers_to_are_there() -> None:
    assert missing(WITHIN_CONTRACT, [CONTRACT], numbers(CONTRACT)) == []


def test_nothing_is_cited_that_readers_do_not_have() -> None:
    found = {str(path.relative_to(ROOT)): OF_THE_REFERENCE.findall(path.read_text()) for path in CITING}
    assert {path: texts for path, texts in found.items() if texts} == {}


@pytest.mark.parametrize("document", [DECISIONS, CONTRACT], ids=["decisions", "contract"])
def test_no_number_is_given_twice(document: Path) -> None:
    given = [text.split()[0] for text in headings(document) if text[0].isdigit()]
    assert sorted(set(given)) == sorted(given)


def anchor(heading: str) -> str:
    """What a link to a heading ends in: lower case, blanks as dashes, no other marks."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(document: Path) -> None:
    dead = []
    for target in LINK.findall(CODE.sub("", BLOCK.sub("", document.read_text()))):
        name, _, fragment = target.partition("#")
        file = document.parent / name if name else document
        if "://" not in target and not (file.exists() and (not fragment or fragment in map(anchor, headings(file)))):
            dead.append(target)
    assert dead == []


def rows(document: Path, heading: str) -> list[list[str]]:
    """The rows of all tables with that first heading, without their headings."""
    tables = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", document.read_text(), re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in "".join(tables).splitlines()]


def test_every_room_is_described() -> None:
    assert {room.strip("` ") for room, _ in rows(ARCHITECTURE, "Room")} == ALLOWED.keys()


def test_functions_on_a_path_are_where_it_says() -> None:
    """Of a method, such as `ORDER_CREATE.read`, the last part counts."""
    paths = rows(ARCHITECTURE, "Function")
    assert len(paths) > 30
    lost = [
        name
        for functions, files, _ in paths
        for name in re.findall(r"`([\w.]+)`", functions)
        if not any(
            re.search(
                rf"^ *(?:async )?def {name.rpartition('.')[2]}\b|^{name} = ", (ROOT / "app" / file).read_text(), re.M
            )
            for file in re.findall(r"`([\w/.]+)`", files)
        )
    ]
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_are_there(document: Path) -> None:
    named = re.findall(r"`((?:app|docs|tests|migrations)/[\w/.-]*)`", document.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def section(document: Path, number: str) -> str:
    """What is below the heading of that number."""
    return document.read_text().partition(f"\n### {number} ")[2].partition("\n##")[0]


@pytest.mark.parametrize("number", ["4.11", "11.1"])
def test_contract_lists_every_filter(number: str) -> None:
    listed = section(CONTRACT, number)
    assert [name for name in BookingFilters.model_fields if f"`{name}`" not in listed] == []
