"""Judge: checks read the history as the night knows it, and nothing else."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.catalogue import ARRIVAL_METRICS, INPUT_METRICS
from lamplighter.core.judgement import Decision, decide
from lamplighter.core.monitor import Check
from lamplighter.core.window import Window
from storage.history.decisions import append_decisions, decisions_made
from storage.history.query import Filter, measurement_of
from tasks.night import RETRIED, Night


def judge(night: Night) -> list[Decision]:
    """Decide every check once; a night that is run again finds its decisions made, and an old window is not judged."""
    if not night.is_newest:
        return []
    model, checks = night.window.model, night.monitor.checks
    made = decisions_made(night.history, model, night.known_on, checks)
    names = {decision.check.name for decision in made}
    quality_window = night.judged_window
    new = [_decide(night, check, quality_window) for check in checks if check.name not in names]
    append_decisions(night.history, model, night.known_on, new)
    return sorted([*made, *new], key=lambda decision: checks.index(decision.check))


def _decide(night: Night, check: Check, quality_window: Window | None) -> Decision:
    of_inputs = check.metric in INPUT_METRICS or check.metric in ARRIVAL_METRICS
    window = night.window if of_inputs else quality_window
    if window is None:
        return decide(check, None, None)
    wanted = Filter(
        metric=check.metric, segment=check.segment, feature=check.feature, klass=check.klass, as_of=night.known_on
    )
    return decide(check, window.start, measurement_of(night.history, window, wanted))


judge_task = task(name="judge", cache_policy=NO_CACHE, **RETRIED)(judge)
