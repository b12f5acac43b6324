"""The newest row of each key: what every reader of the history begins with."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

GONE = "no longer measured"
"""Reason of a measurement that says that an earlier value has no successor."""


def newest(table: sa.Table, *conditions: sa.ColumnElement[bool], as_of: datetime | None = None) -> sa.Select[Any]:
    """Select the newest row of each key, as known now or at a logical date.

    Parameters
    ----------
    table : Table
        Its primary key ends with ``known_on``.
    conditions : column elements
        On columns of the key.
    as_of : datetime, optional
        Leave out what became known later.

    Examples
    --------
    >>> from storage.history import tables
    >>> query = newest(tables.evaluation, tables.evaluation.c.model == "churn")
    >>> with history.reading() as connection:
    ...     print([f"{row.window_start:%d %b}: {row.state}" for row in connection.execute(query)][-2:])
    ['10 Mar: final', '11 Mar: provisional']
    """
    key = [column for column in table.primary_key if column.name != "known_on"]
    if as_of is not None:
        conditions = (*conditions, table.c.known_on <= as_of)
    rank = sa.func.row_number().over(partition_by=key, order_by=table.c.known_on.desc()).label("rank")
    ranked = sa.select(table, rank).where(*conditions).subquery()
    # By their names: a subquery's own columns are made anew for each query, a twelfth of a run.
    return sa.select(*_named(table)).select_from(ranked).where(_RANK == 1)


_RANK: sa.ColumnClause[int] = sa.column("rank", sa.Integer)


@lru_cache
def _named(table: sa.Table) -> tuple[sa.ColumnClause[Any], ...]:
    """The columns of a table as names and types, of whatever they are selected from."""
    return tuple(sa.column(column.name, column.type) for column in table.c)
