"""What docs/security.md promises is kept by tests that there are."""

import re
from pathlib import Path

from app.config import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
ROWS = re.findall(r"^\| (API\d+) ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)


def test_every_risk_has_an_answer_and_tests() -> None:
    assert [number for number, *_ in ROWS] == [f"API{number}" for number in range(1, 11)]
    for number, _, answer, tests in ROWS:
        named = re.findall(r"`(tests/[\w/]+\.py)`", tests)
        assert answer.strip(), number
        assert named, number
        assert [path for path in named if not (ROOT / path).is_file()] == [], number


def test_every_setting_is_one() -> None:
    named = set(re.findall(r"BOOKING_(\w+)", TEXT))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)
