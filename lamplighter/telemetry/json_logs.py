"""Log records as lines of JSON, with the trace and what the work is about."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

from lamplighter.telemetry.spans import trace_ids

STDERR = "-"
"""The place of a log that is no file."""

_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("lamplighter_log_about", default={})  # noqa: B039


@contextmanager
def logged_about(**fields: str) -> Iterator[None]:
    """Add fields to every record of a block, such as the model, the window and the run."""
    token = _ABOUT.set({**_ABOUT.get(), **fields})
    try:
        yield
    finally:
        _ABOUT.reset(token)


class JsonFormatter(logging.Formatter):
    """One line of JSON a record: time, level, logger, message, trace and span, what it is about, the exception.

    Examples
    --------
    >>> record = logging.LogRecord("lamplighter.run", logging.INFO, "", 0, "stage %s ended", ("judge",), None)
    >>> with logged_about(model="churn", window="2026-03-02"):
    ...     line = json.loads(JsonFormatter().format(record))
    >>> line["message"], line["model"], line["window"]
    ('stage judge ended', 'churn', '2026-03-02')
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        trace, span = trace_ids()
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_ABOUT.get(),
            **getattr(record, "fields", {}),
        }
        line |= {"trace_id": trace, "span_id": span} if trace else {}
        line |= {"exception": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps(line, ensure_ascii=False, default=str)


def log_as_json(place: str | Path, logger: str = "lamplighter", level: int = logging.INFO) -> None:
    """Write the records of a logger as lines of JSON; asked for again, it changes nothing.

    Parameters
    ----------
    place : str or Path
        A file, which is appended to, or ``-`` for the standard error.
    logger : str
        With all loggers below it.
    level : int
    """
    target = logging.getLogger(logger)
    if any(isinstance(handler.formatter, JsonFormatter) for handler in target.handlers):
        return
    # What UTF-8 cannot encode becomes an escape that JSON has as well.
    handler = (
        logging.StreamHandler(sys.stderr)
        if str(place) == STDERR
        else _LogFile(place, encoding="utf-8", errors="backslashreplace", delay=True)
    )
    handler.setFormatter(JsonFormatter())
    target.addHandler(handler)
    target.setLevel(level)
    # Prefect's own handlers would write each record a second time.
    target.propagate = False


class _LogFile(WatchedFileHandler):
    """A file of a log; one that is moved or removed meanwhile, as when logs are rotated, is made anew.

    Where it cannot be written, the standard error says so once and gets warnings and errors.
    """

    is_refused = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            # A record that has no text is a fault of the code that logs, and no reason to fail it.
            super().handleError(record)
            return
        if not self.is_refused:
            what = getattr(error, "strerror", None) or error
            print(
                f"lamplighter: {self.baseFilename}: the log cannot be written: {what}; free or allow it",
                file=sys.stderr,
            )
        self.is_refused = True
        if record.levelno >= logging.WARNING:
            # What a person has to know has no other way now.
            print(f"{record.levelname.lower()}: {record.getMessage()}", file=sys.stderr)
