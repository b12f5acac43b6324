"""Tables of a database, and their rows through a spool, for the tests of what reads them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from pydantic import SecretStr

from lamplighter.core.monitor import Sql
from lamplighter.core.time.window import Grain, Window
from storage.sources.scan import Scan, ScanSpec
from storage.sources.sql import spool

ZONE = "America/New_York"
DAY = Window.of("m", Grain.DAY, "UTC", dt.date(2013, 6, 1))


def fetch(
    url: str, folder: Path, window: Window = DAY, *, time: str | None = "at", timezone: str | None = None, **where: str
) -> Scan:
    sql = Sql(url=SecretStr(url), **where)
    files = spool(sql, column=time, timezone=timezone, start=window.start, end=window.end, folder=folder / "spool")
    return Scan(ScanSpec(window, tuple(files), time=time, timezone=timezone))


def values(rows: Scan, name: str = "x") -> list[Any]:
    assert rows.unreadable == []
    return [*rows.table([name]).column(0).to_pylist()]


def run(url: str, *statements: str) -> str:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    return url


def log_of(n: int, seed: int = 0) -> pd.DataFrame:
    """Predictions of three days, in every type that a log has, with nulls."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2013-05-31", tz="UTC")
    frame = pd.DataFrame(
        {
            "at": start + pd.to_timedelta(np.sort(random.integers(0, 3 * 86_400_000_000, n)), unit="us"),
            "id": [f"r{i}" for i in range(n)],
            "whole": pd.array(random.integers(-(2**62), 2**62, n), dtype="Int64"),
            "number": random.normal(size=n),
            "flag": pd.array(random.random(n) < 0.5, dtype="boolean"),
            "text": random.choice(["a", "b", "é'\"%:x"], n),
        }
    )
    for name in ("whole", "number", "flag", "text"):
        frame.loc[random.random(n) < 0.1, name] = None
    return frame


TYPES: dict[str, Any] = {
    "whole": sa.BigInteger,
    "number": sa.Double,
    "flag": sa.Boolean,
    "text": sa.Text,
    "id": sa.Text,
}


def load(url: str, frame: pd.DataFrame, time_type: sa.types.TypeEngine[Any], name: str = "log") -> str:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    types: dict[str, Any] = {**TYPES, "at": time_type}
    frame.to_sql(name, engine, index=False, dtype=types, chunksize=500)
    return url
