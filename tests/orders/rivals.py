"""Many rivals ask a running service for the same few periods, for a while; prints what came of it as JSON.

`python -m tests.orders.rivals ADDRESS TOKEN SECONDS` starts 16 processes with 200 rivals in all.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

PROCESSES, RIVALS = 16, 200
OFFERINGS = ("a3e17d95-5ea9-4a7d-9d58-3b91206987aa", "f42a7caf-ab66-ed97-f83e-46a301bb7ec7")
PROJECT = "c4959024-e19e-0dc0-5e28-d9fe9cd46389"
HOURS = 2_000
"""Hours, from a day ahead on, that are fought over."""


def _asked(chance: random.Random, day: datetime) -> dict[str, Any]:
    """One to four periods of half an hour to three hours, which may overlap one another by chance."""
    schedules = []
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        start = day + timedelta(minutes=30 * chance.randrange(2 * HOURS))
        end = start + timedelta(minutes=30 * chance.randrange(1, 7))
        schedules.append({"start": start.isoformat(), "end": end.isoformat()})
    return {
        "offering": f"/api/marketplace-public-offerings/{chance.choice(OFFERINGS)}/",
        "project": f"/api/projects/{PROJECT}/",
        "attributes": {"name": "rival", "schedules": schedules},
    }


def _kind(answer: httpx.Response) -> str:
    if answer.status_code == 201:
        return "won"
    if answer.status_code == 400 and "is not available." in answer.text:
        return "refused: taken"
    if answer.status_code == 400 and "of the same request" in answer.text:
        return "refused: own overlap"
    if answer.status_code == 400 and "(rule max_open_per_user)" in answer.text:
        return "refused: limit"
    return f"{answer.status_code}: {answer.text[:200]}"


async def _fight(address: str, token: str, seconds: float, seed: int) -> tuple[Counter[str], list[float]]:
    kinds: Counter[str] = Counter()
    took: list[float] = []
    chance = random.Random(seed)
    day = (datetime.now(UTC) + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    headers = {"Authorization": f"Token {token}"}

    async def rival(client: httpx.AsyncClient, deadline: float) -> None:
        while time.monotonic() < deadline:
            began = time.monotonic()
            answer = await client.post("/api/marketplace-orders/", json=_asked(chance, day))
            took.append(time.monotonic() - began)
            kinds[_kind(answer)] += 1
            deadline = min(deadline, time.monotonic() + seconds)

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, limits=limits) as client:
        share = RIVALS // PROCESSES + (seed < RIVALS % PROCESSES)
        await asyncio.gather(*(rival(client, time.monotonic() + seconds) for _ in range(share)))
    return kinds, took


def _process(address: str, token: str, seconds: float, seed: int) -> tuple[Counter[str], list[float]]:
    return asyncio.run(_fight(address, token, seconds, seed))


def fight(address: str, token: str, seconds: float) -> dict[str, Any]:
    """Answers by kind, answers per second, and how long they took, in milliseconds."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        parts = [pool.submit(_process, address, token, seconds, seed) for seed in range(PROCESSES)]
        results = [part.result() for part in parts]
    kinds = sum((kinds for kinds, _ in results), Counter[str]())
    took = sorted(duration for _, durations in results for duration in durations)
    return {
        "answers": dict(kinds),
        "per_second": round(len(took) / seconds),
        **{f"p{part}_ms": round(1000 * took[int(len(took) * part / 100)]) for part in (50, 99)},
        "max_ms": round(1000 * took[-1]),
    }


if __name__ == "__main__":
    print(json.dumps(fight(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
