"""What befalls the service under load costs nobody an acknowledged booking, and it recovers by itself."""

import pytest

from tests.resilience.faults import FAULTS
from tests.resilience.trial import trial

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

GROWS_BY = 200
"""Megabytes that two workers may grow by from the first seconds on: caches, and 64 each for who does not read."""


NOTICED = ("server_restarted", "server_stopped_at_once", "server_killed", "connections_cut", "tables_locked")
"""What nobody can hide, so that it did happen."""


async def test_nothing_that_befalls_the_service_costs_a_booking() -> None:
    outcome = await trial(0, seed=1)  # each fault once
    print(outcome)
    assert outcome.wrong == []
    assert {*outcome.names} == {fault.__name__ for fault in FAULTS} - {*outcome.skipped}
    assert outcome.acknowledged > 100
    assert all(outcome.noticed(name) > 0 for name in NOTICED), outcome.faults
    assert outcome.megabytes[-1] - outcome.megabytes[0] < GROWS_BY, outcome.megabytes
