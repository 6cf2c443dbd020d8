"""The tables."""

from app.models.base import Base
from app.models.bookings import BookingCount, History, Resource, ResourceEndpoint, Slot
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
