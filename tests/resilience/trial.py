"""The service under mixed load, while one thing after another befalls it; then everything is compared."""

import asyncio
import itertools
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from app.embedded import Cluster
from tests.benchmark.client import Request, one
from tests.databases import address, filled
from tests.dataset import key_of
from tests.resilience.crowd import Crowd
from tests.resilience.faults import FAULTS, Fault, Stage, clock_of, small_disk
from tests.resilience.ledger import verdict
from tests.resilience.nuisances import memory
from tests.resilience.served import served

DISK_MEGABYTES = 400
CALM = 3.0
"""Seconds without a fault, before and after each."""
RECOVERS_WITHIN = 20.0
USUAL = Request("GET", "/api/booking-resources/?page_size=1", key_of("staff"))


class Befallen(NamedTuple):
    """What befell the service, how many were told 503 or nothing meanwhile, and how long that went on afterwards."""

    name: str
    noticed: int
    seconds: float


@dataclass
class Outcome:
    """What came of a trial."""

    faults: list[Befallen] = field(default_factory=list)
    told: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    acknowledged: int = 0
    wrong: list[str] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    """Memory of all its processes, when it was calm."""
    skipped: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """What befell the service, each once."""
        return list(dict.fromkeys(each.name for each in self.faults))

    def noticed(self, name: str) -> int:
        """How many were told 503, or nothing, because of it."""
        return sum(each.noticed for each in self.faults if each.name == name)

    def slowest(self, name: str) -> float:
        """For how many seconds it was still noticed when it was over."""
        return max(each.seconds for each in self.faults if each.name == name)

    def __str__(self) -> str:
        answers = ", ".join(f"{status}: {number}" for status, number in sorted(self.told.items()))
        lines = [
            f"{name}: {self.noticed(name)} noticed, {self.slowest(name):.2f} s more at most" for name in self.names
        ]
        lines += [f"left out: {name}" for name in self.skipped]
        lines += [f"{self.acknowledged} bookings acknowledged; {answers}; {self.lost} without an answer"]
        lines += ["memory in MB: " + " ".join(f"{each:.0f}" for each in self.megabytes)]
        return "\n".join([*lines, *(f"WRONG: {each}" for each in self.wrong)])


@asynccontextmanager
async def _staged(folder: Path) -> AsyncIterator[Stage]:
    """The service on a server of its own, which writes to a small disk if that can be had."""
    home = folder / "disk"
    with small_disk(home, DISK_MEGABYTES) as small, Cluster(home / "data") as cluster:
        async with filled(cluster, "trial") as database:
            url = address(database)
        with ExitStack() as held:
            with clock_of(folder / "clock") as clock:
                service = held.enter_context(served(url, folder / "log"))
            yield Stage(service, cluster, home / "data", url, small, clock)


async def trial(seconds: float, seed: int) -> Outcome:
    """Goes on for about so long; every fault that is possible here has its turn at least once, and over and over."""
    with tempfile.TemporaryDirectory() as folder:
        async with _staged(Path(folder)) as stage:
            outcome = Outcome()
            possible = [fault for fault in FAULTS if stage.befalls(fault)]
            outcome.skipped = [fault.__name__ for fault in FAULTS if fault not in possible]
            async with Crowd(stage.service.port, seed) as crowd:
                await _befall(stage, crowd, outcome, possible, time.monotonic() + seconds)
                await _calm(crowd, outcome)
            await _compare(stage, crowd, outcome)
            return outcome


async def _befall(stage: Stage, crowd: Crowd, outcome: Outcome, possible: Sequence[Fault], until: float) -> None:
    for number, fault in enumerate(itertools.cycle(possible)):
        await asyncio.sleep(CALM)
        outcome.megabytes.append(memory(stage.service.pid) / 1_000_000)
        if number >= len(possible) and time.monotonic() >= until:
            return
        before = crowd.failures
        await fault(stage)
        seconds = await _recovery(stage.service.port)
        outcome.faults.append(Befallen(fault.__name__, crowd.failures - before, seconds))


async def _recovery(port: int) -> float:
    """Seconds until the service answers well, ten times one after the other."""
    began = last = time.monotonic()
    well = 0
    while well < 10 and last - began < RECOVERS_WITHIN:
        well = well + 1 if await _answers(port) else 0
        last = last if well else time.monotonic()
        await asyncio.sleep(0.02)
    return last - began


async def _answers(port: int) -> bool:
    try:
        async with asyncio.timeout(2):
            return (await one(port, USUAL)).status == 200
    except (OSError, EOFError, TimeoutError):
        return False


async def _calm(crowd: Crowd, outcome: Outcome) -> None:
    """Once nothing befalls the service any more, everybody is answered."""
    before = crowd.failures
    await asyncio.sleep(CALM)
    if crowd.failures > before:
        outcome.wrong.append(f"{crowd.failures - before} times 503 or nothing when all was calm")


async def _compare(stage: Stage, crowd: Crowd, outcome: Outcome) -> None:
    outcome.told, outcome.lost, outcome.acknowledged = crowd.told, crowd.lost, crowd.ledger.acknowledged
    late = [f"no good answers after {each}" for each in outcome.faults if each.seconds >= RECOVERS_WITHIN]
    defects = [each for each in stage.service.defects() if "Child process" not in each.splitlines()[0]]
    outcome.wrong += [*crowd.wrong, *late, *await verdict(stage.url, crowd.ledger), *defects]
