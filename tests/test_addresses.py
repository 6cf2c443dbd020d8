"""Addresses of PostgreSQL are read as libpq reads them; what is refused is named, and shows no secret."""

import string
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr, ValidationError

from app.addresses import BadAddress, Server, read
from app.config import Settings

SECRET = "hush"
MALFORMED = "must look like postgresql://user:password@host/database"
EVERYTHING = string.printable + "äß€"


@pytest.fixture(autouse=True)
def no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The certificates of whoever runs this have no part in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_schemes(scheme: str) -> None:
    found = read(f"{scheme}://u:p@db/booking")
    assert found.servers == (Server("db"),)
    assert found.for_driver() == {"user": "u", "password": "p", "database": "booking"}


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("postgresql:///db", [Server()]),
        ("postgresql://:5433/db", [Server(None, 5433)]),
        ("postgresql://h1:5432,h2:5433/db", [Server("h1", 5432), Server("h2", 5433)]),
        ("postgresql://h1,[::1]:5433/db", [Server("h1"), Server("::1", 5433)]),
        ("postgresql://%2Ftmp%2Fa:5434,%2Ftmp%2Fb/db", [Server("/tmp/a", 5434), Server("/tmp/b")]),
        ("postgresql://u:p%2Cp@%2Ftmp%2Fa/db", [Server("/tmp/a")]),
        ("postgresql://u:p,p@h1:5433/db", [Server("h1", 5433)]),
        ("postgresql:///db?host=/tmp/a b&port=5433", [Server("/tmp/a b", 5433)]),
        ("postgresql://h1/db?host=%2Ftmp", [Server("/tmp")]),
        ("postgresql:///db?host=::1", [Server("::1")]),
        ("postgresql://u:p@/db?host=h1,h2&port=5432,5433", [Server("h1", 5432), Server("h2", 5433)]),
        ("postgresql://u:p@/db?host=h1,h2&port=5433", [Server("h1", 5433), Server("h2", 5433)]),
        ("postgresql://u:p@/db?host=h1:5432&host=h2:5433", [Server("h1", 5432), Server("h2", 5433)]),
    ],
)
def test_servers(text: str, servers: list[Server]) -> None:
    settings = Settings(database_url=SecretStr(text), read_database_url=SecretStr(text))
    for found in (settings.address_of_database(), settings.address_of_standbys()):
        assert found is not None
        assert found.servers == tuple(servers)
        assert found.for_driver()["database"] == "db"


@pytest.mark.parametrize("text", ["u#x?y", "a+b", "p,p"])
def test_what_libpq_takes_as_it_is(text: str) -> None:
    assert read(f"postgresql://u:{text}@h/db").for_driver()["password"] == text


def test_every_character_in_its_place() -> None:
    text = quote(EVERYTHING, safe="")
    found = read(f"postgresql://{text}:{text}@{text}/{text}?application_name={text}&passfile={text}")
    assert found.servers == (Server(EVERYTHING),)
    given = found.for_driver()
    assert {given["user"], given["password"], given["database"], found.told["application_name"]} == {EVERYTHING}
    assert given["dsn"] == f"postgresql://?passfile={text}"


def test_parameters_come_before_what_is_left_of_them() -> None:
    found = read("postgresql://u:p@h:1/db?user=other&password=else&dbname=third&port=2&application_name=a&sslmode=")
    assert found.for_driver() == {"user": "other", "password": "else", "database": "third"}
    assert found.servers == (Server("h", 2),)


def test_what_the_server_is_told() -> None:
    assert read("postgresql://h/db?options=-c search_path=a%20-c geqo=off").told == {
        "options": "-c search_path=a -c geqo=off"
    }
    assert read("postgresql://h/db?fallback_application_name=a+b").told == {"application_name": "a+b"}
    assert read("postgresql://h/db?fallback_application_name=a&application_name=b").told == {"application_name": "b"}


@pytest.mark.parametrize(("given", "seconds"), [("", 1.5), ("?connect_timeout=7", 7), ("?connect_timeout=0", None)])
def test_time_to_connect(given: str, seconds: float | None) -> None:
    """What the address says is for each server; what is usual is for all of them."""
    assert read(f"postgresql://one,two/db{given}").patience(3) == seconds


@pytest.mark.parametrize(
    ("given", "dsn"),
    [
        ("sslmode=require", "postgresql://?sslmode=require"),
        ("ssl=true", "postgresql://?sslmode=require"),
        ("ssl=require", "postgresql://?sslmode=require"),
        ("sslmode=require&channel_binding=prefer&gssencmode=disable", "postgresql://?sslmode=require"),
        ("sslmode=prefer&passfile=/a b", "postgresql://?sslmode=prefer&passfile=%2Fa%20b"),
        ("service=booking&krbsrvname=x", "postgresql://?service=booking&krbsrvname=x"),
    ],
)
def test_what_the_driver_reads_itself(given: str, dsn: str) -> None:
    assert read(f"postgresql://h/db?{given}").for_driver() == {"database": "db", "dsn": dsn}


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://u:{SECRET}@db/booking",
        f"u:{SECRET}@db/booking",
        f"postgresql://u:{SECRET}/more@db/booking",
        f"postgresql://u:1/{SECRET}@db/booking",
        f"postgresql://u:1/a?{SECRET}@db/booking",
        f"postgresql://u:p@{SECRET}@db/booking",
        f"postgresql://u:{SECRET}%@db/booking",
        f"postgresql://u:{SECRET}%00@db/booking",
        f"postgresql://u:{SECRET}@h1,/db",
        f"postgresql://u:{SECRET}@h1,h2:x/db",
        f"postgresql://u:{SECRET}@h1,a:b:1/db",
        f"postgresql://u:{SECRET}@h1:65536/db",
        f"postgresql://u:{SECRET}@h1/db?{SECRET}",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(BadAddress, match=MALFORMED) as raised:
        read(text)
    assert SECRET not in str(raised.value)
    for name in ("database_url", "read_database_url"):
        with pytest.raises(ValidationError, match=MALFORMED) as refused:
            Settings.model_validate({name: text})
        assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("pgbouncer=true&sslmode=require&zone=a", "has parameters that are not known here: pgbouncer, zone"),
        ("sslmode=on", "sslmode has to be disable or allow or prefer or require or verify-ca or verify-full"),
        ("channel_binding=require", "channel_binding has to be disable or prefer"),
        ("connect_timeout=soon", "connect_timeout has to be a number of seconds"),
        ("target_session_attrs=best", "target_session_attrs has to be any or read-write or "),
        ("port=a", "port has to be a number, or one for each host"),
        ("port=1,2", "port has to be a number, or one for each host"),
        ("sslmode=verify-full", "sslmode=verify-full needs sslrootcert, "),
        ("sslmode=require&sslrootcert=system", "sslrootcert=system needs sslmode=verify-full"),
        ("sslmode=verify-ca&sslrootcert=/nowhere", "sslrootcert: No such file or directory"),
        ("sslmode=verify-ca&sslrootcert=/dev/null", "sslrootcert: the file is not what it should be"),
        ("sslcert=/nowhere", "sslcert with sslkey: No such file or directory"),
        ("sslcert=/dev/null", "sslcert with sslkey: the file is not what it should be"),
        ("sslnegotiation=direct", "sslnegotiation=direct needs sslmode=require, or more"),
    ],
)
def test_what_is_refused(given: str, message: str) -> None:
    with pytest.raises(BadAddress) as raised:
        read(f"postgresql://u:{SECRET}@h/db?{given}&password={SECRET}")
    assert str(raised.value).startswith(message)
    assert SECRET not in str(raised.value)


def test_printed_it_has_no_secret() -> None:
    found = read(f"postgresql://u:{SECRET}@one:5433,[::1]:1/booking?sslpassword={SECRET}")
    assert str(found) == "booking on one:5433, [::1]:1"
    assert str(read("postgresql://")) == "the usual database on the usual host"
    assert SECRET not in repr(found)
