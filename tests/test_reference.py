"""Pages that are made from the code are as it says, and what they show works."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.transfer import Counts, load_dataset
from app.config import Settings
from app.models.enums import Permission
from tests.reference.pages import DOCS, MADE, page


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_page_is_as_the_code_says(path: Path) -> None:
    """If it is not, write it anew: `python -m tests.reference`."""
    assert path.read_text() == page(path)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    text = (DOCS / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `(BOOKING_\w+)` \| (.*?) \|", text, re.MULTILINE))
    assert list(rows) == [f"BOOKING_{name.upper()}" for name in Settings.model_fields]
    assert rows["BOOKING_STOP_SECONDS"] == "`20`"
    assert rows["BOOKING_EXPIRE_PENDING"] == "`10:00`"
    assert rows["BOOKING_DATABASE_URL"] == ""


def test_owners_may_all_that_there_is_and_members_nothing() -> None:
    rows = re.findall(r"^\| `([A-Z.]+_?[A-Z_]*)` \| [^|]+ \| (.) \|", (DOCS / "roles.md").read_text(), re.MULTILINE)
    assert dict(rows) == dict.fromkeys(map(str, Permission), "x")


async def test_file_that_the_page_shows_is_loaded(connection: AsyncConnection) -> None:
    [shown] = re.findall(r"^```json\n(.*?)^```$", (DOCS / "load-format.md").read_text(), re.DOTALL | re.MULTILINE)
    report = await load_dataset(connection, json.loads(shown))
    assert {name for name, counts in report.tables.items() if counts == Counts(inserted=1)} == {
        *("users", "tokens", "projects", "categories", "offerings", "resources", "user_roles")
    }
    assert report.tables["customers"] == Counts(inserted=2)
