"""Structured logs: one JSON object per line on standard output, correlated by `request_id`. They never contain a key or a token."""

from __future__ import annotations

import contextvars
import logging
import sys
import time
from typing import Any

import msgspec

# The correlation id of the request that this task handles. Empty outside of a request.
request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")

_FIELDS = "fields"


class JsonLines(logging.Formatter):
    """Formats `{"time", "monotonic", "level", "service", "node", "event", "request_id", ...}`. Times are in seconds."""

    def __init__(self, service: str, node: str) -> None:
        super().__init__()
        self._origin = {"service": service, "node": node}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"time": record.created, "monotonic": time.monotonic(), "level": record.levelname.lower()}
        line |= self._origin | {"event": record.getMessage()}
        if current := request_id.get():
            line["request_id"] = current
        line |= getattr(record, _FIELDS, {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def configure(service: str, node: str) -> None:
    """Write every log line of this process to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(service, node))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def event(logger: logging.Logger, name: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log one named event with its fields, e.g. `event(log, "worker_exited", worker="w1", code=-9)`."""
    if logger.isEnabledFor(level):
        logger.log(level, name, extra={_FIELDS: fields})
