"""The keys of the demo's tokens, kept beside its data, so that what was printed once goes on working."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

FILE = "demo-tokens.json"


def read(file: Path) -> dict[str, str]:
    """The keys by role; none if there are none yet, or none that can be read."""
    try:
        found: object = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return {role: key for role, key in found.items() if isinstance(key, str)} if isinstance(found, dict) else {}


def write(file: Path, tokens: Mapping[str, str]) -> None:
    """Keeps the keys, for nobody else to read."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        json.dump(dict(tokens), opened, indent=2)
    new.replace(file)
