"""Labels and the predictions they belong to, held against plain Python loops."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.core.measurement import State
from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Grain, Window
from lamplighter.errors import ColumnError, SourceError
from storage import truth as truth_module
from storage.predictions import predictions_of
from storage.project import Project
from storage.rows import Slice
from storage.truth import Arrived, LabelLedger, Stray, Truth, content_hash, labels_arrived, stray_labels, truths_of

DAY = dt.date(2013, 6, 1)
HOUR = dt.timedelta(hours=1)
START = dt.datetime(2013, 6, 1, tzinfo=dt.UTC)
PREDICTIONS = {"parquet": "log/day={day}/*.parquet", "time": "at", "id": "id", "prediction": "answer"}
LABELS = {"parquet": "labels/day={day}/*.parquet", "target": "truth", "mature_after": "3d"}
DATED = LABELS | {"time": "labelled_at"}


def at(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


class World:
    """A project with predictions, labels and the monitor that reads them."""

    def __init__(self, project: Project, monitor: Monitor, write: Callable[..., str]) -> None:
        self.project, self.monitor, self.write, self.files = project, monitor, write, 0

    def _file(self, folder: str, day: str) -> Path:
        self.files += 1
        return self.project.root / folder / f"day={day}" / f"{self.files:03d}.parquet"

    def predict(self, day: str, ids: Any, **columns: Any) -> None:
        count = len(ids)
        times = pa.array([at(f"{day}T12:00")] * count, pa.timestamp("us", tz="UTC"))
        self.write(self._file("log", day), at=times, id=ids, **({"answer": [0] * count} | columns))

    def label(self, day: str, ids: Any, truth: Any, times: list[str | None] | None = None, **columns: Any) -> str:
        if times is not None:
            moments = [time and at(time) for time in times]
            columns["labelled_at"] = pa.array(moments, pa.timestamp("us", tz="UTC"))
        return self.write(self._file("labels", day), id=ids, truth=truth, **columns)

    def slices(self, *days: str) -> list[Slice]:
        windows = [
            Window.of("m", self.monitor.every, self.monitor.timezone, dt.date.fromisoformat(day)) for day in days
        ]
        return [predictions_of(self.project, self.monitor, w, self.project.home / "spool") for w in windows]

    def arrived(self, first: str, now: str) -> Arrived:
        begin = self.slices(first)[0].window.start
        arrived = labels_arrived(self.project, self.monitor, begin, at(now), self.project.home / "spool")
        assert arrived is not None
        return arrived

    def truths(self, *days: str, now: str, relabel: bool = False) -> list[Truth]:
        arrived = self.arrived(min(days), now) if not self.monitor.labels.same_row else None
        return list(truths_of(self.slices(*days), self.monitor, arrived, relabel=relabel))

    def known(self, day: str, now: str, relabel: bool = False) -> dict[str, Any]:
        [truth] = self.truths(day, now=now, relabel=relabel)
        return dict(zip(truth.labelled["id"], truth.labelled["y_true"], strict=True))


@pytest.fixture
def world_of(project: Project, monitor_of: Callable[..., Monitor], write: Callable[..., str]) -> Callable[..., World]:
    def make(labels: dict[str, Any] = DATED, predictions: dict[str, Any] = PREDICTIONS, **sections: Any) -> World:
        return World(project, monitor_of(predictions, labels=labels, **sections), write)

    return make


# Which label counts


def test_labels_count_once_they_have_arrived(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b", "c"])
    world.label("2013-06-02", ["a", "b"], [1, 0], ["2013-06-02T03:00", "2013-06-02T09:00"])
    assert world.known("2013-06-01", "2013-06-02T02:00") == {}
    assert world.known("2013-06-01", "2013-06-02T05:00") == {"a": 1}
    assert world.known("2013-06-01", "2013-06-02T09:00") == {"a": 1, "b": 0}


def test_the_newest_label_counts_and_a_different_one_is_a_correction(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b", "c", "d"])
    world.label("2013-06-03", ["a", "b", "c"], [0, 1, 1], ["2013-06-03T01:00"] * 3)
    world.label("2013-06-02", ["a", "b", "c", "x"], [1, 1, 0, 0], ["2013-06-02T01:00"] * 4)
    world.label("2013-06-03", ["x", "c"], [1, 0], ["2013-06-03T01:00", "2013-06-03T02:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-04T00:00")
    assert dict(zip(truth.labelled["id"], truth.labelled["y_true"], strict=True)) == {"a": 0, "b": 1, "c": 0}
    # a changed, b was repeated, c changed there and back, and nobody predicted x.
    assert truth.corrected == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_corrections_at_one_instant_the_content_decides(world_of: Callable[..., World], order: tuple) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    for i in order:
        world.label("2013-06-02", ["a", "b"], [["x", "y"], ["y", "x"]][i], ["2013-06-02T01:00"] * 2)
    assert world.known("2013-06-01", "2013-06-03") == {"a": "y", "b": "y"}


def test_null_labels_and_null_ids_are_no_labels(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b", None])
    world.label("2013-06-02", ["a", "a", "b", None], [1, None, None, 1], ["2013-06-02T01:00", "2013-06-02T02:00"] * 2)
    assert world.known("2013-06-01", "2013-06-03") == {"a": 1}


def test_a_label_at_the_very_instant_of_maturity_is_late(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    world.label("2013-06-04", ["a"], [1], ["2013-06-04T23:59:59.999999"])
    world.label("2013-06-05", ["b"], [1], ["2013-06-05T00:00"])
    assert world.known("2013-06-01", "2013-06-06") == {"a": 1}
    assert world.known("2013-06-01", "2013-06-06", relabel=True) == {"a": 1, "b": 1}


def test_a_late_correction_counts_only_when_relabelled(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a"])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    world.label("2013-06-09", ["a"], [0], ["2013-06-09T01:00"])
    assert world.known("2013-06-01", "2013-06-10") == {"a": 1}
    assert world.known("2013-06-01", "2013-06-10", relabel=True) == {"a": 0}


def test_a_path_tells_the_day_where_no_column_does(world_of: Callable[..., World]) -> None:
    world = world_of(LABELS)
    world.predict("2013-06-01", ["a", "b", "c"])
    for day, name, value in (("02", "a", 1), ("03", "a", 0), ("04", "b", 1), ("05", "c", 1)):
        world.label(f"2013-06-{day}", [name], [value])
    assert world.known("2013-06-01", "2013-06-02T05:00") == {"a": 1}
    assert world.known("2013-06-01", "2013-06-09T05:00") == {"a": 0, "b": 1}
    assert world.arrived("2013-06-01", "2013-06-09").dated


def test_hourly_windows_see_the_labels_of_their_own_day(world_of: Callable[..., World]) -> None:
    """A path tells no hour: a label in the folder of the day may be of any of its windows."""
    world = world_of(LABELS, every="1h")
    times = pa.array([START + 13 * HOUR], pa.timestamp("us", tz="UTC"))
    world.write(world.project.root / "log/day=2013-06-01/a.parquet", at=times, id=["a"], answer=[0])
    world.label("2013-06-01", ["a"], [1])
    window = Window.of("m", Grain.HOUR, "UTC", START + 13 * HOUR)
    where = predictions_of(world.project, world.monitor, window, world.project.home)
    arrived = labels_arrived(world.project, world.monitor, window.start, START + 15 * HOUR, world.project.home)
    [truth] = truths_of([where], world.monitor, arrived, relabel=False)
    assert truth.labelled["y_true"].tolist() == [1]


def test_labels_in_the_folder_of_a_neighbouring_day_are_found(world_of: Callable[..., World]) -> None:
    """East of Greenwich, a label of the early morning lies in the folder of the UTC day before."""
    world = world_of(timezone="Asia/Tokyo")
    world.predict("2013-06-01", ["a"])  # 21 o'clock in Tokyo
    world.label("2013-05-31", ["a"], [1], ["2013-05-31T16:00"])
    assert world.known("2013-06-01", "2013-06-01T20:00") == {"a": 1}


def test_labels_without_any_date_count_whenever_they_are_there(world_of: Callable[..., World]) -> None:
    world = world_of(LABELS | {"parquet": "labels/*/*.parquet"})
    world.predict("2013-06-01", ["a", "b"])
    world.label("2013-07-01", ["a"], [1])
    assert world.known("2013-06-01", "2013-06-02") == {"a": 1}
    assert not world.arrived("2013-06-01", "2013-06-02").dated


@pytest.mark.parametrize(
    ("labels", "dated"), [(LABELS, True), (DATED, True), (LABELS | {"parquet": "labels/*.parquet"}, False)]
)
def test_whether_labels_are_dated_does_not_hang_on_their_being_there(world_of, labels: dict, dated: bool) -> None:
    arrived = world_of(labels).arrived("2013-06-01", "2013-06-02")
    assert (arrived.dated, len(arrived.frame)) == (dated, 0)


def test_a_label_without_a_time_beside_others_that_have_one_counts(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    world.label("2013-06-02", ["a", "a", "b"], [0, 1, 1], [None, "2013-06-02T01:00", None])
    assert world.known("2013-06-01", "2013-06-03") == {"a": 1, "b": 1}


def test_labels_in_the_same_row(world_of: Callable[..., World]) -> None:
    world = world_of({"same_row": True, "target": "truth", "mature_after": "0h"})
    world.predict("2013-06-01", ["a", "b", "c"], truth=pa.array([1, None, 0]))
    [truth] = world.truths("2013-06-01", now="2013-06-02")
    assert truth.labelled[["id", "y_true"]].to_numpy().tolist() == [["a", 1], ["c", 0]]
    assert (truth.corrected, truth.comparable) == (0, True)


def test_labels_in_the_same_row_need_no_ids(world_of: Callable[..., World]) -> None:
    predictions = {name: value for name, value in PREDICTIONS.items() if name != "id"}
    world = world_of({"same_row": True, "target": "truth"}, predictions)
    world.predict("2013-06-01", ["a", "b", "c"], truth=[True, None, False])
    [truth] = world.truths("2013-06-01", now="2013-06-02")
    assert truth.labelled["y_true"].tolist() == [True, False]
    assert truth.known_as(State.FINAL, world.monitor).startswith("final 2-")


# Ids


@pytest.mark.parametrize(
    ("predicted", "labelled"),
    [
        ([7, 8], ["7", "8"]),
        (["7", "8"], [7, 8]),
        ([7, None, 8], [7, 8]),
        ([7, 8], pa.array([7.0, None, 8.0])),
        (pa.array([Decimal("7.00"), Decimal("8.00")]), [8, 7]),
        ([2**53, 2**53 + 1, None], [2**53 + 1, 2**53]),
        (pa.array(["7", "8"]).dictionary_encode(), pa.array([7, 8], pa.uint8())),
        (pa.array([b"\x00\xff", b"\x01"]), pa.array([b"\x01", b"\x00\xff"])),
    ],
    ids=["int-text", "text-int", "nulls", "floats", "decimals", "large", "dictionary", "bytes"],
)
def test_ids_that_read_alike_are_one_id(world_of: Callable[..., World], predicted: Any, labelled: Any) -> None:
    world = world_of()
    world.predict("2013-06-01", predicted)
    world.label("2013-06-02", labelled, ["x"] * len(labelled), ["2013-06-02T01:00"] * len(labelled))
    assert len(world.known("2013-06-01", "2013-06-03")) == 2


def test_ids_of_several_columns_under_other_names(world_of: Callable[..., World]) -> None:
    world = world_of(DATED | {"id": ["b", "a"]}, PREDICTIONS | {"id": ["a", "b"]})
    world.predict("2013-06-01", ["-"] * 4, a=["u", "u", "v", None], b=[1, 2, 1, 1])
    world.write(
        world.project.root / "labels/day=2013-06-02/a.parquet",
        b=["u", "v", "u", "w", None],
        a=[2.0, 1.0, None, 1.0, 1.0],
        truth=["u2", "v1", "-", "-", "-"],
        labelled_at=["2013-06-02T01:00:00Z"] * 5,
    )
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert truth.labelled[["a", "b", "y_true"]].to_numpy().tolist() == [["u", "2", "u2"], ["v", "1", "v1"]]


def test_a_label_belongs_to_every_version_that_predicted_its_id(world_of: Callable[..., World]) -> None:
    world = world_of(DATED, PREDICTIONS | {"version": "version"})
    world.predict("2013-06-01", ["a", "a", "b"], version=["1", "2", "1"])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert sorted(truth.labelled["version"]) == ["1", "2"]


# What goes wrong


def test_a_label_file_cut_in_half_is_told_and_the_others_count(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    broken = Path(world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"]))
    broken.write_bytes(broken.read_bytes()[:100])
    world.label("2013-06-02", ["b"], [1], ["2013-06-02T01:00"])
    assert world.known("2013-06-01", "2013-06-03") == {"b": 1}
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


def test_a_label_source_that_is_down_is_one_line(world_of: Callable[..., World], tmp_path: Path) -> None:
    sql = {"url": f"sqlite:///{tmp_path}/absent.db", "table": "labels"}
    world = world_of({"sql": sql, "target": "truth", "time": "labelled_at", "timezone": "UTC"})
    with pytest.raises(SourceError, match=r"absent\.db table labels: no such file"):
        world.arrived("2013-06-01", "2013-06-03")


def test_columns_that_quality_needs_and_that_are_not_there(world_of: Callable[..., World]) -> None:
    world = world_of()
    path = world.project.root / "log/day=2013-06-01/a.parquet"
    world.write(path, at=["2013-06-01T05:00:00Z"], id=["a"])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert (len(truth.labelled), truth.comparable) == (1, False)


def test_an_empty_day_has_no_truth(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert (len(truth.labelled), truth.corrected) == (0, 0)
    assert " empty " in truth.known_as(State.FINAL, world.monitor)


# SQL


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
    assert (found.corrected, len(found.labelled)) == (expected.corrected, len(expected.labelled))
    assert len(found.labelled) > 30
    assert tables.arrived("2013-06-01", "2013-06-06").dated is dated


def test_a_label_table_is_read_by_its_time_and_by_its_columns(
    world_of: Callable[..., World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a year of labels, the nights of a week cost a week; of its columns, the three that are asked for."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/labels.db", poolclass=sa.NullPool)
    times = pd.date_range("2013-01-01", "2013-12-31", freq="h")
    frame = pd.DataFrame({"id": range(len(times)), "truth": 1, "labelled_at": times, "wide": "x" * 100})
    frame.to_sql("labels", engine, index=False)
    written = []
    real = truth_module.spool
    monkeypatch.setattr(
        truth_module, "spool", lambda *given, **named: written.append(real(*given, **named)) or written[0]
    )
    sql = {"url": f"sqlite:///{tmp_path}/labels.db", "table": "labels"}
    world = world_of({"sql": sql, "target": "truth", "time": "labelled_at", "timezone": "UTC"})
    assert len(world.arrived("2013-06-01", "2013-06-08").frame) == 7 * 24 + 1
    tables = [pa.parquet.read_table(file.uri) for file in written[0]]
    assert sum(len(table) for table in tables) <= 11 * 24
    assert set(tables[0].column_names) == {"id", "truth", "labelled_at"}


# The ledger against loops


IDS = st.sampled_from(["a", "b", "c", "d"])
ARRIVALS = st.one_of(st.none(), st.integers(0, 6))
DRAWN = st.lists(st.tuples(IDS, st.sampled_from([1, 2]), st.integers(0, 3), ARRIVALS), max_size=25)


def slow_truth(labels: list[tuple], before: int | None) -> tuple[dict, dict]:
    """The label of each id that counts, and whether it had others: one label after another."""
    counting = [label for label in labels if before is None or label[3] is None or label[3] < before]
    newest: dict[tuple, tuple] = {}
    seen: dict[tuple, set] = defaultdict(set)
    for a, b, truth, arrived in counting:
        rank = (-1 if arrived is None else arrived, truth)
        seen[a, b].add(truth)
        if (a, b) not in newest or rank >= newest[a, b]:
            newest[a, b] = rank
    return {key: rank[1] for key, rank in newest.items()}, {key: len(values) > 1 for key, values in seen.items()}


def frame_of(labels: list[tuple]) -> pd.DataFrame:
    arrived = [pd.NaT if hours is None else START + hours * HOUR for *_, hours in labels]
    return pd.DataFrame(
        {
            "a": pd.Series([label[0] for label in labels], dtype=object),
            "b": pd.Series([label[1] for label in labels], dtype="int64"),
            "y_true": pd.Series([label[2] for label in labels], dtype="int64"),
            "arrived": pd.Series(arrived, dtype="datetime64[us, UTC]"),
        }
    )


@settings(max_examples=150, deadline=None)
@given(
    DRAWN, st.lists(st.tuples(IDS, st.sampled_from([1, 2, 3])), max_size=10), st.one_of(st.none(), st.integers(0, 7))
)
def test_the_ledger_agrees_with_a_loop(labels: list[tuple], predicted: list[tuple], before: int | None) -> None:
    expected, differing = slow_truth(labels, before)
    predictions = pd.DataFrame(
        {
            "a": pd.Series([a for a, _ in predicted], dtype=object),
            "b": pd.Series([b for _, b in predicted], dtype="int64"),
        }
    ).set_axis(range(10, 10 + len(predicted)))
    ledger = LabelLedger.of(frame_of(labels), ("a", "b"))
    y_true, corrected = ledger.look_up(predictions, None if before is None else START + before * HOUR)
    assert y_true.index.equals(predictions.index)
    assert [None if value != value else value for value in y_true] == [expected.get(key) for key in predicted]
    assert corrected == sum(differing.get(key, False) for key in set(predicted))


@settings(max_examples=50, deadline=None)
@given(DRAWN, st.randoms(use_true_random=False))
def test_the_ledger_does_not_depend_on_the_order_of_files(labels: list[tuple], random: Any) -> None:
    shuffled = random.sample(labels, len(labels))
    ids = pd.DataFrame({"a": list("abcd") * 2, "b": [1] * 4 + [2] * 4})
    one, two = (LabelLedger.of(frame_of(drawn), ("a", "b")).look_up(ids, None) for drawn in (labels, shuffled))
    pd.testing.assert_series_equal(one[0], two[0])
    assert one[1] == two[1]


# Strays against loops


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    predicted=st.dictionaries(st.sampled_from(list("abcdefgh")), st.integers(0, 9)),
    labels=st.lists(st.tuples(st.sampled_from([*"abcdefgh", "x", "y"]), st.floats(0, 11.9)), max_size=20),
    at_hand=st.integers(1, 4),
)
def test_strays_agree_with_a_loop(world_of: Callable[..., World], predicted: dict, labels: list, at_hand: int) -> None:
    """Ten days of predictions, the night of the tenth: a label of that day's is late, of nobody, or in time."""
    world = world_of()
    ids = {day: [name for name, predicted_on in predicted.items() if predicted_on == day] for day in range(10)}

    def slice_of(day: int) -> Slice:
        window = Window.of("m", Grain.DAY, "UTC", DAY + dt.timedelta(days=day))
        return Slice(window, (), time=None)

    class Fake:
        def __init__(self, where: Slice) -> None:
            self.day = (where.window.day - DAY).days

        def frame(self, names: Any, as_text: Any) -> pd.DataFrame:
            return pd.DataFrame({"id": ids.get(self.day, [])}, dtype="str")

    frame = pd.DataFrame(
        {
            "id": pd.Series([name for name, _ in labels], dtype=object),
            "y_true": 1,
            "arrived": pd.Series([START + dt.timedelta(days=days) for _, days in labels], dtype="datetime64[us, UTC]"),
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truth_module, "rows_of", Fake)
        patch.setattr(
            truth_module, "predictions_of", lambda project, monitor, window, folder, only: Slice(window, (), None)
        )
        slices = [slice_of(9 - i) for i in range(at_hand)]
        found = stray_labels(world.project, world.monitor, slices, Arrived(frame, True, []), Path())

    arrivals = defaultdict(list)
    for name, days in labels:
        moment = START + dt.timedelta(days=days)
        if START + dt.timedelta(days=9) <= moment < START + dt.timedelta(days=10):
            arrivals[name].append(moment)
    unknown = sum(name not in predicted for name in arrivals)
    late = sum(
        any(moment >= START + dt.timedelta(days=predicted[name] + 1 + 3) for moment in moments)
        for name, moments in arrivals.items()
        if name in predicted
    )
    assert found == Stray(late, unknown)


def test_a_label_that_came_after_its_window_was_final_is_late_and_not_of_nobody(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    world.predict("2013-06-08", ["c"])
    world.label("2013-06-08", ["a", "a", "c", "x"], [1] * 4, ["2013-06-08T01:00"] * 4)
    slices = world.slices("2013-06-08", "2013-06-07")
    arrived = world.arrived("2013-06-07", "2013-06-09T05:00")
    assert stray_labels(world.project, world.monitor, slices, arrived, world.project.home) == Stray(late=1, unknown=1)


@pytest.mark.parametrize(("time", "late"), [("2013-06-04T23:59:59", 0), ("2013-06-05T00:00:00", 1)])
def test_a_stray_is_late_from_the_instant_of_maturity(world_of: Callable[..., World], time: str, late: int) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a"])
    world.label(time[:10], ["a"], [1], [time])
    days = [time[:10], "2013-06-01"]
    arrived = world.arrived("2013-06-01", "2013-06-06T05:00")
    assert stray_labels(world.project, world.monitor, world.slices(*days), arrived, Path()) == Stray(late, unknown=0)


def test_windows_beyond_those_at_hand_are_searched(world_of: Callable[..., World]) -> None:
    """Of hourly windows, more are at hand than are searched beyond them; a late label is not of nobody all the same."""
    world = world_of(DATED | {"mature_after": "40h"}, every="1h")
    times = pa.array([START], pa.timestamp("us", tz="UTC"))
    world.write(world.project.root / "log/day=2013-06-01/a.parquet", at=times, id=["a"], answer=[0])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T18:30"])
    own = Window.of("m", Grain.HOUR, "UTC", at("2013-06-02T18:00"))
    windows = own.reaching_back(dt.timedelta(hours=40))
    slices = [predictions_of(world.project, world.monitor, w, world.project.home) for w in windows]
    assert len(slices) > truth_module.LOOK_BACK_WINDOWS
    arrived = labels_arrived(world.project, world.monitor, windows[-1].start, own.end, world.project.home)
    found = stray_labels(world.project, world.monitor, slices, arrived, world.project.home)
    assert found == Stray(late=1, unknown=0)


# Hashes


ROWS = pd.DataFrame({"id": ["a", "b", "c"], "y_true": [1, 0, 1]})


@pytest.mark.parametrize(
    "same",
    [
        ROWS[::-1],
        ROWS.sample(frac=1, random_state=3),
        ROWS.assign(y_true=[1.0, 0.0, 1.0]),
        ROWS.assign(y_true=[True, False, True]),
        ROWS.assign(y_true=pd.Series([True, False, True], dtype=object)),
        ROWS.assign(id=pd.Series(list("abc"), dtype=object)),
        ROWS.assign(other=7),
    ],
)
def test_a_content_hash_stays_with_order_and_type(same: pd.DataFrame) -> None:
    assert content_hash(same, ["id", "y_true"]) == content_hash(ROWS, ["id", "y_true"])


OTHERS = [
    ROWS[:2],
    ROWS.assign(y_true=[1, 1, 1]),
    ROWS.assign(y_true=[0, 1, 1]),
    ROWS.assign(y_true=[1, 0, 2]),
    ROWS.assign(id=["a", "b", "d"]),
    pd.concat([ROWS, ROWS[:1]]),
    pd.concat([ROWS, ROWS[:1], ROWS[:1]]),
    ROWS.assign(y_true=[2**60, 2**60 + 1, 2**60]),
    ROWS.assign(y_true=[2**60, 2**60 + 2, 2**60]),
    ROWS.assign(y_true=[1.5, 0.0, 1.0]),
    ROWS.assign(y_true=["1x", "0", "1"]),
    ROWS.assign(y_true=[["p", "q"], ["p"], []]),
    ROWS.assign(y_true=[["q", "p"], ["p"], []]),
    ROWS[:0],
]


@pytest.mark.parametrize("other", OTHERS, ids=range(len(OTHERS)))
def test_a_content_hash_tells_of_every_change(other: pd.DataFrame) -> None:
    assert content_hash(other, ["id", "y_true"]) != content_hash(ROWS, ["id", "y_true"])


def test_no_two_changes_have_one_hash() -> None:
    assert len({content_hash(other, ["id", "y_true"]) for other in OTHERS}) == len(OTHERS)


def test_what_was_known_stays_the_same_until_something_changes(world_of: Callable[..., World]) -> None:
    world = world_of(segments=["region"])
    world.predict("2013-06-01", [1, 2], region=["n", "s"])
    world.label("2013-06-02", [1], [1], ["2013-06-02T01:00"])

    def known(state: State = State.PROVISIONAL, monitor: Monitor = world.monitor) -> str:
        [truth] = world.truths("2013-06-01", now="2013-06-03")
        return truth.known_as(state, monitor)

    before = known()
    world.label("2013-06-02", [1, 3], pa.array([1.0, 0.0]), ["2013-06-02T02:00"] * 2)
    assert known() == before
    assert known(State.FINAL) != before
    assert known(monitor=world.monitor.model_copy(update={"segments": ()})) != before
    world.label("2013-06-02", [2], [1], ["2013-06-02T02:00"])
    with_another = known()
    world.label("2013-06-02", [2], [0], ["2013-06-02T03:00"])
    assert len({before, with_another, known()}) == 3


def test_windows_are_joined_one_at_a_time(world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many windows are open, one of them is in memory."""
    world = world_of()
    for day in ("2013-06-01", "2013-06-02"):
        world.predict(day, ["a"])
    read = []
    real = truth_module.predictions_with_ids
    monkeypatch.setattr(truth_module, "predictions_with_ids", lambda *given: read.append(1) or real(*given))
    truths = truths_of(
        world.slices("2013-06-02", "2013-06-01"),
        world.monitor,
        world.arrived("2013-06-01", "2013-06-03"),
        relabel=False,
    )
    next(iter(truths))
    assert len(read) == 1
