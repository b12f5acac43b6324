"""What the reference of a model measures, recorded once for each content of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.records.measurement import Measurement
from lamplighter.core.values.key_name import column_key, storable
from storage.history import tables
from storage.history.database import History
from storage.history.newest import GONE, newest
from storage.history.record import record

ROWS = "rows"
"""The metric whose value over all rows is always there; its row names the content that all values are of."""

_TOTAL = {"metric": ROWS, "segment": "", "version": "", "feature": "", "class": ""}


def record_reference(
    connection: sa.Connection, model: str, known_on: datetime, content: str, measurements: Iterable[Measurement]
) -> None:
    """Make some measurements all that is known of a reference at a logical date.

    A value that stays the same is not written again. Without measurements and content there is no reference any more.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    model : str
    known_on : datetime
        The logical date.
    content : str
        Another one means that there is something else to measure.
    measurements : iterable of Measurement
        One of them is of the number of rows.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> measured = [Measurement(metric="rows", value=900.0, n=900), Measurement(metric="f1", value=0.8, n=900)]
    >>> with TemporaryDirectory() as folder:
    ...     own = open_history(Project.open(folder))
    ...     with own.writing() as connection:
    ...         record_reference(connection, "churn", window.start, "a1b2", measured)
    ...     known = [reference_content(own, "churn", when) for when in (window.previous().start, window.start)]
    ...     print(known, [(it.metric, it.value) for it in reference_values(own, "churn", window.start)])
    ['', 'a1b2'] [('f1', 0.8), ('rows', 900.0)]
    """
    rows = [_row(measurement, content) for measurement in measurements]
    gone = {"n": 0, "reason": GONE, "content": ""}
    record(connection, tables.reference_value, {"model": model}, known_on, rows, gone=gone)


def _row(measurement: Measurement, content: str) -> dict[str, Any]:
    names = ("metric", "segment", "version", "feature", "class")
    key = dict(zip(names, measurement.key[: len(names)], strict=True))
    return {
        **key,
        "feature": column_key(measurement.feature) if measurement.feature else "",
        "value": measurement.value,
        "n": measurement.n,
        "lower": measurement.lower,
        "upper": measurement.upper,
        "reason": storable(measurement.reason),
        # On one row: a file that was written again with the same rows is one row more, not one for each value.
        "content": content if key == _TOTAL else "",
    }


def reference_content(history: History, model: str, as_of: datetime) -> str:
    """The content that was measured last, as known at a logical date; empty where none was.

    Examples
    --------
    >>> len(reference_content(history, "churn", context.known_on)), reference_content(history, "chum", window.end)
    (32, '')
    """
    table = tables.reference_value
    total = (table.c[name] == value for name, value in _TOTAL.items())
    query = sa.select(table.c.content).where(table.c.model == model, *total, table.c.known_on <= as_of)
    with history.reading() as connection:
        return connection.scalar(query.order_by(table.c.known_on.desc()).limit(1)) or ""


def reference_rows(history: History, model: str, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """The newest row of each value of a reference, as dictionaries of the table's columns.

    Examples
    --------
    >>> [(row["metric"], row["value"]) for row in reference_rows(history, "churn") if not row["feature"]][:2]
    [('null_prediction_ratio', 0.0), ('prediction_share', 0.6256)]
    """
    table = tables.reference_value
    with history.reading() as connection:
        found = connection.execute(newest(table, table.c.model == model, as_of=as_of)).mappings()
        rows = [dict(row) for row in found if row["reason"] != GONE]
    # Not by the database, whose collation is its own.
    order = ("metric", "segment", "version", "feature", "class")
    return sorted(rows, key=lambda row: tuple(row[name] for name in order))


def known_of_reference(
    connection: sa.Connection, model: str, key: Mapping[str, str], until: datetime | None = None, *, column: str = ""
) -> dict[str, list[tuple[datetime, Measurement | None]]]:
    """What was known of one value of a reference, and since when; None where it was no longer measured.

    While the reference could not be read, every value is missing for the reason that is recorded of its rows.

    Parameters
    ----------
    connection : Connection
    model : str
    key : mapping of str to str
        Metric, segment, version, feature and class.
    until : datetime, optional
        Leave out what became known later.
    column : str
        All segments of this column, in place of the one of the key.

    Returns
    -------
    dict of str to list of (datetime, Measurement or None)
        By segment, in the order of time.

    Examples
    --------
    >>> key = {**dict.fromkeys(("segment", "version", "class"), ""), "metric": "missing_ratio", "feature": "amount"}
    >>> with history.reading() as connection:
    ...     found = known_of_reference(connection, "churn", key)
    >>> [(f"{date:%d %b}", it.value) for date, it in found[""]]
    [('05 Mar', 0.0)]
    """
    table = tables.reference_value
    named = [table.c[name] == value for name, value in key.items() if name != "segment" or not column]
    of_column = [table.c.segment.startswith(f"{column}=", autoescape=True)] if column else []
    total = [table.c[name] == value for name, value in _TOTAL.items()]
    query = sa.select(table).where(table.c.model == model, sa.or_(sa.and_(*named, *of_column), sa.and_(*total)))
    if until is not None:
        query = query.where(table.c.known_on <= until)
    faults: dict[datetime, str] = {}
    parts: dict[str, dict[datetime, Measurement | None]] = {} if column else {key["segment"]: {}}
    for row in connection.execute(query.order_by(table.c.known_on)).mappings():
        is_gone = row["reason"] == GONE
        if all(row[name] == value for name, value in _TOTAL.items()):
            faults[row["known_on"]] = "" if is_gone or row["value"] is not None else row["reason"]
        # SQLite's LIKE takes upper and lower case for one.
        is_part = row["segment"].startswith(f"{column}=") if column else row["segment"] == key["segment"]
        if is_part and all(row[name] == value for name, value in key.items() if name != "segment"):
            parts.setdefault(row["segment"], {})[row["known_on"]] = None if is_gone else _measurement(row)
    return {segment: [*_filled(known, faults, key["metric"])] for segment, known in parts.items()}


def _filled(
    known: Mapping[datetime, Measurement | None], faults: Mapping[datetime, str], metric: str
) -> Iterator[tuple[datetime, Measurement | None]]:
    """What was known of a value, and the reason why there is none while the reference could not be read."""
    value, fault = None, ""
    for date in sorted({*known, *faults}):
        value, fault = known.get(date, value), faults.get(date, fault)
        yield date, value or (Measurement(metric=metric, reason=fault) if fault else None)


def reference_values(history: History, model: str, as_of: datetime | None = None) -> list[Measurement]:
    """What the reference of a model measures, as known now or at a logical date.

    Where it cannot be read, the number of rows alone is there, without a value and with the reason. Of the quality of
    fixed days, and of all that days before a window come to, there is nothing here: the history has those windows.

    Parameters
    ----------
    history : History
    model : str
    as_of : datetime, optional
        Leave out what became known later.

    Returns
    -------
    list of Measurement
        In the order of their keys.

    Examples
    --------
    >>> found = reference_values(history, "churn", context.known_on)
    >>> [(it.metric, it.feature, it.klass, it.value) for it in found if it.metric in ("rows", "missing_ratio")]
    [('missing_ratio', 'amount', '', 0.0), ('missing_ratio', 'plan', '', 0.0), ('rows', '', '', 900.0)]
    """
    return [_measurement(row) for row in reference_rows(history, model, as_of)]


def _measurement(row: Mapping[str, Any] | sa.RowMapping) -> Measurement:
    names = ("metric", "segment", "version", "feature", "value", "n", "lower", "upper", "reason")
    return Measurement(klass=row["class"], **{name: row[name] for name in names})
