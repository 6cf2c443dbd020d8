"""The tables, one module each."""

from app.models.base import Base
from app.models.busy_slot import BusySlot
from app.models.category import Category
from app.models.customer import Customer
from app.models.history import History
from app.models.idempotency_key import IdempotencyKey
from app.models.media_file import MediaFile
from app.models.offering import Offering
from app.models.offering_component import OfferingComponent
from app.models.offering_user import OfferingUser
from app.models.order import Order
from app.models.plan import Plan
from app.models.plan_component import PlanComponent
from app.models.project import Project
from app.models.resource import Resource
from app.models.resource_endpoint import ResourceEndpoint
from app.models.role_grant import RoleGrant
from app.models.role_permission import RolePermission
from app.models.slot import Slot
from app.models.token import Token
from app.models.user import User

__all__ = [
    "Base",
    "BusySlot",
    "Category",
    "Customer",
    "History",
    "IdempotencyKey",
    "MediaFile",
    "Offering",
    "OfferingComponent",
    "OfferingUser",
    "Order",
    "Plan",
    "PlanComponent",
    "Project",
    "Resource",
    "ResourceEndpoint",
    "RoleGrant",
    "RolePermission",
    "Slot",
    "Token",
    "User",
]
