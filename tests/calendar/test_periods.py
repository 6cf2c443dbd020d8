"""Arithmetic of periods, held against minutes that are counted one by one."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.slots.periods import Period, merged

START = datetime(2030, 5, 1, tzinfo=UTC)
MINUTES = 60

spans = st.tuples(st.integers(0, MINUTES - 1), st.integers(1, MINUTES)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], MINUTES))
)
lists = st.lists(spans, max_size=8)
CASES = settings(derandomize=True, max_examples=400, deadline=None)


def periods(pairs: list[tuple[int, int]]) -> list[Period]:
    return [Period(START + timedelta(minutes=start), START + timedelta(minutes=end)) for start, end in pairs]


def minutes(found: list[Period]) -> set[int]:
    first = [int((each.start - START).total_seconds()) // 60 for each in found]
    last = [int((each.end - START).total_seconds()) // 60 for each in found]
    return {minute for start, end in zip(first, last, strict=True) for minute in range(start, end)}


def are_apart(found: list[Period]) -> bool:
    return all(one.end < other.start for one, other in pairwise(found))


@CASES
@given(lists)
def test_merged_is_the_same_time_in_fewest_periods(pairs: list[tuple[int, int]]) -> None:
    found = merged(periods(pairs))
    assert minutes(found) == minutes(periods(pairs))
    assert are_apart(found)
    assert all(each.start < each.end for each in found)
