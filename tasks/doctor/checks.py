"""All that is looked at, in order, each by itself: what fails or hangs stops nothing else."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from lamplighter.core.monitor import Monitor
from lamplighter.errors import OF_OURS, LamplighterError, unexpected
from tasks.doctor import of_gauges, of_history, of_messages, of_project, of_server, of_sources
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, fault_of


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes
    ----------
    name : str
    look : callable
        Is given the case, and where it is of models each sound monitor, and yields what it sees.
    is_of_models : bool
    """

    name: str
    look: Callable[..., Iterator[Looked]]
    is_of_models: bool = False


CHECKS = (
    Check("monitors", of_project.monitors),
    Check("modes", of_project.modes),
    Check("disk", of_project.disk),
    Check("history", of_history.history),
    Check("integrity", of_history.integrity),
    Check("clock", of_history.clock),
    Check("gauges", of_gauges.gauges),
    Check("prefect", of_server.server),
    Check("workers", of_server.workers),
    Check("schedule", of_server.schedule, is_of_models=True),
    Check("sources", of_sources.sources, is_of_models=True),
    Check("runs", of_history.runs, is_of_models=True),
    Check("registry", of_history.registry, is_of_models=True),
    Check("profiles", of_history.profiles, is_of_models=True),
    Check("notify", of_messages.urls, is_of_models=True),
    Check("messages", of_history.messages, is_of_models=True),
)


def examine(case: Case, seconds: float) -> Iterator[list[Looked]]:
    """Look at everything; yields what each check saw.

    Parameters
    ----------
    case : Case
    seconds : float
        How long each look may take.

    Examples
    --------
    >>> for looked in examine(Case(project, context.now), 60):
    ...     if looked[0].check in ("monitors", "registry"):
    ...         print(looked[0].state, looked[0].line)
    ok 1 monitor in ...monitors
    ok v1 is champion, and its files are those that were registered
    """
    for check in CHECKS:
        found = list[Looked]()
        for monitor in case.sound if check.is_of_models else (None,):
            model = monitor.model if monitor else ""
            seen = _within(seconds, check, case, monitor)
            found += [replace(looked, check=looked.check or check.name, model=looked.model or model) for looked in seen]
        if found:
            yield found


def _within(seconds: float, check: Check, case: Case, monitor: Monitor | None) -> list[Looked]:
    """What a look sees until its time is up. One that hangs is left behind; it ends with the command."""
    seen: list[Looked] = []
    note = seen.append
    arguments: tuple[Any, ...] = (case,) if monitor is None else (case, monitor)

    def look() -> None:
        try:
            for looked in check.look(*arguments):
                note(looked)
        except LamplighterError as error:
            note(fault_of(error))
        except Exception as error:
            note(fault(unexpected(error), fix=OF_OURS.partition(",")[0]))

    # Settings of the process that depend on the context, such as Prefect's, hold within too.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(look,), daemon=True)
    thread.start()
    thread.join(seconds)
    found = [*seen]
    if thread.is_alive():
        found.append(fault(f"no answer within {seconds:g} s", fix="look at what it asks, or raise --seconds"))
    return found
