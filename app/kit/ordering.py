"""Orderings of a list, and how the `o` parameter picks them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement


def ordered(
    keys: Mapping[str, ColumnElement[Any]], chosen: Sequence[str], default: str, tie_breaker: Any
) -> list[ColumnElement[Any]]:
    """ORDER BY expressions; rows without a value come last both ways, and ties are broken, so that pages are stable."""
    order = []
    for name in chosen or (default,):
        key = keys[name.removeprefix("-")]
        order.append((key.desc() if name.startswith("-") else key.asc()).nulls_last())
    return [*order, tie_breaker]
