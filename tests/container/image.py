"""The image of the service, built from the Dockerfile without an engine: by buildah, on a base of Debian's packages."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

ROOT = Path(__file__).parents[2]
PROGRAMS = ("buildah", "mmdebstrap", "unshare", "setpriv")
KEPT = Path(tempfile.gettempdir()) / "booking-container"
"""Where the base and the layers stay for the next time."""
PACKAGES = "python3-minimal,python3-venv,libstdc++6"
_MIRRORS = ("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages")


def unavailable() -> str | None:
    """Why no image can be built here, if that is so."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        return f"needs {', '.join(missing)}: apt-get install buildah mmdebstrap"
    if "CI" in os.environ and "CONTAINER" not in os.environ:
        return "takes minutes where nothing is kept from the last time: set CONTAINER=1"
    return "needs root" if os.getuid() else None


def buildah(*words: str | Path) -> str:
    """What buildah prints; raises with all that it said when it fails."""
    store = [f"--root={KEPT / 'store'}", f"--runroot={KEPT / 'run'}"]
    done = subprocess.run(["buildah", *store, *words], capture_output=True, text=True)
    assert done.returncode == 0, f"buildah {' '.join(map(str, words))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout.strip()


@contextmanager
def alone() -> Iterator[None]:
    """While nobody else builds."""
    KEPT.mkdir(mode=0o700, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def base() -> str:
    """The name of an image with Debian's Python alone, of the same release as this machine; made if it is not there."""
    sources = subprocess.run(_MIRRORS, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    mirror, release = next(line.split() for line in sources if line.split()[1].isalpha())
    name = f"localhost/python-of-debian:{release}-{crc32(PACKAGES.encode()):08x}"
    if name not in buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:
            files = Path(folder) / "files.tar"
            command = ["mmdebstrap", "--quiet", "--variant=essential", f"--include={PACKAGES}", release, str(files)]
            subprocess.run([*command, f"deb {mirror} {release} main"], check=True)
            container = buildah("from", "scratch")
            buildah("add", "--quiet", container, files, "/")
            buildah("commit", "--quiet", "--rm", container, name)
    return name


def build(name: str, **arguments: str) -> str:
    """Builds an image from the Dockerfile; packages come from where pip of this machine has them."""
    sources = _sources_of_packages()
    given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    given += [f"--volume={path}:{path}:ro" for path in [sources.get("cert")] if path]
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as configuration:
        configuration.write("[global]\n" + "".join(f"{key} = {value}\n" for key, value in sources.items()))
        configuration.flush()
        options = ["--isolation=chroot", "--format=docker", "--layers", "--pull-never", f"--tag={name}"]
        buildah("build", *options, *given, f"--secret=id=pip,src={configuration.name}", ROOT)
    return name


def _sources_of_packages() -> dict[str, str]:
    """What pip of this machine was told of where packages come from."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    found = {line.partition("=")[0].rpartition(".")[2]: line.partition("=")[2].strip("'") for line in lines}
    return {name: value for name, value in found.items() if name in ("index-url", "cert")}


class Image:
    """One that was built: its name, its files, and what containers of it are given."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        self.configured: dict[str, Any] = json.loads(buildah("inspect", "--type=image", name))["Docker"]["config"]

    def command(self, *words: str) -> list[str]:
        """What a container runs: what the image was made for, or other words after its program."""
        return [*self.configured["Entrypoint"], *(words or self.configured["Cmd"])]

    def check(self) -> list[str]:
        """What an engine runs to know whether a container is healthy."""
        kind, *words = self.configured["Healthcheck"]["Test"]
        assert kind == "CMD"
        return [str(word) for word in words]


@contextmanager
def opened(name: str) -> Iterator[Image]:
    """An image with its files."""
    container = buildah("from", "--pull-never", name)
    try:
        yield Image(name, Path(buildah("mount", container)))
    finally:
        buildah("rm", container)
