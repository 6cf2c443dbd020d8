"""What must hold of something new, and from which state to which an offering may change."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.administration.schemas import OfferingCreateRequest, ProjectRequest
from app.errors import Invalid
from app.models.enums import OfferingState, Permission
from app.registry.rules import ANYWHERE
from app.slots.opening import faults

DRAFT, ACTIVE, PAUSED, ARCHIVED = OfferingState


@dataclass(frozen=True, kw_only=True)
class OfferingTransition:
    """A change of the state of an offering: from which states to which, who may, and what is said of it."""

    name: str
    sources: tuple[OfferingState, ...]
    target: OfferingState
    permission: Permission
    detail: str


ACTIVATE = OfferingTransition(
    name="activate",
    sources=(DRAFT, PAUSED),
    target=ACTIVE,
    permission=Permission.UPDATE_OFFERING,
    detail="The offering may be booked.",
)
PAUSE = OfferingTransition(
    name="pause",
    sources=(ACTIVE,),
    target=PAUSED,
    permission=Permission.PAUSE_OFFERING,
    detail="The offering may not be booked for now.",
)
UNPAUSE = OfferingTransition(
    name="unpause",
    sources=(PAUSED,),
    target=ACTIVE,
    permission=Permission.UNPAUSE_OFFERING,
    detail="The offering may be booked again.",
)
ARCHIVE = OfferingTransition(
    name="archive",
    sources=(DRAFT, ACTIVE, PAUSED),
    target=ARCHIVED,
    permission=Permission.ARCHIVE_OFFERING,
    detail="The offering is no longer offered.",
)
TO_DRAFT = OfferingTransition(
    name="draft",
    sources=(ACTIVE, PAUSED, ARCHIVED),
    target=DRAFT,
    permission=Permission.UPDATE_OFFERING,
    detail="The offering is being prepared.",
)


def check_project(asked: ProjectRequest) -> None:
    """Raises Invalid for a project that ends before it begins."""
    if asked.start_date and asked.end_date and asked.end_date < asked.start_date:
        raise Invalid({"end_date": ["Must not be before start_date."]})


def check_offering(asked: OfferingCreateRequest) -> None:
    """Raises Invalid for windows that are none, and for components and prices that do not fit each other."""
    wrong = {
        "attributes": [f"schedules: {each}" for each in faults(asked.attributes, ANYWHERE)],
        "components": _bad_components([each.type for each in asked.components]),
        "plans": _bad_plans(asked),
    }
    if told := {name: messages for name, messages in wrong.items() if messages}:
        raise Invalid(told)


def _bad_components(keys: Sequence[str]) -> list[str]:
    twice = sorted({key for key in keys if keys.count(key) > 1})
    return [f"There is more than one component of type {key}." for key in twice]


def _bad_plans(asked: OfferingCreateRequest) -> list[str]:
    known = {each.type for each in asked.components}
    return [
        f"{index}: There is no component of type {key}."
        for index, plan in enumerate(asked.plans)
        for key in sorted({*plan.prices, *plan.quotas} - known)
    ]
