"""Traces that are exported have routes and statuses, and nothing that was asked."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api import recording
from app.config import Settings
from app.main import create_app
from app.telemetry import traces
from tests.conftest import BASE_URL, AsUser
from tests.databases import OneTransaction
from tests.dataset import uuid_of

CANARY = "canary-of-a-query"
BOOKING = f"/api/booking-resources/{uuid_of('resources', state='OK')}/"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What a provider exports that is set up as by FastAPI."""
    provider, kept = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    traces.withhold_queries()
    yield kept
    provider.shutdown()


@pytest.fixture
async def traced(rows: AsyncConnection, settings: Settings) -> FastAPI:
    application = create_app(settings)
    application.state.database = OneTransaction(rows)
    return application


async def test_spans_have_routes_and_no_queries(
    traced: FastAPI, exported: InMemorySpanExporter, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str | None] = []
    monkeypatch.setattr(
        recording.Recording,
        "_record",
        lambda _, method, noted, seconds: lines.append(getattr(noted.traced, "route", None)),
    )
    async with AsyncClient(transport=ASGITransport(traced), base_url=BASE_URL) as client:
        for path in (BOOKING, "/api/booking-resources/"):
            answer = await client.get(f"{path}?field=uuid&name={CANARY}", headers=as_user("staff"))
            assert answer.status_code == 200
        assert (
            await client.get(f"/api/booking-resources/?state={CANARY}", headers=as_user("staff"))
        ).status_code == 400
    spans = exported.get_finished_spans()
    assert {span.name for span in spans} >= {"GET /api/booking-resources/", "GET /api/booking-resources/{uuid}/"}
    assert lines == ["/api/booking-resources/{uuid}/", "/api/booking-resources/", "/api/booking-resources/"]
    assert {dict(span.attributes or {}).get("url.query") for span in spans if of_request(span)} == {""}
    told = "".join(span.to_json() for span in spans)
    for secret in (CANARY, as_user("staff")["Authorization"].split()[1]):
        assert secret not in told


def of_request(span: ReadableSpan) -> bool:
    return span.kind is trace.SpanKind.SERVER


def test_without_a_provider_nothing_is_withheld() -> None:
    traces.withhold_queries()
    assert not hasattr(trace.get_tracer_provider(), "add_span_processor")
