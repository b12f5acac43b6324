"""What is read of all models at once: a few queries, however many models there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.records.measurement import State
from storage.history import tables
from storage.history.database import History
from storage.history.newest import GONE

MOST_AT_ONCE = 1000
"""Models that one query names: databases limit how many values a query may hold (SQLite 32,766, PostgreSQL 65,535)."""

Row = dict[str, Any]
OVERALL = {"segment": "", "version": "", "feature": "", "class": ""}


def newest_measured(history: History, runs: Sequence[Row], metric: str, *, final: bool) -> dict[str, datetime]:
    """The newest window of each model, of the grain of its run, in which a metric has a value over all rows.

    Parameters
    ----------
    runs : sequence of dict
        A row of the table of runs for each model.
    final : bool
        Whether only final values count.

    Examples
    --------
    >>> from storage.history.query import newest_windows
    >>> newest_measured(history, newest_windows(history), "f1", final=True)["churn"].isoformat()
    '2026-03-10T00:00:00+00:00'
    """
    run, table = tables.run, tables.measurement
    wanted = [table.c.model == run.c.model, table.c.grain == run.c.grain, *_overall(metric), table.c.value.is_not(None)]
    wanted += [table.c.state == State.FINAL.value] if final else []
    # Asked for each model by itself, the index is read from its newest end and the search stops at the first row.
    start = sa.select(table.c.window_start).where(*wanted).order_by(table.c.window_start.desc()).limit(1)
    found: dict[str, datetime] = {}
    with history.reading() as connection:
        for some in _batches([row["id"] for row in runs]):
            query = sa.select(run.c.model, start.correlate(run).scalar_subquery().label("start")).where(
                run.c.id.in_(some)
            )
            found |= {row.model: row.start for row in connection.execute(query) if row.start is not None}
    return found


def values_of_windows(history: History, metric: str, windows: Mapping[str, tuple[datetime, str]]) -> dict[str, Row]:
    """What is known of a metric, over all rows, in one window of each model.

    Parameters
    ----------
    windows : mapping of str to (datetime, str)
        Start and grain of a window, by model.

    Examples
    --------
    >>> values_of_windows(history, "rows", {"churn": (window.start, "1d")})["churn"]["value"]
    300.0
    """
    table = tables.measurement
    found: dict[str, Row] = {}
    with history.reading() as connection:
        for some in _batches([*windows]):
            starts = {windows[model][0] for model in some}
            query = sa.select(table).where(
                table.c.model.in_(some), *_overall(metric), table.c.window_start.in_(starts), table.c.method == ""
            )
            for row in sorted(connection.execute(query).mappings(), key=lambda row: row["known_on"]):
                if (row["window_start"], row["grain"]) == windows[row["model"]]:
                    found[row["model"]] = dict(row)
    return {model: row for model, row in found.items() if row["reason"] != GONE}


def newest_decisions(history: History, runs: Sequence[Row]) -> dict[str, list[Row]]:
    """What the newest run of each model decided; where it decided nothing, as one of an old window, the run before.

    Examples
    --------
    >>> from storage.history.query import newest_windows
    >>> [(row["check_name"], row["verdict"]) for row in newest_decisions(history, newest_windows(history))["churn"]]
    [('data', 'failed'), ('drift_share-above', 'undecided'), ('f1-below', 'passed')]
    """
    table = tables.decision
    found = _decided(history, {row["model"]: row["known_on"] for row in runs})
    without = [row["model"] for row in runs if row["model"] not in found]
    earlier: dict[str, datetime] = {}
    with history.reading() as connection:
        for some in _batches(without):
            query = (
                sa.select(table.c.model, sa.func.max(table.c.known_on).label("known_on"))
                .where(table.c.model.in_(some))
                .group_by(table.c.model)
            )
            earlier |= {row.model: row.known_on for row in connection.execute(query)}
    return found | _decided(history, earlier)


def _decided(history: History, known: Mapping[str, datetime]) -> dict[str, list[Row]]:
    table = tables.decision
    found: dict[str, list[Row]] = {}
    with history.reading() as connection:
        for some in _batches([*known]):
            query = sa.select(table).where(
                table.c.model.in_(some), table.c.known_on.in_({known[model] for model in some})
            )
            for row in connection.execute(query).mappings():
                if row["known_on"] == known[row["model"]]:
                    found.setdefault(row["model"], []).append(dict(row))
    return {model: sorted(rows, key=lambda row: row["check_name"]) for model, rows in found.items()}


def _overall(metric: str) -> list[sa.ColumnElement[bool]]:
    table = tables.measurement
    return [table.c.metric == metric, *(table.c[name] == value for name, value in OVERALL.items())]


def _batches(values: Iterable[Any]) -> Iterator[list[Any]]:
    listed = list(values)
    return (listed[begin : begin + MOST_AT_ONCE] for begin in range(0, len(listed), MOST_AT_ONCE))
