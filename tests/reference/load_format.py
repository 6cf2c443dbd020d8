"""The file that `load` takes and `dump` writes, table by table, from the models of its rows."""

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.commands.transfer import row, values
from app.commands.transfer.parts import PARTS, SCOPES, Part
from app.models.base import Base

_WORDS: tuple[tuple[object, str], ...] = (
    (values.UuidText, "UUID"),
    (values.Moment, "moment"),
    (values.Day, "day"),
    (values.Flag, "true or false"),
    (values.Whole, "whole number"),
    (values.Coordinate, "number"),
    (values.Price, "decimal number"),
    (values.Text, "text"),
    (values.Text50, "text, at most 50"),
    (values.Text100, "text, at most 100"),
    (values.Text150, "text, at most 150"),
    (values.Text255, "text, at most 255"),
    (values.Text500, "text, at most 500"),
    (values.Username, "text, 1 to 128"),
    (values.FileName, "text, 1 to 500"),
    (values.TokenKey, "text without blanks"),
    (values.Digest, "SHA-256, in hexadecimal digits"),
    (values.Content, "base64"),
    (values.JsonObject, "object"),
    (values.JsonObjectOrNull, "object, or null"),
    (values.ReportOrNull, "list of `{header, body}`, or null"),
)
"""What each type of the rows is called; a type that is not here has to be added."""
_WITHIN: dict[type[BaseModel], str] = {row.TokenRow: "tokens", row.SlotRow: "slots", row.EndpointRow: "endpoints"}
"""Rows that come within others, with what lists them."""


def made() -> str:
    """What is said of each table."""
    return "".join(_table(part) for part in PARTS if part.row) + "".join(map(_within, _WITHIN))


def _table(part: Part) -> str:
    assert part.row
    kind = "An object of rows by UUID." if part.kind == "object" else f"A list of rows; one for each {_joined(part)}."
    if part.name == "role_permissions":
        return f"\n## {part.name}\n\nAn object: the name of a role, and the list of what it allows, which are texts.\n"
    told = _own_words(part.row)
    return f"\n## {part.name}\n\n{kind}{f' {told}' if told else ''}\n\n{_fields(part.row, part.model)}"


def _within(model: type[BaseModel]) -> str:
    told = _own_words(model)
    return f"\n## {_WITHIN[model]}\n\nLists within rows.{f' {told}' if told else ''}\n\n{_fields(model, None)}"


def _joined(part: Part) -> str:
    names = dict.fromkeys("scope" if name in SCOPES else name.removesuffix("_uuid") for name in part.identity)
    return ", ".join(f"`{name}`" for name in names)


def _own_words(model: type[BaseModel]) -> str:
    return " ".join((vars(model).get("__doc__") or "").split())


def _fields(model: type[BaseModel], stored: type[Base] | None) -> str:
    hints = get_type_hints(model, include_extras=True)
    rows = [
        f"| `{field.alias or name}` | {_type(name, hints[name], stored)} | {_default(field)} |\n"
        for name, field in model.model_fields.items()
        if not (name == "uuid" and issubclass(model, row.IdentifiedRow))
    ]
    return "| Key | Value | Default |\n|---|---|---|\n" + "".join(rows)


def _type(name: str, hint: Any, stored: type[Base] | None) -> str:
    told = _said(hint)
    if stored is not None and name.endswith("_uuid"):
        [key] = stored.__table__.c[name].foreign_keys
        table = next(part.name for part in PARTS if part.row and part.stored is key.column.table)
        return told.replace("UUID", f"UUID of `{table}`")
    return told


def _said(hint: Any) -> str:
    for known, words in _WORDS:
        if hint == known:
            return words
    if get_origin(hint) is UnionType or "Optional" in str(get_origin(hint)) or type(None) in get_args(hint):
        return f"{_said(next(each for each in get_args(hint) if each is not type(None)))}, or null"
    if get_origin(hint) is Literal:
        return " ".join(f"`{each}`" for each in get_args(hint))
    if get_origin(hint) in (tuple, list):
        inner = get_args(hint)[0]
        return f"list of [{_WITHIN[inner]}](#{_WITHIN[inner]})" if inner in _WITHIN else f"list: {_said(inner)}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " ".join(f"`{each.value}`" for each in hint)
    for known, words in _WORDS:
        if _is_narrower(hint, known):
            return f"{words}, 0 or more"
    raise TypeError(hint)


def _is_narrower(hint: Any, known: Any) -> bool:
    """Whether a type is a known one with a lower limit of its own."""
    of_known = getattr(known, "__metadata__", ())
    beginning, rest = hint.__metadata__[: len(of_known)], hint.__metadata__[len(of_known) :]
    return bool(of_known) and beginning == of_known and [each.metadata for each in rest] == [[Ge(0)]]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    return "".join(_shown(field.default))


def _shown(value: object) -> Iterator[str]:
    match value:
        case None:
            yield "null"
        case Enum():
            yield f"`{value.value}`"
        case bool():
            yield "true" if value else "false"
        case Decimal() | int() | float():
            yield str(value)
        case "":
            yield "empty"
        case str():
            yield f"`{value}`"
        case ():
            yield "empty"
        case _:
            raise TypeError(value)
