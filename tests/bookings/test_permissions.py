"""Who may do what: every role, state of the booking and state of its order, with the expectation in one expression."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.keys import digest
from app.models import History, Offering, Order, Project, Resource, RoleGrant, RolePermission, Token, User
from tests.oracle import (
    ACTIONS,
    MANAGER,
    OFFERING_MANAGER,
    OWNER,
    PERMISSIONS,
    SUPPORT,
    Person,
    Scopes,
    Standing,
    carrying,
    has_order,
)

pytestmark = pytest.mark.slow

URL = "/api/booking-resources/"
KEY = "key-of-the-one-who-asks"
HEADERS = {"Authorization": f"Token {KEY}"}
PAST, FUTURE = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))
STATES = ("Creating", "OK", "Erred", "Updating", "Terminating", "Terminated")
BODIES = {
    401: {"detail": "Authentication credentials were not provided."},
    403: {"detail": "You do not have permission to perform this action."},
    404: {"detail": "No Resource matches the given query."},
    409: {"detail": "Valid states for operation: Creating."},
}
MISSING = ["Unable to complete action because related order is not found."]
SEVERAL = ["Unable to complete action because multiple related orders are found."]
AROUND = Scopes(offering="offering", provider="provider", project="project", consumer="consumer")
"""What is around the booking, by the names that a scene gives it."""


class Grant(NamedTuple):
    """A role on one of the scopes around the booking; `values` make it void."""

    role: str
    scope: str
    values: tuple[tuple[str, Any], ...] = ()

    @property
    def valid(self) -> bool:
        return not self.values or self.values == (("expiration_time", FUTURE),)


@dataclass(frozen=True)
class Asker:
    """Who asks: what is known of the user, the roles held, and whether the booking was that user's wish."""

    grants: tuple[Grant, ...] = ()
    creator: bool = False
    staff: bool = False
    support: bool = False
    anonymous: bool = False

    def standing(self, orders: tuple[str, ...]) -> Standing:
        """How the asker stands to the booking, when orders of these states ask for it."""
        roles = frozenset((grant.role, grant.scope) for grant in self.grants if grant.valid)
        person = Person(is_staff=self.staff, is_support=self.support, roles=roles)
        return Standing(person, AROUND, asked=self.creator and bool(orders))


ASKERS: dict[str, Asker] = {
    "anonymous": Asker(anonymous=True),
    "stranger": Asker(),
    "staff": Asker(staff=True),
    "support": Asker(support=True),
    "provider owner": Asker((Grant(OWNER, "provider"),)),
    "provider manager": Asker((Grant(MANAGER, "provider"),)),
    "provider support": Asker((Grant(SUPPORT, "provider"),)),
    "offering manager": Asker((Grant(OFFERING_MANAGER, "offering"),)),
    "manager of another offering": Asker((Grant(OFFERING_MANAGER, "other offering"),)),
    "other provider's owner": Asker((Grant(OWNER, "other provider"),)),
    "revoked provider owner": Asker((Grant(OWNER, "provider", (("is_active", False),)),)),
    "expired provider owner": Asker((Grant(OWNER, "provider", (("expiration_time", PAST),)),)),
    "revoked offering manager": Asker((Grant(OFFERING_MANAGER, "offering", (("is_active", False),)),)),
    "provider owner until tomorrow": Asker((Grant(OWNER, "provider", (("expiration_time", FUTURE),)),)),
    "creator": Asker(creator=True),
    "creator and support": Asker(creator=True, support=True),
    "creator and consumer owner": Asker((Grant(OWNER, "consumer"),), creator=True),
    "creator and project admin": Asker((Grant("PROJECT.ADMIN", "project"),), creator=True),
    "creator and provider owner": Asker((Grant(OWNER, "provider"),), creator=True),
    "creator and revoked provider owner": Asker((Grant(OWNER, "provider", (("is_active", False),)),), creator=True),
    "creator and provider support": Asker((Grant(SUPPORT, "provider"),), creator=True),
    "consumer owner": Asker((Grant(OWNER, "consumer"),)),
    "consumer manager": Asker((Grant(MANAGER, "consumer"),)),
    "project admin": Asker((Grant("PROJECT.ADMIN", "project"),)),
    "project manager": Asker((Grant("PROJECT.MANAGER", "project"),)),
    "consumer and provider owner": Asker((Grant(OWNER, "consumer"), Grant(OWNER, "provider"))),
}
ORDERS: dict[str, tuple[str, ...]] = {
    **{
        state: (state,)
        for state in (
            "executing",
            "pending-consumer",
            "pending-provider",
            "pending-project",
            "pending-start-date",
            "done",
            "erred",
            "canceled",
            "rejected",
        )
    },
    "none": (),
    "two executing": ("executing", "executing"),
    "canceled and executing": ("canceled", "executing"),
    "canceled and done": ("canceled", "done"),
    "executing and waiting": ("executing", "pending-consumer"),
    "two waiting": ("pending-project", "pending-consumer"),
}
"""States of the orders that ask for the booking."""
TELLING = ("executing", "none")
"""What is looked at when the booking's own state forbids the action anyway."""


def expected(asker: Asker, action: str, state: str, orders: tuple[str, ...]) -> int:
    """Decision 21: the order of the checks."""
    standing = asker.standing(orders)
    checks = {
        401: not asker.anonymous,
        404: standing.sees,
        403: standing.may(action),
        409: state == "Creating",
        400: has_order(action, orders),
    }
    return next((status for status, passed in checks.items() if not passed), 200)


class Scene:
    """One booking, one who asks, and everything else set aside."""

    def __init__(self, client: AsyncClient, rows: AsyncConnection) -> None:
        self.client = client
        self.rows = rows
        self.user = uuid4()
        self.booking = self.other = uuid4()
        self.scopes: dict[str, tuple[str, UUID | None]] = {}
        self.order: dict[str, Any] = {}
        self.arranged: object = None

    async def one(self, table: Any, condition: Any) -> Any:
        return (await self.rows.execute(select(table.__table__).where(condition))).one()

    async def set_up(self, asker: Asker) -> None:
        booking = await self.one(Resource, Resource.name == "alpha scan")
        offering = await self.one(Offering, Offering.uuid == booking.offering_uuid)
        project = await self.one(Project, Project.uuid == booking.project_uuid)
        somebody = (await self.one(User, User.username == "cowner")).uuid
        others = (await self.rows.execute(select(Offering.uuid, Offering.customer_uuid))).all()
        self.booking = booking.uuid
        self.scopes = {
            "provider": ("customer_uuid", offering.customer_uuid),
            "consumer": ("customer_uuid", project.customer_uuid),
            "project": ("project_uuid", project.uuid),
            "offering": ("offering_uuid", offering.uuid),
            "other provider": ("customer_uuid", next(o[1] for o in others if o[1] != offering.customer_uuid)),
            "other offering": (
                "offering_uuid",
                next(o[0] for o in others if o[0] != offering.uuid and o[1] == offering.customer_uuid),
            ),
        }
        await self.rows.execute(
            insert(User).values(uuid=self.user, username="asker", is_staff=asker.staff, is_support=asker.support)
        )
        await self.rows.execute(insert(Token).values(user_uuid=self.user, digest=digest(KEY)))
        for role, scope, values in asker.grants:
            column, uuid = self.scopes[scope]
            grant = {"user_uuid": self.user, "role": role, column: uuid, **dict(values)}
            await self.rows.execute(insert(RoleGrant).values(grant))
        self.order = {
            "resource_uuid": booking.uuid,
            "offering_uuid": offering.uuid,
            "project_uuid": project.uuid,
            "type": "Create",
            "created_by_uuid": self.user if asker.creator else somebody,
        }

    async def arrange(self, state: str, orders: tuple[str, ...]) -> None:
        await self.rows.execute(update(Resource).where(Resource.uuid == self.booking).values(state=state))
        await self.rows.execute(delete(Order).where(Order.resource_uuid == self.booking))
        for order in orders:
            await self.rows.execute(insert(Order).values(state=order, **self.order))
        self.arranged = await self.standing()

    async def standing(self) -> object:
        """What an action could change."""
        orders = select(func.array_agg(aggregate_order_by(Order.state, Order.uuid)))
        statement = select(
            Resource.state,
            Resource.modified,
            orders.where(Order.resource_uuid == self.booking).scalar_subquery(),
            select(func.count(History.uuid)).scalar_subquery(),
        )
        return (await self.rows.execute(statement.where(Resource.uuid == self.booking))).one()

    async def ask(self, method: str, path: str, headers: dict[str, str]) -> tuple[Response, bool]:
        """The answer, and whether anything had changed then; nothing of it stays."""
        async with self.rows.begin_nested() as undone:
            response = await self.client.request(method, f"{URL}{self.booking}/{path}", headers=headers)
            changed = await self.standing() != self.arranged
            await undone.rollback()
        return response, changed


@pytest.fixture
def scene(client: AsyncClient, rows: AsyncConnection) -> Scene:
    return Scene(client, rows)


@pytest.mark.parametrize("name", ASKERS)
async def test_role_states_and_action(scene: Scene, name: str) -> None:
    asker = ASKERS[name]
    headers = {} if asker.anonymous else HEADERS
    await scene.set_up(asker)
    cases = [("Creating", kind) for kind in ORDERS] + [(state, kind) for state in STATES[1:] for kind in TELLING]
    for state, kind in cases:
        orders = ORDERS[kind]
        await scene.arrange(state, orders)
        succeeded = []
        for action in ACTIONS:
            response, changed = await scene.ask("POST", f"{action}/", headers)
            status = expected(asker, action, state, orders)
            assert response.status_code == status, (state, kind, action, response.text)
            assert changed == (status == 200), (state, kind, action)
            if status == 200:
                assert response.content == b""
                succeeded.append(action)
            else:
                assert response.json() == BODIES.get(status, SEVERAL if kind == "two executing" else MISSING)
        shown, _ = await scene.ask("GET", "?field=available_actions", headers)
        if shown.status_code == 200:
            assert shown.json() == {"available_actions": succeeded}, (state, kind)
        else:
            assert shown.status_code == (401 if asker.anonymous else 404), (state, kind)
            assert succeeded == []


@pytest.mark.parametrize("action", ACTIONS)
def test_providers_carry_the_permission_of_each_action(action: str) -> None:
    assert carrying(PERMISSIONS[action]) == {OWNER, MANAGER, OFFERING_MANAGER}


def test_matrix_reaches_every_status() -> None:
    reached = {
        (action, expected(asker, action, state, orders))
        for asker in ASKERS.values()
        for action in ACTIONS
        for state in STATES
        for orders in ORDERS.values()
    }
    assert {status for action, status in reached if action == "accept"} == {200, 400, 401, 403, 404, 409}
    assert {status for action, status in reached if action == "reject"} >= {200, 400, 401, 404, 409}


async def test_nobody_approves_a_request_of_his_own(scene: Scene) -> None:
    await scene.set_up(ASKERS["creator and consumer owner"])
    await scene.arrange("Creating", ("executing",))
    response, changed = await scene.ask("POST", "accept/", HEADERS)
    assert (response.status_code, response.json(), changed) == (403, BODIES[403], False)


@pytest.mark.parametrize("action", ["accept", "reject"])
@pytest.mark.parametrize(
    ("scope", "role"),
    [("offering", "OFFERING.MANAGER"), ("provider", "CUSTOMER.OWNER"), ("provider", "CUSTOMER.MANAGER")],
)
async def test_permission_counts_not_the_role(
    scene: Scene, rows: AsyncConnection, action: str, scope: str, role: str
) -> None:
    await scene.set_up(Asker((Grant(role, scope),)))
    await scene.arrange("Creating", ("executing",))
    await rows.execute(
        delete(RolePermission).where(RolePermission.role == role, RolePermission.permission == PERMISSIONS[action])
    )
    response, _ = await scene.ask("POST", f"{action}/", HEADERS)
    assert (response.status_code, response.json()) == (403, BODIES[403])
    shown, _ = await scene.ask("GET", "?field=available_actions", HEADERS)
    assert shown.json() == {"available_actions": [{"accept": "reject", "reject": "accept"}[action]]}


class Reach(NamedTuple):
    """What comes of an action, when a role that carries its permission is held on a scope."""

    action: str
    scope: str
    role: str
    status: int


@pytest.mark.parametrize(
    "reach",
    [
        Reach(action="accept", scope="project", role="PROJECT.ADMIN", status=403),
        Reach(action="accept", scope="consumer", role="CUSTOMER.SUPPORT", status=403),
        Reach(action="accept", scope="provider", role="CUSTOMER.SUPPORT", status=200),
        Reach(action="reject", scope="project", role="PROJECT.ADMIN", status=200),
        Reach(action="reject", scope="consumer", role="CUSTOMER.SUPPORT", status=200),
        Reach(action="reject", scope="other provider", role="CUSTOMER.SUPPORT", status=403),
        Reach(action="accept", scope="other provider", role="CUSTOMER.SUPPORT", status=403),
    ],
    ids=lambda reach: f"{reach.action}-{reach.scope}-{reach.role}",
)
async def test_permission_counts_on_the_scopes_of_its_action(scene: Scene, rows: AsyncConnection, reach: Reach) -> None:
    """Seen as manager of the offering, a role that is given no permission here."""
    await scene.set_up(Asker((Grant(OFFERING_MANAGER, "offering"), Grant(reach.role, reach.scope))))
    await scene.arrange("Creating", ("executing",))
    permission = PERMISSIONS[reach.action]
    await rows.execute(delete(RolePermission).where(RolePermission.role == OFFERING_MANAGER))
    await rows.execute(insert(RolePermission).values(role=reach.role, permission=permission))
    response, _ = await scene.ask("POST", f"{reach.action}/", HEADERS)
    assert response.status_code == reach.status


async def test_who_asked_for_a_change_only_is_no_creator(scene: Scene, rows: AsyncConnection) -> None:
    await scene.set_up(ASKERS["creator"])
    await scene.arrange("Creating", ("executing",))
    await rows.execute(update(Order).where(Order.resource_uuid == scene.booking).values(type="Update"))
    for method, path in (("GET", ""), ("POST", "accept/"), ("POST", "reject/"), ("GET", "history/")):
        response, _ = await scene.ask(method, path, HEADERS)
        assert (response.status_code, response.json()) == (404, BODIES[404])


@pytest.mark.parametrize("name", ASKERS)
async def test_list_detail_and_history_are_shown_to_the_same(scene: Scene, name: str) -> None:
    asker = ASKERS[name]
    await scene.set_up(asker)
    await scene.arrange("OK", ("done",))
    headers = {} if asker.anonymous else HEADERS
    status = 401 if asker.anonymous else 200 if asker.standing(("done",)).sees else 404
    for method, path in (("GET", ""), ("HEAD", ""), ("GET", "history/"), ("HEAD", "history/")):
        response, changed = await scene.ask(method, path, headers)
        assert (response.status_code, changed) == (status, False)
    listed = await scene.client.get(f"{URL}?query={scene.booking}&field=uuid", headers=headers)
    counted = await scene.client.head(f"{URL}?query={scene.booking}", headers=headers)
    assert listed.status_code == counted.status_code == (401 if asker.anonymous else 200)
    if not asker.anonymous:
        found = [{"uuid": str(scene.booking)}] if status == 200 else []
        assert listed.json() == found
        assert counted.headers["X-Result-Count"] == str(len(found))


async def test_offering_of_another_type_has_no_bookings(scene: Scene, rows: AsyncConnection) -> None:
    await scene.set_up(Asker((Grant(OWNER, "provider"),), creator=True, staff=True))
    await scene.arrange("Creating", ("executing",))
    offering = scene.scopes["offering"][1]
    await rows.execute(update(Offering).where(Offering.uuid == offering).values(type="Marketplace.Basic"))
    for method, path in (("GET", ""), ("POST", "accept/"), ("POST", "reject/"), ("GET", "history/")):
        response, changed = await scene.ask(method, path, HEADERS)
        assert (response.status_code, response.json(), changed) == (404, BODIES[404], False)
