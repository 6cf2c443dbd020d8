"""Who may do what to a booking. Source: decisions 18 to 21, 30 and 31."""

from enum import StrEnum
from uuid import UUID

from app.auth import Caller
from app.lifecycle.facts import Facts
from app.models.enums import Permission


class Side(StrEnum):
    """For whom a decision is made, and so under whose name the order records it."""

    PROVIDER = "provider"
    CONSUMER = "consumer"


def is_creator(caller: Caller, facts: Facts) -> bool:
    """Whether the caller asked for the booking; where one executing order decides, that very order counts."""
    return caller.uuid in (facts.executing_creators if len(facts.executing_creators) == 1 else facts.creators)


def may_accept(caller: Caller, facts: Facts) -> bool:
    """Staff, or the permission on the offering or its provider; a role at the consumer does not count."""
    return caller.is_staff or caller.may(Permission.ACCEPT_BOOKING, facts.offering, facts.provider)


def may_reject(caller: Caller, facts: Facts) -> bool:
    """Staff, the creator (withdrawing), or the permission on the offering, provider, project or consumer."""
    scopes = (facts.offering, facts.provider, facts.project, facts.consumer)
    return caller.is_staff or is_creator(caller, facts) or caller.may(Permission.REJECT_BOOKING, *scopes)


def may_terminate(caller: Caller, facts: Facts) -> bool:
    """Staff, or the permission on the project, the consumer or the provider."""
    scopes = (facts.project, facts.consumer, facts.provider)
    return caller.is_staff or caller.may(Permission.TERMINATE_RESOURCE, *scopes)


def approves_for(caller: Caller, project: UUID, consumer: UUID) -> bool:
    """Staff, or the permission to approve orders in the project or its organisation."""
    return caller.is_staff or caller.may(Permission.APPROVE_ORDER, project, consumer)


def may_approve(caller: Caller, facts: Facts) -> bool:
    """Whoever approves orders for the project that the booking is for."""
    return approves_for(caller, facts.project, facts.consumer)


def may_reject_for_consumer(caller: Caller, facts: Facts) -> bool:
    """Staff, or the permission to reject orders in the project or its organisation."""
    return caller.is_staff or caller.may(Permission.REJECT_ORDER, facts.project, facts.consumer)


def may_cancel(caller: Caller, facts: Facts) -> bool:
    """The creator, and whoever may reject for the consumer."""
    return is_creator(caller, facts) or may_reject_for_consumer(caller, facts)


def own_side(caller: Caller, facts: Facts) -> Side:
    """The consumer's for the creator, who withdraws; the provider's for its side and for staff."""
    provider = caller.is_staff or caller.may(Permission.REJECT_BOOKING, facts.offering, facts.provider)
    return Side.PROVIDER if provider and not is_creator(caller, facts) else Side.CONSUMER
