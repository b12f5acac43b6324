"""One night, as the data flows: the order of the stages, written once for every way of running them."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress

from flows.stages import Stages
from lamplighter.errors import BrokenFileError, LamplighterError
from storage.history import only_night_of
from storage.history.runs import run_of
from storage.rows import rows_of
from tasks.compare import Compared
from tasks.evaluate import Evaluated
from tasks.night import Night
from tasks.outcome import Outcome, findings_of
from tasks.profile import Profiled
from tasks.read import Reading
from tasks.validate import Table


def walk(night: Night, stages: Stages, *, with_report: bool = True, with_gauges: bool = True) -> Outcome:
    """Walk one night, alone with its model."""
    started, history, model = time.time(), night.history, night.monitor.model
    locks, patience = night.project.home / "locks", night.project.settings.wait_seconds
    with only_night_of(model, history.engine, locks, patience), run_of(history, night.window, night.known_on) as run:
        rows_of.forget_unreadable(model)
        shutil.rmtree(night.spool, ignore_errors=True)
        try:
            reading, tables, profiled, compared, evaluated = _measure(night, stages)
            stages.record(night, reading, tables, profiled, compared, evaluated)
            decisions = stages.judge(night)
            unpublished = stages.publish(night, started) if with_gauges else None
            report, unreported = stages.report(night, reading, tables, compared) if with_report else (None, None)
        except Exception:
            # That the night failed is worth a gauge; what made it fail is the error that goes on.
            if with_gauges:
                with suppress(LamplighterError):
                    stages.publish(night, started, failed=True)
            raise
        finally:
            shutil.rmtree(night.spool, ignore_errors=True)
        findings = findings_of(reading, tables, profiled, evaluated, unpublished, unreported)
        outcome = Outcome(night, findings, decisions, compared[0], report, stages.seconds)
        run |= {
            "status": "findings" if findings else "succeeded",
            "message": outcome.message,
            "seconds": stages.seconds,
        }
    return outcome


def _measure(night: Night, stages: Stages) -> tuple[Reading, list[Table], list[Profiled], list[Compared], Evaluated]:
    """The stages that measure; where a file breaks while it is read, they are walked again without it."""
    while True:
        with suppress(BrokenFileError):
            reading = stages.read(night)
            tables = stages.validate(night, reading)
            profiled = stages.profile(night, reading, tables)
            compared = stages.compare(night, reading, tables)
            evaluated = stages.evaluate(night, reading)
            return reading, tables, profiled, compared, evaluated
