"""PostgreSQL: connections and transactions, statements that are prepared once, locks, standbys, and the schema."""

from app.database.database import FAILURES, LOST, Busy, Database, Standby, connected, driver, is_lost, migrate

__all__ = ["FAILURES", "LOST", "Busy", "Database", "Standby", "connected", "driver", "is_lost", "migrate"]
