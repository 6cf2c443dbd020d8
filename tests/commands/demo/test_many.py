"""Many invented bookings: as many as asked for, the same for the same seed, and stored with every constraint active."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest
from sqlalchemy import func, select

from app.commands.demo.many.copying import fill
from app.commands.demo.many.crowd import Crowd
from app.commands.demo.many.market import CREATOR, LARGE_OWNER, ROLES, SMALL_OWNER, Market, MarketMaker, Size, sized
from app.commands.demo.many.story import Batch
from app.database import Database
from app.embedded import Cluster
from app.models import Offering, Order, Resource, RoleGrant, User
from app.models.enums import LIVE_STATES, RequestType
from app.registry.repository import load_permissions
from tests.databases import migrated

pytestmark = pytest.mark.slow

TODAY = datetime(2025, 11, 23, tzinfo=UTC)
SIZES = [sized(250), sized(2_000), Size(5_000, 3, 3, 7)]


def made(size: Size) -> tuple[Market, list[Batch]]:
    chance = Random(size.seed)
    market = MarketMaker(size, TODAY, chance).make()
    return market, list(Crowd(market, TODAY, chance).batches(1_000))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_there_are_as_many_as_asked_for(size: Size) -> None:
    market, batches = made(size)
    assert sum(len(batch.resources) for batch in batches) == size.bookings
    assert len(market.offerings) == size.offerings


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_live_bookings_of_an_offering_are_apart(size: Size) -> None:
    _, batches = made(size)
    live = sorted((slot.offering_uuid, slot.start, slot.end) for batch in batches for slot in batch.slots if slot.live)
    overlapping = [pair for pair in pairwise(live) if pair[0][0] == pair[1][0] and pair[0][2] > pair[1][1]]
    assert overlapping == []


def test_seed_decides() -> None:
    assert made(sized(500, seed=1))[1] == made(sized(500, seed=1))[1]
    assert made(sized(500, seed=1))[1] != made(sized(500, seed=2))[1]


def test_states_have_their_shares() -> None:
    _, batches = made(sized(20_000))
    found = Counter(row.state.value for batch in batches for row in batch.resources)
    shares = {state: count / found.total() for state, count in found.items()}
    assert shares["OK"] == pytest.approx(0.70, abs=0.02)
    assert shares["Terminated"] == pytest.approx(0.15, abs=0.02)
    assert shares["Creating"] == pytest.approx(0.10, abs=0.02)


async def test_all_is_stored_and_the_roles_have_their_bookings(cluster: Cluster) -> None:
    added: list[int] = []
    async with migrated(cluster, "many") as engine:
        database = Database(engine)
        async with database.transaction() as connection:
            await load_permissions(connection)  # as the command that migrates leaves a database
        await fill(database, sized(1_000), added.append)
        async with database.transaction() as connection:
            provided = (
                select(User.username, func.count(Resource.uuid))
                .join(RoleGrant, RoleGrant.user_uuid == User.uuid)
                .join(Offering, Offering.customer_uuid == RoleGrant.customer_uuid)
                .join(Resource, Resource.offering_uuid == Offering.uuid)
                .group_by(User.username)
            )
            counts = {row[0]: row[1] for row in await connection.execute(provided)}
            asked = select(func.count()).select_from(Order).join(User, User.uuid == Order.created_by_uuid)
            asked = asked.where(User.username == CREATOR, Order.type == RequestType.CREATE)
            by_creator = (await connection.execute(asked)).scalar_one()
            live = (await connection.execute(select(func.count()).where(Resource.live))).scalar_one()
            states = select(func.count()).where(Resource.state.in_(LIVE_STATES))
            assert live == (await connection.execute(states)).scalar_one()
            users = set((await connection.execute(select(User.username))).scalars())
    assert sum(added) == 1_000
    assert (counts[LARGE_OWNER], counts[SMALL_OWNER], by_creator) == (100, 6, 200)
    assert set(ROLES) <= users
