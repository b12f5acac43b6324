"""The stages of a night, as plain functions and as Prefect tasks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tasks.compare import compare, compare_task
from tasks.evaluate import evaluate, evaluate_task
from tasks.judge import judge, judge_task
from tasks.profile import profile, profile_task
from tasks.publish import publish, publish_task
from tasks.read import read, read_task
from tasks.record import record, record_task
from tasks.report import report, report_task
from tasks.validate import validate, validate_task

PLAIN: dict[str, Callable[..., Any]] = {
    "read": read,
    "validate": validate,
    "profile": profile,
    "compare": compare,
    "evaluate": evaluate,
    "record": record,
    "judge": judge,
    "publish": publish,
    "report": report,
}

TASKS: dict[str, Callable[..., Any]] = {
    "read": read_task,
    "validate": validate_task,
    "profile": profile_task,
    "compare": compare_task,
    "evaluate": evaluate_task,
    "record": record_task,
    "judge": judge_task,
    "publish": publish_task,
    "report": report_task,
}


@dataclass
class Stages:
    """Calls stages by name, and keeps how long each took."""

    functions: dict[str, Callable[..., Any]]
    seconds: dict[str, float] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The stage of a name."""
        if name not in self.functions:
            raise AttributeError(f"no stage {name!r}; known: {', '.join(self.functions)}")

        def timed(*arguments: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return self.functions[name](*arguments, **named)
            finally:
                self.seconds[name] = round(time.perf_counter() - begun, 4)

        return timed
