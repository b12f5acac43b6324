"""How a command reports an error: a line of its own, or one that says that it was not expected."""

from __future__ import annotations

import traceback

from lamplighter.errors import OF_OURS, LamplighterError, about, unexpected


def fault_of(subject: str, error: Exception, *, debug: bool) -> str:
    """The line of an error, with what it is about; of one that was not expected, the traceback is printed before.

    Parameters
    ----------
    subject : str
        The model or the file that a command was at.
    error : Exception
    debug : bool
        Whether a traceback is wanted.

    Examples
    --------
    >>> from lamplighter.errors import MonitorError
    >>> fault_of("churn", MonitorError("unknown metric", where="m.yaml:3"), debug=False)
    'churn: m.yaml:3: unknown metric'
    >>> fault_of("churn", KeyError("at"), debug=False)
    "churn: unexpected KeyError: 'at'; a fault of Lamplighter's or of the data, --debug shows the traceback"
    """
    if isinstance(error, LamplighterError):
        return about(subject, error)
    if debug:
        traceback.print_exception(error)
    return f"{subject}: {unexpected(error)}" + ("" if debug else f"; {OF_OURS}")
