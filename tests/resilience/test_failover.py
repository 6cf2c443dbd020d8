"""The server that takes changes is killed under load: what was acknowledged is there on the one that takes its place.

`BOOKING_FAILOVER_SECONDS` sets how long each part lasts; `python -m tests.resilience failover --times 3` runs longer.
"""

import os
from pathlib import Path

import pytest

from tests.resilience.failover import lose_leaders

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

SECONDS = float(os.environ.get("BOOKING_FAILOVER_SECONDS", "4"))
ALLOWED = {("POST", 200), ("POST", 201), ("GET", 200), ("POST", 503), ("GET", 503)}
RECOVERS_WITHIN = 10


async def test_nothing_acknowledged_is_lost_with_its_server(tmp_path: Path) -> None:
    outcome = await lose_leaders(tmp_path, SECONDS)
    print(outcome)
    account = outcome.account
    assert account.faults == []
    assert account.lost(outcome.stored) == set()
    assert account.unknown(outcome.stored) <= account.statuses["POST", 503]
    assert outcome.overlaps == 0
    assert set(account.statuses) <= ALLOWED
    [recovered] = outcome.recovered
    assert recovered is not None
    assert recovered < RECOVERS_WITHIN
