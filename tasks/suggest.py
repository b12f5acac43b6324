"""Limits for a wanted number of pages: what each form of check would have sent at many limits, judged side by side.

The limits of each form are a short list of round numbers, or of values that the metric had, from the loosest to the
tightest. All of them are judged in one pass over the recorded runs and share what they read: 275 runs with 300 limits
take 6 s, a metric of a year of daily runs some 8 s. A list is then followed from its loose end until a limit would have
sent too many pages. A bisection over pages would be wrong: the tightest limits open one incident that never closes, and
so send fewest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from lamplighter.core.checks.decide import Verdict
from lamplighter.core.checks.judging import Judging
from lamplighter.core.monitor import Check, Monitor
from lamplighter.core.monitor.check_defaults import INTERVAL
from lamplighter.core.monitor.check_faults import UNITS, check_faults
from lamplighter.core.monitor.check_limits import quantile
from lamplighter.core.monitor.check_spans import LENGTHS, fewest_values
from lamplighter.core.records.catalogue import METRICS
from lamplighter.core.time.window import Grain, Window
from storage.history.check_history import CheckHistory, SeriesKey
from storage.history.database import History
from tasks.replay import Replayed, ReplayedIncident, runs_of
from tasks.replay_sums import MONTH, MarkedFault, Notice, noticed
from tasks.stages.snapshot import Snapshot

CHOSEN_ON = 2 / 3
"""Of the windows, the oldest: limits that are chosen on some time describe that time, so the rest is held back."""

MOST_OPEN = 0.25
"""A limit beyond which the metric lies for more than a quarter of the time describes how it usually is."""

SPANS = {
    Grain.HOUR: ("7d", "2d"),
    Grain.DAY: ("28d", "14d"),
    Grain.WEEK: ("182d", "56d"),
    Grain.MONTH: ("360d", "180d"),
}
"""How much of the past a limit is computed from, and over how much a slope is taken."""

QUANTILES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.25)
SIGMAS = (6, 5, 4.5, 4, 3.5, 3.25, 3, 2.75, 2.5, 2.25, 2, 1.75, 1.5, 1.25, 1)
PERCENTS = (90, 75, 60, 50, 40, 35, 30, 25, 20, 17.5, 15, 12.5, 10, 9, 8, 7, 6, 5, 4, 3, 2.5, 2, 1.5, 1, 0.5)
SHARES = (0, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3)
"""Of the values that the metric had: a fixed limit stands at the value that so many lie beyond."""

Side = Literal[-1, 1]


@dataclass
class _Tried:
    """A check that is tried, and what has come of it so far."""

    check: Check
    incidents: list[ReplayedIncident] = field(default_factory=list)
    is_open: bool = False
    open_runs: list[int] = field(default_factory=list)
    decided: list[int] = field(default_factory=list)

    def judge(self, place: int, judging: Judging, start: datetime, date: datetime) -> None:
        """Follow the verdict of one run."""
        verdict = judging.verdict
        if verdict is not Verdict.UNDECIDED:
            self.decided.append(place)
        if not self.is_open and verdict is Verdict.FAILED:
            self.is_open = True
            severity = self.check.severity.value
            self.incidents.append(ReplayedIncident(self.check.name, severity, date, start))
        elif self.is_open and verdict is Verdict.PASSED and judging.clears():
            self.is_open = False
        if self.is_open:
            self.open_runs.append(place)


@dataclass(frozen=True)
class Suggestion:
    """A limit that would have sent as many pages as wanted at most.

    Attributes
    ----------
    check : Check
    a_month, held_back : float or None
        Pages a month in the windows that it was chosen on, and in those that were held back; None where it came to no
        verdict.
    noticed : dict of str to Notice or None
        The marked faults, and which it noticed.
    """

    check: Check
    a_month: float | None
    held_back: float | None
    noticed: Mapping[str, Notice | None]


@dataclass(frozen=True)
class Suggested:
    """What was found for one metric.

    Attributes
    ----------
    chosen, held : tuple of Window
        The first and last window of the time that limits were chosen on, and of what was held back.
    suggestions : list of Suggestion
        The best first: by the faults that it noticed, then whether the held-back time keeps to the wanted pages, then
        how alike the two times are.
    """

    chosen: tuple[Window, Window]
    held: tuple[Window, Window]
    suggestions: list[Suggestion]


def suggested(
    history: History,
    monitor: Monitor,
    base: Check,
    a_month: float,
    faults: Sequence[MarkedFault] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    each: Callable[[], None] = lambda: None,
) -> Suggested | None:
    """Find limits on a metric that send a number of pages a month at most; None where too few runs are recorded.

    Parameters
    ----------
    base : Check
        Names the metric and what it is of; the new checks fail on the same side as it does.
    a_month : float
        Pages a month, above 0.
    each : callable
        Called after each run.

    Examples
    --------
    >>> found = suggested(history, monitor, monitor.checks[0], a_month=2)
    >>> found.chosen[0].label, found.held[1].label
    ('2026-03-04', '2026-03-11')
    """
    runs = runs_of(history, monitor, since, until)
    cut = round(len(runs) * CHOSEN_ON)
    if not 0 < cut < len(runs):
        return None
    known = CheckHistory.whole(history, monitor.model_copy(update={"checks": (base,)}), [base])
    families = [*_families(monitor, base, _values(known, base, runs[:cut]))]
    checks = [tried.check for family in families for tried in family]
    whole = CheckHistory.whole(history, monitor.model_copy(update={"checks": tuple(checks)}), checks)
    for place, (window, date) in enumerate(runs):
        _judge(whole, families, place, window, date)
        each()
    found = [it for family in families if (it := _tightest(monitor, family, runs, cut, a_month, faults))]
    found.sort(key=lambda it: _rank(it, a_month))
    windows = [window for window, _ in runs]
    return Suggested((windows[0], windows[cut - 1]), (windows[cut], windows[-1]), found)


def _values(known: CheckHistory, base: Check, runs: Sequence[tuple[Window, datetime]]) -> list[float]:
    """What the metric came to in the windows that limits are chosen on, as known at the end of them."""
    subject, date = SeriesKey.of(base), runs[-1][1]
    found = (known.value(subject, window.start, date) for window, _ in runs)
    return sorted(it.value for it in found if it is not None and it.value is not None)


def _families(monitor: Monitor, base: Check, values: Sequence[float]) -> Iterator[list[_Tried]]:
    """For each form and each way of counting, the checks from the loosest limit to the tightest."""
    side = side_of(base)
    metric = METRICS.get(base.metric)
    has_interval = metric is None or not metric.interval.startswith("none")
    for limits in _limits(side, values, *SPANS[monitor.every]):
        for persists in ("1 of 1 windows", f"2 of 3 {UNITS[monitor.every]}"):
            for surely in (False, True) if has_interval else (False,):
                is_said = surely or (has_interval and monitor.quality.judge == INTERVAL)
                more = {"for": persists} | ({"surely": surely} if is_said else {})
                checks = [Check.model_validate({**_subject(base), **limit, **more}) for limit in limits]
                if checks and not any(check_faults(monitor.model_copy(update={"checks": tuple(checks)}))):
                    yield [_Tried(check) for check in checks]


def _subject(base: Check) -> dict[str, Any]:
    """What stays of a check: the metric, what it is of, and what follows from a failure."""
    named = {"class": base.klass} if base.klass else {}
    kept = ("metric", "feature", "segment", "version", "severity", "clears", "minimum_rows", "undecided_after")
    return {name: getattr(base, name) for name in kept} | named


def side_of(check: Check) -> Side:
    """The side on which a check fails: that of its form, or of outside where the metric becomes worse.

    Examples
    --------
    >>> side_of(monitor.checks[0]), side_of(monitor.checks[1])
    (-1, 1)
    """
    key = check.form.key
    if key == "slope":
        return -1 if check.given < 0 else 1
    if key in ("outside", "missing"):
        metric = METRICS.get(check.metric)
        return -1 if metric is None or metric.better == "higher" else 1
    return -1 if key in ("below", "falls") else 1


def _limits(side: Side, values: Sequence[float], span: str, slope_span: str) -> Iterator[list[dict[str, Any]]]:
    """The limits of each form that fails on a side, each from the loosest to the tightest."""
    level, change = ("below", "falls") if side < 0 else ("above", "rises")
    fixed = (float(f"{quantile(values, share if side < 0 else 1 - share):.3g}") for share in SHARES) if values else ()
    yield [{level: value} for value in dict.fromkeys(fixed)]
    shares = QUANTILES if side < 0 else tuple(round(1 - share, 6) for share in QUANTILES)
    yield [{level: {"quantile": share, "of": span}} for share in shares]
    yield [{level: {"sigmas": sigmas, "of": span}} for sigmas in SIGMAS]
    yield [{change: f"{percent}%", "versus": {"mean": span}} for percent in PERCENTS]
    spread = quantile(values, 0.9) - quantile(values, 0.1) if values else 0.0
    steps = dict.fromkeys(float(f"{spread * percent / 200:.2g}") for percent in PERCENTS)
    texts = (f"{side * step:.12f}".rstrip("0") for step in steps if step >= 1e-9)
    yield [{"slope": f"{text} per day", "over": slope_span} for text in texts if not text.endswith(".")]


def _judge(
    whole: CheckHistory, families: Sequence[Sequence[_Tried]], place: int, window: Window, date: datetime
) -> None:
    """Judge all checks that are tried in one run; those of one form and span share what they read."""
    snapshot = Snapshot(whole, window, None, date)
    snapshot = Snapshot(whole, window, snapshot.newest_final(), date)
    shared: dict[tuple[Any, ...], dict[int, Any]] = {}
    for family in families:
        check = family[0].check
        target = snapshot.target(check)
        if target is None:
            continue
        series = snapshot.series(check, target)
        # Places count from the newest window: how many there are before depends on for alone.
        key = (check.form.key, check.span, fewest_values(check), len(series.points))
        prepared = shared.setdefault(key, {})
        for tried in family:
            tried.judge(place, Judging(tried.check, series, prepared), target.start, date)


def _tightest(
    monitor: Monitor,
    family: Sequence[_Tried],
    runs: Sequence[tuple[Window, datetime]],
    cut: int,
    a_month: float,
    faults: Sequence[MarkedFault],
) -> Suggestion | None:
    """The last limit, from the loose end, before one that sends too many pages or is open most of the time."""
    best = None
    for tried in family:
        rate = _rate(monitor, tried, runs, 0, cut)
        is_open = sum(place < cut for place in tried.open_runs) / cut
        if rate is None or rate > a_month or is_open > MOST_OPEN:
            break
        best = tried
    if best is None:
        return None
    windows, dates = [window for window, _ in runs], [date for _, date in runs]
    own = Replayed(monitor.model_copy(update={"checks": (best.check,)}), dates, windows, incidents=best.incidents)
    notices = {fault.text: next(iter(noticed(own, fault)), None) for fault in faults}
    held = _rate(monitor, best, runs, cut, len(runs))
    return Suggestion(best.check, _rate(monitor, best, runs, 0, cut), held, notices)


def _rate(
    monitor: Monitor, tried: _Tried, runs: Sequence[tuple[Window, datetime]], begin: int, end: int
) -> float | None:
    """Pages a month of the windows in some runs in which a check came to a verdict."""
    decided = {runs[place][0].start for place in tried.decided if begin <= place < end}
    if not decided:
        return None
    dates = {date for _, date in runs[begin:end]}
    pages = sum(it.opened_on in dates for it in tried.incidents)
    length: timedelta = LENGTHS[monitor.every]
    return pages / (len(decided) * length / MONTH)


def _rank(it: Suggestion, a_month: float) -> tuple[Any, ...]:
    """Its place: the smaller the better."""
    seen = [notice for notice in it.noticed.values() if notice]
    held, own = it.held_back or 0.0, it.a_month or 0.0
    return (-len(seen), it.held_back is None or held > a_month, sum(notice.windows for notice in seen), abs(held - own))
