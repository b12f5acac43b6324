"""Reading the history: what is known now, or was known on a night."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.catalogue import OF_VERSIONS
from lamplighter.core.measurement import Measurement, State
from lamplighter.core.nearest import among
from lamplighter.core.window import Window
from lamplighter.errors import HistoryError
from storage.history import tables
from storage.history.database import History
from storage.history.newest import newest
from storage.history.nights import GONE


@dataclass(frozen=True, slots=True)
class Filter:
    """Which measurements are asked for; None asks for all."""

    metric: str | None = None
    segment: str | None = None
    version: str | None = None
    feature: str | None = None
    klass: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = None


def measurements(history: History, model: str, wanted: Filter) -> list[dict[str, Any]]:
    """Measurements of a model by window, as dictionaries of the table's columns."""
    table = tables.measurement
    equal = {
        "metric": wanted.metric,
        "segment": wanted.segment,
        "version": wanted.version,
        "feature": wanted.feature,
        "class": wanted.klass,
    }
    conditions = [table.c.model == model]
    conditions += [table.c[name] == value for name, value in equal.items() if value is not None]
    if wanted.since is not None:
        conditions.append(table.c.window_start >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.c.window_start < wanted.until)
    query = newest(table, *conditions, as_of=wanted.as_of)
    with history.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings() if row["reason"] != GONE]
    order = ("window_start", "metric", "segment", "version", "feature", "class", "method")
    return sorted(rows, key=lambda row: tuple(row[name] for name in order))


def confusion_counts(history: History, model: str, *, segment: str = "", version: str = "") -> list[dict[str, Any]]:
    """Confusion counts of a model by window."""
    table = tables.confusion
    query = newest(table, table.c.model == model, table.c.segment == segment, table.c.version == version)
    with history.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings() if row["n"]]


def rows_of_model(history: History, table: sa.Table, model: str, order: Iterable[str]) -> list[dict[str, Any]]:
    """All rows that a table holds of a model."""
    query = sa.select(table).where(table.c.model == model).order_by(*(table.c[name] for name in order))
    with history.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def models(history: History) -> list[str]:
    """Models that have a run."""
    with history.reading() as connection:
        return list(connection.scalars(sa.select(tables.run.c.model).distinct().order_by(tables.run.c.model)))


def zone_of(history: History, model: str) -> str:
    """The zone of a model's windows, as of its newest run; the monitor itself may be gone.

    Raises
    ------
    HistoryError
        If nothing is recorded of the model.
    """
    table = tables.run
    with history.reading() as connection:
        zone = connection.scalar(sa.select(table.c.timezone).where(table.c.model == model).order_by(table.c.id.desc()))
    if zone is None:
        recorded = models(history)
        raise HistoryError(f"nothing is recorded of {model!r}; {among(model, recorded)}")
    return str(zone)


def newest_runs(history: History) -> list[dict[str, Any]]:
    """The newest run of each model."""
    table = tables.run
    last = sa.select(sa.func.max(table.c.id)).group_by(table.c.model)
    with history.reading() as connection:
        query = sa.select(table).where(table.c.id.in_(last)).order_by(table.c.model)
        return [dict(row) for row in connection.execute(query).mappings()]


def dump(history: History) -> dict[str, list[tuple[Any, ...]]]:
    """All that is recorded but runs and their durations, so that two histories can be compared."""
    with history.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in tables.RECORD
        }


def measurements_of(history: History, window: Window, wanted: Filter) -> list[Measurement]:
    """The measurements of one window."""
    span = replace(wanted, since=window.start, until=window.end)
    return [
        _measurement(row) for row in measurements(history, window.model, span) if row["grain"] == window.grain.value
    ]


def measurement_of(history: History, window: Window, wanted: Filter) -> Measurement | None:
    """The one measurement of a window that a filter names, of all versions together where they are measured so."""
    of_versions = wanted.metric in OF_VERSIONS
    found = measurements_of(history, window, wanted if of_versions else replace(wanted, version=wanted.version or ""))
    return max(found, key=lambda measurement: measurement.n) if found else None


def _measurement(row: dict[str, Any]) -> Measurement:
    names = ("metric", "segment", "version", "feature", "method", "value", "n", "lower", "upper", "reason")
    return Measurement(klass=row["class"], state=State(row["state"]), **{name: row[name] for name in names})
