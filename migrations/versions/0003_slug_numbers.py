"""An index of the numbers at the end of slugs, so that the next free one is found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_resource_slug_number",
        "resource",
        [
            sa.literal_column("regexp_replace(slug::text, '-[0-9]{1,9}$'::text, ''::text)"),
            sa.literal_column("(\"substring\"(slug::text, '-([0-9]{1,9})$'::text)::integer)"),
        ],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_resource_slug_number", table_name="resource")
