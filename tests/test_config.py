"""Settings come from the environment, with the prefix BOOKING_."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import Settings

VARIABLES = ("BOOKING_DATABASE_URL", "DATABASE_URL", "BOOKING_BASE_URL", "BOOKING_DATA_DIR", "XDG_DATA_HOME")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def rendered(settings: Settings) -> str:
    url = settings.url_of_database()
    assert url is not None
    assert "p@" not in repr(settings)
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
@pytest.mark.parametrize("variable", ["BOOKING_DATABASE_URL", "DATABASE_URL"])
def test_database_url_is_understood(monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str) -> None:
    monkeypatch.setenv(variable, f"{scheme}://u:p@db/booking")
    assert rendered(Settings()) == "postgresql+asyncpg://u:p@db/booking"


def test_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_DATABASE_URL", "postgresql://own/booking")
    monkeypatch.setenv("DATABASE_URL", "postgresql://other/booking")
    assert rendered(Settings()) == "postgresql+asyncpg://own/booking"


@pytest.mark.parametrize("url", ["mysql://db/booking", "db/booking"])
def test_another_database_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ValidationError, match="must look like postgresql://"):
        Settings()


def test_empty_url_means_the_embedded_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert Settings().url_of_database() is None


def test_base_url_has_no_trailing_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_BASE_URL", "https://booking.example.com/")
    assert Settings().base_url == "https://booking.example.com"


def test_data_is_kept_where_the_platform_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().data_dir == tmp_path / "booking-resources"


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_readme_lists_every_setting() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"`BOOKING_{name.upper()}`" not in readme] == []
