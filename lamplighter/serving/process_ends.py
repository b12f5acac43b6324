"""What must happen to a queue when its process forks or ends."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Protocol
from weakref import WeakSet


class Queue(Protocol):
    """What has a thread of its own, and something to lose."""

    def begin_anew_in_child(self) -> None:
        """Forget, after a fork, what is the parent's."""

    def close_at_exit(self) -> None:
        """Write what is held; raises nothing."""


_QUEUES: WeakSet[Queue] = WeakSet()


def at_fork_and_exit(queue: Queue) -> None:
    """Do both for a queue, for as long as anything else refers to it."""
    _QUEUES.add(queue)


def at_exit_of_child() -> None:
    """Close the queues when this process ends, if multiprocessing started it: it runs no atexit functions there.

    To be called in that process: what its parent asked for, it forgets.
    """
    process, util = (sys.modules.get(f"multiprocessing.{name}") for name in ("process", "util"))
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, _close_all, exitpriority=0)


def _begin_anew() -> None:
    for queue in list(_QUEUES):
        queue.begin_anew_in_child()


def _close_all() -> None:
    for queue in list(_QUEUES):
        queue.close_at_exit()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
