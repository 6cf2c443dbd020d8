"""Orderings of a list, and how the `o` parameter picks them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.columns import Expression

Orderings: TypeAlias = Mapping[str, Expression]


@dataclass(frozen=True)
class OrderKey:
    """What rows are ordered by; rows without a value come last."""

    expression: Expression
    descending: bool = False
    nullable: bool = False

    def expressed(self, *, backward: bool = False) -> Expression:
        """As ORDER BY has it, so that an index of the expression can be followed; `backward` from the last row on."""
        ordered = self.expression.desc() if self.descending != backward else self.expression.asc()
        if not self.nullable:
            return ordered
        return ordered.nulls_first() if backward else ordered.nulls_last()


def order_keys(keys: Orderings, chosen: Sequence[str], default: str, tie_breaker: Expression) -> list[OrderKey]:
    """The keys of the chosen orderings; ties are broken, so that pages are stable."""
    found = []
    for name in dict.fromkeys(chosen or (default,)):  # a key that comes again orders nothing
        expression = keys[name.removeprefix("-")]
        column = getattr(expression, "expression", expression)
        found.append(OrderKey(expression, name.startswith("-"), getattr(column, "nullable", False)))
    return [*found, OrderKey(tie_breaker)]
