"""How many orders there are, by the sums that triggers keep."""

from collections.abc import Sequence

from sqlalchemy import BinaryExpression, ColumnElement, and_, func, not_, or_, select, true
from sqlalchemy.sql.operators import is_not

from app.columns import Statement
from app.models import Order, OrderCount
from app.models.orders import ANYBODY
from app.query.joins import in_terms_of, mentions_only, names

_PARTIES = {"provider_uuid": OrderCount.provider_uuid, "consumer_uuid": OrderCount.consumer_uuid}
_COUNTED_BY = {
    **_PARTIES,
    "is_booking": OrderCount.is_booking,
    "type": OrderCount.type,
    "state": OrderCount.state,
}
"""What counters know of orders, and what says the same of a counter."""


def counted(conditions: Sequence[ColumnElement[bool]]) -> Statement | None:
    """The number of orders that meet the conditions, if these speak of nothing but what counters know.

    Those of one scope without those of others are all of the first less those that are in both: either is a sum of few
    counters.
    """
    said = [in_terms_of(condition, Order, _COUNTED_BY) for condition in conditions]
    if not all(mentions_only(condition, OrderCount) for condition in said):
        return None
    others = [condition.left for condition in said if _excludes(condition)]
    within = [condition for condition in said if not _excludes(condition)]
    total = _sum(within)
    return select(total - _sum([*within, or_(*others)])) if others else select(total)


def _excludes(condition: ColumnElement[bool]) -> bool:
    """Whether the condition is that another one is not true."""
    is_binary = isinstance(condition, BinaryExpression) and condition.operator is is_not
    return is_binary and condition.right.compare(true())


def _sum(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    """The sum of the counters that meet the conditions, of either party by itself if they speak of it."""
    of_party = [
        not_(column == ANYBODY) if names(and_(*conditions), name) else column == ANYBODY
        for name, column in _PARTIES.items()
    ]
    total = func.coalesce(func.sum(OrderCount.number), 0)
    return select(total).where(*of_party, *conditions).scalar_subquery()
