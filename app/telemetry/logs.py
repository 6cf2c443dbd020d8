"""What log lines look like: JSON, or for people on a terminal. One form for the service, the server and requests."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.errors import for_log
from app.telemetry.notes import at_hand

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogForm: TypeAlias = Literal["auto", "json", "text"]
REQUESTS = "app.requests"
"""The name of the logger of requests: one line each."""
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


class Form(structlog.stdlib.ProcessorFormatter):
    """Makes lines of records, and of requests, which come without one, as that takes a third of the time.

    Of a record it takes the message, the exception, and what `extra={"about": ...}` says. Messages of the server and of
    libraries are theirs; none of them has a header, a query or a body.
    """

    def __init__(self, form: LogForm = "auto") -> None:
        is_text = sys.stderr.isatty() if form == "auto" else form == "text"
        self.render: Processor = _text() if is_text else _json
        super().__init__(processors=[_of_record, _timed, self.render], use_get_message=True)


def _text() -> structlog.dev.ConsoleRenderer:
    """Without the values of local variables, which the library would show of each exception."""
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain, timestamp_key="time")


def _json(_: WrappedLogger, level: str, event: EventDict) -> str:
    return _encode(event)


def _timed(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """With the time, and what it is about, before all else."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"time": now, "level": level, "event": event.pop("event"), **event}


def _of_record(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
    record = event.pop("_record")
    event.pop("_from_structlog")
    event.update(event=event["event"].strip(), logger=record.name)
    if request_id := at_hand().request_id:
        event["request_id"] = request_id
    event.update(getattr(record, "about", {}))
    if error := (event.pop("exc_info", None) or (None, None))[1]:
        event["exception"] = _told(error)
    return event


def _told(error: BaseException) -> str:
    """The traceback. Of errors of the database it has no values, and nothing of what led to them or followed."""
    chained = True
    met: BaseException | None = error
    while met is not None and chained:
        chained = not isinstance(met, Exception) or for_log(met) is met
        met = met.__cause__ or met.__context__
    shown = for_log(error) if isinstance(error, Exception) else error
    return "".join(traceback.format_exception(shown, chain=chained)).rstrip()


def configuration(level: LogLevel, form: LogForm = "auto") -> dict[str, Any]:
    """For `logging.config.dictConfig`, which the server calls in each of its processes; lines go to standard error.

    Libraries tell warnings only: at lower levels they would tell of rows and parameters.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"own": {"()": f"{__name__}.{Form.__name__}", "form": form}},
        "handlers": {"own": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "own"}},
        "root": {"handlers": ["own"], "level": "ERROR" if level == "error" else "WARNING"},
        "loggers": {"app": {"level": level.upper()}, "uvicorn": {"level": level.upper()}},
    }


def of_requests() -> Any:
    """What writes the lines of requests; None where logging was not set up so, or they are not wanted."""
    form = next((each.formatter for each in logging.root.handlers if isinstance(each.formatter, Form)), None)
    if form is None or not logging.getLogger(REQUESTS).isEnabledFor(logging.INFO):
        return None
    kind = structlog.make_filtering_bound_logger(logging.INFO)
    steps = [_timed, form.render]
    return structlog.wrap_logger(structlog.WriteLogger(sys.stderr), processors=steps, wrapper_class=kind).bind()
