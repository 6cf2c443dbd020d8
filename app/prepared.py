"""Statements that are composed once for each shape of a request, and then run as prepared statements."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from asyncpg import Record
from sqlalchemy import Update
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from app.columns import Statement
from app.database import Reader

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Prepared:
    """The text of a statement, the names of its parameters in order, and those values that belong to its shape."""

    sql: str
    parameters: tuple[str, ...]
    fixed: Mapping[str, object]

    async def fetch(
        self, reader: Reader, values: Mapping[str, object], *, planned_anew: bool = False
    ) -> Sequence[Record]:
        """The rows for these values of the parameters; with `planned_anew`, by a plan for these very values."""
        arguments = [values[name] if name in values else self.fixed[name] for name in self.parameters]
        if planned_anew:
            return list(await (await reader.prepare(self.sql)).fetch(*arguments))
        rows: Sequence[Record] = await reader.fetch(self.sql, *arguments)
        return rows


def prepared(statement: Statement | Update) -> Prepared:
    """The statement made ready. The driver keeps it prepared by its text."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    fixed = compiled.construct_params(_check=False)
    return Prepared(compiled.string, tuple(compiled.positiontup or ()), fixed)


class Statements:
    """Prepared statements by shape, the most recently used of them."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Prepared] = OrderedDict()

    def of(self, shape: Hashable | None, compose: Callable[[], Statement]) -> Prepared:
        """The statement of a shape, composed if it is new; without a shape, composed anew."""
        if shape is None:
            return prepared(compose())
        if shape in self._kept:
            self._kept.move_to_end(shape)
            return self._kept[shape]
        made = self._kept[shape] = prepared(compose())
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return made
