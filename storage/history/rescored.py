"""What registered versions come to when they are run again on the rows of past windows.

It stands apart from what was measured of the answers that were served: no check, gauge or board takes one for the
other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.window import Window
from storage.history import tables
from storage.history.database import History
from storage.history.query import Filter, in_order, measured
from storage.history.record import record
from storage.history.results import NO_ESTIMATE, estimate_row, scope_of


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
    scope = scope_of(window) | {"version": version}
    record(connection, tables.rescored, scope, known_on, map(_row, measurements), gone=NO_ESTIMATE)


def _row(measurement: Measurement) -> dict[str, Any]:
    return {
        "metric": measurement.metric,
        "segment": measurement.segment,
        "class": measurement.klass,
        "method": measurement.method,
        **estimate_row(measurement),
    }


def rescored(history: History, model: str, wanted: Filter) -> list[dict[str, Any]]:
    """What versions came to that were run again, by window, as dictionaries of the table's columns.

    Of the filter all counts but ``feature``, which these rows have not.

    Examples
    --------
    >>> rescored(history, "churn", Filter())
    []
    """
    rows = measured(history, tables.rescored, model, replace(wanted, feature=None))
    return in_order(rows, "window_start", "grain", "metric", "segment", "class", "method", "version")
