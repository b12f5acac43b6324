"""Work in forked processes, which may be killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from storage.history import database


def forked(work: Callable[[], object]) -> int:
    """Start some work in a process of its own; returns its id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            # Connections do not survive a fork.
            database._ENGINES.clear()
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def in_child(work: Callable[[], object]) -> int:
    """Do some work in a process of its own; returns the signal that ended it, or 0."""
    _, status = os.waitpid(forked(work), 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def die(*_: Any, **__: Any) -> Any:
    """End this process as nothing else does."""
    os.kill(os.getpid(), signal.SIGKILL)
