"""Many bookings, each in a time of its own of its offering, so that no two of one offering can overlap."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from app.commands.demo.many.fates import ACCEPTED, PAST, REJECTED, SLOTS, UPCOMING, Fate, falling
from app.commands.demo.many.market import BY_CREATOR, Market
from app.commands.demo.many.story import Batch, Story

LEAST_SPAN, PAST_SHARE = timedelta(days=3 * 365), 0.7
"""How much time the bookings are spread over at least, and how much of it has passed."""
MINUTE, STEP, HOUR = 60, 300, 3600
DAY = 86_400_000_000
"""In microseconds."""
ROOMY, NARROW = 25, 7
"""Units of time that four slots take at most: up to 4 units each with 3 between them, or 1 each with 1 between."""


@dataclass
class TimeLine:
    """The time of one offering, cut into equal parts; each booking gets one, which nobody else gets."""

    start: datetime
    part: int
    taken: int = 0

    def periods(self, chance: Random) -> list[tuple[datetime, datetime]]:
        """One to four periods within the part that comes next."""
        unit = min(HOUR, self.part // (NARROW + 1))
        unit = max(MINUTE, unit // STEP * STEP or unit // MINUTE * MINUTE)
        needed, longest = (ROOMY, 4) if self.part >= ROOMY * unit else (NARROW, 1)
        at = self.start + timedelta(seconds=self.taken * self.part)
        at += timedelta(seconds=int(chance.random() * (self.part // unit - needed + 1)) * unit)
        found = []
        for _ in range(SLOTS.pick(chance)):
            end = at + timedelta(seconds=(1 + int(chance.random() * longest)) * unit)
            found.append((at, end))
            at = end + timedelta(seconds=(1 + int(chance.random() * min(longest, 3))) * unit)
        return found


def time_lines(market: Market, today: datetime) -> list[TimeLine]:
    """A line for each offering, all over the same time."""
    most = max(offering.bookings for offering in market.offerings)
    span = max(LEAST_SPAN, timedelta(seconds=most * (NARROW + 1) * MINUTE))
    start = today - timedelta(days=int(span.days * PAST_SHARE))
    seconds = int(span.total_seconds())
    return [TimeLine(start, seconds // max(1, offering.bookings) // MINUTE * MINUTE) for offering in market.offerings]


class Crowd:
    """Writes bookings one after another: of all offerings in turn, by and large in the order of their time."""

    def __init__(self, market: Market, today: datetime, chance: Random) -> None:
        self._market, self._today, self._chance = market, today, chance
        self._lines = time_lines(market, today)
        self._turns = array("I")
        for number, offering in enumerate(market.offerings):
            self._turns.extend([number] * offering.bookings)
        chance.shuffle(self._turns)
        self._by_creator = set(chance.sample(range(len(self._turns)), BY_CREATOR))
        self._projects = falling(market.projects[1:], 3)

    def batches(self, size: int) -> Iterator[Batch]:
        """All bookings, `size` at a time."""
        for first in range(0, len(self._turns), size):
            batch = Batch()
            for number in range(first, min(first + size, len(self._turns))):
                self._add(batch, number)
            yield batch

    def _add(self, batch: Batch, number: int) -> None:
        at, chance = self._turns[number], self._chance
        offering, line = self._market.offerings[at], self._lines[at]
        asking = self._market.projects[0] if number in self._by_creator else self._projects.pick(chance)
        periods = line.periods(chance)
        fate = self._fate(periods)
        if fate is not REJECTED:
            line.taken += 1  # else whoever comes next is the rival who got the time
        lead = timedelta(days=1 + int(chance.random() * 45), microseconds=int(chance.random() * DAY))
        created = min(periods[0][0], self._today) - lead
        Story(number, offering, asking, fate, periods, created, chance).write(batch)

    def _fate(self, periods: Sequence[tuple[datetime, datetime]]) -> Fate:
        if periods[0][0] > self._today + timedelta(days=1):
            return UPCOMING.pick(self._chance)
        return PAST.pick(self._chance) if periods[-1][1] < self._today else ACCEPTED
