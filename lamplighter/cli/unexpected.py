"""What an error is to whoever called a command: a line of its own, or one that says that it was not expected."""

from __future__ import annotations

import traceback

from lamplighter.errors import LamplighterError, one_line, unexpected


def fault_of(error: Exception, *, debug: bool) -> str:
    """The line of an error; of one that was not expected, the traceback comes before it where it is asked for.

    Examples
    --------
    >>> from lamplighter.errors import MonitorError
    >>> fault_of(MonitorError("m.yaml:3: unknown metric"), debug=False)
    'm.yaml:3: unknown metric'
    """
    if isinstance(error, LamplighterError):
        return str(error)
    if debug:
        traceback.print_exception(error)
        return f"unexpected {type(error).__name__}: {one_line(error)}"
    return unexpected(error)
