"""Times of PostgreSQL that Python has none for: infinity, years before 1 and after 9999, and 24:00."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa

TYPES = ("date", "timestamp", "timestamptz", "time", "timetz", "interval")
KEY = b"lamplighter.odd_times"
"""Where a file keeps how many of them each of its columns had."""


class OddTime:
    """Stands for such a time until it is written, as a null."""

    def __repr__(self) -> str:
        return "a time that no calendar has"


ODD: Final = OddTime()


def tolerate(engine: sa.Engine) -> sa.Engine:
    """Have an engine read such times as `ODD`; without it one of them in any column ends the reading of all rows."""
    if engine.dialect.driver == "psycopg":
        sa.event.listen(engine, "connect", _register)
    return engine


def _register(connection: Any, _: Any) -> None:
    import psycopg
    from psycopg.adapt import Loader

    for name in TYPES:
        for form in (psycopg.pq.Format.TEXT, psycopg.pq.Format.BINARY):
            oid = psycopg.adapters.types[name].oid
            usual = psycopg.adapters.get_loader(oid, form)
            if usual is not None:
                body = {"format": form, "__init__": _begin(usual), "load": _load}
                connection.adapters.register_loader(oid, type("Tolerant", (Loader,), body))


def _begin(usual: Any) -> Any:
    """What keeps the usual loader, which is fast: it is written in C, where it cannot be derived from."""

    def begin(self: Any, oid: int, context: Any = None) -> None:
        self.usual = usual(oid, context).load

    return begin


def _load(self: Any, data: Any) -> Any:
    import psycopg

    try:
        return self.usual(data)
    except (psycopg.DataError, ValueError, OverflowError):
        return ODD


def without_odd(values: list[Any]) -> tuple[list[Any], int]:
    """Values with a null for each such time, and how many there were.

    Examples
    --------
    >>> without_odd(["2026-03-01", ODD])
    (['2026-03-01', None], 1)
    """
    odd = sum(value is ODD for value in values)
    return ([None if value is ODD else value for value in values] if odd else values), odd


def noted(table: pa.Table, odd: Mapping[str, int]) -> pa.Table:
    """A table whose file says how many such times its columns had.

    Examples
    --------
    >>> odd_times(noted(pa.table({"at": [None, None]}), {"at": 2}).schema)
    {'at': 2}
    """
    return table.replace_schema_metadata({KEY: json.dumps(odd).encode()}) if odd else table


def odd_times(schema: pa.Schema) -> dict[str, int]:
    """How many such times the columns of a file had.

    Examples
    --------
    >>> odd_times(noted(pa.table({"at": [None]}), {"at": 1}).schema), odd_times(pa.schema([]))
    ({'at': 1}, {})
    """
    held: dict[str, int] = json.loads((schema.metadata or {}).get(KEY, b"{}"))
    return held
