"""The tests that make up requests from the OpenAPI document, with many more of them, and with other seeds."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.clients.server import PROJECT
from tests.document.schema import DOCUMENT

TESTS = "tests/document/test_operations.py"
SPARE = 1.7
"""Operations without parameters run out of cases early: so many times as many are asked of each."""


def made_up(cases: int, seeds: Sequence[int]) -> bool:
    """Whether no answer contradicts the document; prints how many requests there were."""
    operations = sum(len(item) for item in DOCUMENT["paths"].values())
    examples = int(SPARE * cases / len(seeds) / operations) + 1
    results = [_of_seed(seed, examples) for seed in seeds]
    print(f"{sum(number for _, number in results)} requests in all, to {operations} operations")
    return all(well for well, _ in results)


def _of_seed(seed: int, examples: int) -> tuple[bool, int]:
    with tempfile.TemporaryDirectory() as folder:
        counted = {"BOOKING_EXAMPLES": str(examples), "BOOKING_SEED": str(seed), "BOOKING_COUNTED": folder}
        command = [sys.executable, "-m", "pytest", TESTS, "-p", "no:cacheprovider"]
        code = subprocess.run(command, cwd=PROJECT, env={**os.environ, **counted}, check=False).returncode
        number = sum(path.stat().st_size for path in Path(folder).iterdir())
    print(f"seed {seed}: {number} requests, {'well' if code == 0 else 'FAILED'}", flush=True)
    return code == 0, number
