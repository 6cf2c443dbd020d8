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


def database_of(settings: Settings) -> str:
    found = settings.address_of_database()
    assert found is not None
    assert "p@" not in repr(settings)
    return str(found)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
@pytest.mark.parametrize("variable", ["BOOKING_DATABASE_URL", "DATABASE_URL"])
def test_database_url_is_understood(monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str) -> None:
    monkeypatch.setenv(variable, f"{scheme}://u:p@db/booking")
    assert database_of(Settings()) == "booking on db"


def test_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_DATABASE_URL", "postgresql://own/booking")
    monkeypatch.setenv("DATABASE_URL", "postgresql://other/booking")
    assert database_of(Settings()) == "booking on own"


@pytest.mark.parametrize("url", ["mysql://db/booking", "db/booking"])
def test_another_database_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ValidationError, match="must look like postgresql://"):
        Settings()


def test_empty_url_means_the_embedded_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert Settings().address_of_database() is None


@pytest.mark.parametrize("name", ["cors_origins", "trusted_proxies", "allowed_hosts"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a.example, [::1] ,*", ["a.example", "[::1]", "*"]),
        ("[::1],a.example", ["[::1]", "a.example"]),
        ("a.example", ["a.example"]),
        (' ["a.example", "b,c"]', ["a.example", "b,c"]),
        ("[]", []),
        ("", []),
    ],
)
def test_lists_take_commas_and_json(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, expected: list[str]
) -> None:
    monkeypatch.setenv(f"BOOKING_{name.upper()}", given)
    assert getattr(Settings(), name) == expected


@pytest.mark.parametrize("url", ["postgresql://user:s3cr3t#x/db", "postgresql://u:p@h:s3cr3t/db", "s3cr3t"])
def test_an_address_that_is_refused_is_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "s3cr3t" not in str(refused.value)


def test_base_url_has_no_trailing_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_BASE_URL", "https://booking.example.com/")
    assert Settings().base_url == "https://booking.example.com"


def test_data_is_kept_where_the_platform_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().data_dir == tmp_path / "booking-resources"


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_time_zone_is_known_when_the_service_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().time_zone.key == "UTC"
    monkeypatch.setenv("BOOKING_TIME_ZONE", "Europe/Tallinn")
    assert Settings().time_zone.key == "Europe/Tallinn"
    monkeypatch.setenv("BOOKING_TIME_ZONE", "Europe/Atlantis")
    with pytest.raises(ValidationError, match="invalid timezone"):
        Settings()
