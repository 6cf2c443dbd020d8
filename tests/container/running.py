"""A container without an engine: the first process of a namespace, on files that nobody can change, as no superuser."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.container.image import Image

_ENTER = """
set -e
root=$1 user=$2 volumes=$3; shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for volume in $volumes; do
    mount -t tmpfs -o "uid=${user%:*},gid=${user#*:},mode=700" tmpfs "$root/$volume"
done
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"
"""


class Container:
    """One that runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log = process, log

    def numbers(self) -> list[int]:
        """Its processes, as this machine counts them, and the first of them first."""
        found = _children(self._process.pid)
        for each in found:
            found += _children(each)
        return found

    def users(self) -> set[int]:
        """As whom its processes run."""
        return {Path(f"/proc/{number}").stat().st_uid for number in self.numbers()}

    def stop(self, patience: float) -> int:
        """How it ends when its first process is sent SIGTERM; fails if it does not in time."""
        os.kill(self.numbers()[0], signal.SIGTERM)
        return self.status(patience)

    def status(self, patience: float = 60) -> int:
        """How it ends by itself; fails if it does not in time."""
        return self._process.wait(patience)

    def ended(self) -> bool:
        """Whether it has."""
        return self._process.poll() is not None

    def said(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")


def _children(number: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


@contextmanager
def running(
    image: Image, words: list[str], log: Path, settings: Mapping[str, object] = {}, *, user: str | None = None
) -> Iterator[Container]:
    """Runs words in the files of an image, with its user and its environment, and with settings of the service."""
    configured = [*image.configured["Env"], *(f"BOOKING_{name.upper()}={value}" for name, value in settings.items())]
    enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _ENTER, "sh", str(image.root)]
    volumes = " ".join(image.configured.get("Volumes") or {})
    inside = [user or image.configured["User"], volumes, "env", "-i", *configured, *words]
    with log.open("wb") as output:
        process = subprocess.Popen([*enter, *inside], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            yield Container(process, log)
        finally:
            process.kill()
            process.wait()
