"""Answers as CSV, for programs that show tables: who is given them, and how what is answered becomes cells."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TypeAlias

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.routing import takes_json
from app.values import JsonObject

CSV = "text/csv"
_MARK = "\ufeff"
"""By which such programs know that a file is UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a text begins with that such programs may take for a formula."""
AS_CSV: JsonObject = {CSV: {"schema": {"type": "string"}}}
"""What the OpenAPI document says of an answer that may be CSV as well."""
VARIES = {"Vary": "Accept"}
"""What such an answer says, whichever it is, to whoever keeps it."""


async def takes_json_or_csv(request: Request) -> None:
    """Raises NotAcceptable for a client that takes neither."""
    if not wants_csv(request):
        await takes_json(request)


def wants_csv(request: Request) -> bool:
    """Whether the client names CSV, and does not like JSON as much. Who takes anything is given JSON."""
    kinds = _kinds(",".join(request.headers.getlist("accept")).lower().replace(" ", ""))
    liked, named = kinds.get(CSV, 0), kinds.get("application/json")
    if named is not None:
        return liked > named
    return liked > 0 and liked >= max(kinds.get("application/*", 0), kinds.get("*/*", 0))


def _kinds(accepted: str) -> dict[str, float]:
    """How much each kind of answer is liked."""
    parts = (part.split(";") for part in accepted.split(","))
    return {kind: next((_number(each[2:]) for each in details if each[:2] == "q="), 1.0) for kind, *details in parts}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


Row: TypeAlias = Mapping[str, object]


def table(columns: Sequence[str], rows: Iterable[Row], name: str, headers: Mapping[str, str] | None = None) -> Response:
    """The rows as a file of that name, with a line of titles; a row may lack members."""
    return Response(_titles(columns) + _lines(columns, rows), headers=_told(name, headers), media_type=CSV)


def long_table(
    columns: Sequence[str], parts: AsyncIterator[Iterable[Row]], name: str, headers: Mapping[str, str]
) -> Response:
    """The same of rows that come a few at a time, and are sent as they come."""

    async def content() -> AsyncIterator[bytes]:
        yield _titles(columns)
        async for rows in parts:
            yield _lines(columns, rows)

    return _InParts(content(), headers=_told(name, headers), media_type=CSV)


class _InParts(StreamingResponse):
    """An answer that is sent as it comes. Whether its client has left is watched for all requests alike."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


def _told(name: str, headers: Mapping[str, str] | None) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"', **VARIES, **(headers or {})}


def _titles(columns: Sequence[str]) -> bytes:
    return (_MARK + _written([columns])).encode()


def _lines(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    return _written([_cell(row.get(column)) for column in columns] for row in rows).encode()


def _written(lines: Iterable[Iterable[object]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(lines)
    return written.getvalue()


def _cell(value: object) -> object:
    """A text or a number; what is nested is its JSON. An apostrophe keeps a text from being a formula."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text
