"""What a check comes to in one window: the limit, from what it was computed, and whether the value lies beyond it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lamplighter.core.checks.decide import Cause, Verdict, broken_text
from lamplighter.core.checks.series import Point, Series
from lamplighter.core.counts import counted
from lamplighter.core.monitor.check_forms import Basis
from lamplighter.core.monitor.check_limits import NO_LIMIT, Limit, interval_of_many, mean_of, median_of, theil_sen
from lamplighter.core.monitor.check_spans import least_past
from lamplighter.core.monitor.checks import Check
from lamplighter.core.records.catalogue import OF_IMAGES
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.duration import format_duration

NOT_MEASURED = "the window has no such measurement"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check comes to in one window, before other windows are looked at.

    Attributes
    ----------
    verdict : Verdict
    value : float or None
        What is judged: the metric, its slope per day, or 1 where it is missing.
    limit : Limit
    compared : str
        What the limit was computed from; empty for a plain number.
    reason : str
        Why it is undecided; empty otherwise.
    cause : Cause or None
    lower, upper : float or None
        The bounds of the value's 95 % interval, where it has one.
    """

    verdict: Verdict
    value: float | None = None
    limit: Limit = NO_LIMIT
    compared: str = ""
    reason: str = ""
    cause: Cause | None = None
    lower: float | None = None
    upper: float | None = None


class CannotDecideError(Exception):
    """A window in which a check cannot be decided, with the reason and its kind."""

    def __init__(self, reason: str, cause: Cause) -> None:
        super().__init__(reason)
        self.reason, self.cause = reason, cause


@dataclass(frozen=True, slots=True)
class Reading:
    """The number that is held against a limit, with the bounds of its interval where it has one."""

    value: float
    lower: float | None
    upper: float | None


def outcome_at(check: Check, series: Series, place: int) -> Outcome:
    """Hold what a check reads in one window against its limit, which is computed from the windows before.

    Parameters
    ----------
    check : Check
    series : Series
    place : int
        Which of its points is judged.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from lamplighter.core.time.window import Grain
    >>> values = [0.80, 0.82, 0.81, 0.60]
    >>> points = [
    ...     Point(datetime(2013, 5, 1 + i, tzinfo=UTC), Measurement(metric="f1", value=value, n=100))
    ...     for i, value in enumerate(values)
    ... ]
    >>> check = Check.model_validate({"metric": "f1", "falls": "5%", "versus": {"mean": "3d"}})
    >>> outcome = outcome_at(check, Series("m", Grain.DAY, "UTC", points), 3)
    >>> outcome.verdict.value, outcome.limit
    ('failed', Limit(low=0.7695, high=None))
    >>> outcome.compared
    '5 % below 0.81, the mean of 3 windows from 2013-05-01 to 2013-05-03'
    """
    return decided(check, series, place, prepare(check, series, place))


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a window is judged by, whatever the limit is: checks that differ in their numbers alone share it."""

    read: Reading
    basis: Basis


def prepare(check: Check, series: Series, place: int) -> Prepared | Outcome:
    """What is read in one window, and what its limit is computed from; an outcome where one of them is not there."""
    point = series.points[place]
    if point.inhibited_by:
        return Outcome(
            Verdict.UNDECIDED, limit=check.plain_limit, reason=broken_text(point.inhibited_by), cause=Cause.INHIBITED
        )
    try:
        if check.form.reads != "absence":
            _refuse_no_value(check, series, point)
        past = _past(check, series, place) if check.span else []
        return Prepared(READERS[check.form.reads](point, past), _basis(check, series, point, past))
    except CannotDecideError as error:
        return Outcome(Verdict.UNDECIDED, limit=check.plain_limit, reason=error.reason, cause=error.cause)


def decided(check: Check, series: Series, place: int, known: Prepared | Outcome, *, with_text: bool = True) -> Outcome:
    """Hold what was read in a window against the limit.

    Parameters
    ----------
    known : Prepared or Outcome
        By `prepare`, for a check of the same form and past.
    with_text : bool
        Whether what the limit was computed from is said: of the windows before the judged one it is not shown.
    """
    if isinstance(known, Outcome):
        return known
    read, limit = known.read, check.form.limit(check.given, known.basis)
    compared = check.form.text(check.given, known.basis) if with_text else ""
    try:
        fails = _fails(check, series, place, read, limit)
    except CannotDecideError as error:
        return Outcome(Verdict.UNDECIDED, read.value, limit, compared, error.reason, error.cause)
    verdict = Verdict.FAILED if fails else Verdict.PASSED
    return Outcome(verdict, read.value, limit, compared, lower=read.lower, upper=read.upper)


def _fails(check: Check, series: Series, place: int, read: Reading, limit: Limit) -> bool:
    if check.ignore_below is not None and abs(read.value) < check.ignore_below:
        limit = Limit(low=limit.low)
    if not check.surely or not limit.is_beyond(read.value):
        return limit.is_beyond(read.value)
    if read.lower is None or read.upper is None:
        label = series.label(series.points[place].start)
        what = f"{check.metric} of {label} has no interval, which surely asks for"
        raise CannotDecideError(f"{what}; write surely: false", Cause.DATA)
    bounds = interval_of_many(read.value, read.lower, read.upper, series.many)
    return limit.is_surely_beyond(*bounds)


def _refuse_no_value(check: Check, series: Series, point: Point) -> None:
    """Say why a window has no value that could be judged."""
    found = point.measurement
    if found is None:
        raise CannotDecideError(NOT_MEASURED, Cause.DATA)
    if found.value is None:
        raise CannotDecideError(found.reason, Cause.DATA)
    if found.n < check.minimum_rows:
        what = f"{series.label(point.start)} has {found.n:,} rows, fewer than minimum_rows {check.minimum_rows:,}"
        raise CannotDecideError(what, Cause.DATA)


def _value(point: Point, past: Sequence[Point]) -> Reading:
    """The value of a window."""
    assert point.measurement is not None
    return Reading(_number(point), point.measurement.lower, point.measurement.upper)


def _slope(point: Point, past: Sequence[Point]) -> Reading:
    """The slope over the windows up to one, with that one."""
    points = [*past, point]
    days = [(it.start - points[0].start) / timedelta(days=1) for it in points]
    found = theil_sen(days, [*map(_number, points)])
    return Reading(found.value, found.lower, found.upper)


def _absence(point: Point, past: Sequence[Point]) -> Reading:
    """Whether a window has no value: 1, or 0."""
    found = point.measurement
    return Reading(float(found is None or found.value is None), None, None)


READERS: Mapping[str, Callable[[Point, Sequence[Point]], Reading]] = {
    "value": _value,
    "slope": _slope,
    "absence": _absence,
}
"""How what is judged is read, by what the row of a form says."""


def _basis(check: Check, series: Series, point: Point, past: Sequence[Point]) -> Basis:
    """What the limit of a window is computed from."""
    versus = check.versus
    if check.form.reads == "absence":
        return Basis(text=series.label(point.start))
    if versus and versus.version:
        return _of_version(check, series, point)
    if versus and versus.reference:
        return _of_reference(check, series)
    if check.span is None:
        return Basis(many=series.many)
    held = [*past, point] if check.form.reads == "slope" else [*past]
    text = _windows_text(series, [it.start for it in held], check)
    return _summed(check, [*map(_number, past)], text, series.many)


def _summed(check: Check, values: list[float], text: str, many: int) -> Basis:
    if check.versus is None:
        return Basis(values, None, text, many)
    word, of = ("median", median_of) if check.versus.median else ("mean", mean_of)
    return Basis(values, of(values), f"the {word} of {text}", many)


def _windows_text(series: Series, starts: list[datetime], check: Check) -> str:
    count, first, last = len(starts), min(starts), max(starts)
    of_phase = f" of the same {check.same}" if check.same else ""
    if count == 1:
        return f"1 window{of_phase}, {series.label(first)}"
    return f"{count} windows{of_phase} from {series.label(first)} to {series.label(last)}"


def _number(point: Point) -> float:
    assert point.measurement is not None
    assert point.measurement.value is not None
    return point.measurement.value


def _past(check: Check, series: Series, place: int) -> list[Point]:
    """The windows before one that count, oldest first.

    Raises
    ------
    CannotDecideError
        If there are fewer than the check needs.
    """
    assert check.span is not None
    point, is_slope = series.points[place], check.form.reads == "slope"
    # The span of a slope holds the window itself.
    begin = series.begin_of(series.window(point.start).end if is_slope else point.start, check.span)
    phase = series.phase(point.start, check.same) if check.same else None
    held = [
        it
        for it in series.before(place, begin)
        if phase is None or series.phase(it.start, check.same or "weekday") == phase
    ]
    usable = [it for it in held if it.is_past and _counts(check, it.measurement)]
    needed = least_past(check, series.grain) - is_slope
    if len(usable) >= needed:
        return usable[::-1]
    raise _too_short(check, series, place, begin, held, len(usable), needed)


def _counts(check: Check, found: Measurement | None) -> bool:
    return found is not None and found.value is not None and found.n >= check.minimum_rows


def _too_short(
    check: Check, series: Series, place: int, begin: datetime, held: list[Point], usable: int, needed: int
) -> CannotDecideError:
    """Why a past is too short: the history has not lasted so long, or its windows have no values."""
    of_phase = f" of the same {check.same}" if check.same else ""
    span = format_duration(check.span or timedelta())
    have = counted(usable, f"window{of_phase} has", f"windows{of_phase} have")
    what = f"of the {span} before, {have} a value, and {counted(needed, 'is', 'are')} needed"
    if series.first is None or series.first > begin:
        window, phase = series.window(series.points[place].start), check.same
        own = series.phase(window.start, phase) if phase else None
        coming, window = 1, window.next()
        # Every window from the judged one on may become one of the past.
        while usable + coming < needed or (phase and series.phase(window.start, phase) != own):
            coming += phase is None or series.phase(window.start, phase) == own
            window = window.next()
        return CannotDecideError(f"{what}; it can be decided from {window.label} on", Cause.WAITING)
    why = _why_unusable(check, held)
    return CannotDecideError(f"{what}{why}; give a longer time, or minimum_windows", Cause.DATA)


def _why_unusable(check: Check, held: list[Point]) -> str:
    """What keeps the newest window that does not count from counting."""
    for it in held:
        if not it.is_past:
            return ": a data fault covers the others"
        if it.measurement is not None and it.measurement.value is not None and it.measurement.n < check.minimum_rows:
            return f": others have fewer rows than minimum_rows {check.minimum_rows:,}"
        if it.measurement is not None and it.measurement.value is None:
            return f": {it.measurement.reason}"
    return ""


def _of_version(check: Check, series: Series, point: Point) -> Basis:
    assert check.versus is not None
    version, label = check.versus.version, series.label(point.start)
    found = series.versions.get(point.start)
    if found is None:
        cure = "name a version that is served, or remove the check"
        raise CannotDecideError(f"version {version!r} has no {check.metric} in {label}; {cure}", Cause.DATA)
    if found.value is None:
        raise CannotDecideError(f"version {version!r}: {found.reason}", Cause.DATA)
    if found.n < check.minimum_rows:
        what = f"version {version!r} has {found.n:,} rows in {label}, fewer than minimum_rows {check.minimum_rows:,}"
        raise CannotDecideError(what, Cause.DATA)
    return Basis([found.value], found.value, f"the value of version {version} in the same window", series.many)


def _of_reference(check: Check, series: Series) -> Basis:
    found = series.reference
    if series.reference_days and (found is None or found.value is None):
        return _of_reference_days(check, series, *series.reference_days)
    if found is None:
        what = f"the reference has no {check.metric}"
        add = "the paths of its images" if check.metric in OF_IMAGES else "the labels"
        cure = f"add {add} to its rows, or compare with the past, such as versus: {{mean: 28d}}"
        raise CannotDecideError(f"{what}; {cure}", Cause.DATA)
    if found.value is None:
        raise CannotDecideError(f"the reference: {found.reason}", Cause.DATA)
    return Basis([found.value], found.value, f"the value of the reference, {found.n:,} rows", series.many)


def _of_reference_days(check: Check, series: Series, begin: datetime, end: datetime) -> Basis:
    """The mean of the windows that the reference is made of; a person chose them, so only open faults leave one out."""
    usable = [
        it for it in series.points if begin <= it.start < end and not it.inhibited_by and _counts(check, it.measurement)
    ]
    if not usable:
        last = series.label(end - timedelta(microseconds=1))
        what = f"no window of the reference, {series.label(begin)} to {last}, has a recorded {check.metric}"
        raise CannotDecideError(f"{what}; back-fill these days, or compare with the past", Cause.DATA)
    text = _windows_text(series, [it.start for it in usable], check)
    return Basis([*map(_number, usable)], mean_of([*map(_number, usable)]), f"the mean of {text}, the reference")
