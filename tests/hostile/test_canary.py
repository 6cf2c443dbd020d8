"""A token that is sent turns up nowhere: not in answers, not in logs, not in what PostgreSQL is sent or logs."""

import logging

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.embedded import Cluster
from app.keys import digest
from tests.conftest import BASE_URL
from tests.dataset import token_of

VALID, WRONG = token_of("staff"), "canary-c0ffee-of-nobody"
HEADERS = ("Token {}", "Bearer {}", "Bearer Token {}", "Basic {}", "Token {} more", "{}")
REQUESTS = (
    ("GET", "/api/booking-resources/?page_size=1"),
    ("GET", "/api/booking-resources/?state=x"),
    ("GET", "/api/booking-resources/nothing/"),
    ("POST", "/api/marketplace-orders/"),
    ("PUT", "/api/users/"),
)
LOGGED = (
    *("log_statement = 'all'", "log_error_verbosity = 'default'"),
    *("log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1"),
)


@pytest.fixture
async def log(cluster: Cluster, rows: AsyncConnection) -> int:
    """Makes PostgreSQL log all that it is sent, and tells where its log ends."""
    for setting in LOGGED:
        await rows.execute(text(f"SET LOCAL {setting}"))
    return cluster._log.stat().st_size


async def asked(application: FastAPI) -> str:
    """All that is answered to requests with a token, be it known or not, with headers and addresses."""
    told = []
    transport = ASGITransport(application, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
        for key in (VALID, WRONG):
            for form in HEADERS:
                for method, path in REQUESTS:
                    answer = await client.request(method, path, headers={"Authorization": form.format(key)})
                    told.append(f"{answer.status_code} {answer.url} {answer.headers} {answer.text}")
    return "\n".join(told)


async def test_token_turns_up_nowhere(
    application: FastAPI,
    client: AsyncClient,
    rows: AsyncConnection,
    cluster: Cluster,
    log: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the caller's own
    told = await asked(application)
    broken = await rows.begin_nested()
    await rows.execute(text("ALTER TABLE token RENAME COLUMN digest TO gone"))
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
        defect = await asked(application)
    await broken.rollback()
    logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
    with cluster._log.open(errors="replace") as file:
        file.seek(log)
        logged = file.read()
    assert "200 " in told
    assert "401 " in told
    assert "500 " in defect
    assert digest(VALID) in logged, "else nothing was logged"
    assert digest(WRONG) in logged
    for key in (VALID, WRONG):
        for place in (told, defect, caplog.text, logged):
            assert key not in place
