"""A PostgreSQL server of our own, for when no other database is configured."""

from app.embedded.cluster import Cluster
from app.embedded.programs import EmbeddedError

__all__ = ["Cluster", "EmbeddedError"]
