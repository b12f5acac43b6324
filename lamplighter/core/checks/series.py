"""What a check reads: the values of its metric, window by window, as they were known at a logical date."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import overload
from zoneinfo import ZoneInfo

from lamplighter.core.monitor.check_spans import months_in
from lamplighter.core.monitor.checks import Phase
from lamplighter.core.records.finding import Finding
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.phases import phases_of
from lamplighter.core.time.window import Grain, Window, shifted


@dataclass(frozen=True, slots=True)
class Point:
    """A window, and what is known of a metric in it.

    Attributes
    ----------
    start : datetime
    measurement : Measurement or None
        None where nothing was measured.
    inhibited_by : tuple of Finding
        Open data faults of the window: a check of it is not judged.
    is_past : bool
        Whether later windows may be compared with it: no data fault covers it, open or accepted.
    """

    start: datetime
    measurement: Measurement | None
    inhibited_by: tuple[Finding, ...] = ()
    is_past: bool = True


class LazyPoints(Sequence[Point]):
    """The points of some windows, each made when it is looked at: most checks look at few of them.

    Parameters
    ----------
    windows : sequence of Window
    make : callable
        The point of a window.

    Examples
    --------
    >>> from datetime import UTC
    >>> window = Window.of("m", Grain.DAY, "UTC", datetime(2013, 5, 2, tzinfo=UTC))
    >>> points = LazyPoints([window.previous(), window], lambda it: Point(it.start, None))
    >>> len(points), points[-1].start == window.start
    (2, True)
    """

    def __init__(self, windows: Sequence[Window], make: Callable[[Window], Point]) -> None:
        self._windows, self._make = windows, make
        self._made: dict[int, Point] = {}

    def __len__(self) -> int:
        return len(self._windows)

    @overload
    def __getitem__(self, place: int) -> Point: ...

    @overload
    def __getitem__(self, place: slice) -> list[Point]: ...

    def __getitem__(self, place: int | slice) -> Point | list[Point]:
        if isinstance(place, slice):
            return [self[it] for it in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        if place not in self._made:
            self._made[place] = self._make(self._windows[place])
        return self._made[place]


@dataclass(frozen=True)
class Series:
    """The windows of a model up to the one that a check judges.

    Attributes
    ----------
    model : str
    grain : Grain
    timezone : str
    points : sequence of Point
        In order; the last is the window that is judged.
    first : datetime or None
        The start of the oldest window that is recorded of the model.
    reference : Measurement or None
        The metric in the reference, where a check asks for it and it is known.
    reference_days : tuple of datetime or None
        Where the reference is days of the log: the start of the first window and the end of the last.
    versions : mapping of datetime to Measurement
        The metric of another version, by start of the window.
    many : int
        How many segments are judged at once.
    """

    model: str
    grain: Grain
    timezone: str
    points: Sequence[Point]
    first: datetime | None = None
    reference: Measurement | None = None
    reference_days: tuple[datetime, datetime] | None = None
    versions: Mapping[datetime, Measurement] = field(default_factory=dict)
    many: int = 1

    @cached_property
    def zone(self) -> ZoneInfo:
        """The model's zone."""
        return ZoneInfo(self.timezone)

    def window(self, start: datetime) -> Window:
        """The window that begins at an instant."""
        return Window.of(self.model, self.grain, self.timezone, start)

    def label(self, start: datetime) -> str:
        """A window as a person names it."""
        return self.window(start).label

    def phase(self, start: datetime, phase: Phase) -> int:
        """The weekday, the hour or the hour of the week of a window.

        Examples
        --------
        >>> from datetime import UTC
        >>> series = Series("m", Grain.HOUR, "UTC", [])
        >>> sunday = datetime(2025, 3, 9, 3, tzinfo=UTC)
        >>> [series.phase(sunday, phase) for phase in ("weekday", "hour", "hour of week")]
        [6, 3, 147]
        """
        found = phases_of(start, self.zone, self.grain)
        if phase == "weekday":
            return found[-1] // 24 if self.grain is Grain.HOUR else found[0]
        return found[0] if phase == "hour" else found[1]

    def begin_of(self, start: datetime, span: timedelta) -> datetime:
        """The instant a span before the start of a window, in local days, or in months of the calendar."""
        if self.grain is Grain.MONTH:
            window = self.window(start)
            for _ in range(months_in(span)):
                window = window.previous()
            return window.start
        return shifted(start, -span, self.zone)

    def before(self, place: int, begin: datetime) -> Iterator[Point]:
        """The points of the windows that begin from an instant on, and before a place."""
        for i in range(place - 1, -1, -1):
            point = self.points[i]
            if point.start < begin:
                return
            yield point

    def newest(self, place: int, count: int) -> range:
        """The places of the last windows up to one, as many as the calendar has windows of that number."""
        if count == 1:
            return range(place, place + 1)
        window = self.window(self.points[place].start)
        for _ in range(count - 1):
            window = window.previous()
        first = place
        while first and self.points[first - 1].start >= window.start:
            first -= 1
        return range(first, place + 1)
