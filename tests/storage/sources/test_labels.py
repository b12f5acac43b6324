"""Reading labels: from files and databases, whole and broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.errors import ColumnError, SourceError
from storage.sources import in_database
from tests.storage.labelled_world import DATED, World


def test_a_label_file_cut_in_half_is_reported_and_the_others_count(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    broken = Path(world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"]))
    broken.write_bytes(broken.read_bytes()[:100])
    world.label("2013-06-02", ["b"], [1], ["2013-06-02T01:00"])
    assert world.known("2013-06-01", "2013-06-03") == {"b": "1"}
    [(uri, fault)] = world.arrived("2013-06-01", "2013-06-03").unreadable
    assert uri == str(broken)
    assert "\n" not in fault


@pytest.mark.parametrize("missing", ["id", "truth", "labelled_at"])
def test_a_missing_label_column_is_one_line(world_of: Callable[..., World], missing: str) -> None:
    world = world_of()
    columns = {"id": ["a"], "truth": [1], "labelled_at": ["2013-06-02T01:00:00Z"]}
    columns = {("other" if name == missing else name): values for name, values in columns.items()}
    path = world.write(world.project.root / "labels/day=2013-06-02/a.parquet", **columns)
    with pytest.raises(ColumnError) as raised:
        world.arrived("2013-06-01", "2013-06-03")
    assert str(raised.value) == f"{path}: no label column {missing!r}; it has {', '.join(columns)}"


def test_labels_none_of_which_has_an_id_are_reported(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    path = world.label("2013-06-02", [None, None], [1, 1], ["2013-06-02T01:00", "2013-06-02T01:00"])
    what = "2 rows have no 'id', of 2, and so no id; left out; fill it in, or name another column as labels.id"
    assert world.arrived("2013-06-01", "2013-06-03").unreadable == [(path, what)]
    world.label("2013-06-02", ["b", None], [1, 1], ["2013-06-02T01:00", "2013-06-02T01:00"])
    assert world.arrived("2013-06-01", "2013-06-03").unreadable == [(path, what)]


def test_a_label_source_that_is_down_is_one_line(world_of: Callable[..., World], tmp_path: Path) -> None:
    sql = {"url": f"sqlite:///{tmp_path}/absent.db", "table": "labels"}
    world = world_of({"sql": sql, "target": "truth", "time": "labelled_at", "timezone": "UTC"})
    with pytest.raises(SourceError, match=r"absent\.db table labels: no such file"):
        world.arrived("2013-06-01", "2013-06-03")


@pytest.mark.parametrize("dated", [True, False])
def test_labels_of_a_database_are_those_of_files(
    world_of: Callable[..., World], monitor_of: Callable[..., Monitor], postgresql_url: str, dated: bool
) -> None:
    random = np.random.default_rng(0)
    ids = [f"r{i}" for i in range(60)]
    frame = pd.DataFrame(
        {
            "id": random.choice([*ids, "x1", "x2"], 300),
            "truth": random.choice([0.0, 1.0, np.nan], 300),
            "labelled_at": pd.Timestamp("2013-05-30", tz="UTC")
            + pd.to_timedelta(random.integers(0, 240, 300), unit="h"),
            "noise": "x",
        }
    )
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    frame.to_sql("labels", engine, index=False, dtype={"labelled_at": sa.DateTime(timezone=True)})
    labels = DATED | {"parquet": "labels/*.parquet"}
    if not dated:
        labels = {name: value for name, value in labels.items() if name != "time"}
    files = world_of(labels)
    files.predict("2013-06-01", ids)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    files.write(files.project.root / "labels/a.parquet", table, options={"row_group_size": 50})
    sql = {name: value for name, value in labels.items() if name != "parquet"}
    tables = world_of(sql | {"sql": {"url": postgresql_url, "table": "labels"}})
    [expected], [found] = (world.truths("2013-06-01", now="2013-06-06") for world in (files, tables))
    pd.testing.assert_frame_equal(found.labelled, expected.labelled)
    pd.testing.assert_series_equal(found.y_true, expected.y_true)
    assert (found.corrected, len(found.labelled)) == (expected.corrected, len(expected.labelled))
    # Where nothing dates them, labels that contradict each other leave the truth of their id unknown.
    assert len(found.labelled) > (30 if dated else 10)
    assert tables.arrived("2013-06-01", "2013-06-06").dated is dated


def test_a_label_table_is_read_by_its_time_and_by_its_columns(
    world_of: Callable[..., World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a year of labels, the runs of a week cost a week; of its columns, the three that are asked for."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/labels.db", poolclass=sa.NullPool)
    times = pd.date_range("2013-01-01", "2013-12-31", freq="h")
    frame = pd.DataFrame({"id": range(len(times)), "truth": 1, "labelled_at": times, "wide": "x" * 100})
    frame.to_sql("labels", engine, index=False)
    written = []
    real = in_database.spool
    monkeypatch.setattr(
        in_database, "spool", lambda *given, **named: written.append(real(*given, **named)) or written[0]
    )
    sql = {"url": f"sqlite:///{tmp_path}/labels.db", "table": "labels"}
    world = world_of({"sql": sql, "target": "truth", "time": "labelled_at", "timezone": "UTC"})
    assert len(world.arrived("2013-06-01", "2013-06-08").frame) == 7 * 24 + 1
    tables = [pa.parquet.read_table(file.uri) for file in written[0]]
    assert sum(len(table) for table in tables) <= 11 * 24
    assert set(tables[0].column_names) == {"id", "truth", "labelled_at"}
