"""The tokens of the demo: one for each role, however often it is started."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from app.commands.demo import keys
from app.commands.demo.start import ROLES, prepare
from app.config import Settings
from app.database import connected

pytestmark = pytest.mark.slow


async def stored(settings: Settings, change: str = "SELECT") -> list[tuple[str, bool]]:
    """Whose tokens there are, and whether they are good for more than six days; after a change."""
    async with connected(settings) as database, database.transaction() as connection:
        await connection.execute(text(change))
        found = (
            "SELECT username, expires > now() + '6 days' FROM token JOIN \"user\" u ON u.uuid = user_uuid ORDER BY 1"
        )
        return [(name, lasting) for name, lasting in await connection.execute(text(found))]


async def test_each_role_keeps_one_token(tmp_path: Path) -> None:
    settings, address = Settings(data_dir=tmp_path), "http://127.0.0.1:8000"
    one_each = [(role, True) for role in sorted(ROLES)]
    first = await prepare(settings, address)
    assert await stored(settings) == one_each
    file = tmp_path / keys.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(keys.read(file)) == set(ROLES)

    await stored(settings, "UPDATE token SET expires = now() + '1 hour'")
    assert await prepare(settings, address) == first
    assert await stored(settings) == one_each

    await stored(settings, "DELETE FROM token WHERE user_uuid = (SELECT uuid FROM \"user\" WHERE username = 'staff')")
    changed = await prepare(settings, address)
    known = keys.read(file)
    assert [line for line in first if line not in changed and "-H" not in line] == [
        line for line in first if line.startswith("  staff ")
    ]
    assert any(line.startswith("  staff ") and known["staff"] in line for line in changed)
    assert await stored(settings) == one_each

    file.write_text("[]")
    assert await prepare(settings, address) != changed
    assert await stored(settings) == one_each


@pytest.mark.parametrize("content", [None, "", "[]", "{", '{"staff": 1}', "\x00"])
def test_a_file_without_keys_is_as_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "file").write_text(content)
    assert keys.read(tmp_path / "file") == {}
