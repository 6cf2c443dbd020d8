"""Which variables look like settings and are none, and where an address leads."""

import pytest

from app.commands.configuration import strangers, variables
from app.commands.reaching import described
from app.config import Settings


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("BOOKING_DATABSE_URL", "x", "BOOKING_DATABASE_URL"),
        ("BOOKING_DATABASE", "x", "BOOKING_DATABASE_URL"),
        ("BOOKING_DB_URL", "postgresql://db/b", "BOOKING_DATABASE_URL"),
        ("BOOKING_PG", "postgres://db/b", "BOOKING_DATABASE_URL"),
        ("BOOKING_READ_DATABSE_URL", "postgres://db/b", "BOOKING_READ_DATABASE_URL"),
        ("BOOKING_X", "postgres://db/b", "BOOKING_DATABASE_URL"),
        ("booking_health_prot", "8001", "BOOKING_HEALTH_PORT"),
        ("BOOKING_IMPORT_TOKN", "x", "BOOKING_IMPORT_TOKEN"),
        ("BOKING_DATABASE_URL", "x", "BOOKING_DATABASE_URL"),
        ("BOOKING_PORT", "8000", "BOOKING_HEALTH_PORT"),
        ("BOOKING_XYZZY", "x", None),
    ],
)
def test_variable_that_is_no_setting_is_found(name: str, value: str, meant: str | None) -> None:
    assert strangers({name: value}) == {name: meant}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "x") for name in variables()),
        ("booking_base_url", "x"),
        ("BOOKING_IMPORT_TOKEN", "x"),
        ("BOOKING_SERVICE_HOST", "10.0.0.1"),
        ("BOOKING_DB_SERVICE_PORT_HTTP", "80"),
        ("BOOKING_PORT", "tcp://10.0.0.1:8000"),
        ("BOOKING_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("BOOKINGS_API_KEY", "x"),
        ("PATH", "x"),
    ],
)
def test_other_variables_are_left_alone(name: str, value: str) -> None:
    assert strangers({name: value}) == {}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://u:s3cr3t@db.example/booking", "booking at db.example"),
        ("postgresql://u:s3cr3t@db.example:5433/booking", "booking at db.example:5433"),
        ("postgresql://u:s3cr3t@h1,h2:5433/booking", "booking at h1, h2:5433"),
        ("postgresql://u:s3cr3t@%2Frun%2Fpg/booking", "booking at /run/pg"),
        ("postgresql://u:s3cr3t@[::1]:5433/booking", "booking at [::1]:5433"),
        ("postgresql://u:s3cr3t@db", "u at db"),
    ],
)
def test_database_is_described_without_its_password(url: str, told: str) -> None:
    assert described(Settings.model_validate({"database_url": url})) == told
