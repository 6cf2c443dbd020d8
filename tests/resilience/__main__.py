"""What the service withstands, at length: `python -m tests.resilience --help`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from app.embedded import Cluster
from tests.databases import FAST, address, filled
from tests.resilience.document import made_up
from tests.resilience.failover import lose_leaders
from tests.resilience.fuzz import PATIENCE, fuzz
from tests.resilience.overload import overload
from tests.resilience.served import served
from tests.resilience.trial import trial


async def _overload(asked: argparse.Namespace) -> bool:
    await overload(asked.times, asked.crowds, asked.seconds, asked.nuisances)
    return True


async def _fuzz(asked: argparse.Namespace) -> bool:
    """Whether nothing came back that should not."""
    complaints = list[object]()
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "data", settings=FAST) as cluster:
        async with filled(cluster, "fuzz") as database:
            with served(address(database), Path(folder) / "log", **PATIENCE) as service:
                workers = service.workers()
                for seed in asked.seeds:
                    found = await fuzz(service.port, seed, asked.minutes * 60 / len(asked.seeds))
                    print(f"seed {seed}: {found}", flush=True)
                    complaints += found.complaints
                complaints += [] if service.workers() == workers else ["a worker has died"]
                complaints += service.defects()
    print(*complaints[:20], sep="\n")
    return not complaints


async def _faults(asked: argparse.Namespace) -> bool:
    outcome = await trial(asked.minutes * 60, asked.seed)
    print(outcome)
    return not outcome.wrong


async def _failover(asked: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        print(await lose_leaders(Path(folder), asked.seconds, asked.times))
    return True


async def _document(asked: argparse.Namespace) -> bool:
    return made_up(asked.cases, asked.seeds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("overload", help="more requests, and more connections, than can be served")
    command.add_argument("--times", type=float, nargs="*", default=[1, 3], help="multiples of the peak to offer")
    command.add_argument("--crowds", type=int, nargs="*", default=[160, 1600], help="how many clients ask on and on")
    command.add_argument("--seconds", type=float, default=60, help="how long to offer each")
    command.add_argument("--nuisances", type=int, nargs="*", default=[20, 200, 2000], help="how many connections")
    command.set_defaults(run=_overload)
    command = commands.add_parser("fuzz", help="requests that are changed by chance")
    command.add_argument("--minutes", type=float, default=10)
    command.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    command.set_defaults(run=_fuzz)
    command = commands.add_parser("faults", help="mixed load, while processes, servers, disks and clients fail")
    command.add_argument("--minutes", type=float, default=30)
    command.add_argument("--seed", type=int, default=1)
    command.set_defaults(run=_faults)
    command = commands.add_parser("failover", help="the loss of the server that takes changes, under load")
    command.add_argument("--times", type=int, default=1, help="how many servers to lose")
    command.add_argument("--seconds", type=float, default=60, help="how long apart")
    command.set_defaults(run=_failover)
    command = commands.add_parser("document", help="requests that are made up from the OpenAPI document")
    command.add_argument("--cases", type=int, default=20_000, help="how many at least, of all seeds together")
    command.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    command.set_defaults(run=_document)
    return parser


if __name__ == "__main__":
    asked = _parser().parse_args()
    sys.exit(0 if asyncio.run(asked.run(asked)) else 1)
