"""The tables."""

from app.models.base import Base
from app.models.bookings import BookingCount, BookingTotal, History, Resource, ResourceEndpoint, Slot
from app.models.offerings import (
    BusySlot,
    Category,
    MediaFile,
    Offering,
    OfferingChange,
    OfferingComponent,
    OfferingUser,
    Plan,
    PlanComponent,
)
from app.models.orders import IdempotencyKey, Order, OrderCount
from app.models.people import Customer, Project, RateLimit, RoleEvent, RoleGrant, RolePermission, Token, User
