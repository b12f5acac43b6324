"""What was run and decided of each window of a model."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.history import tables
from storage.history.database import History
from storage.history.query import Filter, within


def runs_made(
    history: History, model: str, grain: str, since: datetime | None = None, until: datetime | None = None
) -> list[tuple[datetime, datetime]]:
    """The runs of a model, each as the start of its window and its logical date, in the order of these dates.

    Parameters
    ----------
    since, until : datetime, optional
        Only runs whose windows begin in this span; ``until`` is not within.

    Examples
    --------
    >>> [(f"{start:%d %b}", f"{known_on:%d %b}") for start, known_on in runs_made(history, "churn", "1d")][-1]
    ('11 Mar', '12 Mar')
    """
    table = tables.run
    query = sa.select(table.c.window_start, table.c.known_on).distinct()
    span = within(table.c.window_start, Filter(since=since, until=until))
    query = query.where(table.c.model == model, table.c.grain == grain, *span)
    with history.reading() as connection:
        return sorted(((row.window_start, row.known_on) for row in connection.execute(query)), key=lambda row: row[1])


def newest_run_of_windows(history: History, model: str, wanted: Filter) -> dict[tuple[datetime, str], dict[str, Any]]:
    """The run of each window that was started last, by start and grain of the window.

    Examples
    --------
    >>> runs = newest_run_of_windows(history, "churn", Filter())
    >>> [(f"{start:%d %b}", run["status"]) for (start, _), run in runs.items()][-2:]
    [('10 Mar', 'succeeded'), ('11 Mar', 'findings')]
    """
    table = tables.run
    conditions = [table.c.model == model, *within(table.c.window_start, wanted)]
    if wanted.as_of is not None:
        conditions.append(table.c.known_on <= wanted.as_of)
    query = sa.select(table).where(*conditions).order_by(table.c.id)
    with history.reading() as connection:
        return {(row["window_start"], row["grain"]): dict(row) for row in connection.execute(query).mappings()}


def decisions_of_windows(history: History, model: str, wanted: Filter) -> list[dict[str, Any]]:
    """What was decided last of each check and window, with the grain of the runs that decided.

    Examples
    --------
    >>> rows = decisions_of_windows(history, "churn", Filter(since=window.start))
    >>> [(row["check_name"], row["verdict"], row["grain"]) for row in rows]
    [('data', 'failed', '1d'), ('drift_share-above', 'undecided', '1d')]
    """
    table, run = tables.decision, tables.run
    conditions = [table.c.model == model, *within(table.c.window_start, wanted)]
    if wanted.as_of is not None:
        conditions.append(table.c.known_on <= wanted.as_of)
    query = sa.select(table).where(*conditions, table.c.window_start.is_not(None)).order_by(table.c.known_on)
    grains = sa.select(run.c.known_on, run.c.grain).where(run.c.model == model)
    with history.reading() as connection:
        grain = {row.known_on: row.grain for row in connection.execute(grains)}
        rows = {
            (row["window_start"], row["check_name"]): {**row, "grain": grain.get(row["known_on"], "")}
            for row in connection.execute(query).mappings()
        }
    return [*rows.values()]
