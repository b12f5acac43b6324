"""Faults of instruments: a request goes on without them, and the log says so once."""

from __future__ import annotations

import logging

from lamplighter.errors import LamplighterError, unexpected

logger = logging.getLogger("lamplighter.serving")

MOST_KINDS = 100
"""How many different faults are reported; the texts of a fault may hold values without end."""

_reported: set[tuple[str, str]] = set()


def reported(model: str, fault: Exception) -> None:
    """Log a fault of the instruments, each kind of a model once."""
    kind = (model, f"{type(fault).__name__}:{_line_of(fault)}")
    if kind in _reported or len(_reported) >= MOST_KINDS:
        return
    _reported.add(kind)
    why = str(fault) if isinstance(fault, LamplighterError) else unexpected(fault)
    logger.warning("%s: its metrics miss something: %s (said once)", model, why)
    logger.debug("%s: the traceback of it", model, exc_info=fault)


def _line_of(fault: Exception) -> str:
    """The place in the code that raised it."""
    last = fault.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return "" if last is None else f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}"
