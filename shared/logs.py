"""
Structured logs, one JSON object a line on stderr; the id of the cause travels with every line of its work.

No personal data: of an error its type and where it came from are logged, never its message, which may quote the text,
the row or the key that it is about.
"""

__all__ = ["bind_cause", "cause", "configure_logs", "log"]

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from structlog.typing import ExcInfo

from shared.ids import new_id

log: structlog.stdlib.BoundLogger = structlog.get_logger("parcours")


def configure_logs(service: str) -> None:
    """Set up logs for a process. `PARCOURS_LOG` = debug, info, warning (default info)."""
    level = getattr(logging, os.environ.get("PARCOURS_LOG", "info").upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_trace),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # the stderr of now, which may be replaced
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    others = logging.getLogger()
    if not any(isinstance(handler, _Others) for handler in others.handlers):
        others.addHandler(_Others())


@contextmanager
def bind_cause(cause_id: UUID) -> Iterator[None]:
    """Work inside is caused by this request or event: its logs and the events it tells carry the id."""
    with structlog.contextvars.bound_contextvars(cause=str(cause_id)):
        yield


def cause() -> UUID:
    """Return the id of the cause in force, or a fresh one where work starts by itself."""
    bound = structlog.contextvars.get_contextvars().get("cause")
    return UUID(bound) if bound else new_id()


class _Others(logging.Handler):
    """What libraries log: in the shape and under the rule of our own lines."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
        except Exception:  # noqa: BLE001 - whatever fails here must not fail what only wanted to say something
            self.handleError(record)


def _trace(exc_info: ExcInfo) -> str:
    """Return the types and the places of an error and of those that it came from, without a message."""
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        lines += traceback.format_tb(error.__traceback__)
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}\n")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(lines)
