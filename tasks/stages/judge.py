"""Judge: checks read the history as known at the logical date, and nothing else; what follows is recorded with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lamplighter.core.checks import messages as message
from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.incidents import (
    Incident,
    IncidentChanges,
    apply_decisions,
    as_declared,
    check_of,
    decided_by,
    is_muted,
    still_open,
    undecided_too_long,
)
from lamplighter.core.checks.messages import Closing, Message, Moved
from lamplighter.core.monitor import DATA_CHECK, Check
from lamplighter.core.numbers import number_text
from lamplighter.core.records.catalogue import QUALITY_METRICS
from lamplighter.core.records.finding import DATA_FAULTS, Code
from storage.history.breaks import Faults
from storage.history.decisions import append_decisions, decisions_made, judged_later, undecided_since
from storage.history.incidents import incidents_open, mark_notified, muted_checks, record_changes
from storage.history.moved import moved_columns, moved_segments
from storage.history.outbox import put
from storage.sinks.apprise import targets
from tasks.stages.decisions import Judgement, judgements, with_what_is_there
from tasks.stages.run_context import RunContext
from tasks.stages.snapshot import Snapshot, is_of_inputs


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
    history, model, checks = context.history, context.window.model, context.monitor.judged
    made = decisions_made(history, model, context.known_on, checks)
    open_before = incidents_open(history, model, context.known_on)
    inputs = JudgeInputs.of(context, clearing=bool(open_before))
    judged = inputs.judgements(open_before)
    names = {decision.check.name for decision in made}
    new = [it.decision for it in judged if it.decision.check.name not in names]
    everything = [*made, *new]
    changes, reported, messages = IncidentChanges((), ()), [], []
    to, muted = targets(context.monitor), muted_checks(history, model, context.known_on)
    if not judged_later(history, model, context.known_on):
        changes = _changes(context, everything, judged, open_before)
        changes = replace(changes, closed=tuple(inputs.ended(incident, everything) for incident in changes.closed))
        by_name = {decision.check.name: decision for decision in everything}
        unsent = [entry for entry in still_open(open_before, changes) if not entry.notified_on]
        unmuted = [entry for entry in unsent if to and not is_muted(entry.check_name, muted)]
        reported = [entry for entry in unmuted if _still_holds(entry, by_name)]
        messages = [*_messages(inputs, everything, reported, changes)]
    with history.writing() as connection:
        append_decisions(connection, model, context.known_on, new)
        record_changes(connection, model, context.known_on, changes)
        put(connection, context.known_on, messages, to)
        mark_notified(connection, model, context.known_on, reported)
    titles = tuple(message.title for message in messages) if to else ()
    return Judged(as_declared(everything, checks), changes.opened, changes.closed, titles)


def _changes(
    context: RunContext, decisions: list[Decision], judged: list[Judgement], open_before: Mapping[str, Incident]
) -> IncidentChanges:
    """What the decisions mean for the incidents that are open."""
    return apply_decisions(
        open_before,
        decisions,
        [check.name for check in context.monitor.judged],
        context.known_on,
        {name: since for it in decisions for name, since in _undecided_too_long(context, it)},
        not_yet={it.decision.check.name for it in judged if not it.clears},
        vanished={it.decision.check.name: it.vanished for it in judged if it.vanished},
    )


def _undecided_too_long(context: RunContext, decision: Decision) -> Iterator[tuple[str, datetime | None]]:
    """The check and its first window, where the data left it undecided for as many in a row as the monitor allows."""
    if not decision.is_undecided_by_data:
        return
    earlier = undecided_since(context.history, context.monitor.model, decision.check.name, context.known_on)
    runs = [(context.known_on, decision.window_start), *earlier]
    # A weekly model that is run every day looks at one window seven times.
    windows = {context.monitor.window(known_on).start for known_on, _ in runs}
    if undecided_too_long(context.monitor, decision.check, windows):
        yield decision.check.name, runs[-1][1]


def _still_holds(incident: Incident, decisions: Mapping[str, Decision]) -> bool:
    """Whether the present decision confirms an incident; a message about an inhibited check could say nothing."""
    decision = decisions.get(decided_by(incident.check_name))
    if decision is None:
        return False
    return decision.is_undecided_by_data if incident.is_of_undecided else decision.verdict is Verdict.FAILED


@dataclass(frozen=True)
class JudgeInputs:
    """What the checks of a run read of the history beside their own numbers, each once."""

    context: RunContext
    snapshot: Snapshot

    @classmethod
    def of(cls, context: RunContext, *, clearing: bool) -> JudgeInputs:
        """Those of a run; incidents that may close need more windows."""
        judged, known_on = context.judged_window(), context.known_on
        snapshot = Snapshot.of(context.history, context.monitor, context.window, judged, known_on, clearing=clearing)
        return cls(context, snapshot)

    def judgements(self, open_names: Collection[str]) -> list[Judgement]:
        """What every check comes to."""
        found = [it for check in self.context.monitor.judged for it in judgements(self.snapshot, check, open_names)]
        return [replace(it, decision=self._explained(it, open_names)) for it in found]

    def _explained(self, judgement: Judgement, open_names: Collection[str]) -> Decision:
        """The decision, with what the window has in place of what was not measured, and why its incident stays open."""
        decision = judgement.decision
        if decision.verdict is Verdict.PASSED and decision.check.name in open_names and not judgement.clears:
            reason = f"passes, and its incident closes once {decision.check.clears} windows in a row pass"
            return replace(decision, reason=reason)
        context = self.context
        return with_what_is_there(context.history, decision, context.window, context.known_on)

    @property
    def reasons(self) -> Iterator[str]:
        """What is broken, and what to do where it is not."""
        yield from (finding.message for finding in self.snapshot.broken)
        model = self.context.monitor.model
        yield f"if the data are to stay so: `lamplighter incidents accept {model}`; until then nothing is retrained"

    def causes(self, check: Check) -> list[str]:
        """What a fall of recall in the judged window was laid to, as the newest run that looked at it found."""
        context, judged = self.context, self.snapshot.judged
        if judged is None or check.metric not in QUALITY_METRICS:
            return []
        faults = Faults.of(context.history, context.window, context.known_on)
        found = faults.found(judged.start, context.window.end, [Code.RECALL_FELL])
        return [finding.message for _, finding in found if finding.subject == judged.label][-1:]

    def ended(self, incident: Incident, decisions: Iterable[Decision]) -> Incident:
        """The same incident with how it ended: of broken data a person wants to know whether they are sound."""
        context, since = self.context, incident.window_start
        if incident.check_name != DATA_CHECK.name:
            decision = next((it for it in decisions if it.check.name == incident.check_name), None)
            return replace(incident, ending=self._moved_limit(incident, decision)) if decision else incident
        if since is None:
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

    def _moved_limit(self, incident: Incident, decision: Decision) -> str:
        """That a value passes only because its past has changed, where it would fail the limit of the beginning."""
        context, value = self.context, decision.value
        if decision.check.threshold is not None or value is None or decision.verdict is not Verdict.PASSED:
            return incident.ending
        made = decisions_made(context.history, context.monitor.model, incident.opened_on, context.monitor.judged)
        first = next((it for it in made if it.check.name == incident.check_name), None)
        if first is None or not first.limit.is_beyond(value):
            return incident.ending
        then, now = (number_text(it) for it in (first.limit.nearest(value) or 0.0, decision.threshold or 0.0))
        what = f"{decision.check.metric} is still {number_text(value)}"
        return (
            f"{what}: its limit is {now} now, and was {then}, since the past that it is compared with holds the change"
        )


def _messages(
    inputs: JudgeInputs, decisions: list[Decision], reported: list[Incident], changes: IncidentChanges
) -> Iterator[Message]:
    """What is to be sent: incidents without a message so far, and the end of those that had one."""
    context, by_name = inputs.context, {decision.check.name: decision for decision in decisions}
    declared_names = {check.name for check in context.monitor.judged}
    report = str(context.report_path.relative_to(context.project.home)) if context.monitor.reference else ""
    for incident in reported:
        decision = by_name[decided_by(incident.check_name)]
        since = context.label_of(incident.window_start)
        if incident.is_of_undecided:
            yield message.undecided(context.monitor.model, incident.check_name, decision, since)
            continue
        reasons = [*inputs.reasons] if decision.check == DATA_CHECK else []
        moved, causes = _moved(inputs, decision.check), inputs.causes(decision.check)
        yield message.opened(context.monitor.model, decision, since, moved, reasons, report, causes)
    for incident in changes.closed:
        # While a check is muted, its message waits.
        if incident.notified_on:
            name, how = incident.check_name, _how_closed(incident, by_name, declared_names)
            passed = by_name.get(decided_by(name))
            until = context.label_of(passed.window_start) if passed else ""
            span = context.label_of(incident.window_start), until or context.window.label
            yield message.closed(context.monitor.model, name, incident.severity, *span, how, incident.ending)


def _how_closed(incident: Incident, decisions: Mapping[str, Decision], declared: Collection[str]) -> Closing:
    if check_of(incident.check_name) not in declared:
        return Closing.UNDECLARED
    decision = decisions.get(decided_by(incident.check_name))
    return Closing.VANISHED if decision and decision.verdict is Verdict.UNDECIDED else Closing.OVER


def _moved(inputs: JudgeInputs, check: Check) -> list[Moved]:
    """What moved most: segments where quality is meant, and columns."""
    if check == DATA_CHECK:
        return []
    context, judged = inputs.context, inputs.snapshot.judged
    columns = moved_columns(context.history, context.window, context.known_on)
    if is_of_inputs(check) or check.segment or judged is None:
        return columns
    return [*moved_segments(context.history, judged, check, context.known_on)[:2], *columns]
