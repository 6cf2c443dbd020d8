"""The recorded data set: bookings in every state, of every kind of offering, by every kind of user. Read here alone."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

Row = dict[str, Any]
"""A row of a table, or of an answer."""

DATASET: Row = json.loads((Path(__file__).parent / "recorded" / "dataset.json").read_text())
"""Tables by name; most of them rows by 32 hex digits of their uuid. Nobody changes it."""
USERS: dict[str, Row] = {user["username"]: {**user, "uuid": uuid} for uuid, user in DATASET["users"].items()}
"""Users by username, each with its uuid."""


def uuid_of(table: str, **values: object) -> UUID:
    """The uuid of the first row that has these values."""
    return next(UUID(uuid) for uuid, row in DATASET[table].items() if values.items() <= row.items())


def token_of(username: str) -> str:
    """The token of a user."""
    return str(USERS[username]["token"])


def key_of(username: str) -> dict[str, str]:
    """The headers with which a user calls."""
    return {"Authorization": f"Token {token_of(username)}"}


class Resource:
    """A row of `resources`, and the rows that it refers to."""

    def __init__(self, uuid: str) -> None:
        self.hex = uuid
        self.uuid = str(UUID(uuid))
        self.row: Row = DATASET["resources"][uuid]
        self.offering: Row = DATASET["offerings"][self.row["offering"]]
        self.project: Row = DATASET["projects"][self.row["project"]]
        self.orders: list[Row] = sorted(
            ({**order, "uuid": key} for key, order in DATASET["orders"].items() if order["resource"] == uuid),
            key=lambda order: str(order["created"]),
        )
        components = [
            each for each in DATASET["offering_components"].values() if each["offering"] == self.row["offering"]
        ]
        self.billing: list[str] = [component["billing_type"] for component in components]

    @property
    def is_booking(self) -> bool:
        return bool(self.offering["type"] == "Marketplace.Booking")

    @property
    def creations(self) -> list[Row]:
        """The orders that asked for it, oldest first."""
        return [order for order in self.orders if order["type"] == "Create"]

    @property
    def metadata(self) -> Row:
        return dict(self.row["backend_metadata"])


RESOURCES = [Resource(uuid) for uuid in DATASET["resources"]]
BOOKINGS = [resource for resource in RESOURCES if resource.is_booking]
