"""Which bookings overlap: all pairs, found by walking along time once; and which of them give way."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from app.slots.periods import Period


@dataclass(frozen=True)
class Claim:
    """A live booking and its periods of an offering. `here` says that it is none of the source's, and stays."""

    uuid: UUID
    name: str
    offering: UUID
    created: datetime
    periods: tuple[Period, ...] = field(compare=False)
    here: bool = False

    @property
    def rank(self) -> tuple[bool, datetime, UUID]:
        """Who comes first; the uuid only makes it definite."""
        return (not self.here, self.created, self.uuid)


@dataclass(frozen=True)
class Overlap:
    """Two bookings of one offering, the earlier requested one first, and their pairs of periods that overlap."""

    first: Claim
    second: Claim
    periods: tuple[tuple[Period, Period], ...]

    def as_json(self) -> dict[str, object]:
        """The overlap for a file."""
        pairs = [[_period_as_json(each) for each in pair] for pair in self.periods]
        return {
            "offering": str(self.first.offering),
            "bookings": [{"uuid": str(claim.uuid), "name": claim.name} for claim in (self.first, self.second)],
            "requested": [claim.created.isoformat() for claim in (self.first, self.second)],
            "periods": pairs,
        }


_Slot: TypeAlias = tuple[Period, int, Claim]
"""A period with the booking, and the place of that among all."""


def _period_as_json(period: Period) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat()}


def overlaps(claims: Iterable[Claim]) -> list[Overlap]:
    """Every pair of bookings of one offering with overlapping periods, in the order of their requests."""
    by_offering: dict[UUID, list[_Slot]] = {}
    for number, claim in enumerate(claims):
        own = by_offering.setdefault(claim.offering, [])
        own += ((period, number, claim) for period in claim.periods if period.start < period.end)
    found: dict[tuple[int, int], list[tuple[Period, Period]]] = {}
    named: dict[int, Claim] = {}
    for slots in by_offering.values():
        for one, other in _meetings(slots):
            first, second = sorted((one, other), key=lambda slot: slot[2].rank)
            found.setdefault((first[1], second[1]), []).append((first[0], second[0]))
            named |= {first[1]: first[2], second[1]: second[2]}
    pairs = [Overlap(named[one], named[other], tuple(sorted(periods))) for (one, other), periods in found.items()]
    return sorted(pairs, key=lambda pair: (pair.first.rank, pair.second.rank))


def _meetings(slots: list[_Slot]) -> Iterable[tuple[_Slot, _Slot]]:
    """Slots of different bookings that overlap: each slot meets those that began before and have not ended."""
    running: list[tuple[datetime, int, int]] = []
    ordered = sorted(slots, key=lambda slot: slot[:2])
    for place, slot in enumerate(ordered):
        while running and running[0][0] <= slot[0].start:
            heapq.heappop(running)
        yield from ((ordered[at], slot) for _, number, at in running if number != slot[1])
        heapq.heappush(running, (slot[0].end, slot[1], place))


def giving_way(pairs: Iterable[Overlap]) -> Mapping[Claim, list[Claim]]:
    """The bookings to end so that no pair is left, each with the earlier ones for which it ends.

    First come, first served: of each pair the later requested one, unless the earlier one ends itself.
    """
    rivals: dict[Claim, list[Claim]] = {}
    for pair in pairs:
        rivals.setdefault(pair.second, []).append(pair.first)
    ended: dict[Claim, list[Claim]] = {}
    for claim in sorted(rivals, key=lambda each: each.rank):
        staying = [rival for rival in rivals[claim] if rival not in ended]
        if staying:
            ended[claim] = staying
    return ended
