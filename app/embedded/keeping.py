"""The embedded server is started anew when it has died while it is used."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.embedded.cluster import Cluster
from app.embedded.programs import EmbeddedError

LOOK_EVERY = 1.0
"""Seconds between two looks at whether the embedded server lives."""
log = logging.getLogger(__name__)


@asynccontextmanager
async def kept_alive(cluster: Cluster) -> AsyncIterator[None]:
    """Starts the embedded server anew whenever it has died, as long as the context lasts."""
    ending = asyncio.Event()

    async def watch() -> None:
        while not ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), LOOK_EVERY)
            try:
                if not ending.is_set() and await asyncio.to_thread(cluster.revive):
                    log.warning("the embedded PostgreSQL had died, and was started anew")
            except EmbeddedError:
                log.exception("the embedded PostgreSQL has died, and cannot be started anew")

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        ending.set()
        await watching  # a start that is under way is not to be overtaken by the stop
