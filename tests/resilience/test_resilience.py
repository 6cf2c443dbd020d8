"""Overload and nuisances, against a real server: others are answered, memory is bounded, and it stops when told to."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from app.database import Database
from tests.clients.server import started
from tests.databases import address
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
from tests.resilience.overload import ASKED

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in another process

STOPS_WITHIN = 10
TRIES = 3


@asynccontextmanager
async def served(recorded: Database, log: Path) -> AsyncIterator[tuple[int, Popen[bytes]]]:
    with started(address(recorded), log) as (told, process):
        yield int(told.rsplit(":", 1)[1]), process


async def test_service_goes_on_under_overload_and_after_it(recorded: Database, tmp_path: Path) -> None:
    """Other tests may take the machine away just then, so each may be tried three times.

    The long form, on a quiet machine, tells how much really is answered.
    """
    async with served(recorded, tmp_path / "log") as (port, _):
        await peak(port, ASKED, 1)
        for load in (lambda rate: offer(port, ASKED, 3 * rate, 5), lambda _: crowd(port, ASKED, 10 * AT_ONCE, 5)):
            complaints = [await overloaded(port, load)]
            while complaints[-1] and len(complaints) < TRIES:
                complaints.append(await overloaded(port, load))
            assert not complaints[-1], complaints


async def overloaded(port: int, load: Callable[[float], Awaitable[list[Outcome]]]) -> list[object]:
    """What is wrong while more is asked than can be answered, and when that is over."""
    most = await peak(port, ASKED, 2)
    rate = len(most) / 2
    outcomes = await load(rate)
    recovered = await offer(port, ASKED, rate / 2, 3)
    expected = {
        "answered": sum(goodput(outcomes)) > 5 * rate / 4,
        "waited for": sum(given_up(outcomes)) < len(outcomes) / 4,
        "fast enough": spread(answered(outcomes))[0] < 3 * spread(most)[0] + 500,
        "recovered": goodput(recovered)[-1] > rate / 8,
    }
    found = rate, goodput(outcomes), refused(outcomes), given_up(outcomes), goodput(recovered)
    wrong = [what for what, is_so in expected.items() if not is_so]
    return [*wrong, found] if wrong else []


@pytest.mark.parametrize(
    ("kind", "count"), [*((kind, count) for kind in KINDS for count in (20, 200)), ("slow readers", 800)]
)
async def test_nuisances_are_in_nobodys_way(recorded: Database, tmp_path: Path, kind: str, count: int) -> None:
    async with served(recorded, tmp_path / "log") as (port, process):
        await others(port, ASKED, 0.5)
        before = memory(process.pid)
        async with holding(port, kind, count):
            taken = await others(port, ASKED, 2)
            grown = memory(process.pid) - before
            process.terminate()
            began = time.monotonic()
            await asyncio.to_thread(process.wait, 30)
            stopped = time.monotonic() - began
    assert max(taken) < 1, taken
    assert grown < 200_000_000, grown
    assert stopped < STOPS_WITHIN, stopped
