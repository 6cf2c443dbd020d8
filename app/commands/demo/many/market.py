"""Who asks and who offers where there are many bookings: a few large providers, many small ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import NamedTuple
from uuid import UUID

from app.commands.demo.many import rows
from app.models.enums import BOOKING_OFFERING_TYPE, BillingType, BillingUnit, OfferingState, Role

CATEGORIES = ("Instruments", "Computing", "Rooms", "Vehicles", "Studios", "Sports", "Workshops", "Field equipment")
THINGS = ("microscope", "GPU node", "meeting room", "van", "recording studio", "court", "laser cutter", "drone")
FIRST_NAMES = ("Ada", "Bjarne", "Chen", "Dalia", "Emil", "Fatima", "Goran", "Hedda", "Ivo", "Jana", "Kofi", "Lena")
LAST_NAMES = ("Adler", "Brandt", "Costa", "Dahl", "Eriksen", "Fischer", "Garcia", "Haas", "Ito", "Jensen", "Kask")
CHARGES = (
    (BillingType.USAGE,),
    (BillingType.USAGE, BillingType.FIXED),
    (BillingType.FIXED,),
    (BillingType.USAGE, BillingType.USAGE, BillingType.ONE_TIME),
    (),
    (BillingType.FIXED, BillingType.ONE_TIME),
)
"""What offerings are charged by, in turn."""
LARGE_SHARE = 0.1
"""Of all bookings, those of the large provider whose owner gets a token."""
SMALL_COUNT = 6
"""Bookings of the small provider whose owner gets a token."""
BY_CREATOR = 200
"""Bookings of the one creator who gets a token."""
FEWEST = 250
LARGE_OWNER, SMALL_OWNER, CREATOR, STAFF = "large-provider-owner", "small-provider-owner", "creator", "staff"
ROLES = {
    STAFF: "sees and may do everything",
    LARGE_OWNER: "owns the provider of a tenth of all bookings",
    SMALL_OWNER: f"owns a provider with {SMALL_COUNT} bookings",
    CREATOR: f"asked for {BY_CREATOR} bookings",
}
"""Who gets a token, and what for."""


@dataclass(frozen=True)
class Size:
    """How much there is to be; the same seed gives the same bookings on the same day."""

    bookings: int
    offerings: int
    customers: int
    seed: int


def sized(bookings: int, offerings: int | None = None, customers: int | None = None, seed: int = 0) -> Size:
    """So many bookings; where nothing is said, about 500 for each offering and 2,000 for each organisation."""
    return Size(bookings, offerings or max(20, bookings // 500), customers or max(20, bookings // 2000), seed)


class Offered(NamedTuple):
    """An offering, and how many bookings it has."""

    uuid: UUID
    plan: UUID | None
    price: Decimal
    decides: UUID
    host: str
    bookings: int


class Asking(NamedTuple):
    """A project, who asks for bookings in it, and who agrees."""

    uuid: UUID
    creators: Sequence[UUID]
    agrees: UUID


@dataclass(frozen=True)
class Market:
    """All that bookings refer to; `projects` begins with that of the one creator who gets a token."""

    rows: list[NamedTuple]
    offerings: list[Offered]
    projects: list[Asking]


def apportioned(total: int, weights: Sequence[float], least: int = 0) -> list[int]:
    """Whole parts of the total by weight, none below `least`; what is left over goes to the first ones."""
    spare, whole = total - least * len(weights), sum(weights)
    parts = [least + int(spare * weight / whole) for weight in weights]
    left = total - sum(parts)
    return [part + (number < left) for number, part in enumerate(parts)]


def new_uuid(chance: Random) -> UUID:
    """A UUID of version 4."""
    return UUID(int=chance.getrandbits(128), version=4)


def staff(chance: Random) -> rows.UserRow:
    """The user who sees all; added last, so that a demo without one is known to be incomplete."""
    return rows.UserRow(new_uuid(chance), STAFF, "Signe", "Lindqvist", "staff@example.com", is_staff=True)


def provider_shares(size: Size) -> list[tuple[int, int]]:
    """How many offerings and bookings each provider has: the large one, the small one, and the rest."""
    count = min(max(12, size.customers // 5), size.customers, size.offerings)
    large = round(size.bookings * LARGE_SHARE)
    others = [1 / (number + 2) for number in range(count - 2)]
    offered = max(1, round((size.offerings - count) * LARGE_SHARE))
    offerings = [offered, 1, *apportioned(size.offerings - offered - 1, others, least=1)]
    bookings = [large, SMALL_COUNT, *apportioned(size.bookings - large - SMALL_COUNT, others)]
    return list(zip(offerings, bookings, strict=True))


class MarketMaker:
    """Invents everything but the bookings; offerings are open from `opened` on."""

    def __init__(self, size: Size, opened: datetime, chance: Random) -> None:
        self._size, self._chance = size, chance
        window = {"id": "open", "start": f"{opened:%Y-%m-%d}T00:00:00Z", "end": "2200-01-01T00:00:00Z"}
        self._attributes = json.dumps({"schedules": [window]})
        self._categories = [rows.CategoryRow(new_uuid(chance), title) for title in CATEGORIES]
        self._market = Market([*self._categories], [], [])

    def make(self) -> Market:
        """Organisations with their projects, then what some of them offer."""
        customers = [self._customer(number) for number in range(self._size.customers)]
        offered = 0
        for (customer, owner), (offerings, bookings) in zip(customers, provider_shares(self._size), strict=False):
            for part in apportioned(bookings, [1 / (number + 2) for number in range(offerings)]):
                self._offering(offered, customer, owner, part)
                offered += 1
        return self._market

    def _user(self, username: str) -> UUID:
        chance = self._chance
        name = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        self._market.rows.append(rows.UserRow(uuid := new_uuid(chance), username, *name, f"{username}@example.com"))
        return uuid

    def _customer(self, number: int) -> tuple[UUID, UUID]:
        """An organisation with its owner, and about five projects."""
        uuid = new_uuid(self._chance)
        owner = self._user({0: LARGE_OWNER, 1: SMALL_OWNER}.get(number, f"owner-{number}"))
        name = f"{self._chance.choice(LAST_NAMES)} {self._chance.choice(('Institute', 'Works', 'University'))} {number}"
        self._market.rows.append(rows.CustomerRow(uuid, name, f"customer-{number}", f"C{number}"))
        self._market.rows.append(rows.GrantRow(owner, Role.CUSTOMER_OWNER, customer_uuid=uuid))
        for at in range(self._chance.randint(3, 7)):
            self._project(f"{number}-{at}", uuid, owner)
        return uuid, owner

    def _project(self, key: str, customer: UUID, owner: UUID) -> None:
        """A project and the one to three who ask in it; in the first one, the creator alone."""
        uuid = new_uuid(self._chance)
        first = not self._market.projects
        names = [CREATOR] if first else [f"user-{key}-{at}" for at in range(self._chance.randint(1, 3))]
        creators = [self._user(name) for name in names]
        self._market.rows.append(rows.ProjectRow(uuid, customer, f"Project {key}", f"project-{key}"))
        self._market.rows.extend(rows.GrantRow(user, Role.PROJECT_MANAGER, project_uuid=uuid) for user in creators)
        self._market.projects.append(Asking(uuid, creators, owner))

    def _offering(self, number: int, customer: UUID, owner: UUID, bookings: int) -> None:
        uuid, chance, thing = new_uuid(self._chance), self._chance, THINGS[number % len(THINGS)]
        name, category = f"{thing.capitalize()} {number + 1}", chance.choice(self._categories).uuid
        kind = (BOOKING_OFFERING_TYPE, OfferingState.ACTIVE)
        row = rows.OfferingRow(uuid, customer, category, name, f"offering-{number + 1}", *kind, self._attributes)
        self._market.rows.append(row)
        charges = [
            rows.ComponentRow(new_uuid(chance), uuid, f"{kind}-{at}", f"{kind.capitalize()} {at + 1}", kind, "h")
            for at, kind in enumerate(CHARGES[number % len(CHARGES)])
        ]
        self._market.rows.extend(charges)
        price = Decimal(5 + number % 40)
        plan = rows.PlanRow(new_uuid(chance), uuid, "Standard", BillingUnit.HOUR, price) if charges else None
        if plan:
            self._market.rows.append(plan)
            self._market.rows.extend(rows.PlanComponentRow(plan.uuid, each.uuid, 1, Decimal(2)) for each in charges)
        host = f"node{number}.example.com" if number % 4 == 1 else ""
        self._market.offerings.append(Offered(uuid, plan and plan.uuid, price, owner, host, bookings))
