"""Writing what a run knows about a window, so that writing it again changes nothing.

A run writes a row only where it knows something else than the runs before it; what vanished gets a row that says so.
Recording an earlier run again never changes what a later one knew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

Key = tuple[Any, ...]
Values = tuple[Any, ...]
Snapshot = dict[Key, Values]


def record(
    connection: sa.Connection,
    table: sa.Table,
    scope: Mapping[str, Any],
    known_on: datetime,
    rows: Iterable[Mapping[str, Any]],
    *,
    gone: Mapping[str, Any],
) -> None:
    """Make ``rows`` what is known at a logical date about a scope.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    table : Table
        Its primary key ends with ``known_on``.
    scope : mapping
        Columns and values that choose what the rows are about, such as a window and a family of metrics.
    known_on : datetime
        The logical date.
    rows : iterable of mappings
        All that the run knows within the scope; columns of the scope are filled in.
    gone : mapping
        Values of a row that says that a key is no longer there.
    """
    key_names = [column.name for column in table.primary_key if column.name != "known_on"]
    value_names = [column.name for column in table.c if column.name not in {*key_names, "known_on"}]
    logical_dates = _rows_by_date(connection, table, scope, key_names, value_names)
    complete = [{**scope, **row} for row in rows]
    new = {_pick(row, key_names): _pick(row, value_names) for row in complete}
    blank = _pick({**scope, **gone}, value_names)

    later = sorted(logical_date for logical_date in logical_dates if logical_date > known_on)
    before = _state(logical_dates, lambda logical_date: logical_date < known_on)
    wanted = {known_on: _difference(before, new, blank)}
    if later:
        next_state = _state(logical_dates, lambda logical_date: logical_date <= later[0])
        wanted[later[0]] = _difference(before | wanted[known_on], next_state, blank)
    for logical_date, target in wanted.items():
        _write(connection, table, (key_names, value_names), logical_date, logical_dates.get(logical_date, {}), target)


def _pick(row: Mapping[str, Any], names: list[str]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in names)


def _rows_by_date(
    connection: sa.Connection,
    table: sa.Table,
    scope: Mapping[str, Any],
    key_names: list[str],
    value_names: list[str],
) -> dict[datetime, Snapshot]:
    """The rows of the scope, by logical date."""
    columns = [table.c[name] for name in (*key_names, *value_names, "known_on")]
    query = sa.select(*columns).where(*(table.c[name] == value for name, value in scope.items()))
    logical_dates: dict[datetime, Snapshot] = {}
    for row in connection.execute(query):
        *values, logical_date = row
        logical_dates.setdefault(logical_date, {})[tuple(values[: len(key_names)])] = tuple(values[len(key_names) :])
    return logical_dates


def _state(logical_dates: Mapping[datetime, Snapshot], when: Any) -> Snapshot:
    """All that was known: the newest row of each key."""
    known: Snapshot = {}
    for logical_date in sorted(logical_date for logical_date in logical_dates if when(logical_date)):
        known |= logical_dates[logical_date]
    return known


def _difference(before: Snapshot, after: Snapshot, blank: Values) -> Snapshot:
    """The rows that lead from one state to the next."""
    changed = {key: values for key, values in after.items() if before.get(key) != values}
    vanished = {key: blank for key, values in before.items() if key not in after and values != blank}
    return changed | vanished


def _write(
    connection: sa.Connection,
    table: sa.Table,
    names: tuple[list[str], list[str]],
    logical_date: datetime,
    old: Snapshot,
    new: Snapshot,
) -> None:
    """Replace the rows of a logical date; rows that stay the same are not touched."""
    key_names, value_names = names
    stale = [key for key in old if key not in new or old[key] != new[key]]
    fresh = [key for key in new if key not in old or old[key] != new[key]]
    if stale:
        conditions = [table.c[name] == sa.bindparam(f"key_{name}") for name in (*key_names, "known_on")]
        bound = [f"key_{name}" for name in (*key_names, "known_on")]
        connection.execute(
            sa.delete(table).where(*conditions), [dict(zip(bound, (*key, logical_date), strict=True)) for key in stale]
        )
    if fresh:
        columns = (*key_names, *value_names, "known_on")
        connection.execute(
            sa.insert(table), [dict(zip(columns, (*key, *new[key], logical_date), strict=True)) for key in fresh]
        )
