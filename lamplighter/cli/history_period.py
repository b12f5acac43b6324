"""`lamplighter history MODEL --period month`: weeks and months, from summed counts wherever counts add up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.table import Layout
from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    from lamplighter.core.quality.periods import OfPeriod
    from lamplighter.core.records.measurement import Measurement
    from storage.history import History
    from storage.history.query import Filter
    from storage.project.folder import Project

LAYOUT = Layout(
    (
        "period", "windows", "metric", "segment", "version", "class",
        "value", "n", "lower", "upper", "state", "how",
    ),
    frozenset({"windows", "value", "n", "lower", "upper"}),
    spare=(("windows",), ("state",), ("n",), ("lower", "upper")),
    names=("segment", "class"),
)  # fmt: skip

EVERY = {"1h": "hourly", "1d": "daily", "1w": "weekly", "1mo": "monthly"}
SHORTER = {"week": ("1h", "1d"), "month": ("1h", "1d", "1w")}
"""Windows of which a period has several. A week belongs to the month in which it begins."""

Key = tuple[str, str, str, str]
"""Period, segment, version and class."""


def shown_periods(
    project: Project, history: History, run: Mapping[str, Any], wanted: Mapping[str, Any], span: Filter
) -> list[dict[str, Any]]:
    """The numbers of each period, with how each was made.

    Examples
    --------
    >>> from storage.history.query import EVERYTHING, newest_run
    >>> wanted = {"period": "week", "metric": "f1", "segment": "", "version": "", "klass": "", "feature": None}
    >>> rows = shown_periods(project, history, newest_run(history, "churn"), wanted, EVERYTHING)
    >>> [(row["period"], row["metric"], row["n"]) for row in rows]
    [('2026-W10', 'f1', 581), ('2026-W11', 'f1', 225)]
    """
    if run["grain"] not in SHORTER[wanted["period"]]:
        raise click.UsageError(
            f"--period {wanted['period']}: a window of {run['model']} is {run['grain']} long already."
        )
    if wanted["feature"]:
        raise click.UsageError("--feature: numbers of single features are not summed up; leave out --period.")
    from lamplighter.cli.history_filter import check_names

    rows = [*_rows(project, history, run, wanted, span)]
    if not rows:
        check_names(history, run["model"], wanted)
    return sorted(
        rows, key=lambda row: (row["period"], row["segment"], row["version"], _order(row["metric"]), row["class"])
    )


def _order(metric: str) -> tuple[int, str]:
    """Rows and coverage first, then the metrics of quality as their catalogue has them."""
    from lamplighter.core.records.catalogue import QUALITY_METRICS

    first = {"rows": 0, "labels_coverage": 1}
    ranked = {name: 2 + place for place, name in enumerate(QUALITY_METRICS)}
    return ({**ranked, **first}.get(metric, 2 + len(QUALITY_METRICS)), metric)


def _rows(
    project: Project, history: History, run: Mapping[str, Any], wanted: Mapping[str, Any], span: Filter
) -> Iterator[dict[str, Any]]:
    from lamplighter.cli.history_filter import filter_of

    zone, period = ZoneInfo(run["timezone"]), wanted["period"]
    chosen = filter_of({**wanted, "metric": wanted["metric"] or "rows"}, span)
    by_key = _measured(history, run, replace(chosen, metric=None, feature=""), zone, period)
    is_of_boxes = any(metric in ("map50", "ap50") for _, metric in by_key)
    counted = _counted(project, history, run, chosen, zone, period, is_of_boxes=is_of_boxes)
    keys = sorted({key for key, _ in by_key} | set(counted))
    for key in keys:
        metrics = {metric for of, metric in by_key if of == key}
        found = {metric: made for metric in metrics if (made := _made(metric, key, by_key, EVERY[run["grain"]]))}
        found |= _from_counts(counted.get(key), by_key, key)
        for metric, of_period in found.items():
            if wanted["metric"] in (None, metric):
                yield _row(key, metric, of_period)


def _measured(
    history: History, run: Mapping[str, Any], wanted: Filter, zone: ZoneInfo, period: str
) -> dict[tuple[Key, str], list[Measurement]]:
    """What is recorded of the windows, by period and metric."""
    from lamplighter.core.records.measurement import Measurement, State
    from storage.history.query import measurements

    found: dict[tuple[Key, str], list[Measurement]] = {}
    for row in measurements(history, run["model"], wanted):
        if row["grain"] != run["grain"] or row["method"]:
            continue
        key = (_period_of(row["window_start"], zone, period), row["segment"], row["version"], row["class"])
        it = Measurement(metric=row["metric"], value=row["value"], n=row["n"], state=State(row["state"]))
        found.setdefault((key, row["metric"]), []).append(it)
    return found


def _period_of(start: datetime, zone: ZoneInfo, period: str) -> str:
    """The period in which a window begins: a month, or a week by its ISO number."""
    day: date = start.astimezone(zone).date()
    year, week, _ = day.isocalendar()
    return f"{day:%Y-%m}" if period == "month" else f"{year}-W{week:02d}"


def _made(
    metric: str, key: Key, by_key: Mapping[tuple[Key, str], Sequence[Measurement]], every: str
) -> OfPeriod | None:
    """A metric of a period that is no matter of confusion counts."""
    from lamplighter.core.quality.periods import COUNTED, OF_ROWS, OfPeriod, of_period

    if metric == "labels_coverage":
        shares = [it for it in by_key[key, metric] if it.value is not None]
        rows = sum(it.n for it in shares)
        made = of_period("rows", [replace(it, value=it.value * it.n) for it in shares if it.value is not None], every)
        if made is None or not rows:
            return None
        share = (made.measurement.value or 0.0) / rows
        return OfPeriod(replace(made.measurement, metric=metric, value=share, n=rows), COUNTED, made.windows)
    if metric == "rmse":
        made = of_period("mse", by_key.get((key, "mse"), []), every)
        if made is None or made.measurement.value is None:
            return None
        root = replace(made.measurement, metric=metric, value=math.sqrt(made.measurement.value))
        return replace(made, measurement=root, how=f"root of the {OF_ROWS}")
    return of_period(metric, by_key[key, metric], every)


def _counted(
    project: Project,
    history: History,
    run: Mapping[str, Any],
    wanted: Filter,
    zone: ZoneInfo,
    period: str,
    *,
    is_of_boxes: bool,
) -> dict[Key, tuple[int, list[Measurement]]]:
    """What confusion counts that are added up come to: windows and measurements, by key."""
    from lamplighter.core.quality.confusion import Confusion
    from lamplighter.core.quality.periods import from_box_counts, from_counts
    from storage.history.query import confusion_counts

    cells: dict[tuple[str, str, str], list[Confusion]] = {}
    windows: dict[tuple[str, str, str], set[datetime]] = {}
    for row in confusion_counts(history, run["model"], wanted):
        if row["grain"] == run["grain"]:
            of = (_period_of(row["window_start"], zone, period), row["segment"], row["version"])
            names = {name: row[name] for name in ("segment", "version", "y_true", "y_pred", "n")}
            cells.setdefault(of, []).append(Confusion(**names))
            windows.setdefault(of, set()).add(row["window_start"])
    positive = _positive(project, run["model"]) if cells else None
    found: dict[Key, tuple[int, list[Measurement]]] = {}
    for of, counts in cells.items():
        for it in from_box_counts(counts) if is_of_boxes else from_counts(counts, positive):
            if wanted.klass in (None, it.klass):
                found.setdefault((*of, it.klass), (len(windows[of]), []))[1].append(it)
    return found


def _positive(project: Project, model: str) -> str | None:
    """The positive class that the monitor declares, where there still is one."""
    try:
        return project.monitor(model).predictions.positive
    except LamplighterError:
        return None


def _from_counts(
    counted: tuple[int, Sequence[Measurement]] | None,
    by_key: Mapping[tuple[Key, str], Sequence[Measurement]],
    key: Key,
) -> dict[str, OfPeriod]:
    """What confusion counts gave, in the state of the windows that they are of."""
    from lamplighter.core.quality.periods import COUNTED, OfPeriod
    from lamplighter.core.records.measurement import State

    if counted is None:
        return {}
    windows, measurements = counted
    found = {}
    for it in measurements:
        known = by_key.get((key, it.metric), [])
        state = State.FINAL if all(of.state is State.FINAL for of in known) else State.PROVISIONAL
        found[it.metric] = OfPeriod(replace(it, state=state), COUNTED, windows)
    return found


def _row(key: Key, metric: str, made: OfPeriod) -> dict[str, Any]:
    period, segment, version, klass = key
    it = made.measurement
    return {
        "period": period,
        "windows": made.windows,
        "metric": metric,
        "segment": segment,
        "version": version,
        "class": klass,
        "value": it.value,
        "n": it.n,
        "lower": it.lower,
        "upper": it.upper,
        "state": it.state.value,
        "how": it.reason or made.how,
    }
