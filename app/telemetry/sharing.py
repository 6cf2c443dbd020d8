"""The folder in which several workers share what they count: made when the service starts, removed when it ends."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""By which variable the workers, and the library that counts, know of it."""
PREFIX = "booking-metrics-"
_IN_USE = "in-use"


@contextmanager
def metrics_shared(workers: int) -> Iterator[None]:
    """Lets workers share their counts; a single one needs no folder, nor does one that was given by the variable."""
    if workers == 1 or SHARED in os.environ:
        yield
        return
    _remove_left()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    with (folder / _IN_USE).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        os.environ[SHARED] = str(folder)
        try:
            yield
        finally:
            del os.environ[SHARED]
            shutil.rmtree(folder, ignore_errors=True)


def _remove_left() -> None:
    """Removes folders of services that could not do so themselves: nobody holds their lock any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / _IN_USE).open() as left:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use, or of somebody else
            continue
