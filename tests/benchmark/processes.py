"""What processes have used, as Linux tells it."""

import os
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 1, 11, 12, 13, 14
"""Places in /proc/<pid>/stat after the name."""


def _stat(pid: int) -> list[str]:
    return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()


def cpu_seconds(pid: int) -> float:
    """The time that a process has been on a processor."""
    stat = _stat(pid)
    return (int(stat[USER]) + int(stat[SYSTEM])) / TICKS


def family_cpu_seconds(pid: int) -> float:
    """The time of a process and of all its children, those that have ended too."""
    stat = _stat(pid)
    total = sum(int(stat[place]) for place in (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM)) / TICKS
    for path in PROC.glob("[0-9]*"):
        try:
            if int(_stat(int(path.name))[PARENT]) == pid:
                total += cpu_seconds(int(path.name))
        except OSError:  # ended meanwhile
            continue
    return total


def memory(pid: int) -> int:
    """The resident memory of a process, in bytes."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) * 1024
