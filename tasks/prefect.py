"""The stages of a run and the steps of a retraining as Prefect tasks: one table, retries included.

The functions themselves import no Prefect, so that a run without a server does not pay for the import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from lamplighter.errors import BrokenFileError, ColumnError, MonitorError

P = ParamSpec("P")
R = TypeVar("R")

RETRIED_STAGES = frozenset({"read", "record", "judge"})
"""Stages that only read, or write what is safe to write again."""


def as_task(function: Callable[P, R]) -> Task[P, R]:
    """A stage as a Prefect task of its name, with `.submit` and `.map`.

    Examples
    --------
    >>> from tasks.stages.judge import judge
    >>> as_task(judge).name, as_task(judge).retries
    ('judge', 3)
    """
    retries = RETRIES if function.__name__ in RETRIED_STAGES else {}
    return task(name=function.__name__, cache_policy=NO_CACHE, persist_result=False, **retries)(function)


def _may_pass(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again may help: a mistake stays one, however often it is tried."""
    try:
        state.result()
    except (MonitorError, ColumnError, BrokenFileError):
        return False
    except Exception:
        return True
    return False


RETRIES: dict[str, Any] = {"retries": 3, "retry_delay_seconds": [1, 5, 30], "retry_condition_fn": _may_pass}
