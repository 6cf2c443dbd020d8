"""Second queries for what a user has several of."""

from sqlalchemy import case, func, null, select
from sqlalchemy.orm import aliased

from app.auth import GRANT_HOLDS
from app.models import Customer, Offering, Project, RoleGrant
from app.query.fieldset import several

_Organisation = aliased(Customer, name="organisation")
"""To which the scope belongs, or which it is."""
_SCOPE = {
    "customer": RoleGrant.customer_uuid,
    "project": RoleGrant.project_uuid,
    "offering": RoleGrant.offering_uuid,
}


load_grants = several(
    RoleGrant.user_uuid,
    select(
        RoleGrant.role.label("role_name"),
        case(*((uuid.is_not(None), name) for name, uuid in _SCOPE.items())).label("scope_type"),
        func.coalesce(*_SCOPE.values()).label("scope_uuid"),
        func.coalesce(Customer.name, Project.name, Offering.name).label("scope_name"),
        _Organisation.uuid.label("customer_uuid"),
        _Organisation.name.label("customer_name"),
        RoleGrant.project_uuid,
        null().label("resource_uuid"),
        RoleGrant.expiration_time,
    )
    .outerjoin(Customer, Customer.uuid == RoleGrant.customer_uuid)
    .outerjoin(Project, Project.uuid == RoleGrant.project_uuid)
    .outerjoin(Offering, Offering.uuid == RoleGrant.offering_uuid)
    .outerjoin(
        _Organisation,
        _Organisation.uuid == func.coalesce(Customer.uuid, Project.customer_uuid, Offering.customer_uuid),
    )
    .where(GRANT_HOLDS),
    RoleGrant.role,
    RoleGrant.uuid,
)
"""Roles in force by user."""
