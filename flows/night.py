"""One night, as the data flows: the order of the stages, written once for every way of running them."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress

from flows.stages import Stages
from lamplighter.errors import LamplighterError
from storage.history import only_night_of
from storage.history.nights import run_of
from tasks.night import Night
from tasks.outcome import Outcome


def walk(night: Night, stages: Stages, *, with_report: bool = True) -> Outcome:
    """Walk one night, alone with its model."""
    started, history, model = time.time(), night.history, night.monitor.model
    locks, patience = night.project.home / "locks", night.project.settings.wait_seconds
    with only_night_of(model, history.engine, locks, patience), run_of(history, night.window, night.known_on) as run:
        shutil.rmtree(night.spool, ignore_errors=True)
        try:
            reading = stages.read(night)
            tables = stages.validate(night, reading)
            profiled = stages.profile(night, reading, tables)
            compared = stages.compare(night, reading, tables)
            evaluated = stages.evaluate(night, reading)
            stages.record(night, tables, profiled, compared, evaluated)
            decisions = stages.judge(night)
            faults = [stages.publish(night, started)]
            report, fault = stages.report(night, reading, tables, compared) if with_report else (None, None)
        except LamplighterError:
            # That the night failed is worth a gauge; what made it fail is the error that goes on.
            with suppress(LamplighterError):
                stages.publish(night, started, failed=True)
            raise
        finally:
            shutil.rmtree(night.spool, ignore_errors=True)
        found = [*tables[0].findings, *profiled[0].findings, *evaluated.arrivals.findings]
        findings = [*found, *(fault for fault in [*faults, fault] if fault)]
        outcome = Outcome(night, findings, decisions, compared[0], report, stages.seconds)
        run |= {
            "status": "findings" if findings else "succeeded",
            "message": outcome.message,
            "seconds": stages.seconds,
        }
    return outcome
