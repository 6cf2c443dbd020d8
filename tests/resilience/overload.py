"""How the service fares under overload and nuisances, second by second."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.embedded import Cluster
from tests.benchmark.client import Request
from tests.clients.server import started
from tests.databases import FAST, address, filled
from tests.dataset import key_of
from tests.resilience.load import (
    AT_ONCE,
    Outcome,
    answered,
    crowd,
    given_up,
    goodput,
    offer,
    peak,
    refused,
    spread,
)
from tests.resilience.nuisances import KINDS, holding, memory, others

ASKED = Request("GET", "/api/booking-resources/", key_of("staff"))


async def _overload(port: int, times: float, seconds: float) -> None:
    """Offers a multiple of what can be answered, and then half of it."""
    rate = await _peak(port)
    for factor, lasting in ((times, seconds), (0.5, 10)):
        outcomes = await offer(port, ASKED, factor * rate, lasting)
        _print(f"{factor:g} times that", outcomes, lasting, rate)


async def _crowd(port: int, count: int, seconds: float) -> None:
    """Lets so many clients ask on and on, and then offers half of what can be answered."""
    rate = await _peak(port)
    _print(f"{count} clients that ask on and on", await crowd(port, ASKED, count, seconds), seconds, rate)
    _print("0.5 times that", await offer(port, ASKED, rate / 2, 10), 10, rate)


async def _peak(port: int) -> float:
    most = await peak(port, ASKED, 5)
    print(f"\nat its peak, {AT_ONCE} clients: {len(most) / 5:.0f} a second, {_told(most)}")
    return len(most) / 5


def _print(name: str, outcomes: Sequence[Outcome], seconds: float, rate: float) -> None:
    share, offered = sum(goodput(outcomes)) / (seconds * rate), len(outcomes) / (seconds * rate)
    print(f"{name}: {offered:.1f} of the peak asked, {share:.0%} answered, {_told(answered(outcomes))}")
    for told, counts in (("200", goodput), ("503, 429", refused), ("given up", given_up)):
        print(f"  {told:>9}", *(f"{count:5}" for count in counts(outcomes)))


async def _nuisance(port: int, pid: int, kind: str, count: int) -> None:
    before = memory(pid)
    async with holding(port, kind, count):
        taken = await others(port, ASKED, 5)
        grown = (memory(pid) - before) / 1_000_000
    print(f"{count} {kind}: others answered in {max(taken) * 1000:.0f} ms at most, {grown:.0f} MB more memory")


def _told(seconds: list[float]) -> str:
    return "p50 {:.0f} ms, p99 {:.0f} ms".format(*spread(seconds)) if len(seconds) > 1 else "hardly any"


async def overload(times: Sequence[float], crowds: Sequence[int], seconds: float, nuisances: Sequence[int]) -> None:
    """Offers each multiple of the peak and each crowd for so long, and then so many nuisances of each kind."""
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "data", settings=FAST) as cluster:
        async with filled(cluster, "resilience") as database:
            with started(address(database), Path(folder) / "log") as (told, process):
                port = int(told.rsplit(":", 1)[1])
                for each in times:
                    await _overload(port, each, seconds)
                for count in crowds:
                    await _crowd(port, count, seconds)
                for kind in KINDS if nuisances else ():
                    for count in nuisances:
                        await _nuisance(port, process.pid, kind, count)
