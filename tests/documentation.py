"""The transcribed documentation in `tests/documented`, and what this service adds to it, which says so at its end."""

import csv
from pathlib import Path

from app.bookings.filters import BookingFilters

DOCUMENTED = Path(__file__).parent / "documented"
EXTENSION = "(An extension.)"

Rows = list[dict[str, str]]


def documented(table: str) -> Rows:
    """The rows of a table: what is published, and fields that this service adds."""
    with (DOCUMENTED / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def published(table: str) -> Rows:
    """The rows of a table without what this service adds."""
    return [row for row in documented(table) if not row["description"].endswith(EXTENSION)]


ADDED_FIELDS = {row["name"] for row in documented("booking_resource") if row["description"].endswith(EXTENSION)}
ADDED_FILTERS = {
    name for name, field in BookingFilters.model_fields.items() if str(field.description).endswith(EXTENSION)
}
