"""When a standby may be read from: while it has all that was written before whoever asks was recognised."""

import asyncio
import logging
from contextvars import ContextVar
from time import monotonic
from typing import Any

log = logging.getLogger(__name__)
WRITTEN: ContextVar[int | None] = ContextVar("written", default=None)
"""How far the database had been written when whoever asks was recognised; without it no standby is asked."""
RESTS = 5.0
"""Seconds for which a standby is left alone that failed or fell behind."""
LOOK_EVERY = 0.005
"""Seconds between two looks at how far a standby has come."""
PATIENCE = 1.0
"""Seconds to wait for a word of a standby."""
_ASKED = """
    SELECT pg_is_in_recovery() AS follows,
    coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint, -1) AS replayed
"""


class StandbyLost(Exception):
    """What was to be read from a standby has to be read from the database itself."""


class Behind(Exception):
    """The standby has not what it should have."""


class Following:
    """Whether standbys keep up with the database, and rest while they do not.

    What a caller was told of is written up to `WRITTEN`, since a commit is answered once it is written; a standby that
    has replayed as much shows it, whichever replica answered.
    """

    def __init__(self, lag: float) -> None:
        self._lag = lag
        self._rested = 0.0

    @property
    def rests(self) -> bool:
        """Whether no standby is to be asked for now."""
        return WRITTEN.get() is None or monotonic() < self._rested

    def rest(self, error: BaseException) -> None:
        """Leaves standbys alone for a while."""
        if monotonic() >= self._rested:
            log.warning("for %g s nothing is read from standbys: %s", RESTS, error or type(error).__name__)
        self._rested = monotonic() + RESTS

    async def catch_up(self, reader: Any) -> None:
        """Waits until the standby has what it should have; raises Behind."""
        written, until = WRITTEN.get(), monotonic() + self._lag
        while True:
            row = await reader.fetchrow(_ASKED, timeout=PATIENCE)
            if written is None or not row["follows"]:
                raise Behind("it follows no longer")
            if row["replayed"] >= written:
                return
            if monotonic() >= until:
                raise Behind(f"it is {written - row['replayed']} bytes behind")
            await asyncio.sleep(LOOK_EVERY)
