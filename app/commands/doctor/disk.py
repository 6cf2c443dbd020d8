"""The disk of the embedded server."""

import shutil
from pathlib import Path

from app.commands.doctor.finding import Finding, good, wrong

LEAST = 1_000_000_000
"""Bytes below which PostgreSQL may soon be unable to write."""


def room(folder: Path, least: int = LEAST) -> Finding:
    """How much room is left where the data are, or will be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    told = f"{free / 1e9:.1f} GB are free in {folder}"
    if free >= least:
        return good("disk", f"{told}.")
    remedy = "Make room, or move it: stop the service, move the directory, and set BOOKING_DATA_DIR."
    return wrong("disk", f"{told}, less than {least / 1e9:.1f} GB.", remedy)
