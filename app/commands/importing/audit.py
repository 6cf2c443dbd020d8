"""Which bookings overlap: all pairs, found by walking along time once; and which of them give way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
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


def _period_as_json(period: Period) -> dict[str, str]:
    return {"start": period.start.isoformat(), "end": period.end.isoformat()}


def overlaps(claims: Iterable[Claim]) -> list[Overlap]:
    """Every pair of bookings of one offering with overlapping periods, in the order of their requests."""
    periods = ((claim.offering, period, claim) for claim in claims for period in claim.periods)
    slots = sorted((slot for slot in periods if slot[1].start < slot[1].end), key=lambda slot: slot[:2])
    found: dict[tuple[Claim, Claim], list[tuple[Period, Period]]] = {}
    for place, (offering, period, claim) in enumerate(slots, start=1):
        for at in range(place, len(slots)):  # those that begin before this one ends
            where, later, other = slots[at]
            if where != offering or later.start >= period.end:
                break
            if other.uuid != claim.uuid:
                first, second = sorted(((claim, period), (other, later)), key=lambda slot: slot[0].rank)
                found.setdefault((first[0], second[0]), []).append((first[1], second[1]))
    pairs = [Overlap(*pair, tuple(sorted(periods))) for pair, periods in found.items()]
    return sorted(pairs, key=lambda pair: (pair.first.rank, pair.second.rank))


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
