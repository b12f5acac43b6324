"""Judge: checks read the history as the night knows it, and nothing else; what follows is recorded with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core import message
from lamplighter.core.catalogue import ARRIVAL_METRICS, DRIFT_METRICS, INPUT_METRICS
from lamplighter.core.finding import BREAKS, Finding
from lamplighter.core.incidents import Incident, Turn, turn
from lamplighter.core.judgement import Decision, Verdict, decide, silenced
from lamplighter.core.measurement import Measurement
from lamplighter.core.message import Message, Moved
from lamplighter.core.monitor import DATA_CHECK, Check
from lamplighter.core.window import Window
from storage.history.breaks import breaks_found, silencing_drift, silencing_quality
from storage.history.decisions import append_decisions, decisions_made, judged_later
from storage.history.incidents import incidents_open, mark_told, muted_checks, record_turn
from storage.history.moved import moved_columns, moved_segments
from storage.history.outbox import put
from storage.history.query import Filter, measurement_of
from storage.notifications import targets
from tasks.night import RETRIED, Night


@dataclass(frozen=True)
class Judged:
    """What a night decided.

    Attributes
    ----------
    decisions : list of Decision
    opened, closed : tuple of Incident
        What the decisions changed.
    told : tuple of str
        Titles of the messages that went into the outbox.
    """

    decisions: list[Decision]
    opened: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    told: tuple[str, ...] = ()


def judge(night: Night) -> Judged:
    """Decide every check once; a night that is run again finds its decisions made, and an old window is not judged.

    The decisions, the incidents that they open and close, and what is to be told of them are one transaction. A night
    that comes after later ones have been judged decides, and leaves the incidents alone: they tell of the present.
    """
    if not night.is_newest:
        return Judged([])
    history, model, checks = night.history, night.window.model, night.monitor.judged
    made = decisions_made(history, model, night.known_on, checks)
    names = {decision.check.name for decision in made}
    new = [_decide(night, check) for check in checks if check.name not in names]
    turned, told, messages = Turn((), ()), [], []
    to, muted = targets(night.monitor), muted_checks(history, model, night.known_on)
    if not judged_later(history, model, night.known_on):
        open_before = incidents_open(history, model, night.known_on)
        turned = turn(open_before, new, [check.name for check in checks], night.known_on)
        failed = {decision.check.name for decision in (*made, *new) if decision.verdict is Verdict.FAILED}
        untold = [entry for entry in _still_open(open_before, turned) if not entry.told_on]
        # Of a check that is silent tonight nothing could be said.
        told = [entry for entry in untold if to and entry.check_name not in muted and entry.check_name in failed]
        messages = [*_messages(night, [*made, *new], told, turned, muted)]
    with history.writing() as connection:
        append_decisions(connection, model, night.known_on, new)
        record_turn(connection, model, night.known_on, turned)
        put(connection, night.known_on, messages, to)
        mark_told(connection, model, night.known_on, told)
    decisions = sorted([*made, *new], key=lambda decision: checks.index(decision.check))
    titles = tuple(message.title for message in messages) if to else ()
    return Judged(decisions, turned.opened, turned.closed, titles)


def _still_open(before: dict[str, Incident], turned: Turn) -> list[Incident]:
    gone = {entry.check_name for entry in turned.closed}
    return [*(entry for name, entry in before.items() if name not in gone), *turned.opened]


def _decide(night: Night, check: Check) -> Decision:
    if check == DATA_CHECK:
        count = float(len(_broken(night)))
        return decide(check, night.window.start, Measurement(metric=check.metric, value=count, n=1))
    of_inputs = check.metric in INPUT_METRICS or check.metric in ARRIVAL_METRICS
    window = night.window if of_inputs else night.judged_window
    if window is None:
        return decide(check, None, None)
    if breaks := _silencing(night, check, window):
        return silenced(check, window.start, breaks)
    wanted = Filter(
        metric=check.metric, segment=check.segment, feature=check.feature, klass=check.klass, as_of=night.known_on
    )
    return decide(check, window.start, measurement_of(night.history, window, wanted))


def _broken(night: Night) -> list[Finding]:
    return breaks_found(night.history, night.window, night.known_on, BREAKS)


def _silencing(night: Night, check: Check, window: Window) -> list[Finding]:
    """What makes a check meaningless; checks on the data themselves always have a meaning."""
    if check.metric in DRIFT_METRICS:
        return silencing_drift(night.history, window, night.known_on)
    if check.metric in INPUT_METRICS or check.metric in ARRIVAL_METRICS:
        return []
    return silencing_quality(night.history, night.monitor, window, night.window, night.known_on)


def _messages(
    night: Night, decisions: list[Decision], told: list[Incident], turned: Turn, muted: set[str]
) -> Iterator[Message]:
    """What is to be told: incidents that nobody has been told of, and the end of those that somebody was."""
    by_name = {decision.check.name: decision for decision in decisions}
    report = str(night.report_path.relative_to(night.project.home)) if night.monitor.reference else ""
    for incident in told:
        decision = by_name[incident.check_name]
        since = night.label_of(incident.window_start)
        reasons = [finding.message for finding in _broken(night)] if decision.check == DATA_CHECK else []
        yield message.opened(night.monitor.model, decision, since, _moved(night, decision.check), reasons, report)
    for incident in turned.closed:
        if incident.told_on and incident.check_name not in muted:
            since = night.label_of(incident.window_start)
            yield message.closed(night.monitor.model, incident.check_name, incident.severity, since, night.window.label)


def _moved(night: Night, check: Check) -> list[Moved]:
    """What moved most: segments where quality is meant, and columns."""
    if check == DATA_CHECK:
        return []
    columns = moved_columns(night.history, night.window, night.known_on)
    of_inputs = check.metric in INPUT_METRICS or check.metric in ARRIVAL_METRICS
    if of_inputs or check.segment or night.judged_window is None:
        return columns
    segments = moved_segments(night.history, night.judged_window, check, night.known_on)
    return [*segments[:2], *columns]


judge_task = task(name="judge", cache_policy=NO_CACHE, **RETRIED)(judge)
