"""Judge: checks read the history as known at the logical date, and nothing else; what follows is recorded with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from lamplighter.core.checks import messages as message
from lamplighter.core.checks.decide import Cause, Decision, Verdict, decide, inhibited
from lamplighter.core.checks.incidents import Incident, IncidentChanges, apply_decisions, check_of, still_open
from lamplighter.core.checks.messages import Message, Moved
from lamplighter.core.monitor import DATA_CHECK, Check
from lamplighter.core.records.catalogue import ARRIVAL_METRICS, DRIFT_METRICS, INPUT_METRICS
from lamplighter.core.records.finding import DATA_FAULTS, LABEL_BREAKS, Finding
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.window import Window
from storage.history.absent import why_absent
from storage.history.breaks import Faults, breaks_found, inhibiting_drift, inhibiting_quality
from storage.history.decisions import append_decisions, decisions_made, judged_later, undecided_since
from storage.history.incidents import incidents_open, mark_notified, muted_checks, record_changes
from storage.history.moved import moved_columns, moved_segments
from storage.history.outbox import put
from storage.history.query import Filter, measurement_of
from storage.history.windows import first_window
from storage.sinks.apprise import targets
from tasks.stages.run_context import RunContext


@dataclass(frozen=True)
class Judged:
    """What a run decided.

    Attributes
    ----------
    decisions : list of Decision
    opened, closed : tuple of Incident
        What the decisions changed.
    notified : tuple of str
        Titles of the messages that went into the outbox.
    """

    decisions: list[Decision]
    opened: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    notified: tuple[str, ...] = ()


def judge(context: RunContext) -> Judged:
    """Decide every check once; a repeated run finds its decisions made, and an old window is not judged.

    The decisions, the incidents that they open and close, and the messages about them are one transaction. A run
    for an earlier date than one that has been judged decides, but does not change incidents: they describe the present.
    If the later runs were of a wrong clock and have been removed, its decisions take effect when it is repeated.
    """
    if not context.is_newest:
        return Judged([])
    history, model, checks, inputs = context.history, context.window.model, context.monitor.judged, JudgeInputs(context)
    made = decisions_made(history, model, context.known_on, checks)
    names = {decision.check.name for decision in made}
    new = [_decide(inputs, check) for check in checks if check.name not in names]
    changes, reported, messages = IncidentChanges((), ()), [], []
    to, muted = targets(context.monitor), muted_checks(history, model, context.known_on)
    if not judged_later(history, model, context.known_on):
        open_before = incidents_open(history, model, context.known_on)
        everything = [*made, *new]
        lasting = {name: since for it in everything for name, since in _undecided_too_long(context, it)}
        changes = apply_decisions(open_before, everything, [check.name for check in checks], context.known_on, lasting)
        changes = replace(changes, closed=tuple(inputs.ended(incident) for incident in changes.closed))
        by_name = {decision.check.name: decision for decision in everything}
        unsent = [entry for entry in still_open(open_before, changes) if not entry.notified_on]
        unmuted = [entry for entry in unsent if to and check_of(entry.check_name) not in muted]
        reported = [entry for entry in unmuted if _still_holds(entry, by_name)]
        messages = [*_messages(inputs, [*made, *new], reported, changes)]
    with history.writing() as connection:
        append_decisions(connection, model, context.known_on, new)
        record_changes(connection, model, context.known_on, changes)
        put(connection, context.known_on, messages, to)
        mark_notified(connection, model, context.known_on, reported)
    decisions = sorted([*made, *new], key=lambda decision: checks.index(decision.check))
    titles = tuple(message.title for message in messages) if to else ()
    return Judged(decisions, changes.opened, changes.closed, titles)


def _undecided_too_long(context: RunContext, decision: Decision) -> Iterator[tuple[str, datetime | None]]:
    """The check and its first window, where the data left it undecided for as many in a row as the monitor allows."""
    most = context.monitor.undecided_windows(decision.check)
    if not most or not decision.is_undecided_by_data:
        return
    earlier = undecided_since(context.history, context.monitor.model, decision.check.name, context.known_on)
    runs = [(context.known_on, decision.window_start), *earlier]
    # A weekly model that is run every day looks at one window seven times.
    if len({context.monitor.window(known_on).start for known_on, _ in runs}) >= most:
        yield decision.check.name, runs[-1][1]


def _still_holds(incident: Incident, decisions: Mapping[str, Decision]) -> bool:
    """Whether the present decision confirms an incident; a message about an inhibited check could say nothing."""
    decision = decisions.get(check_of(incident.check_name))
    if decision is None:
        return False
    return decision.is_undecided_by_data if incident.is_of_undecided else decision.verdict is Verdict.FAILED


@dataclass(frozen=True)
class JudgeInputs:
    """What the checks of a run read of the history beside their own numbers, each once."""

    context: RunContext

    @cached_property
    def judged_window(self) -> Window | None:
        """The window whose quality is judged."""
        return self.context.judged_window()

    @cached_property
    def broken(self) -> list[Finding]:
        """What is broken of the run's own data."""
        return breaks_found(self.context.history, self.context.window, self.context.known_on, DATA_FAULTS)

    @property
    def reasons(self) -> Iterator[str]:
        """What is broken, and what to do where it is not."""
        yield from (finding.message for finding in self.broken)
        model = self.context.monitor.model
        yield f"if the data are to stay so: `lamplighter incidents accept {model}`; until then nothing is retrained"

    @cached_property
    def _inhibiting_drift(self) -> list[Finding]:
        return inhibiting_drift(self.context.history, self.context.window, self.context.known_on)

    @cached_property
    def _inhibiting_quality(self) -> list[Finding]:
        context, window = self.context, self.judged_window
        return (
            inhibiting_quality(context.history, context.monitor, window, context.window, context.known_on)
            if window
            else []
        )

    def window_of(self, check: Check) -> Window | None:
        """The window that a check is about."""
        return self.context.window if _is_of_inputs(check) else self.judged_window

    def inhibiting(self, check: Check) -> list[Finding]:
        """What makes a check meaningless; checks on the data themselves always have a meaning."""
        if check.metric in DRIFT_METRICS:
            return self._inhibiting_drift
        return [] if _is_of_inputs(check) else self._inhibiting_quality

    def ended(self, incident: Incident) -> Incident:
        """The same incident with how it ended: of broken data a person wants to know whether they are sound."""
        context, since = self.context, incident.window_start
        if incident.check_name != DATA_CHECK.name or since is None:
            return incident
        faults = Faults.of(context.history, context.window, context.known_on)
        seen = {(it.code, it.subject) for _, it in faults.found(since, context.window.start, DATA_FAULTS)}
        accepted = [it for it in faults.accepted if it.until >= since and (it.code, it.subject) in seen]
        sound = sorted(seen - {(it.code, it.subject) for it in accepted})
        texts = [it.named for it in accepted]
        if sound:
            named = (f"{subject} ({code.value})" if subject else code.value for code, subject in sound)
            texts.append(f"sound again: {', '.join(named)}")
        return replace(incident, ending="; ".join(texts))

    def unlabelled(self, check: Check) -> Decision:
        """The decision of a check of quality while no window has its labels: they are awaited, or cannot be read."""
        broken = [found for found in self.broken if found.code in LABEL_BREAKS]
        if broken:
            return replace(inhibited(check, self.context.window.start, broken), window_start=None)
        return decide(check, None, None)

    def explained(self, decision: Decision) -> Decision:
        """The same, where it is undecided for another reason than that the data are what they are."""
        if not decision.is_undecided_by_data:
            return decision
        column = decision.check.feature
        if _is_of_inputs(decision.check) and any(found.subject in ("", column) for found in self.broken):
            return replace(decision, cause=Cause.INHIBITED)
        reference, first = (
            self.context.monitor.reference,
            first_window(self.context.history, self.context.monitor.model),
        )
        if reference and reference.trailing and first == self.context.window.start:
            # The first window has none before it to be compared with.
            return replace(decision, cause=Cause.WAITING)
        return decision


def _is_of_inputs(check: Check) -> bool:
    return check.metric in INPUT_METRICS or check.metric in ARRIVAL_METRICS


def _decide(inputs: JudgeInputs, check: Check) -> Decision:
    context, window = inputs.context, inputs.window_of(check)
    if check == DATA_CHECK:
        count = float(len(inputs.broken))
        return decide(check, context.window.start, Measurement(metric=check.metric, value=count, n=1))
    if window is None:
        return inputs.unlabelled(check)
    if breaks := inputs.inhibiting(check):
        return inhibited(check, window.start, breaks)
    wanted = Filter(
        metric=check.metric, segment=check.segment, feature=check.feature, klass=check.klass, as_of=context.known_on
    )
    if found := measurement_of(context.history, window, wanted):
        decision = decide(check, window.start, found)
    else:
        decision = decide(check, window.start, None, why_absent(context.history, window, check, context.known_on))
    return inputs.explained(decision)


def _messages(
    inputs: JudgeInputs, decisions: list[Decision], reported: list[Incident], changes: IncidentChanges
) -> Iterator[Message]:
    """What is to be sent: incidents without a message so far, and the end of those that had one."""
    context, by_name = inputs.context, {decision.check.name: decision for decision in decisions}
    report = str(context.report_path.relative_to(context.project.home)) if context.monitor.reference else ""
    for incident in reported:
        decision = by_name[check_of(incident.check_name)]
        since = context.label_of(incident.window_start)
        if incident.is_of_undecided:
            yield message.undecided(context.monitor.model, incident.check_name, decision, since)
            continue
        reasons = [*inputs.reasons] if decision.check == DATA_CHECK else []
        yield message.opened(context.monitor.model, decision, since, _moved(inputs, decision.check), reasons, report)
    for incident in changes.closed:
        # Of a check that is muted the message waits.
        if incident.notified_on:
            since = context.label_of(incident.window_start)
            name, declared = incident.check_name, check_of(incident.check_name) in by_name
            label = context.window.label
            yield message.closed(
                context.monitor.model, name, incident.severity, since, label, declared=declared, ending=incident.ending
            )


def _moved(inputs: JudgeInputs, check: Check) -> list[Moved]:
    """What moved most: segments where quality is meant, and columns."""
    if check == DATA_CHECK:
        return []
    context, judged = inputs.context, inputs.judged_window
    columns = moved_columns(context.history, context.window, context.known_on)
    if _is_of_inputs(check) or check.segment or judged is None:
        return columns
    return [*moved_segments(context.history, judged, check, context.known_on)[:2], *columns]
