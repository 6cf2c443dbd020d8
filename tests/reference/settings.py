"""The settings as a table: each variable with its default and its meaning."""

from collections.abc import Iterable
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic.fields import FieldInfo

from app.config import Settings

_HEAD = "\n| Variable | Default | Meaning |\n|---|---|---|\n"
_OF_THE_PLATFORM = {"data_dir": "`~/.local/share/booking-resources`"}


def made() -> str:
    """The table."""
    return _HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    default = _OF_THE_PLATFORM.get(name) or shown(field.default)
    return f"| `BOOKING_{name.upper()}` | {default} | {field.description} |\n"


def shown(value: object) -> str:
    """A default as one would write it."""
    match value:
        case None:
            return ""
        case bool():
            return "`on`" if value else "`off`"
        case time():
            return f"`{value:%H:%M}`"
        case ZoneInfo():
            return f"`{value.key}`"
        case str() | int() | float() | Path():
            return f"`{value}`"
        case Iterable():
            return f"`{','.join(map(str, value))}`"
    raise TypeError(value)
