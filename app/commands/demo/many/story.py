"""One of many bookings: its row, and the rows that belong to it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import NamedTuple
from uuid import UUID

from app.commands.demo.many import rows
from app.commands.demo.many.fates import FAILED, NAMES, OK, REJECTED, RUNTIME_STATES, UNAPPROVED, WAITING, Fate
from app.commands.demo.many.market import Asking, Offered, new_uuid
from app.commands.demo.many.words import RARE_WORD, RARELY
from app.models.enums import LIVE_STATES, OrderState, RequestType, ResourceState


@dataclass
class Batch:
    """The rows of some bookings."""

    resources: list[rows.ResourceRow] = field(default_factory=list)
    slots: list[rows.SlotRow] = field(default_factory=list)
    endpoints: list[rows.EndpointRow] = field(default_factory=list)
    orders: list[rows.OrderRow] = field(default_factory=list)
    history: list[rows.HistoryRow] = field(default_factory=list)

    def tables(self) -> Iterator[Sequence[NamedTuple]]:
        """The rows of each table, in an order in which no row refers to a later one."""
        yield from (self.resources, self.slots, self.endpoints, self.orders, self.history)


@dataclass
class Story:
    """A booking from its request to what has become of it."""

    number: int
    offering: Offered
    asking: Asking
    fate: Fate
    periods: Sequence[tuple[datetime, datetime]]
    created: datetime
    chance: Random

    def __post_init__(self) -> None:
        self.uuid, self.order = new_uuid(self.chance), new_uuid(self.chance)
        self.creator = self.asking.creators[self.number % len(self.asking.creators)]
        self.approved = self.created + timedelta(minutes=15)
        self.decided = self.created + timedelta(hours=1 + self.number % 18)
        self.ended = self.decided + timedelta(minutes=90)
        words = [each.pick(self.chance) for each in NAMES]
        if self.number % RARELY == RARELY // 2:
            words[1] = RARE_WORD
        self.name = " ".join(words).capitalize()
        self.attributes = json.dumps({"name": self.name, "schedules": self._schedules()})

    @property
    def state(self) -> ResourceState:
        """What the booking has come to."""
        return self.fate.path[-1]

    @property
    def modified(self) -> datetime:
        """When something last happened to it."""
        if self.fate.later:
            return self.ended
        return self.decided if len(self.fate.path) > 1 else self.approved

    @property
    def cost(self) -> Decimal | None:
        """The price of all hours, if the offering has any."""
        time = sum(((end - start) for start, end in self.periods), timedelta())
        return self.offering.price * round(time.total_seconds()) / 3600 if self.offering.plan else None

    def write(self, batch: Batch) -> None:
        """Adds all rows of the booking."""
        batch.resources.append(self._resource())
        live = self.state in LIVE_STATES
        for at, (start, end) in enumerate(self.periods):
            name = f"booking_{self.order.hex}{at}"
            batch.slots.append(rows.SlotRow(self.uuid, self.offering.uuid, live, start, end, name))
        if self.offering.host and self.state == OK:
            url = f"ssh://{self.offering.host}"
            batch.endpoints.append(rows.EndpointRow(new_uuid(self.chance), self.uuid, "SSH", url))
        batch.orders.append(self._creation())
        if self.fate.later:
            batch.orders.append(self._later(*self.fate.later))
        batch.history.extend(self._history(batch.orders[-1].uuid))

    def _schedules(self) -> list[dict[str, str]]:
        return [
            {"id": f"period-{at}", "start": f"{start.isoformat()[:19]}Z", "end": f"{end.isoformat()[:19]}Z"}
            for at, (start, end) in enumerate(self.periods, start=1)
        ]

    def _resource(self) -> rows.ResourceRow:
        number, accepted = self.number, self.fate.order == OrderState.DONE
        ends = self.state == OK and number % 10 == 3
        return rows.ResourceRow(
            uuid=self.uuid,
            created=self.created,
            modified=self.modified,
            offering_uuid=self.offering.uuid,
            plan_uuid=self.offering.plan,
            project_uuid=self.asking.uuid,
            name=self.name,
            slug=f"{self.name.lower().replace(' ', '-')}-{number + 1}",
            description="Please prepare everything beforehand." if number % 3 == 0 else "",
            state=self.state,
            attributes=self.attributes,
            cost=self.cost,
            backend_id=f"event-{number + 1}" if accepted else "",
            backend_metadata=json.dumps(self._metadata()) if accepted else "{}",
            end_date=(self.periods[-1][1] + timedelta(days=14)).date() if ends else None,
            end_date_requested_by_uuid=self.creator if ends else None,
            downscaled=number % 33 == 0,
            restrict_member_access=number % 100 == 7,
            paused=number % 50 == 11,
            error_message="The calendar did not answer." if self.fate is FAILED else "",
        )

    def _metadata(self) -> dict[str, object]:
        found: dict[str, object] = {"runtime_state": RUNTIME_STATES.pick(self.chance)}
        if host := self.offering.host:
            high, low = self.number // 250 % 250, self.number % 250
            found |= {"external_ips": [f"198.18.{high}.{low}"], "internal_ips": [f"10.7.{high}.{low}"]}
            found["hypervisor_hostname"] = host
        return found

    def _creation(self) -> rows.OrderRow:
        fate, decided = self.fate, self.fate.order in (OrderState.DONE, OrderState.CANCELED)
        reason = "The time went to another group." if fate is REJECTED else None
        modified = self.created if fate is UNAPPROVED else self.approved if fate is WAITING else self.decided
        return self._order(RequestType.CREATE, fate.order, self.created, modified, reason)._replace(
            uuid=self.order,
            attributes=self.attributes,
            consumer_reviewed_by_uuid=None if fate is UNAPPROVED else self.asking.agrees,
            consumer_reviewed_at=None if fate is UNAPPROVED else self.approved,
            provider_reviewed_by_uuid=self.offering.decides if decided else None,
            provider_reviewed_at=self.decided if decided else None,
        )

    def _later(self, kind: RequestType, state: OrderState) -> rows.OrderRow:
        """The order to change or to end the booking."""
        reason = "No longer needed." if kind == RequestType.TERMINATE else None
        return self._order(kind, state, self.decided + timedelta(minutes=30), self.ended, reason)

    def _order(
        self, kind: RequestType, state: OrderState, created: datetime, modified: datetime, reason: str | None
    ) -> rows.OrderRow:
        return rows.OrderRow(
            uuid=new_uuid(self.chance),
            created=created,
            modified=modified,
            resource_uuid=self.uuid,
            offering_uuid=self.offering.uuid,
            project_uuid=self.asking.uuid,
            plan_uuid=self.offering.plan,
            type=kind,
            state=state,
            attributes="{}",
            cost=self.cost,
            completed_at=modified if state == OrderState.DONE else None,
            created_by_uuid=self.creator,
            consumer_reviewed_by_uuid=self.asking.agrees,
            consumer_reviewed_at=created,
            provider_reviewed_by_uuid=None,
            provider_reviewed_at=None,
            termination_comment=reason,
        )

    def _history(self, last_order: UUID) -> Iterator[rows.HistoryRow]:
        """Each change of state: the first belongs to the Create order, a second one to the later order."""
        for at, (before, after) in enumerate(pairwise(self.fate.path)):
            order, when = (last_order, self.ended) if at else (self.order, self.decided)
            by = self.creator if at else self.offering.decides
            yield rows.HistoryRow(new_uuid(self.chance), self.uuid, order, by, when, before, after)
