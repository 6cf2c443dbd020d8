"""The tables."""

from app.models.base import Base
from app.models.bookings import History, Resource, ResourceEndpoint, Slot
from app.models.offerings import (
    BusySlot,
    Category,
    MediaFile,
    Offering,
    OfferingComponent,
    OfferingUser,
    Plan,
    PlanComponent,
)
from app.models.orders import IdempotencyKey, Order
from app.models.people import Customer, Project, RoleGrant, RolePermission, Token, User

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
