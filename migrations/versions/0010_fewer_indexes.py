"""Fewer indexes for each booking and order to be entered into, with each change of its state anew.

What is left out is in other indexes as well, or is null in most rows. Indexes of expressions stay whole, since those of
a part of the rows tell the planner nothing.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DROPPED = {
    "ix_resource_state": "resource (state)",
    "ix_resource_name": "resource (name)",
    "ix_resource_name_trgm": "resource USING gin (name gin_trgm_ops)",
    "ix_resource_backend_id": "resource (backend_id)",
    "ix_order_created_by_uuid": '"order" (created_by_uuid)',
    "ix_order_creator": "\"order\" (created_by_uuid, resource_uuid) WHERE type = 'Create'",
}
ADDED = {
    "ix_order_created_by_uuid_type_resource_uuid": '"order" (created_by_uuid, type, resource_uuid)',
    "ix_resource_end_date_requested_by_uuid": "resource (end_date_requested_by_uuid) "
    "WHERE end_date_requested_by_uuid IS NOT NULL",
}
NARROWED = {
    "ix_resource_plan_uuid": ("resource (plan_uuid)", "plan_uuid IS NOT NULL"),
    "ix_resource_parent_uuid": ("resource (parent_uuid)", "parent_uuid IS NOT NULL"),
    "ix_order_plan_uuid": ('"order" (plan_uuid)', "plan_uuid IS NOT NULL"),
}


def upgrade() -> None:
    for name, on in ADDED.items():
        op.execute(f"CREATE INDEX {name} ON {on}")
    for name in (*DROPPED, *NARROWED):
        op.execute(f"DROP INDEX {name}")
    for name, (on, where) in NARROWED.items():
        op.execute(f"CREATE INDEX {name} ON {on} WHERE {where}")


def downgrade() -> None:
    for name in (*ADDED, *NARROWED):
        op.execute(f"DROP INDEX {name}")
    for name, on in (*DROPPED.items(), *((name, on) for name, (on, _) in NARROWED.items())):
        op.execute(f"CREATE INDEX {name} ON {on}")
