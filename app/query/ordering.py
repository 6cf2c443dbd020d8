"""Orderings of a list, and how the `o` parameter picks them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from app.columns import Expression

Orderings: TypeAlias = Mapping[str, Expression]


def ordered(keys: Orderings, chosen: Sequence[str], default: str, tie_breaker: Expression) -> list[Expression]:
    """ORDER BY expressions; rows without a value come last both ways, and ties are broken, so that pages are stable."""
    order: list[Expression] = []
    for name in chosen or (default,):
        key = keys[name.removeprefix("-")]
        order.append((key.desc() if name.startswith("-") else key.asc()).nulls_last())
    return [*order, tie_breaker]
