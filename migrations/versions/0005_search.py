"""What `query` looks into as one text on the booking's row, kept true by a trigger, and slots by their start.

`resource.searched` holds the name, the slug and the addresses, apart from each other by the character U+001F.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = r"""concat_ws(E'\x1f', {row}.name, {row}.slug, (
    SELECT string_agg(member #>> '{{}}', E'\x1f')
    FROM unnest(ARRAY[
        'external_ips', 'internal_ips', 'hypervisor_hostname', 'router_fixed_ips', 'external_address'
    ]) AS place, jsonb_path_query({row}.backend_metadata -> place, '$[*]') AS member
))"""


def upgrade() -> None:
    op.add_column("resource", sa.Column("searched", sa.Text(), server_default="", nullable=False))
    op.execute("ALTER TABLE resource DISABLE TRIGGER USER")
    op.execute(f"UPDATE resource SET searched = {TEXT.format(row='resource')}")
    op.execute("ALTER TABLE resource ENABLE TRIGGER USER")
    op.execute(
        "CREATE FUNCTION keep_searched() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        f"BEGIN\n    NEW.searched := {TEXT.format(row='NEW')};\n    RETURN NEW;\nEND $$"
    )
    op.execute(
        "CREATE TRIGGER resource_searched BEFORE INSERT OR UPDATE OF name, slug, backend_metadata, searched "
        "ON resource FOR EACH ROW EXECUTE FUNCTION keep_searched()"
    )
    op.execute("CREATE INDEX ix_resource_searched_trgm ON resource USING gin (searched gin_trgm_ops)")
    op.execute("DROP INDEX ix_resource_slug_trgm")
    op.execute("CREATE INDEX ix_slot_start ON slot (start, resource_uuid)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_slot_start")
    op.execute("CREATE INDEX ix_resource_slug_trgm ON resource USING gin (slug gin_trgm_ops)")
    op.execute("DROP TRIGGER resource_searched ON resource")
    op.execute("DROP FUNCTION keep_searched")
    op.drop_column("resource", "searched")
