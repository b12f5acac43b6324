"""One month of the log and its labels as tables of a database, value for value as in the files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import sqlalchemy as sa

from examples.flights.labels import DAYS

BEFORE = dt.timedelta(days=7)
"""Predictions of the week before come along: labels of theirs arrive in the month, and find their predictions."""

COLUMN_TYPES = {"int64": sa.BigInteger, "double": sa.Double, "string": sa.Text, "timestamp[us, tz=UTC]": sa.DateTime}


def to_sqlite(folder: Path, url: str, month: str) -> dict[str, int]:
    """Load the late model's predictions of a month, and all labels that they may have, into a database.

    Parameters
    ----------
    folder : Path
        What `examples.flights.serve.write_year` wrote.
    url : str
        SQLAlchemy's, such as ``sqlite:///flights.db``. The tables ``predictions`` and ``labels`` are replaced.
    month : str
        Such as ``2013-06``.

    Returns
    -------
    dict of int
        Rows by table. Instants are stored in UTC, without a zone, as SQLite has none.
    """
    first = dt.date.fromisoformat(f"{month}-01")
    return days_to_sql(folder, url, first, (pd.Timestamp(first) + pd.offsets.MonthEnd(0)).date())


def days_to_sql(folder: Path, url: str, first: dt.date, last: dt.date) -> dict[str, int]:
    """As `to_sqlite`, for the days from `first` to `last`, both included."""
    # The last day's labels come in the next month, and a correction comes a day later still.
    tables = {
        "predictions": (_read(folder / "predictions" / "late", first - BEFORE, last), "predicted_at"),
        "labels": (_read(folder / "labels", first, last + dt.timedelta(days=max(DAYS) + 1)), "labelled_at"),
    }
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            for name, (rows, time) in tables.items():
                _load(rows, name, time, connection)
    finally:
        engine.dispose()
    return {name: len(rows) for name, (rows, _) in tables.items()}


def _read(folder: Path, first: dt.date, last: dt.date) -> pa.Table:
    """Return the rows of the partitions from `first` to `last`."""
    days = ds.partitioning(pa.schema([("day", pa.string())]), flavor="hive")
    files = ds.dataset(folder, partitioning=days)
    columns = [name for name in files.schema.names if name != "day"]
    return files.to_table(
        columns=columns, filter=(ds.field("day") >= first.isoformat()) & (ds.field("day") <= last.isoformat())
    )


def _load(rows: pa.Table, name: str, time: str, connection: sa.Connection) -> None:
    table = sa.Table(
        name,
        sa.MetaData(),
        *(sa.Column(field.name, COLUMN_TYPES[str(field.type)], index=field.name == time) for field in rows.schema),
    )
    table.drop(connection, checkfirst=True)
    table.create(connection)
    naive = rows.set_column(rows.column_names.index(time), time, rows[time].cast(pa.timestamp("us")))
    connection.execute(table.insert(), naive.to_pylist())
