"""What registered versions come to when they are run again on the rows of past windows.

It stands apart from what was measured of the answers that were served: no check, gauge or board takes one for the
other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.time.window import Window
from lamplighter.core.values.key_name import storable
from storage.history import tables
from storage.history.database import History
from storage.history.newest import GONE, newest
from storage.history.query import Filter, within
from storage.history.record import record


def record_rescored(
    connection: sa.Connection, window: Window, version: str, known_on: datetime, measurements: Iterable[Measurement]
) -> None:
    """Make some measurements all that is known at a logical date of a version that was run again on a window.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    window : Window
    version : str
    known_on : datetime
        The logical date.
    measurements : iterable of Measurement
        Of the answers of that version alone.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> measured = [Measurement(metric="f1", value=0.8, n=900)]
    >>> with TemporaryDirectory() as folder:
    ...     own = open_history(Project.open(folder))
    ...     for _ in range(2):
    ...         with own.writing() as connection:
    ...             record_rescored(connection, window, "v2", context.known_on, measured)
    ...     print([(row["version"], row["metric"], row["value"]) for row in rescored(own, "churn", Filter())])
    [('v2', 'f1', 0.8)]
    """
    scope = {"model": window.model, "window_start": window.start, "grain": window.grain.value, "version": version}
    gone = {"n": 0, "state": State.FINAL.value, "reason": GONE}
    record(connection, tables.rescored, scope, known_on, map(_row, measurements), gone=gone)


def _row(measurement: Measurement) -> dict[str, Any]:
    return {
        "metric": measurement.metric,
        "segment": measurement.segment,
        "class": measurement.klass,
        "method": measurement.method,
        "value": measurement.value,
        "n": measurement.n,
        "lower": measurement.lower,
        "upper": measurement.upper,
        "state": measurement.state.value,
        "reason": storable(measurement.reason),
    }


def rescored(history: History, model: str, wanted: Filter) -> list[dict[str, Any]]:
    """What versions came to that were run again, by window, as dictionaries of the table's columns.

    Of the filter metric, segment, version, class, span and ``as_of`` count.

    Examples
    --------
    >>> rescored(history, "churn", Filter())
    []
    """
    table = tables.rescored
    equal = {
        "metric": wanted.metric,
        "segment": wanted.segment,
        "version": wanted.version,
        "class": wanted.klass,
    }
    conditions = [table.c.model == model, *within(table.c.window_start, wanted)]
    conditions += [table.c[name] == value for name, value in equal.items() if value is not None]
    with history.reading() as connection:
        found = connection.execute(newest(table, *conditions, as_of=wanted.as_of)).mappings()
        rows = [dict(row) for row in found if row["reason"] != GONE]
    rows = [row for row in rows if wanted.column is None or row["segment"].startswith(f"{wanted.column}=")]
    order = ("window_start", "grain", "metric", "segment", "class", "method", "version")
    return sorted(rows, key=lambda row: tuple(row[name] for name in order))
