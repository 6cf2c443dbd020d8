"""A new booking is written once, and not again because its slots and its order follow.

- Who adds a booking with its slots says its first start as well, so that nothing is left to change once they are there.
- `resource.version` changes no more once a transaction has changed it, within savepoints neither: the version that a
  transaction gave last is kept in the setting `booking.version` until it ends.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FUNCTION = "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n{body}\nEND $$"
KEEP_RESOURCE = """    IF TG_OP = 'INSERT' OR NEW.offering_uuid <> OLD.offering_uuid THEN
        -- The lock makes a change of the offering wait, or this row wait for it: either sees the other.
        SELECT customer_uuid, type = 'Marketplace.Booking' INTO NEW.provider_uuid, NEW.is_booking
        FROM offering WHERE uuid = NEW.offering_uuid FOR SHARE;
    ELSE
        SELECT customer_uuid, type = 'Marketplace.Booking' INTO NEW.provider_uuid, NEW.is_booking
        FROM offering WHERE uuid = NEW.offering_uuid;
    END IF;
    NEW.is_booking := coalesce(NEW.is_booking, false);
    NEW.version := nextval('resource_version');{told}
    RETURN NEW;"""
TOLD = "\n    PERFORM set_config('booking.version', NEW.version::text, true);"
FIRST_START = "(SELECT min(start) FROM slot WHERE resource_uuid = resource.uuid)"
KEEP_FIRST_START = f"""    IF EXISTS (
        SELECT FROM changed JOIN resource ON uuid = changed.resource_uuid
        WHERE first_start IS DISTINCT FROM {FIRST_START} OR {{seen}}
    ) THEN
        UPDATE resource SET first_start = {FIRST_START} WHERE uuid IN (SELECT resource_uuid FROM changed);
    END IF;
    RETURN NULL;"""
KEEP_FIRST_START_BEFORE = f"""    UPDATE resource SET first_start = {FIRST_START}
    WHERE uuid IN (SELECT resource_uuid FROM changed);
    RETURN NULL;"""
# A statement that changes no row has triggers fire all the same.
KEEP_VERSION = """    IF EXISTS (
        SELECT FROM changed JOIN resource ON resource.uuid = changed.resource_uuid WHERE {seen}
    ) THEN
        UPDATE resource SET version = version WHERE uuid IN (SELECT resource_uuid FROM changed) AND {seen};
    END IF;
    RETURN NULL;"""
KEEP_VERSION_BEFORE = """    IF EXISTS (
        SELECT FROM (SELECT resource_uuid FROM changed UNION SELECT resource_uuid FROM former) AS touched
        JOIN resource ON resource.uuid = touched.resource_uuid WHERE {seen}
    ) THEN
        UPDATE resource SET version = version
        WHERE uuid IN (SELECT resource_uuid FROM changed UNION SELECT resource_uuid FROM former) AND {seen};
    END IF;
    RETURN NULL;"""
KEEP_VERSION_ALWAYS = """    UPDATE resource SET version = version
    WHERE uuid IN (SELECT resource_uuid FROM changed{former}) AND {seen};
    RETURN NULL;"""
FORMER = " UNION SELECT resource_uuid FROM former"
WRITTEN_BEFORE = "resource.xmin <> pg_current_xact_id()::xid"
SEEN = f"({WRITTEN_BEFORE} AND resource.version::text IS DISTINCT FROM current_setting('booking.version', true))"
"""Whether others may have seen the version of a row, which was then not given by this transaction."""


def _replace(**bodies: str) -> None:
    for name, body in bodies.items():
        op.execute(FUNCTION.format(name=name, body=body))


def upgrade() -> None:
    _replace(
        keep_resource=KEEP_RESOURCE.format(told=TOLD),
        keep_first_start=KEEP_FIRST_START.format(seen=SEEN),
        keep_version=KEEP_VERSION.format(seen=SEEN),
        keep_version_before=KEEP_VERSION_BEFORE.format(seen=SEEN),
    )


def downgrade() -> None:
    _replace(
        keep_resource=KEEP_RESOURCE.format(told=""),
        keep_first_start=KEEP_FIRST_START_BEFORE,
        keep_version=KEEP_VERSION_ALWAYS.format(former="", seen=WRITTEN_BEFORE),
        keep_version_before=KEEP_VERSION_ALWAYS.format(former=FORMER, seen=WRITTEN_BEFORE),
    )
