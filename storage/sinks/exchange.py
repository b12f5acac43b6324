"""An exchange with a server, in a process of its own that is killed when its time is up.

Sockets have a time limit for each byte that they wait for and none for the whole, names are looked up without any
limit, and libraries read an answer to its end: a server that sends one byte a second keeps a run and its lock for
ever. A process that is killed ends whatever it waits for. It costs 0.1 s for a push and 0.7 s for a message.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from lamplighter.application import ROOT

MOST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; messages quote 300 letters of it."""

BEGUN = " "
"""What the process writes before its answer when it begins to send; JSON passes over it."""


class ExchangeError(Exception):
    """An exchange did not end by itself.

    Attributes
    ----------
    too_slow : bool
        Whether its time was up.
    has_begun : bool
        Whether something was sent by then that may have arrived.
    """

    def __init__(self, message: str, *, too_slow: bool = False, has_begun: bool = False) -> None:
        super().__init__(message)
        self.too_slow, self.has_begun = too_slow, has_begun


def exchange(work: str, job: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Do one exchange and return what came of it.

    Parameters
    ----------
    work : str
        A name in `storage.sinks.exchange_child.WORKS`.
    job : dict
        Its arguments. They go through a pipe, so that no list of processes shows them.
    seconds : float
        For all of it: looking up the name, connecting, sending and reading.

    Returns
    -------
    dict
        What the work returns, and ``begun``, whether something was sent.

    Raises
    ------
    ExchangeError
        If the time is up, or the process dies.
    """
    if seconds <= 0:
        raise ExchangeError("", too_slow=True)
    process = subprocess.Popen(
        # -P, since what lies in the working folder may be called as a module of ours.
        [sys.executable, "-P", "-m", "storage.sinks.exchange_child", work, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))},
        start_new_session=True,
    )
    answer = b""
    try:
        answer, _ = process.communicate(json.dumps(job).encode(), timeout=seconds)
        reply: dict[str, Any] = {**json.loads(answer), "begun": answer.startswith(BEGUN.encode())}
    except subprocess.TimeoutExpired as error:
        raise ExchangeError("", too_slow=True, has_begun=bool(error.output)) from None
    except (OSError, ValueError):
        ended = -process.returncode if process.returncode else 0
        name = signal.Signals(ended).name if ended in set(signal.Signals) else "an error"
        ended_by = f"the exchange was ended by {name}"
        raise ExchangeError(ended_by, too_slow=ended == signal.SIGALRM, has_begun=bool(answer)) from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return reply


class Deadline:
    """A time by which several exchanges have to end.

    Parameters
    ----------
    seconds : float
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, 0 when there are none."""
        return max(0.0, self._end - time.monotonic())
