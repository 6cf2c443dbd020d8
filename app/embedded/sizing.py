"""Memory settings of the embedded server for the machine, or the container, that it is on."""

import os
from contextlib import suppress
from pathlib import Path

MEGABYTE = 1 << 20
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container says how much memory it may use."""


def memory_of_machine(limits: tuple[Path, ...] = LIMITS) -> int:
    """Bytes of memory that the machine has, or that the container may use if that is less."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for limit in limits:
        with suppress(OSError, ValueError):  # not there, or "max"
            found.append(int(limit.read_text()))
    return min(found)


def memory_settings(memory: int) -> dict[str, str]:
    """What PostgreSQL is told: an eighth for its own cache, within reason; half for what the system caches.

    Pages are read from memory or from flash: one at random costs little more than the next one.
    """
    buffers = min(max(memory // 8, 32 * MEGABYTE), 1024 * MEGABYTE)
    work = min(max(memory // 512, 4 * MEGABYTE), 32 * MEGABYTE)
    return {
        "shared_buffers": f"{buffers // MEGABYTE}MB",
        "effective_cache_size": f"{max(memory // 2, buffers) // MEGABYTE}MB",
        "work_mem": f"{work // MEGABYTE}MB",
        "maintenance_work_mem": f"{4 * work // MEGABYTE}MB",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
    }
