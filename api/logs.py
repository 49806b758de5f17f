"""The log: one line for each thing that happens, as JSON for programs or as text for people."""

import logging
import sys
from typing import Any

import structlog

from api.telemetry import request_id


def start(form: str, level: str) -> None:
    """Write the log to standard error from here on.

    Args:
        form: ``"json"`` or ``"text"``.
        level: ``"debug"``, ``"info"``, ``"warning"`` or ``"error"``.
    """
    # plain: the values of variables are users' data, and a log is read by more people than those
    plain = structlog.dev.plain_traceback
    people = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    last: Any = structlog.processors.JSONRenderer() if form == "json" else people
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ExtraAdder(("facts",)),
            _flat,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _traced(form), last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _flat(_logger: Any, _name: str, event: Any) -> Any:
    """Put what a line has to tell beside its text, and the request that it belongs to."""
    event.update(event.pop("facts", {}))
    if request_id.get():
        event.setdefault("request_id", request_id.get())
    return event


def _traced(form: str) -> Any:
    """Write a traceback as text, so that a line stays one line."""
    return structlog.processors.format_exc_info if form == "json" else lambda _logger, _name, event: event
