"""The audit finds exactly the pairs that comparing all with all would, and ends as few as first come, first served."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commands.importing.audit import Claim, giving_way, overlaps
from app.slots.periods import Period

DAY = datetime(2030, 5, 1, tzinfo=UTC)
hours = st.integers(0, 12).map(lambda hour: DAY + timedelta(hours=hour))
periods = st.builds(Period, hours, hours)


@st.composite
def all_claims(draw: st.DrawFn) -> list[Claim]:
    return [
        Claim(
            UUID(int=number),
            f"booking {number}",
            draw(st.sampled_from([UUID(int=1000), UUID(int=1001)])),
            draw(hours),
            tuple(draw(st.lists(periods, max_size=4))),
        )
        for number in range(draw(st.integers(0, 9)))
    ]


def meet(one: Period, other: Period) -> bool:
    return max(one.start, other.start) < min(one.end, other.end)


def by_comparing_all(claims: list[Claim]) -> dict[tuple[UUID, UUID], list[tuple[Period, Period]]]:
    found = {}
    for first, second in combinations(sorted(claims, key=lambda claim: (claim.created, claim.uuid)), 2):
        pairs = sorted((a, b) for a in first.periods for b in second.periods if meet(a, b))
        if first.offering == second.offering and pairs:
            found[first.uuid, second.uuid] = pairs
    return found


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=500)
@given(all_claims())
def test_audit_equals_comparing_all_with_all(claims: list[Claim]) -> None:
    found = {(pair.first.uuid, pair.second.uuid): sorted(pair.periods) for pair in overlaps(claims)}
    assert found == by_comparing_all(claims)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(all_claims())
def test_first_come_first_served(claims: list[Claim]) -> None:
    ended = giving_way(overlaps(claims))
    staying = [claim for claim in claims if claim not in ended]
    assert overlaps(staying) == []
    for claim, rivals in ended.items():
        assert all(rival in staying and rival.rank < claim.rank for rival in rivals)
        assert {pair.second for pair in overlaps([claim, *rivals])} == {claim}


def test_stored_booking_stays_whenever_it_was_requested() -> None:
    period = (Period(DAY, DAY + timedelta(hours=1)),)
    early = Claim(UUID(int=1), "early", UUID(int=9), DAY, period)
    late = Claim(UUID(int=2), "late", UUID(int=9), DAY + timedelta(days=1), period, here=True)
    assert dict(giving_way(overlaps([early, late]))) == {early: [late]}


def test_large_audit_is_not_quadratic() -> None:
    claims = [
        Claim(UUID(int=n), "", UUID(int=9), DAY, (Period(DAY + timedelta(hours=n), DAY + timedelta(hours=n + 1)),))
        for n in range(50_000)
    ]
    assert overlaps(claims) == []
