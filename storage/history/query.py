"""Reading the history: what is known now, or was known at a logical date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lamplighter.core.records.catalogue import OF_VERSIONS
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.time.window import Window
from storage.history import tables
from storage.history.database import History, open_history
from storage.history.newest import GONE, newest
from storage.project.folder import Project
from storage.project.history_file import nothing_recorded, refuse_half_restored


@dataclass(frozen=True, slots=True)
class Filter:
    """Which measurements are asked for; None asks for all.

    Attributes
    ----------
    metric, segment, version, feature, klass : str, optional
    column : str, optional
        All segments of a column.
    since, until : datetime, optional
        ``since`` is within, ``until`` is not.
    as_of : datetime, optional
        What became known later is left out.
    """

    metric: str | None = None
    segment: str | None = None
    version: str | None = None
    feature: str | None = None
    klass: str | None = None
    column: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = None


EVERYTHING = Filter()


def existing_history(project: Project) -> History | None:
    """The history of a project, None where there was no run; unlike `open_history` it makes no file or folder.

    Raises
    ------
    HistoryError
        If it cannot be reached.
    """
    refuse_half_restored(project.home)
    file = file_of(project)
    return open_history(project) if file is None or file.is_file() else None


def file_of(project: Project) -> Path | None:
    """Where a history of SQLite lies; None for another database, or one in memory."""
    if project.settings.history_url is None:
        return project.home / "history.db"
    with suppress(sa.exc.ArgumentError):
        url = sa.make_url(project.locate_url(project.settings.history_url.get_secret_value()))
        if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
            return Path(str(url.database))
    return None


def measurements(history: History, model: str, wanted: Filter) -> list[dict[str, Any]]:
    """Measurements of a model by window, as dictionaries of the table's columns.

    Examples
    --------
    >>> rows = measurements(history, "churn", Filter(metric="rows", version=""))
    >>> [(f"{row['window_start']:%d %b}", row["value"]) for row in rows][-2:]
    [('10 Mar', 300.0), ('11 Mar', 300.0)]
    """
    rows = measured(history, tables.measurement, model, wanted)
    return in_order(rows, "window_start", "grain", "metric", "segment", "version", "feature", "class", "method")


def measured(history: History, table: sa.Table, model: str, wanted: Filter) -> list[dict[str, Any]]:
    """The rows of a table of measurements that a filter asks for, without those that are gone."""
    equal = {
        "metric": wanted.metric,
        "segment": wanted.segment,
        "version": wanted.version,
        "feature": wanted.feature,
        "class": wanted.klass,
    }
    conditions = [table.c.model == model, *within(table.c.window_start, wanted), *_of_column(table, wanted)]
    conditions += [table.c[name] == value for name, value in equal.items() if value is not None]
    query = newest(table, *conditions, as_of=wanted.as_of)
    with history.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings() if row["reason"] != GONE]
    return [row for row in rows if wanted.column is None or row["segment"].startswith(f"{wanted.column}=")]


def findings(history: History, model: str, wanted: Filter) -> list[dict[str, Any]]:
    """What runs found broken of a model, by window; what was mended since is left out.

    Of the filter the span and ``as_of`` count.

    Examples
    --------
    >>> [(row["code"], row["subject"]) for row in findings(history, "churn", EVERYTHING)]
    [('scale-changed', 'amount')]
    """
    table = tables.finding
    query = newest(table, table.c.model == model, *within(table.c.window_start, wanted), as_of=wanted.as_of)
    with history.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings() if row["message"]]
    return in_order(rows, "window_start", "grain", "code", "subject")


BY_DATE = {
    "decisions": (tables.decision, "check_name"),
    "retrainings": (tables.retraining, "purpose"),
    "promotions": (tables.promotion, "number"),
}
"""Tables with rows for logical dates, and the column by which the rows of one date differ."""


def rows_by_date(history: History, kind: str, model: str, wanted: Filter) -> list[dict[str, Any]]:
    """The rows of one of `BY_DATE`; the span of the filter is of logical dates, not of windows.

    Examples
    --------
    >>> rows = rows_by_date(history, "decisions", "churn", Filter(since=context.known_on))
    >>> [(row["check_name"], row["verdict"]) for row in rows]
    [('data', 'failed'), ('drift_share-above', 'undecided'), ('f1-below', 'passed')]
    """
    table, order = BY_DATE[kind]
    query = sa.select(table).where(table.c.model == model, *within(table.c.known_on, wanted))
    if wanted.as_of is not None:
        query = query.where(table.c.known_on <= wanted.as_of)
    with history.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return in_order(rows, "known_on", order)


def _of_column(table: sa.Table, wanted: Filter) -> list[sa.ColumnElement[bool]]:
    # SQLite's LIKE takes upper and lower case for one: the caller looks again.
    return [] if wanted.column is None else [table.c.segment.startswith(f"{wanted.column}=", autoescape=True)]


def within(column: sa.Column[Any], wanted: Filter) -> list[sa.ColumnElement[bool]]:
    """That a column of instants lies in the span of a filter."""
    since = [] if wanted.since is None else [column >= wanted.since]
    return since if wanted.until is None else [*since, column < wanted.until]


def in_order(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Rows sorted by some of their columns."""
    # Not by the database, whose collation is its own.
    return sorted(rows, key=lambda row: tuple(row[name] for name in names))


def recorded_names(history: History, model: str, column: str) -> list[str]:
    """The different values that a key column of a model's measurements has, such as its metrics or features.

    Examples
    --------
    >>> recorded_names(history, "churn", "feature"), recorded_names(history, "churn", "segment")
    (['amount', 'churns', 'plan', 'probability'], ['plan=basic', 'plan=pro'])
    """
    named = tables.measurement.c[column]
    query = sa.select(named).distinct().where(tables.measurement.c.model == model, named != "")
    with history.reading() as connection:
        return sorted(connection.scalars(query))


def measured_metrics(history: History, model: str, wanted: Filter) -> set[str]:
    """The metrics that have a value in some window; of the filter segment or column, version, class and span count.

    Examples
    --------
    >>> sorted(it for it in measured_metrics(history, "churn", EVERYTHING) if it.startswith("roc"))
    ['roc_auc']
    """
    table = tables.measurement
    equal = {"segment": wanted.segment, "version": wanted.version, "class": wanted.klass, "feature": ""}
    conditions = [table.c.model == model, table.c.value.is_not(None), *within(table.c.window_start, wanted)]
    conditions += [table.c[name] == value for name, value in equal.items() if value is not None]
    query = sa.select(table.c.metric).distinct().where(*conditions, *_of_column(table, wanted))
    with history.reading() as connection:
        return set(connection.scalars(query))


def checked_metrics(history: History, model: str) -> list[str]:
    """The metrics that a check was about in the newest run that decided something, by name of the check.

    Examples
    --------
    >>> checked_metrics(history, "churn")
    ['data_breaks', 'drift_share', 'f1']
    """
    table = tables.decision
    newest_known = sa.select(sa.func.max(table.c.known_on)).where(table.c.model == model).scalar_subquery()
    query = sa.select(table.c.check_name, table.c.metric).where(
        table.c.model == model, table.c.known_on == newest_known
    )
    with history.reading() as connection:
        return [row.metric for row in sorted(connection.execute(query))]


def confusion_counts(history: History, model: str, wanted: Filter = EVERYTHING) -> list[dict[str, Any]]:
    """Confusion counts of a model by window; of the filter segment or column, version, span and ``as_of`` count.

    Examples
    --------
    >>> rows = confusion_counts(history, "churn", Filter(since=window.previous().start, until=window.start))
    >>> [(row["y_true"], row["y_pred"], row["n"]) for row in rows]
    [('0', '0', 184), ('0', '1', 37), ('1', '0', 12), ('1', '1', 67)]
    """
    table = tables.confusion
    equal = {"segment": None if wanted.column else wanted.segment or "", "version": wanted.version or ""}
    conditions = [table.c.model == model, *within(table.c.window_start, wanted), *_of_column(table, wanted)]
    conditions += [table.c[name] == value for name, value in equal.items() if value is not None]
    query = newest(table, *conditions, as_of=wanted.as_of)
    with history.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings() if row["n"]]
    rows = [row for row in rows if wanted.column is None or row["segment"].startswith(f"{wanted.column}=")]
    return in_order(rows, "window_start", "grain", "segment", "y_true", "y_pred")


def zones_before(history: History, model: str, timezone: str) -> dict[datetime, str]:
    """The zone of each recorded window whose zone is not the present one, by its start.

    Examples
    --------
    >>> zones_before(history, "churn", "UTC")
    {}
    >>> len(zones_before(history, "churn", "Europe/Berlin"))
    8
    """
    table = tables.evaluation
    query = sa.select(table.c.window_start, table.c.timezone).where(
        table.c.model == model, table.c.timezone.not_in(("", timezone))
    )
    with history.reading() as connection:
        return {row.window_start: row.timezone for row in connection.execute(query)}


def rows_of_model(history: History, table: sa.Table, model: str, order: Iterable[str]) -> list[dict[str, Any]]:
    """All rows that a table holds of a model."""
    query = sa.select(table).where(table.c.model == model).order_by(*(table.c[name] for name in order))
    with history.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def models(history: History) -> list[str]:
    """Models that have a run."""
    with history.reading() as connection:
        return list(connection.scalars(sa.select(tables.run.c.model).distinct().order_by(tables.run.c.model)))


def newest_run(history: History, model: str) -> dict[str, Any]:
    """The run that was started last; it gives the zone and grain of a model whose monitor may be gone.

    Raises
    ------
    HistoryError
        If nothing is recorded of the model.

    Examples
    --------
    >>> run = newest_run(history, "churn")
    >>> run["timezone"], run["grain"], run["status"]
    ('UTC', '1d', 'findings')
    >>> newest_run(history, "chum")
    Traceback (most recent call last):
    ...
    lamplighter.errors.HistoryError: nothing is recorded of 'chum'; did you mean 'churn'? known: churn
    """
    table = tables.run
    query = sa.select(table).where(table.c.model == model).order_by(table.c.id.desc()).limit(1)
    with history.reading() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise nothing_recorded(model, models(history))
    return dict(row)


def newest_windows(history: History) -> list[dict[str, Any]]:
    """The last run of the newest window of each model, even if an older window was run again since.

    Examples
    --------
    >>> [(row["model"], f"{row['window_start']:%d %B}") for row in newest_windows(history)]
    [('churn', '11 March')]
    """
    table, present, other = tables.run, tables.run.alias("present"), tables.run.alias("other")
    last = sa.select(sa.func.max(table.c.id).label("id")).group_by(table.c.model).subquery()
    # If the grain of a model was changed, its newest window is one of the present grain. Asked for each model by
    # itself, the index is read from its newest end; ranking all runs would read all of them.
    newest_id = (
        sa.select(other.c.id)
        .where(other.c.model == present.c.model, other.c.grain == present.c.grain)
        .order_by(other.c.window_start.desc(), other.c.id.desc())
        .limit(1)
        .correlate(present)
        .scalar_subquery()
    )
    joined = present.join(last, last.c.id == present.c.id).join(table, table.c.id == newest_id)
    with history.reading() as connection:
        rows = connection.execute(sa.select(table).select_from(joined)).mappings().all()
    return in_order([dict(row) for row in rows], "model")


def dump(history: History) -> dict[str, list[tuple[Any, ...]]]:
    """All that is recorded but runs and their durations, so that two histories can be compared."""
    with history.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in tables.RECORD
        }


def measurements_of(history: History, window: Window, wanted: Filter) -> list[Measurement]:
    """The measurements of one window.

    Examples
    --------
    >>> [found.value for found in measurements_of(history, window, Filter(metric="missing_ratio"))]
    [0.0, 0.0]
    """
    span = replace(wanted, since=window.start, until=window.end)
    return [
        as_measurement(row) for row in measurements(history, window.model, span) if row["grain"] == window.grain.value
    ]


def measurement_of(history: History, window: Window, wanted: Filter) -> Measurement | None:
    """The one measurement of a window that a filter names, of all versions together where they are measured so.

    Examples
    --------
    >>> found = measurement_of(history, window.previous(), Filter(metric="accuracy", segment=""))
    >>> found.value, found.n, found.state.value
    (0.8367, 300, 'final')
    >>> measurement_of(history, window, Filter(metric="rmse")) is None
    True
    """
    of_versions = wanted.metric in OF_VERSIONS
    found = measurements_of(history, window, wanted if of_versions else replace(wanted, version=wanted.version or ""))
    return max(found, key=lambda measurement: measurement.n) if found else None


def as_measurement(row: Mapping[str, Any] | sa.RowMapping) -> Measurement:
    """A row of the table of measurements as what it measures.

    Examples
    --------
    >>> row = measurements(history, "churn", Filter(metric="rows", since=window.start))[0]
    >>> as_measurement(row).value
    300.0
    """
    names = ("metric", "segment", "version", "feature", "method", "value", "n", "lower", "upper", "reason")
    return Measurement(klass=row["class"], state=State(row["state"]), **{name: row[name] for name in names})
