"""What checks read of a model's history, loaded once, and asked as it was known at any logical date."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from lamplighter.core.checks.judging import clearing_windows
from lamplighter.core.monitor import Check, Monitor
from lamplighter.core.records.catalogue import OF_VERSIONS
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.time.window import Grain, Window, shifted
from storage.history import tables
from storage.history.breaks import Faults
from storage.history.database import History
from storage.history.newest import GONE
from storage.history.query import as_measurement
from storage.history.reference_values import known_of_reference


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What is measured, of what: the part of a measurement's key that a check names.

    Attributes
    ----------
    metric, feature, klass : str
    version : str or None
        None for whichever version has the most rows.
    segment : str
    column : str
        Where all segments of a column are meant.
    """

    metric: str
    feature: str = ""
    klass: str = ""
    version: str | None = ""
    segment: str = ""
    column: str = ""

    @classmethod
    def of(cls, check: Check, version: str = "") -> SeriesKey:
        """What a check reads, or the same of another version.

        Examples
        --------
        >>> SeriesKey.of(Check.model_validate({"metric": "f1", "segment": "plan=*", "below": 0.4})).column
        'plan'
        """
        wanted = version or check.version or (None if check.metric in OF_VERSIONS else "")
        column = check.segment.partition("=")[0] if check.is_of_every_segment else ""
        return cls(check.metric, check.feature, check.klass, wanted, "" if column else check.segment, column)

    @property
    def text(self) -> str:
        """As a person names it.

        Examples
        --------
        >>> SeriesKey("f1", klass="late", segment="plan=pro").text
        'f1 of plan=pro, class late'
        """
        named = {"feature ": self.feature, "": self.segment, "class ": self.klass, "version ": self.version}
        parts = [f"{what}{name}" for what, name in named.items() if name]
        parts += [f"the segments of {self.column}"] if self.column else []
        return f"{self.metric} of {', '.join(parts)}" if parts else self.metric


Dated = list[tuple[datetime, Any]]
"""What became known of one thing, in the order of time."""


def as_of(known: Dated, date: datetime) -> Any:
    """The newest that was known at a date; None where nothing was.

    Examples
    --------
    >>> from datetime import UTC
    >>> first, second = datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
    >>> as_of([(first, 0.3), (second, 0.5)], datetime(2026, 3, 8, tzinfo=UTC))
    0.3
    """
    place = bisect_right(known, date, key=lambda row: row[0])
    return known[place - 1][1] if place else None


@dataclass(frozen=True, slots=True)
class WindowKnown:
    """A window, and what was known of its labels.

    Attributes
    ----------
    start, end : datetime
    state : State
    rows, labelled : int
    """

    start: datetime
    end: datetime
    state: State
    rows: int
    labelled: int


Values = dict[datetime, dict[tuple[str, str, str], Dated]]
"""Measurements by start of the window, and then by segment, version and method."""


@dataclass(frozen=True)
class CheckHistory:
    """The part of a history that some checks of a monitor read.

    Attributes
    ----------
    monitor : Monitor
    starts : list of datetime
        Of the recorded windows, in order.
    windows : list of Dated
        What was known of each of them.
    values : mapping of SeriesKey to Values
    reference : mapping of SeriesKey to mapping of str to Dated
        What the reference measures, by segment.
    faults_at : callable
        The faults as known at a logical date.
    first : datetime or None
        The start of the oldest window.
    is_of_run : bool
        Whether it is what one run reads, and not all of the history.
    """

    monitor: Monitor
    starts: list[datetime]
    windows: list[Dated]
    values: Mapping[SeriesKey, Values]
    reference: Mapping[SeriesKey, Mapping[str, Dated]]
    faults_at: Callable[[datetime], Faults]
    first: datetime | None
    is_of_run: bool

    @classmethod
    def whole(cls, history: History, monitor: Monitor, checks: Iterable[Check]) -> CheckHistory:
        """All of it, for runs of many logical dates."""
        from storage.history.loaded_faults import FindingRows, LoadedFaults

        rows = FindingRows.load(history, monitor.model, monitor.every.value)

        def faults_at(date: datetime) -> Faults:
            return LoadedFaults(history, monitor.model, monitor.every.value, date, rows=rows)

        return cls._load(history, monitor, dict.fromkeys(checks), None, faults_at)

    @classmethod
    def of_run(
        cls, history: History, monitor: Monitor, targets: Mapping[Check, Window], known_on: datetime, *, clearing: bool
    ) -> CheckHistory:
        """What the checks of one run read.

        Parameters
        ----------
        targets : mapping of Check to Window
            The window that each judges.
        known_on : datetime
            The logical date of the run.
        clearing : bool
            Whether it is asked whether incidents close, which needs more windows.
        """
        since = {check: horizon(monitor, check, window, clearing=clearing) for check, window in targets.items()}

        def faults_at(date: datetime) -> Faults:
            return Faults(history, monitor.model, monitor.every.value, date)

        return cls._load(history, monitor, since, known_on, faults_at)

    @classmethod
    def _load(
        cls,
        history: History,
        monitor: Monitor,
        since: Mapping[Check, datetime | None],
        known_on: datetime | None,
        faults_at: Callable[[datetime], Faults],
    ) -> CheckHistory:
        table = tables.evaluation
        scope = [table.c.model == monitor.model, table.c.grain == monitor.every.value]
        known = [] if known_on is None else [table.c.known_on <= known_on]
        oldest = [begin for begin in since.values() if begin is not None]
        begin = min(oldest) if oldest and len(oldest) == len(since) else None
        query = sa.select(table).where(*scope, *known, *([table.c.window_start >= begin] if begin else []))
        found: dict[datetime, Dated] = {}
        with history.reading() as connection:
            for row in connection.execute(query.order_by(table.c.known_on)).mappings():
                state = WindowKnown(
                    row["window_start"], row["window_end"], State(row["state"]), row["rows"], row["labelled"]
                )
                found.setdefault(row["window_start"], []).append((row["known_on"], state))
            first = connection.scalar(sa.select(sa.func.min(table.c.window_start)).where(*scope, *known))
            values: dict[SeriesKey, Values] = {}
            for subject, start in _subjects(since).items():
                values[subject] = _values(connection, monitor, subject, start, known_on)
            reference = {
                (subject := SeriesKey.of(check)): known_of_reference(
                    connection, monitor.model, _key(subject), known_on, column=subject.column
                )
                for check in since
                if check.versus and check.versus.reference
            }
        starts = sorted(found)
        return cls(
            monitor,
            starts,
            [found[start] for start in starts],
            values,
            reference,
            faults_at,
            first,
            known_on is not None,
        )

    def first_known(self, date: datetime) -> datetime | None:
        """The start of the oldest window that was recorded at a date."""
        if self.is_of_run:
            return self.first
        return next((it for it, known in zip(self.starts, self.windows, strict=True) if as_of(known, date)), None)

    def known_windows(self, date: datetime, since: datetime, until: datetime) -> list[WindowKnown]:
        """The windows that begin in a span and were recorded at a date, in order."""
        begin, end = bisect_left(self.starts, since), bisect_left(self.starts, until)
        found = (as_of(known, date) for known in self.windows[begin:end])
        return [window for window in found if window is not None]

    def newest_window(self, date: datetime, until: datetime, fits: Callable[[WindowKnown], bool]) -> WindowKnown | None:
        """The newest window that begins before an instant and is as wanted, as it was known at a date."""
        for place in range(bisect_left(self.starts, until) - 1, -1, -1):
            found = as_of(self.windows[place], date)
            if isinstance(found, WindowKnown) and fits(found):
                return found
        return None

    def value(self, subject: SeriesKey, start: datetime, date: datetime) -> Measurement | None:
        """What was known of a subject in a window; of several versions that with the most rows."""
        parts = self.values[subject].get(start, {})
        found = [it for _, known in sorted(parts.items()) if (it := _measured(known, date)) is not None]
        return max(found, key=lambda it: it.n) if found else None

    def segment(self, subject: SeriesKey, segment: str, start: datetime, date: datetime) -> Measurement | None:
        """What was known of one segment of a column in a window."""
        parts = self.values[subject].get(start, {})
        found = [_measured(known, date) for (name, _, _), known in sorted(parts.items()) if name == segment]
        return next((it for it in reversed(found) if it is not None), None)

    def segments(self, subject: SeriesKey, start: datetime, date: datetime) -> dict[str, Measurement]:
        """What was known of each segment of a column in a window."""
        parts = self.values[subject].get(start, {})
        found = {segment: _measured(known, date) for (segment, _, _), known in parts.items()}
        return {segment: it for segment, it in sorted(found.items()) if it is not None}


def horizon(monitor: Monitor, check: Check, window: Window, *, clearing: bool) -> datetime:
    """The instant from which on windows matter for a check of a window.

    Examples
    --------
    >>> check = Check.model_validate({"metric": "f1", "falls": "5%", "versus": {"mean": "7d"}})
    >>> horizon(monitor, check, window, clearing=False).isoformat()
    '2026-03-04T00:00:00+00:00'
    """
    windows = check.persists.windows - 1 + (clearing_windows(check) if clearing else 0)
    # One more of each, since a day may have 23 hours and a month 28 days.
    begin = window.start - windows * (window.end - window.start) * 1.2 if windows else window.start
    begin = shifted(begin, -check.span, window.zone) if check.span else begin
    if check.span and window.grain is Grain.MONTH:
        # So many months of the calendar may be longer than the span.
        begin -= timedelta(days=31)
    days = monitor.reference.days if monitor.reference and check.versus and check.versus.reference else None
    return min(begin, Window.of(window.model, window.grain, window.timezone, days[0]).start) if days else begin


def _subjects(since: Mapping[Check, datetime | None]) -> dict[SeriesKey, datetime | None]:
    """What is read, and from when on: all of it where one check wants all."""
    found: dict[SeriesKey, datetime | None] = {}
    for check, begin in since.items():
        others = [check.versus.version] if check.versus and check.versus.version else []
        for subject in (SeriesKey.of(check), *(SeriesKey.of(check, version) for version in others)):
            before = found.get(subject, begin)
            found[subject] = None if before is None or begin is None else min(before, begin)
    return found


def _key(subject: SeriesKey) -> dict[str, str]:
    """What names a value of the reference: that of all versions together, unless one is named."""
    return {
        "metric": subject.metric,
        "segment": subject.segment,
        "version": subject.version or "",
        "feature": subject.feature,
        "class": subject.klass,
    }


def _values(
    connection: sa.Connection, monitor: Monitor, subject: SeriesKey, since: datetime | None, known_on: datetime | None
) -> Values:
    table = tables.measurement
    equal = {"model": monitor.model, "grain": monitor.every.value, "metric": subject.metric, "class": subject.klass}
    equal |= {"feature": subject.feature} | ({} if subject.version is None else {"version": subject.version})
    wanted = [table.c[name] == value for name, value in equal.items()]
    wanted.append(
        table.c.segment.startswith(f"{subject.column}=", autoescape=True)
        if subject.column
        else table.c.segment == subject.segment
    )
    wanted += [] if since is None else [table.c.window_start >= since]
    wanted += [] if known_on is None else [table.c.known_on <= known_on]
    found: Values = {}
    for row in connection.execute(sa.select(table).where(*wanted).order_by(table.c.known_on)).mappings():
        # SQLite's LIKE takes upper and lower case for one.
        if subject.column and not row["segment"].startswith(f"{subject.column}="):
            continue
        parts = found.setdefault(row["window_start"], {})
        measured = None if row["reason"] == GONE else as_measurement(row)
        parts.setdefault((row["segment"], row["version"], row["method"]), []).append((row["known_on"], measured))
    return found


def _measured(known: Dated, date: datetime) -> Measurement | None:
    found = as_of(known, date)
    assert found is None or isinstance(found, Measurement)
    return found
