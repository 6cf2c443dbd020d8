"""Fieldsets: each field says where it comes from, and only what is asked for is selected, joined and loaded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.query import fieldset
from app.query.fieldset import (
    ABSENT,
    Context,
    DirectoryPath,
    Fieldset,
    Item,
    View,
    _reading,
    column,
    computed,
    constant,
    judged,
    link,
    related,
    several,
    source_of,
)
from tests.query.library import ADA, CONTEXT, RELATIONS, Answers, Author, Book, Country, Unprepared, columns_in

ONE, TWO, JANE = UUID(int=1), UUID(int=2), UUID(int=9)
LOADED: list[tuple[str, set[UUID]]] = []
"""Which loaders ran, and for what."""


@pytest.fixture(autouse=True)
def _answers_know_no_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fieldset, "prepared", Unprepared)


async def load_loans(_: AsyncConnection, __: Context, uuids: Iterable[UUID]) -> Mapping[UUID, list[Item]]:
    LOADED.append(("loans", set(uuids)))
    return {ONE: [{"by": "bob"}]}


async def load_prizes(_: AsyncConnection, __: Context, uuids: Iterable[UUID]) -> Mapping[UUID, object]:
    LOADED.append(("prizes", set(uuids)))
    return {JANE: "a medal"}


def is_thick(context: Context, pages: int | None, title: str) -> str:
    return f"{context.caller.username} finds {title} {'thick' if pages and pages > 500 else 'thin'}"


@dataclass(frozen=True)
class Judgement:
    title: Annotated[str, Book.title]
    pages: Annotated[int | None, Book.pages]


def read_slowly(_: Context, facts: Judgement) -> object:
    return ABSENT if facts.pages is None else facts.pages * 2


def is_long(_: Context, facts: Judgement) -> bool:
    return len(facts.title) > 4


class Shown(Fieldset):
    uuid: str = column(Book.uuid, "Its uuid.")
    title: str = column(Book.title, "Its title.")
    pages: int | None = column(Book.pages, "Its pages.")
    counted: int = column(Book.pages, "Its pages, if they were counted.", optional=True)
    url: str = link("/books/{}/", Book.uuid, description="Its address.")
    page: str | None = link("/books/{}/pages/{}/", Book.uuid, Book.pages, description="Its last page.")
    author_url: str = link(DirectoryPath("/authors/{}/"), Author.uuid, description="Of its author.", optional=True)
    country: str = column(Country.name, "Where it was written.")
    judgement: str = computed(is_thick, Book.pages, Book.title, description="What the caller thinks.")
    hours: int = judged(read_slowly, Judgement, "How long it takes.")
    long: bool = judged(is_long, Judgement, "Whether the title is long.")
    kind: str = constant("book", "What it is.")
    gone: str = constant(ABSENT, "Never there.")
    loans: list[Item] = related(load_loans, Book.uuid, [], "Who has it.")
    history: list[Item] = related(load_loans, Book.uuid, [], "Who has had it.")
    prize: str | None = related(load_prizes, Book.author_uuid, None, "What its author won.")


VIEW = View(Shown, Book, RELATIONS)
MISSING = "<absent>"


@pytest.fixture(autouse=True)
def nothing_loaded() -> None:
    LOADED.clear()


EMMA = {"book.uuid": ONE, "book.title": "Emma", "book.pages": 501, "book.author_uuid": JANE, "author.uuid": JANE}
PERSUASION = {"book.uuid": TWO, "book.title": "Persuasion"}
"""Of which nothing more is known."""


async def read(field: str, book: Mapping[str, object], context: Context = CONTEXT) -> object:
    """The field of a book."""
    [item] = (await VIEW.read(Answers(book).connection, context, [ONE], [field])).values()
    return item.get(field, MISSING)


VALUES: dict[str, tuple[str, Mapping[str, object], object]] = {
    "column": ("title", EMMA, "Emma"),
    "column that is null": ("pages", PERSUASION, None),
    "optional column": ("counted", EMMA, 501),
    "optional column that is zero": ("counted", {**EMMA, "book.pages": 0}, 0),
    "optional column that is null": ("counted", PERSUASION, MISSING),
    "link": ("url", EMMA, f"http://library.example.org/books/{ONE}/"),
    "link of several values": ("page", EMMA, f"http://library.example.org/books/{ONE}/pages/501/"),
    "link to nothing": ("page", PERSUASION, None),
    "optional link": ("author_url", EMMA, f"http://library.example.org/authors/{JANE}/"),
    "optional link to nothing": ("author_url", PERSUASION, MISSING),
    "computed": ("judgement", EMMA, "ada finds Emma thick"),
    "computed of null": ("judgement", PERSUASION, "ada finds Persuasion thin"),
    "judged": ("hours", EMMA, 1002),
    "judged to be absent": ("hours", PERSUASION, MISSING),
    "constant": ("kind", EMMA, "book"),
    "constantly absent": ("gone", EMMA, MISSING),
    "related": ("loans", EMMA, [{"by": "bob"}]),
    "related by another column": ("prize", EMMA, "a medal"),
    "related to nothing": ("prize", {**EMMA, "book.author_uuid": TWO}, None),
}


@pytest.mark.parametrize("case", VALUES)
async def test_field_has_its_value(case: str) -> None:
    field, book, expected = VALUES[case]
    assert await read(field, book) == expected


async def test_nothing_found_is_an_empty_list() -> None:
    found = await VIEW.read(Answers(PERSUASION).connection, CONTEXT, [TWO], ["loans", "history"])
    assert found == {TWO: {"loans": [], "history": []}}


async def test_nothing_is_loaded_for_null() -> None:
    assert await read("prize", PERSUASION) is None
    assert [("prizes", set())] == LOADED


async def test_directory_answers_for_its_paths_alone() -> None:
    elsewhere = Context(ADA, "http://library.example.org", "http://people.example.org")
    assert await read("author_url", EMMA, elsewhere) == f"http://people.example.org/authors/{JANE}/"
    assert await read("url", EMMA, elsewhere) == f"http://library.example.org/books/{ONE}/"


class Asked(NamedTuple):
    """Fields that are asked for, what is selected for them beside the uuid, and how many relations are joined."""

    names: list[str]
    columns: list[str]
    joins: int = 0


SELECTED = {
    "the uuid": Asked(["uuid"], columns=[]),
    "a constant": Asked(["kind"], columns=[]),
    "a column": Asked(["title"], columns=["book.title"]),
    "a column of several fields": Asked(["pages", "counted", "page"], columns=["book.pages"]),
    "columns of two fields": Asked(["title", "judgement"], columns=["book.title", "book.pages"]),
    "facts of two fields": Asked(["hours", "long"], columns=["book.title", "book.pages"]),
    "a relation": Asked(["author_url"], columns=["author.uuid"], joins=1),
    "a relation of a relation": Asked(["country"], columns=["country.name"], joins=2),
    "what is loaded": Asked(["loans", "history"], columns=[]),
    "what is loaded by another column": Asked(["prize"], columns=["book.author_uuid"]),
}


@pytest.mark.parametrize("asked", SELECTED.values(), ids=SELECTED)
async def test_columns_that_are_asked_for_are_selected_once(asked: Asked) -> None:
    answers = Answers()
    await VIEW.read(answers.connection, CONTEXT, [ONE], asked.names)
    [(statement, values)] = answers.asked
    first, *others = columns_in(statement)
    assert first == "book.uuid"
    assert [name for name in others if name != "book.uuid"] == asked.columns
    assert str(statement).count("JOIN") == asked.joins
    assert values == {"uuid": ONE}


async def test_several_rows_are_read_at_once() -> None:
    answers = Answers()
    await VIEW.read(answers.connection, CONTEXT, [ONE, TWO], ["title"])
    [(_, values)] = answers.asked
    assert values == {"uuids": [ONE, TWO]}


async def test_loader_of_two_fields_runs_once_and_others_not() -> None:
    await VIEW.read(Answers(EMMA, PERSUASION).connection, CONTEXT, [ONE, TWO], ["loans", "history", "kind"])
    assert [("loans", {ONE, TWO})] == LOADED


async def test_members_come_in_documented_order() -> None:
    found = await VIEW.read(Answers(EMMA).connection, CONTEXT, [ONE], ["kind", "title", "uuid"])
    assert list(found[ONE]) == ["uuid", "title", "kind"]


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (["title"], ("title",)),
        (["title", "title"], ("title",)),
        (["kind", "title"], ("title", "kind")),
        (["title", "made up"], ("title",)),
        (["made up"], tuple(Shown.model_fields)),
        ([], tuple(Shown.model_fields)),
    ],
    ids=str,
)
def test_names_are_known_in_documented_order(names: list[str], known: tuple[str, ...]) -> None:
    assert VIEW.known(names) == known


async def test_names_that_callers_make_up_do_not_fill_memory() -> None:
    view = View(Shown, Book, RELATIONS)
    await view.read(Answers().connection, CONTEXT, [ONE], ["title", "kind"])
    kept = _reading.cache_info().currsize
    for number in range(50):
        made_up = [f"made up {number}", "kind", "title", *["title"] * number]
        await view.read(Answers().connection, CONTEXT, [ONE], made_up)
    assert _reading.cache_info().currsize == kept


def test_field_must_say_where_it_comes_from() -> None:
    class Silent(Fieldset):
        title: str = ""

    with pytest.raises(TypeError, match=r"Silent\.title"):
        source_of(Silent, "title")


def test_unknown_member_is_refused() -> None:
    with pytest.raises(ValidationError):
        Shown.model_validate({"colour": "red"})


async def test_several_groups_rows_by_their_owner() -> None:
    load = several(Book.author_uuid, select(Book.title), Book.title, Book.uuid)
    titles = {"Emma": JANE, "Persuasion": JANE, "Dracula": TWO}
    answers = Answers(*({"book.title": title, "book.author_uuid": author} for title, author in titles.items()))
    found = await load(answers.connection, CONTEXT, {JANE})
    assert found == {JANE: [{"title": "Emma"}, {"title": "Persuasion"}], TWO: [{"title": "Dracula"}]}
    [(statement, values)] = answers.asked
    assert columns_in(statement) == ["book.title", "book.author_uuid"]
    assert str(statement).endswith("ORDER BY book.title, book.uuid")
    assert values == {"uuids": [JANE]}
