"""Requests that are refused unseen are counted, and told together, since under load there are many of them."""

import asyncio
import logging
import re
from collections import Counter

from app.telemetry.metrics import REFUSED

EVERY = 10.0
"""Seconds between two lines that tell of refusals."""
log = logging.getLogger(__name__)
_untold = Counter[str]()
_names: dict[type[Exception], str] = {}
_timers: list[asyncio.TimerHandle] = []


def refused(error: Exception) -> None:
    """Counts a request that is refused with that error; the first is told at once, and then all of some seconds."""
    name = _names.get(type(error)) or _named(type(error))
    REFUSED.labels(name).inc()
    _untold[name] += 1
    if not _timers:
        _tell()


def _named(kind: type[Exception]) -> str:
    _names[kind] = name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    return name


def _tell() -> None:
    """Tells what was not told yet, and looks again a little later if there was anything."""
    _timers.clear()
    if _untold:
        log.warning("requests were refused", extra={"about": {"refused": dict(_untold)}})
        _untold.clear()
        _timers.append(asyncio.get_running_loop().call_later(EVERY, _tell))
