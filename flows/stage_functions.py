"""The stages of a run as plain functions or as Prefect tasks; `flows/run_window.py` has their order."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import wraps
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from lamplighter.core.records.finding import Finding
from lamplighter.telemetry.spans import span
from tasks.stages.compare import Compared, compare
from tasks.stages.evaluate import Evaluated, evaluate
from tasks.stages.judge import Judged, judge
from tasks.stages.measure_reference import MeasuredReference, measure_reference
from tasks.stages.notify import notify
from tasks.stages.profile import Profiled, profile
from tasks.stages.publish import publish
from tasks.stages.read import Located, PendingWindow, read
from tasks.stages.record import record
from tasks.stages.report import report
from tasks.stages.result import WindowResult
from tasks.stages.run_context import RunContext
from tasks.stages.validate import Table, validate

P = ParamSpec("P")
R = TypeVar("R")

LOG = logging.getLogger("lamplighter.run")


class Publish(Protocol):
    """The stage that publishes."""

    def __call__(self, context: RunContext, started: float, *, failed: bool = False) -> Finding | None:
        """Publish the gauges of a run."""


@dataclass(frozen=True, kw_only=True)
class Stages:
    """What a run calls, and how long each of it took.

    ``announce`` gets the name of each as it begins.
    """

    read: Callable[[RunContext], Located]
    validate: Callable[[RunContext, Located, PendingWindow], Table]
    profile: Callable[[RunContext, Located, Table], Profiled]
    compare: Callable[[RunContext, Located, Table], Compared]
    measure_reference: Callable[[RunContext, Located, Table], MeasuredReference | None]
    evaluate: Callable[[RunContext, Located], Evaluated]
    record: Callable[[RunContext, Located, Sequence[WindowResult], Evaluated], frozenset[Finding]]
    judge: Callable[[RunContext], Judged]
    publish: Publish
    report: Callable[[RunContext, Located, WindowResult], tuple[Path | None, Finding | None]]
    notify: Callable[[RunContext], Finding | None]
    seconds: dict[str, float] = field(default_factory=dict)
    announce: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        for entry in fields(self):
            if entry.name not in ("seconds", "announce"):
                timed = _timed(entry.name, getattr(self, entry.name), self.seconds, self.announce)
                object.__setattr__(self, entry.name, timed)

    @classmethod
    def plain(cls, announce: Callable[[str], None] | None = None) -> Stages:
        """The functions themselves."""
        return cls(
            read=read,
            validate=validate,
            profile=profile,
            compare=compare,
            measure_reference=measure_reference,
            evaluate=evaluate,
            record=record,
            judge=judge,
            publish=publish,
            report=report,
            notify=notify,
            announce=announce,
        )

    @classmethod
    def as_tasks(cls) -> Stages:
        """Tasks of a flow run."""
        from tasks.prefect import as_task

        return cls(
            read=as_task(read),
            validate=as_task(validate),
            profile=as_task(profile),
            compare=as_task(compare),
            measure_reference=as_task(measure_reference),
            evaluate=as_task(evaluate),
            record=as_task(record),
            judge=as_task(judge),
            publish=as_task(publish),
            report=as_task(report),
            notify=as_task(notify),
        )


def _timed(
    name: str, stage: Callable[P, R], seconds: dict[str, float], announce: Callable[[str], None] | None
) -> Callable[P, R]:
    @wraps(stage)
    def timed(*arguments: P.args, **named: P.kwargs) -> R:
        if announce:
            announce(name)
        begun = time.perf_counter()
        try:
            with span(f"stage {name}"):
                return stage(*arguments, **named)
        finally:
            taken = time.perf_counter() - begun
            seconds[name] = round(seconds.get(name, 0.0) + taken, 4)
            LOG.info("stage %s ended", name, extra={"fields": {"stage": name, "seconds": round(taken, 4)}})

    return timed
