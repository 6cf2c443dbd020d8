"""Who is on the provider's side of an offering."""

from uuid import UUID

from app.auth import Caller
from app.models.enums import Role


def provides(caller: Caller, offering: UUID, provider: UUID | None) -> bool:
    """Whether the caller owns or manages the provider, or manages the offering."""
    if offering in caller.holding(Role.OFFERING_MANAGER):
        return True
    return provider is not None and provider in caller.holding(Role.CUSTOMER_OWNER, Role.CUSTOMER_MANAGER)


def sees_tracebacks(caller: Caller, offering: UUID, provider: UUID | None) -> bool:
    """Staff, support and the provider's side see where something failed; others see only that it did."""
    return caller.is_staff or caller.is_support or provides(caller, offering, provider)
