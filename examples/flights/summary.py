"""The demo's table of months, read from the history and from nothing else."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from examples.flights.contest import Result
from examples.flights.data import TIMEZONE
from examples.flights.replay import LOOP, trainings
from lamplighter.core.retraining.policy import Status
from storage.history import History, open_history
from storage.history.query import Filter, confusion_counts, measurements, rows_of_model
from storage.history.retrainings import entries
from storage.history.tables import decision, incident
from storage.project.folder import Project

HEADINGS = (
    "month", "rows", "F1", "accuracy", "mean daily ROC-AUC", "MAE", "RMSE", "drift share", "coverage", "checks failed",
)  # fmt: skip


def months(history: History, late: str, delay: str) -> list[tuple[str, ...]]:
    """A row for each month: counts are summed, daily shares averaged and named for it.

    Parameters
    ----------
    history : History
    late, delay : str
        The classification and the regression model.
    """
    cells = _by_month(confusion_counts(history, late))
    daily = {metric: _by_month(_totals(history, late, metric)) for metric in ("rows", "roc_auc", "drift_share")}
    labelled = _by_month(_totals(history, late, "accuracy"))
    errors = {metric: _by_month(_totals(history, delay, metric)) for metric in ("mae", "mse")}
    failed = _by_month(
        row for row in rows_of_model(history, decision, late, ["known_on"]) if row["verdict"] == "failed"
    )
    return [
        (
            month,
            f"{sum(row['value'] for row in daily['rows'][month]):,.0f}",
            _number(_f1(cells[month])),
            _number(_accuracy(cells[month])),
            _number(_mean(daily["roc_auc"][month])),
            _number(_weighted(errors["mae"][month]), 1),
            _number(_root(_weighted(errors["mse"][month])), 1),
            _number(_mean(daily["drift_share"][month])),
            _number(_share(labelled[month], daily["rows"][month])),
            str(len(failed[month])),
        )
        for month in sorted(daily["rows"])
    ]


Table: TypeAlias = tuple[tuple[str, ...], list[tuple[str, ...]]]


def month_table(project: Project) -> Table:
    """Headings and a row for each month, by the model that the loop keeps and by the regression."""
    return HEADINGS, months(open_history(project), LOOP, "flight-minutes")


def contest_table(results: Mapping[str, Result]) -> Table:
    """Headings and a row for each way to keep a model."""
    rows: list[tuple[str, ...]] = [
        (NAMES[name], _number(it.roc_auc), _number(it.daily_roc_auc), _number(it.f1), str(it.trainings))
        for name, it in results.items()
    ]
    return ("kept by", "ROC-AUC", "mean daily ROC-AUC", "F1", "trainings"), rows


NAMES = {
    "frozen": "not at all: the champion of January to March",
    "monthly": "the calendar: a refit on every first of a month",
    "adaptive": "an adaptive learner, every day",
    "loop": "the closed loop: when its checks call for it",
}


def ledger_table(project: Project) -> Table:
    """Headings and a row for each retraining of the loop, and for each that was rolled back: its cause and its gain."""
    rolled_back = [entry for entry in entries(open_history(project), LOOP) if entry.status is Status.ROLLED_BACK]
    rows: list[tuple[str, ...]] = [
        (entry.known_on.date().isoformat(), entry.cause, entry.status.value, entry.gained or entry.reason)
        for entry in sorted([*trainings(project), *rolled_back], key=lambda entry: entry.known_on)
    ]
    return ("day", "called for by", "verdict", "gain"), rows


def incident_table(project: Project) -> Table:
    """Headings and a row for each check of the loop that has opened incidents: how many, and which is open."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of_model(open_history(project), incident, LOOP, ["opened_on"]):
        found[row["check_name"]].append(row)
    rows: list[tuple[str, ...]] = []
    for check, opened in found.items():
        since = [_day(row["opened_on"]) for row in opened if row["closed_on"] is None]
        rows.append((check, str(len(opened)), str(len(opened) - len(since)), since[0] if since else ""))
    return ("check", "opened", "closed", "open since"), rows


def _day(instant: datetime) -> str:
    """The day in New York of an instant."""
    return instant.astimezone(ZoneInfo(TIMEZONE)).date().isoformat()


def _totals(history: History, model: str, metric: str) -> list[dict[str, Any]]:
    rows = measurements(history, model, Filter(metric=metric, segment="", version="", klass=""))
    return [row for row in rows if row["value"] is not None]


def _by_month(rows: Iterable[dict[str, Any]]) -> defaultdict[str, list[dict[str, Any]]]:
    grouped: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["window_start"]:
            grouped[row["window_start"].astimezone(ZoneInfo(TIMEZONE)).strftime("%Y-%m")].append(row)
    return grouped


def _count(cells: Sequence[dict[str, Any]], y_true: str, y_pred: str) -> int:
    return sum(cell["n"] for cell in cells if (cell["y_true"], cell["y_pred"]) == (y_true, y_pred))


def _f1(cells: Sequence[dict[str, Any]]) -> float | None:
    hits = _count(cells, "1", "1")
    whole = 2 * hits + _count(cells, "0", "1") + _count(cells, "1", "0")
    return 2 * hits / whole if whole else None


def _accuracy(cells: Sequence[dict[str, Any]]) -> float | None:
    whole = sum(cell["n"] for cell in cells)
    return (_count(cells, "0", "0") + _count(cells, "1", "1")) / whole if whole else None


def _mean(rows: Sequence[dict[str, Any]]) -> float | None:
    return sum(row["value"] for row in rows) / len(rows) if rows else None


def _weighted(rows: Sequence[dict[str, Any]]) -> float | None:
    whole = sum(row["n"] for row in rows)
    return sum(row["value"] * row["n"] for row in rows) / whole if whole else None


def _root(value: float | None) -> float | None:
    return None if value is None else math.sqrt(value)


def _share(labelled: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> float | None:
    whole = sum(row["value"] for row in rows)
    return sum(row["n"] for row in labelled) / whole if whole else None


def _number(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"
