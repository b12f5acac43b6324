"""Times that PostgreSQL has and no calendar: one of them, in any column, ended the reading of all rows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.storage.sql_tables import fetch, run

AT = "2013-06-01T12:00Z"
ODD = {
    "date": ("infinity", "0044-03-15 BC", "10000-01-01"),
    "timestamp": ("infinity", "-infinity", "0044-03-15 00:00 BC"),
    "timestamptz": ("-infinity", "0044-03-15 00:00+00 BC", "20000-01-01 00:00+00"),
    "time": ("24:00", "24:00", "24:00"),
}
SOUND = {
    "date": ("2013-01-01", dt.date(2013, 1, 1)),
    "timestamp": ("2013-01-01 05:00", dt.datetime(2013, 1, 1, 5)),
    "timestamptz": ("2013-01-01 05:00+00", dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC)),
    "time": ("05:00", dt.time(5)),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("source", [{"table": "log"}, {"query": "SELECT * FROM log"}], ids=["table", "query"])
def test_an_odd_time_costs_itself(tmp_path: Path, postgresql_url: str, kind: str, source: dict[str, str]) -> None:
    written, read = SOUND[kind]
    run(
        postgresql_url,
        f"CREATE TABLE log (at timestamptz, x int, moment {kind})",
        *(f"INSERT INTO log VALUES ('{AT}', {i}, '{value}')" for i, value in enumerate((*ODD[kind], written))),
        f"INSERT INTO log VALUES ('infinity', 9, '{written}'), ('{AT}', 4, NULL)",
    )
    rows = fetch(postgresql_url, tmp_path, **source)
    frame = rows.table(["x", "moment"]).to_pandas().set_index("x")["moment"].sort_index()
    assert frame.index.tolist() == [0, 1, 2, 3, 4]
    assert frame.isna().tolist() == [True, True, True, False, True]
    assert frame[3] == read
    assert rows.odd_times == {"moment": 3}
