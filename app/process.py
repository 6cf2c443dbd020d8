"""What a process has to mind beside its work: whoever may end it."""

import multiprocessing
import os
import signal
import sys
import threading

FIRST = 1
"""The number of the first process of a container, or of a machine."""


def end_when_asked() -> None:
    """Has SIGTERM end this process as it ends any other: the first one of a container it would not even reach."""
    if os.getpid() == FIRST:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def end_with_supervisor() -> None:
    """Stops this process as soon as the one that supervises it is gone, however that ended; without one, never."""
    if supervisor := multiprocessing.parent_process():

        def watch() -> None:
            supervisor.join()
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=watch, name="supervisor", daemon=True).start()
