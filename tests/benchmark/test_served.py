"""What the benchmark measures starts, and answers with the constant bytes that all is held against."""

from pathlib import Path

import httpx
import pytest

from app.embedded import Cluster
from tests.benchmark.served import CONSTANT
from tests.benchmark.trees import HERE, serving
from tests.databases import address, filled

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["application", "bare"])
async def test_constant_bytes_are_served(cluster: Cluster, tmp_path: Path, kind: str) -> None:
    (tmp_path / "page").write_bytes(b"[1, 2]")
    async with filled(cluster, "benchmark") as database:
        with serving(kind, HERE, tmp_path, address(database)) as served:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", trust_env=False) as client:
                answer, ready = await client.get(f"{CONSTANT}page"), await client.get("/health/ready")
    assert (answer.status_code, answer.content) == (200, b"[1, 2]")
    assert ready.status_code == (200 if kind == "application" else 404)
