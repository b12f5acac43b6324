"""Judge: checks read the history as the night knows it, and nothing else."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.catalogue import ARRIVAL_METRICS, INPUT_METRICS
from lamplighter.core.judgement import Decision, decide
from lamplighter.core.measurement import State
from lamplighter.core.monitor import Check
from lamplighter.core.window import Window
from storage.history.nights import append_decisions, decisions_made, ledgers
from storage.history.query import Filter, measurement_of
from tasks.night import Night


def judge(night: Night) -> list[Decision]:
    """Decide every check once; a night that is run again finds its decisions made, and an old window is not judged."""
    if not night.is_newest:
        return []
    model, checks = night.window.model, night.monitor.checks
    made = decisions_made(night.history, model, night.known_on, checks)
    names = {decision.check.name for decision in made}
    quality_window = judged_window(night)
    new = [_decide(night, check, quality_window) for check in checks if check.name not in names]
    append_decisions(night.history, model, night.known_on, new)
    return sorted([*made, *new], key=lambda decision: checks.index(decision.check))


def judged_window(night: Night) -> Window | None:
    """The newest window whose labels are final, or reach the coverage that the monitor is content with."""
    labels = night.monitor.labels
    if labels is None:
        return None
    known = ledgers(night.history, night.window, night.known_on)
    enough = [
        start
        for start, ledger in known.items()
        if ledger.labelled
        and (ledger.state is State.FINAL or (labels.min_coverage and ledger.coverage >= labels.min_coverage))
    ]
    window = night.window
    return Window.of(window.model, window.grain, window.timezone, max(enough)) if enough else None


def newest_window(night: Night) -> Window | None:
    """The newest window that anything is recorded of."""
    known = ledgers(night.history, night.window, night.known_on)
    window = night.window
    return Window.of(window.model, window.grain, window.timezone, max(known)) if known else None


def _decide(night: Night, check: Check, quality_window: Window | None) -> Decision:
    of_inputs = check.metric in INPUT_METRICS or check.metric in ARRIVAL_METRICS
    window = night.window if of_inputs else quality_window
    if window is None:
        return decide(check, None, None)
    wanted = Filter(
        metric=check.metric, segment=check.segment, feature=check.feature, klass=check.klass, as_of=night.known_on
    )
    return decide(check, window.start, measurement_of(night.history, window, wanted))


judge_task = task(name="judge", cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[1, 5, 30])(judge)
