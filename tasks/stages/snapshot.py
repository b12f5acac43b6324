"""What the checks of a run read: the history as it was known at the logical date of the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from lamplighter.core.checks.series import LazyPoints, Point, Series
from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import DATA_CHECK, Check, Monitor
from lamplighter.core.records.catalogue import ARRIVAL_METRICS, DRIFT_METRICS, INPUT_METRICS
from lamplighter.core.records.finding import DATA_FAULTS, INPUT_BREAKS, LABEL_BREAKS, OF_WINDOWS, STATES, Code, Finding
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.time.window import Window
from storage.history import History
from storage.history.breaks import LASTING, MOMENT, Faults, Found
from storage.history.check_history import CheckHistory, SeriesKey, WindowKnown, as_of, horizon

OF_ROWS = OF_WINDOWS | {Code.IDS_REPEATED}
"""Faults that spoil the counts of a window."""


def is_of_inputs(check: Check) -> bool:
    """Whether a check is about the window of the run, and not about the newest window that has its labels.

    Examples
    --------
    >>> is_of_inputs(monitor.checks[0]), is_of_inputs(monitor.checks[1])
    (False, True)
    """
    return check.metric in INPUT_METRICS or check.metric in ARRIVAL_METRICS


def target_of(check: Check, window: Window, judged: Window | None, known_on: datetime) -> Window | None:
    """The window that a check judges in a run; None while there is none.

    Parameters
    ----------
    check : Check
    window : Window
        That of the run.
    judged : Window or None
        The newest window that has its labels.
    known_on : datetime
        The logical date of the run.

    Examples
    --------
    >>> late = monitor.checks[0].model_validate({"metric": "f1", "missing": "3d"})
    >>> target_of(late, window, None, context.known_on).label
    '2026-03-08'
    """
    if check.form.reads != "absence":
        return window if is_of_inputs(check) else judged
    due = window
    while due.after_end(check.given) > known_on:
        due = due.previous()
    return due


@dataclass(frozen=True)
class Snapshot:
    """The history of a monitor's checks as a run knew it.

    Attributes
    ----------
    history : CheckHistory
    window : Window
        That of the run.
    judged : Window or None
        The newest window that has its labels.
    known_on : datetime
        The logical date of the run.
    clearing : bool
        Whether it is asked whether incidents close.
    """

    history: CheckHistory
    window: Window
    judged: Window | None
    known_on: datetime
    clearing: bool = True
    _points: dict[tuple[SeriesKey, str | None, datetime], Point] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(
        cls,
        history: History,
        monitor: Monitor,
        window: Window,
        judged: Window | None,
        known_on: datetime,
        *,
        clearing: bool,
    ) -> Snapshot:
        """Load what the checks of one run read, and no more.

        Examples
        --------
        >>> snapshot = Snapshot.of(history, monitor, window, window.previous(), context.known_on, clearing=False)
        >>> [found.code.value for found in snapshot.broken]
        ['scale-changed']
        """
        targets = {check: target_of(check, window, judged, known_on) for check in monitor.checks}
        read = {check: target for check, target in targets.items() if target}
        loaded = CheckHistory.of_run(history, monitor, read, known_on, clearing=clearing)
        return cls(loaded, window, judged, known_on, clearing)

    @property
    def monitor(self) -> Monitor:
        """Whose checks are judged."""
        return self.history.monitor

    def target(self, check: Check) -> Window | None:
        """The window that a check judges; None while there is none."""
        found = target_of(check, self.window, self.judged, self.known_on)
        first = self.first
        is_before_all = found is not None and (first is None or found.start < first)
        return None if check.form.reads == "absence" and is_before_all else found

    @cached_property
    def first(self) -> datetime | None:
        """The start of the oldest window."""
        return self.history.first_known(self.known_on)

    @cached_property
    def faults(self) -> Faults:
        """What the run knew to be broken."""
        return self.history.faults_at(self.known_on)

    @cached_property
    def _found(self) -> list[Found]:
        """Every data fault of the windows that a check reads."""
        targets = [(check, self.target(check)) for check in self.monitor.judged]
        begins = [
            horizon(self.monitor, check, window, clearing=self.clearing)
            for check, window in targets
            if window is not None
        ]
        ends = [self.window.end, *([matured(self.judged, self.monitor)] if self.judged and self.monitor.labels else [])]
        return self.faults.found(min([*begins, self.window.start]), max(ends), DATA_FAULTS)

    @cached_property
    def _open(self) -> list[Found]:
        return [(start, it) for start, it in self._found if not self.faults.is_accepted(start, it)]

    @cached_property
    def _unsound(self) -> dict[datetime, list[Finding]]:
        """The faults, open or accepted, of each window that has some."""
        found: dict[datetime, list[Finding]] = {}
        for start, it in self._found:
            if self.faults.is_unsound(start, it):
                found.setdefault(start, []).append(it)
        return found

    @cached_property
    def _lasting(self) -> list[datetime]:
        """The windows with a fault of labels that spoils whatever awaited its labels then."""
        return [start for start, found in self._unsound.items() if any(it.code in LASTING for it in found)]

    @cached_property
    def broken(self) -> list[Finding]:
        """What is broken of the run's own data."""
        return sorted({it for start, it in self._open if start == self.window.start})

    def inhibiting(self, check: Check, window: Window) -> list[Finding]:
        """What makes a check of a window meaningless; checks on the data themselves always have a meaning."""
        if not self._open or check == DATA_CHECK:
            return []
        if check.metric in DRIFT_METRICS:
            return self._of(self._open, window.start, window.start + MOMENT, INPUT_BREAKS)
        if is_of_inputs(check) or self.monitor.labels is None:
            return []
        found = self._of(self._open, window.start, window.start + MOMENT, INPUT_BREAKS)
        found += self._of(self._open, window.start, matured(window, self.monitor), LASTING)
        if window == self.judged:
            # Labels that cannot be read now are broken now.
            present = (self.window.start, self.window.start + MOMENT)
            found += self._of(self._open, *present, LABEL_BREAKS - LASTING)
        return found

    def _of(self, found: Iterable[Found], since: datetime, until: datetime, codes: frozenset[Code]) -> list[Finding]:
        return sorted({it for start, it in found if since <= start < until and it.code in codes})

    def _is_spoilt(self, check: Check, window: Window) -> bool:
        """Whether a fault, open or accepted, keeps a window out of the past that a check is compared with."""
        if any(
            window.start <= it.until
            for it in self.faults.accepted
            if it.code in STATES and _is_about(check, it.subject)
        ):
            return True
        own = self._unsound.get(window.start, [])
        if check.metric in ARRIVAL_METRICS:
            return any(it.code in LABEL_BREAKS for it in own)
        if check.metric in INPUT_METRICS:
            if check.feature:
                return any(it.code in INPUT_BREAKS and it.subject in ("", check.feature) for it in own)
            is_of_values = (
                check.metric in DRIFT_METRICS or "prediction" in check.metric or check.metric == "unsure_ratio"
            )
            return any(it.code in (INPUT_BREAKS if is_of_values else OF_ROWS) for it in own)
        if any(it.code in INPUT_BREAKS for it in own):
            return True
        if not self._lasting or self.monitor.labels is None:
            return False
        until = matured(window, self.monitor)
        return any(window.start <= start < until for start in self._lasting)

    def series(self, check: Check, window: Window, segment: str | None = None, many: int = 1) -> Series:
        """The windows up to the one that a check judges.

        Parameters
        ----------
        check : Check
        window : Window
            The one that is judged.
        segment : str, optional
            One of those of a check of every segment.
        many : int
            How many segments are judged at once.
        """
        subject = SeriesKey.of(check)
        begin = horizon(self.monitor, check, window, clearing=self.clearing)
        known = self.history.known_windows(self.known_on, begin, window.start)
        windows = [*map(self._window, known), window]
        points = LazyPoints(windows, lambda it: self._point(check, subject, it, segment))
        return Series(
            window.model,
            window.grain,
            window.timezone,
            points,
            self.first,
            self._reference(check, subject, segment),
            self._reference_days(check),
            self._versions(check, [it.start for it in windows]),
            many,
        )

    def _window(self, known: WindowKnown) -> Window:
        return Window(self.window.model, self.window.grain, known.start, known.end, self.window.timezone)

    def _point(self, check: Check, subject: SeriesKey, window: Window, segment: str | None) -> Point:
        """What is known of a window, found once for all checks that read it."""
        key = (subject, segment, window.start)
        if key not in self._points:
            self._points[key] = self._found_point(check, subject, window, segment)
        return self._points[key]

    def _found_point(self, check: Check, subject: SeriesKey, window: Window, segment: str | None) -> Point:
        if segment is None:
            found = self.history.value(subject, window.start, self.known_on)
        else:
            found = self.history.segment(subject, segment, window.start, self.known_on)
        is_past = not (self._unsound or self.faults.accepted) or not self._is_spoilt(check, window)
        return Point(window.start, found, tuple(self.inhibiting(check, window)), is_past)

    def _reference(self, check: Check, subject: SeriesKey, segment: str | None) -> Measurement | None:
        """The value of the reference, of a segment that of the same one."""
        known = self.history.reference.get(subject, {}).get(subject.segment if segment is None else segment, [])
        found = as_of(known, self.known_on)
        assert found is None or isinstance(found, Measurement)
        return found

    def _reference_days(self, check: Check) -> tuple[datetime, datetime] | None:
        reference = self.monitor.reference
        if not (check.versus and check.versus.reference and reference and reference.days):
            return None
        first, last = (
            Window.of(self.window.model, self.window.grain, self.window.timezone, day) for day in reference.days
        )
        return first.start, last.end

    def _versions(self, check: Check, starts: Iterable[datetime]) -> dict[datetime, Measurement]:
        if not (check.versus and check.versus.version):
            return {}
        subject = SeriesKey.of(check, check.versus.version)
        found = {start: self.history.value(subject, start, self.known_on) for start in starts}
        return {start: it for start, it in found.items() if it is not None}

    def newest_final(self) -> Window | None:
        """The newest window whose labels are final or cover enough, as `judged_window` asks the database for it."""
        labels = self.monitor.labels
        if labels is None:
            return None

        def is_enough(it: WindowKnown) -> bool:
            is_covered = labels.min_coverage and it.rows and it.labelled / it.rows >= labels.min_coverage
            return it.state is State.FINAL or bool(is_covered)

        found = self.history.newest_window(self.known_on, self.window.end, is_enough)
        return self._window(found) if found else None


def _is_about(check: Check, column: str) -> bool:
    """Whether a column that has another state since it was accepted is what a check is about."""
    if check.metric in ARRIVAL_METRICS:
        return False
    return (
        column == check.feature if check.feature else check.metric not in INPUT_METRICS or check.metric in DRIFT_METRICS
    )
