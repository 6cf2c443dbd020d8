"""What traces may tell where the extra `telemetry` is installed: routes and durations, and nothing that was asked."""

from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

TELEMETRY: TelemetryConfig = {"logs": False}
"""No logs, which would have messages of exceptions; the service writes its own."""
_QUERY = "url.query"


class WithoutQuery:
    """Empties the query of each span before it is exported; made for providers, which know it by its methods."""

    def on_start(self, span: Any, parent_context: object = None) -> None:
        """A span begins with all that the framework says of the request."""
        if _QUERY in (getattr(span, "attributes", None) or ()):
            span.set_attribute(_QUERY, "")

    def _on_ending(self, span: object) -> None:
        """Nothing."""

    def on_end(self, span: object) -> None:
        """Nothing."""

    def shutdown(self) -> None:
        """Nothing."""

    def force_flush(self, timeout_millis: int = 0) -> bool:
        """Nothing is kept."""
        return True


def withhold_queries() -> None:
    """Has the provider of traces withhold queries, if there is one."""
    add = getattr(trace.get_tracer_provider(), "add_span_processor", None)
    if add is not None:
        add(WithoutQuery())
