"""Judge: checks read the history as the night knows it, and nothing else; what follows is recorded with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from lamplighter.core.checks import messages as message
from lamplighter.core.checks.decide import Cause, Decision, Verdict, decide, silenced
from lamplighter.core.checks.incidents import Incident, Turn, check_of, still_open, turn
from lamplighter.core.checks.messages import Message, Moved
from lamplighter.core.monitor import DATA_CHECK, Check
from lamplighter.core.records.catalogue import ARRIVAL_METRICS, DRIFT_METRICS, INPUT_METRICS
from lamplighter.core.records.finding import BREAKS, LABEL_BREAKS, Finding
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.window import Window
from storage.history.absent import why_absent
from storage.history.breaks import Faults, breaks_found, silencing_drift, silencing_quality
from storage.history.decisions import append_decisions, decisions_made, judged_later, undecided_since
from storage.history.incidents import incidents_open, mark_told, muted_checks, record_turn
from storage.history.moved import moved_columns, moved_segments
from storage.history.outbox import put
from storage.history.query import Filter, measurement_of
from storage.history.windows import first_window
from storage.sinks.apprise import targets
from tasks.stages.run import Night


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
    Where those later ones were of a wrong clock and have been removed, its decisions take effect when it is run again.
    """
    if not night.is_newest:
        return Judged([])
    history, model, checks, known = night.history, night.window.model, night.monitor.judged, Known(night)
    made = decisions_made(history, model, night.known_on, checks)
    names = {decision.check.name for decision in made}
    new = [_decide(known, check) for check in checks if check.name not in names]
    turned, reported, messages = Turn((), ()), [], []
    to, muted = targets(night.monitor), muted_checks(history, model, night.known_on)
    if not judged_later(history, model, night.known_on):
        open_before = incidents_open(history, model, night.known_on)
        everything = [*made, *new]
        lasting = {name: since for it in everything for name, since in _undecided_too_long(night, it)}
        turned = turn(open_before, everything, [check.name for check in checks], night.known_on, lasting)
        turned = replace(turned, closed=tuple(known.ended(incident) for incident in turned.closed))
        by_name = {decision.check.name: decision for decision in everything}
        untold = [entry for entry in still_open(open_before, turned) if not entry.told_on]
        unmuted = [entry for entry in untold if to and check_of(entry.check_name) not in muted]
        reported = [entry for entry in unmuted if _can_be_told(entry, by_name)]
        messages = [*_messages(known, [*made, *new], reported, turned)]
    with history.writing() as connection:
        append_decisions(connection, model, night.known_on, new)
        record_turn(connection, model, night.known_on, turned)
        put(connection, night.known_on, messages, to)
        mark_told(connection, model, night.known_on, reported)
    decisions = sorted([*made, *new], key=lambda decision: checks.index(decision.check))
    titles = tuple(message.title for message in messages) if to else ()
    return Judged(decisions, turned.opened, turned.closed, titles)


def _undecided_too_long(night: Night, decision: Decision) -> Iterator[tuple[str, datetime | None]]:
    """The check and its first window, where the data left it undecided for as many in a row as the monitor allows."""
    most = night.monitor.undecided_windows(decision.check)
    if not most or not decision.is_undecided_by_data:
        return
    earlier = undecided_since(night.history, night.monitor.model, decision.check.name, night.known_on)
    runs = [(night.known_on, decision.window_start), *earlier]
    # A weekly model that is run every day looks at one window seven times.
    if len({night.monitor.window(known_on).start for known_on, _ in runs}) >= most:
        yield decision.check.name, runs[-1][1]


def _can_be_told(incident: Incident, decisions: Mapping[str, Decision]) -> bool:
    """Whether the present decision bears an incident out; of a check that is inhibited nothing could be said."""
    decision = decisions.get(check_of(incident.check_name))
    if decision is None:
        return False
    return decision.is_undecided_by_data if incident.is_of_undecided else decision.verdict is Verdict.FAILED


@dataclass(frozen=True)
class Known:
    """What the checks of a night read of the history beside their own numbers, each once."""

    night: Night

    @cached_property
    def judged_window(self) -> Window | None:
        """The window whose quality is judged."""
        return self.night.judged_window

    @cached_property
    def broken(self) -> list[Finding]:
        """What is broken of the night's own data."""
        return breaks_found(self.night.history, self.night.window, self.night.known_on, BREAKS)

    @property
    def reasons(self) -> Iterator[str]:
        """What is broken, and what to do where it is not."""
        yield from (finding.message for finding in self.broken)
        model = self.night.monitor.model
        yield f"if the data are to stay so: `lamplighter incidents accept {model}`; until then nothing is retrained"

    @cached_property
    def _silencing_drift(self) -> list[Finding]:
        return silencing_drift(self.night.history, self.night.window, self.night.known_on)

    @cached_property
    def _silencing_quality(self) -> list[Finding]:
        night, window = self.night, self.judged_window
        return silencing_quality(night.history, night.monitor, window, night.window, night.known_on) if window else []

    def window_of(self, check: Check) -> Window | None:
        """The window that a check is about."""
        return self.night.window if _is_of_inputs(check) else self.judged_window

    def silencing(self, check: Check) -> list[Finding]:
        """What makes a check meaningless; checks on the data themselves always have a meaning."""
        if check.metric in DRIFT_METRICS:
            return self._silencing_drift
        return [] if _is_of_inputs(check) else self._silencing_quality

    def ended(self, incident: Incident) -> Incident:
        """The same incident with how it ended: of broken data a person wants to know whether they are sound."""
        night, since = self.night, incident.window_start
        if incident.check_name != DATA_CHECK.name or since is None:
            return incident
        faults = Faults.of(night.history, night.window, night.known_on)
        seen = {(it.code, it.subject) for _, it in faults.found(since, night.window.start, BREAKS)}
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
            return replace(silenced(check, self.night.window.start, broken), window_start=None)
        return decide(check, None, None)

    def explained(self, decision: Decision) -> Decision:
        """The same, where it is undecided for another reason than that the data are what they are."""
        if not decision.is_undecided_by_data:
            return decision
        column = decision.check.feature
        if _is_of_inputs(decision.check) and any(found.subject in ("", column) for found in self.broken):
            return replace(decision, cause=Cause.INHIBITED)
        reference, first = self.night.monitor.reference, first_window(self.night.history, self.night.monitor.model)
        if reference and reference.trailing and first == self.night.window.start:
            # The first window has none before it to be compared with.
            return replace(decision, cause=Cause.WAITING)
        return decision


def _is_of_inputs(check: Check) -> bool:
    return check.metric in INPUT_METRICS or check.metric in ARRIVAL_METRICS


def _decide(known: Known, check: Check) -> Decision:
    night, window = known.night, known.window_of(check)
    if check == DATA_CHECK:
        count = float(len(known.broken))
        return decide(check, night.window.start, Measurement(metric=check.metric, value=count, n=1))
    if window is None:
        return known.unlabelled(check)
    if breaks := known.silencing(check):
        return silenced(check, window.start, breaks)
    wanted = Filter(
        metric=check.metric, segment=check.segment, feature=check.feature, klass=check.klass, as_of=night.known_on
    )
    if found := measurement_of(night.history, window, wanted):
        decision = decide(check, window.start, found)
    else:
        decision = decide(check, window.start, None, why_absent(night.history, window, check, night.known_on))
    return known.explained(decision)


def _messages(known: Known, decisions: list[Decision], reported: list[Incident], turned: Turn) -> Iterator[Message]:
    """What is to be told: incidents that nobody has been told of, and the end of those that somebody was."""
    night, by_name = known.night, {decision.check.name: decision for decision in decisions}
    report = str(night.report_path.relative_to(night.project.home)) if night.monitor.reference else ""
    for incident in reported:
        decision = by_name[check_of(incident.check_name)]
        since = night.label_of(incident.window_start)
        if incident.is_of_undecided:
            yield message.undecided(night.monitor.model, incident.check_name, decision, since)
            continue
        reasons = [*known.reasons] if decision.check == DATA_CHECK else []
        yield message.opened(night.monitor.model, decision, since, _moved(known, decision.check), reasons, report)
    for incident in turned.closed:
        # Of a check that is muted the message waits.
        if incident.told_on:
            since = night.label_of(incident.window_start)
            name, declared = incident.check_name, check_of(incident.check_name) in by_name
            label = night.window.label
            yield message.closed(
                night.monitor.model, name, incident.severity, since, label, declared=declared, ending=incident.ending
            )


def _moved(known: Known, check: Check) -> list[Moved]:
    """What moved most: segments where quality is meant, and columns."""
    if check == DATA_CHECK:
        return []
    night, judged = known.night, known.judged_window
    columns = moved_columns(night.history, night.window, night.known_on)
    if _is_of_inputs(check) or check.segment or judged is None:
        return columns
    return [*moved_segments(night.history, judged, check, night.known_on)[:2], *columns]
