"""Rules of booking, and how long each slot holds its time; slots hold the time to their end where that is not said.

The constraint against overlaps is made anew, for which nobody may use slots: some seconds for each 100,000 of them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _no_overlap(held: str) -> None:
    op.execute(
        "ALTER TABLE slot DROP CONSTRAINT ex_slot_no_overlap, ADD CONSTRAINT ex_slot_no_overlap "
        f"EXCLUDE USING gist (offering_uuid WITH =, resource_uuid WITH <>, {held} WITH &&) WHERE (live)"
    )


def upgrade() -> None:
    op.add_column("offering", sa.Column("rules", postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("offering", sa.Column("rules_changed", sa.DateTime(timezone=True), nullable=True))
    op.add_column("slot", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    _no_overlap('tstzrange("start", GREATEST("end", held_until))')


def downgrade() -> None:
    _no_overlap('tstzrange("start", "end")')
    op.drop_column("slot", "held_until")
    op.drop_column("offering", "rules_changed")
    op.drop_column("offering", "rules")
