"""What `booking doctor` finds, at real servers that are not as they should be."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import asyncpg
import pytest
from sqlalchemy import make_url

from app.commands.doctor import contents, server
from app.commands.doctor.disk import room
from app.commands.doctor.finding import Mark
from app.database.schema import own_revision
from app.embedded import Cluster
from tests.clients.server import free_port
from tests.commands.doctor.conftest import Doctor, told
from tests.databases import FAST
from tests.resilience.pooler import PROGRAM, pooled

pytestmark = pytest.mark.slow

ACCESS = """
local all guarded scram-sha-256
local all barred reject
local all all trust
"""


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server that does not let everybody in."""
    home = tmp_path_factory.mktemp("hospital")
    access = home / "pg_hba.conf"
    access.write_text(ACCESS)
    home.chmod(0o755)
    with Cluster(home / "data", settings=FAST | {"hba_file": str(access)}) as cluster:
        sql(cluster, "postgres", "CREATE ROLE booking LOGIN; CREATE ROLE other LOGIN; CREATE ROLE barred LOGIN")
        sql(cluster, "postgres", "CREATE ROLE guarded LOGIN PASSWORD 'right'; CREATE ROLE few LOGIN CONNECTION LIMIT 0")
        yield cluster


def sql(cluster: Cluster, database: str, script: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(cluster.url(database).replace("+asyncpg", ""))
        await connection.execute(script)
        await connection.close()

    asyncio.run(run())


def url(cluster: Cluster, database: str, user: str = "booking", password: str | None = None) -> str:
    at = make_url(cluster.url(database)).set(drivername="postgresql", username=user, password=password)
    return at.render_as_string(hide_password=False)


@pytest.fixture
def owned(hospital: Cluster, doctor: Doctor) -> str:
    """The address of a database that belongs to the role of the service, with the schema."""
    hospital.drop_database("owned")
    sql(hospital, "postgres", "CREATE DATABASE owned OWNER booking")
    address = url(hospital, "owned")
    assert doctor("migrate", database_url=address).exit_code == 0
    return address


def test_nothing_is_wrong_with_what_is_as_it_should_be(owned: str, doctor: Doctor) -> None:
    result = doctor(database_url=owned)
    assert result.exit_code == 0, result.output
    marks = [line.split()[:2] for line in result.output.splitlines()]
    about = ["configuration", "database", "extensions", "schema", "privileges", "clock", "pooler"]
    assert marks == [["ok", each] for each in about]
    assert own_revision() in told(result, Mark.GOOD, "schema")


def test_settings_that_cannot_be_read_are_named_without_their_values(doctor: Doctor) -> None:
    result = doctor(database_url="mysql://u:secret@h/db", expire_pending="99:99")
    found = told(result, Mark.WRONG, "configuration")
    assert result.exit_code == 1
    assert "BOOKING_DATABASE_URL must look like postgresql://" in found
    assert "BOOKING_EXPIRE_PENDING" in found
    assert "secret" not in result.output


def test_mistyped_settings_are_named_with_what_is_meant(doctor: Doctor, tmp_path: Path) -> None:
    result = doctor(data_dir=str(tmp_path), databse_url="x", nonsense="x", trusted_proxies="*")
    found = told(result, Mark.ADVICE, "configuration")
    assert "BOOKING_DATABSE_URL is no setting, and is ignored." in found
    assert "Call it BOOKING_DATABASE_URL" in found
    assert "BOOKING_NONSENSE is no setting, and is ignored. -> Remove it" in found
    assert "BOOKING_TRUSTED_PROXIES is *" in found
    assert result.exit_code == 0, "advice is no mistake"


def test_missing_address_of_the_service_is_told(doctor: Doctor, tmp_path: Path) -> None:
    assert "BOOKING_BASE_URL is not set" in told(
        doctor(data_dir=str(tmp_path), base_url=""), Mark.ADVICE, "configuration"
    )


def test_server_that_is_not_there(doctor: Doctor) -> None:
    port = free_port()
    result = doctor(database_url=f"postgresql://booking:secret@127.0.0.1:{port}/booking")
    found = told(result, Mark.WRONG, "database")
    assert f"Nothing listens at 127.0.0.1:{port}. " in found
    assert "Start PostgreSQL" in found
    assert "secret" not in result.output
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("user", "database", "message", "remedy"),
    [
        ("guarded", "postgres", "refuses the password of user 'guarded'", "Correct it in BOOKING_DATABASE_URL"),
        ("barred", "postgres", "does not let user 'barred' in", "pg_hba.conf"),
        ("nobody_at_all", "postgres", "does not let user 'nobody_at_all' in", "Create the role"),
        ("few", "postgres", "no connections left", "max_connections"),
        ("booking", "nowhere", "There is no database 'nowhere' at", "createdb --owner=booking nowhere"),
    ],
)
def test_refusals_are_explained(
    hospital: Cluster, doctor: Doctor, user: str, database: str, message: str, remedy: str
) -> None:
    result = doctor(database_url=url(hospital, database, user, "wrong-secret"))
    found = told(result, Mark.WRONG, "database")
    assert message in found
    assert remedy in found
    assert "wrong-secret" not in result.output
    assert result.exit_code == 1


def test_database_that_takes_no_changes(hospital: Cluster, owned: str, doctor: Doctor) -> None:
    sql(hospital, "postgres", "ALTER DATABASE owned SET default_transaction_read_only = on")
    assert "takes no changes" in told(doctor(database_url=owned), Mark.WRONG, "database")


def test_encoding_that_cannot_hold_all_names(hospital: Cluster, doctor: Doctor) -> None:
    sql(hospital, "postgres", "CREATE DATABASE latin OWNER booking ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "encoded in LATIN1" in told(doctor(database_url=url(hospital, "latin")), Mark.WRONG, "database")


def test_version_that_is_too_old(owned: str, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server is so old here; so the limit is another."""
    monkeypatch.setattr(server, "OLDEST_MAJOR", 99)
    assert "Upgrade it to version 99" in told(doctor(database_url=owned), Mark.WRONG, "database")


def test_empty_database_wants_to_be_migrated(hospital: Cluster, doctor: Doctor) -> None:
    sql(hospital, "postgres", "CREATE DATABASE vacant OWNER booking")
    result = doctor(database_url=url(hospital, "vacant"))
    assert "btree_gist and pg_trgm are not created yet." in told(result, Mark.WRONG, "extensions")
    assert "no tables of the service." in told(result, Mark.WRONG, "schema")
    assert result.output.count("Run `booking migrate`.") == 2
    assert result.exit_code == 1


def test_extension_that_the_role_may_not_create(hospital: Cluster, doctor: Doctor) -> None:
    sql(hospital, "postgres", "CREATE DATABASE closed")
    found = told(doctor(database_url=url(hospital, "closed")), Mark.WRONG, "extensions")
    assert "btree_gist is missing, and the role may not create it." in found
    assert "CREATE EXTENSION btree_gist" in found


def test_extension_that_the_server_does_not_have(owned: str, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "EXTENSIONS", ("btree_gist", "nowhere_to_be_had"))
    found = told(doctor(database_url=owned), Mark.WRONG, "extensions")
    assert "does not have the extension nowhere_to_be_had" in found
    assert "contrib" in found


def test_schema_that_is_older(owned: str, doctor: Doctor) -> None:
    assert doctor("migrate", "--to", "0011", database_url=owned).exit_code == 0
    result = doctor(database_url=owned)
    found = told(result, Mark.WRONG, "schema")
    assert f"It is of revision 0011, and this version needs {own_revision()}." in found
    assert "booking migrate" in found
    assert result.exit_code == 1


@pytest.mark.parametrize("can_work", [True, False])
def test_schema_that_is_newer(hospital: Cluster, owned: str, doctor: Doctor, can_work: bool) -> None:
    served = f"9999 {own_revision()}" if can_work else "9999"
    sql(
        hospital,
        "owned",
        f"UPDATE alembic_version SET version_num = '9999'; COMMENT ON TABLE alembic_version IS '{served}'",
    )
    result = doctor(database_url=owned)
    found = told(result, Mark.GOOD if can_work else Mark.WRONG, "schema")
    assert "It is of revision 9999, on which this version" in found
    assert ("Run the newer version" in found) is not can_work
    assert result.exit_code == (0 if can_work else 1)


def test_tables_that_the_role_may_not_use(hospital: Cluster, owned: str, doctor: Doctor) -> None:
    found = told(doctor(database_url=url(hospital, "owned", "other")), Mark.WRONG, "privileges")
    assert "other may not read and change " in found
    assert "resource" in found
    assert "may create nothing in the schema public" in found


def test_tables_that_belong_to_another(hospital: Cluster, owned: str, doctor: Doctor) -> None:
    sql(hospital, "owned", "GRANT ALL ON ALL TABLES IN SCHEMA public TO other; GRANT CREATE ON SCHEMA public TO other")
    result = doctor(database_url=url(hospital, "owned", "other"))
    assert "other does not own " in told(result, Mark.WRONG, "privileges")
    assert "REASSIGN OWNED" in result.output


def test_superuser_is_advised_against(hospital: Cluster, owned: str, doctor: Doctor) -> None:
    result = doctor(database_url=url(hospital, "owned", "postgres"))
    assert "postgres is a superuser" in told(result, Mark.ADVICE, "privileges")
    assert result.exit_code == 0


class Ahead(datetime):
    """A clock that is a minute ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(minutes=1)


def test_clock_that_goes_wrong(owned: str, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "datetime", Ahead)
    result = doctor(database_url=owned)
    assert "The clock of this machine is 60 s ahead of that of the database." in told(result, Mark.WRONG, "clock")
    assert "NTP" in result.output
    assert server.skew(timedelta(seconds=-7)).told == "The clock of this machine is 7 s behind that of the database."
    assert server.skew(timedelta(seconds=-4)).mark is Mark.GOOD


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")
def test_pooler_is_seen(hospital: Cluster, owned: str, doctor: Doctor, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pooled(hospital.url("owned"), tmp_path / "pooler") as address:
        hidden = doctor(database_url=address)
        found = told(hidden, Mark.WRONG, "pooler")
        assert "BOOKING_DATABASE_POOLER is off" in found
        assert "Set BOOKING_DATABASE_POOLER=on." in found
        assert hidden.exit_code == 1
        said = doctor(database_url=address, database_pooler="on")
        assert "have no limit of time" in told(said, Mark.ADVICE, "pooler")
        assert said.exit_code == 0


def test_pooler_that_is_not_there(owned: str, doctor: Doctor) -> None:
    result = doctor(database_url=owned, database_pooler="on")
    assert "No pooler is seen" in told(result, Mark.ADVICE, "pooler")


def test_embedded_database(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    before = doctor(data_dir=str(data))
    assert f"no embedded database in {data} yet" in told(before, Mark.GOOD, "database")
    assert not data.exists(), "nothing is made"
    assert doctor("migrate").exit_code == 0
    found = doctor()
    assert f"answers: embedded, in {data}" in told(found, Mark.GOOD, "database")
    assert "free in" in told(found, Mark.GOOD, "disk")
    assert found.exit_code == 0
    broken = doctor(postgres_bin=str(tmp_path))
    assert "BOOKING_POSTGRES_BIN" in told(broken, Mark.WRONG, "database")
    assert broken.exit_code == 1


def test_disk_that_is_full(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    found = room(tmp_path / "not" / "yet" / "there", least=free * 10)
    assert found.mark is Mark.WRONG
    assert "less than" in found.told
    assert "Make room" in found.remedy
