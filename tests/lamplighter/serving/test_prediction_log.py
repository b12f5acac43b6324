"""A reader of the prediction log sees whole files, each row once, in its local day."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import re
import signal
import threading
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from prometheus_client import CollectorRegistry

from lamplighter.errors import ColumnError, LamplighterError
from lamplighter.serving import PredictionLog

NOON = dt.datetime(2013, 4, 1, 12, tzinfo=dt.UTC)
SPAWN = multiprocessing.get_context("spawn")


def batch(rows: int, *, at: dt.datetime = NOON, late: int = 0) -> pa.Table:
    return pa.table({"predicted_at": [at] * rows, "late": [late] * rows})


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("day=*/*.parquet"))


def read(folder: Path) -> pa.Table:
    return ds.dataset(folder, format="parquet").to_table()


def test_types_come_back_as_they_were_written(tmp_path: Path) -> None:
    table = pa.table(
        {
            "predicted_at": pa.array([NOON, NOON], pa.timestamp("us", tz="UTC")),
            "request_id": ["a", None],
            "late": pa.array([1, None], pa.int8()),
            "probability": [0.1 + 0.2, float("nan")],
            "ranked": [["x", "y"], []],
            "seen_on": [dt.date(2013, 4, 1), None],
            "carrier": pa.array(["UA", "AA"]).dictionary_encode(),
            "sure": [True, False],
        }
    )
    (path,) = PredictionLog(tmp_path).write(table)
    written = pq.ParquetFile(path).read()
    assert written.schema.equals(table.schema)
    assert str(written.to_pydict()) == str(table.to_pydict())  # NaN is not equal to itself, but its text is


@pytest.mark.parametrize(
    ("at", "stored"),
    [
        pytest.param(pa.array([dt.datetime(2013, 4, 1, 21, tzinfo=ZoneInfo("Asia/Tokyo"))]), NOON, id="zone"),
        pytest.param(pa.array([1_364_817_600_000_000_999], pa.timestamp("ns", "UTC")), NOON, id="nanoseconds"),
        pytest.param(pa.array([1_364_817_600], pa.timestamp("s", "UTC")), NOON, id="seconds"),
    ],
)
def test_instants_are_stored_as_utc_microseconds(tmp_path: Path, at: pa.Array, stored: dt.datetime) -> None:
    PredictionLog(tmp_path).write({"predicted_at": at})
    column = read(tmp_path)["predicted_at"]
    assert column.type == pa.timestamp("us", tz="UTC")
    assert column.to_pylist() == [stored]


@pytest.mark.parametrize(("day", "hours"), [("2013-11-03", 25), ("2013-03-10", 23), ("2013-04-01", 24)])
def test_a_local_day_is_one_partition_however_long_it_is(tmp_path: Path, day: str, hours: int) -> None:
    zone = ZoneInfo("America/New_York")
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(dt.UTC)
    around = [midnight + dt.timedelta(minutes=30, hours=hour) for hour in range(-24, 49)]

    PredictionLog(tmp_path, timezone="America/New_York").write({"predicted_at": around})
    inside = pq.ParquetFile(*(tmp_path / f"day={day}").iterdir()).read()["predicted_at"].to_pylist()
    assert inside == [at for at in around if at.astimezone(zone).date().isoformat() == day]
    assert len(inside) == hours


NAIVE = dt.datetime(2013, 4, 1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"predicted_at": [NAIVE]}, "column 'predicted_at' has no time zone; give each timestamp its zone"),
        ({"predicted_at": [NOON, NAIVE]}, "column 'predicted_at' has no time zone"),
        ({"predicted_at": [NOON, None]}, "column 'predicted_at' is null in 1 of 2 rows"),
        ({"predicted_at": ["2013-04-01"]}, "column 'predicted_at' holds string; timestamps with a zone are right"),
        ({"at": [NOON], "late": [1]}, "column 'predicted_at' is missing; columns: at, late"),
        ({"predicted_at": [NOON], "late": [2**70]}, "row refused: column 'late': Python int too large to convert"),
    ],
)
def test_what_cannot_be_dated_is_refused_in_one_line(tmp_path: Path, rows: dict[str, list], message: str) -> None:
    with pytest.raises(ColumnError) as caught:
        PredictionLog(tmp_path).write(rows)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", "", ".hidden"])
def test_a_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(LamplighterError, match="cannot name a file"):
        PredictionLog(tmp_path).write(batch(1), name=name)


@pytest.mark.parametrize("zone", ["Mars/Crater", "", "America"])
def test_an_unknown_zone_is_refused(tmp_path: Path, zone: str) -> None:
    with pytest.raises(LamplighterError, match="unknown timezone"):
        PredictionLog(tmp_path, timezone=zone)


def test_batches_without_a_name_add_up_in_order_of_writing(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path)
    written = [log.write(batch(2, late=number))[0] for number in range(5)]
    assert parts(tmp_path) == written


def test_a_batch_of_the_same_name_replaces(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path)
    first = log.write(batch(2), name="morning")[0].read_bytes()
    second = log.write(batch(2), name="morning")[0].read_bytes()
    assert first == second
    assert [path.name for path in parts(tmp_path)] == ["part-morning.parquet"]


def test_an_empty_batch_writes_nothing(tmp_path: Path) -> None:
    assert PredictionLog(tmp_path).write(batch(1).slice(0, 0)) == []
    assert PredictionLog(tmp_path).write({"predicted_at": [], "late": []}) == []
    assert list(tmp_path.iterdir()) == []


# Rows one by one


def test_rows_are_held_up_to_max_rows_and_written_at_the_end(tmp_path: Path) -> None:
    with PredictionLog(tmp_path, max_rows=3) as log:
        for number in range(7):
            log.append({"predicted_at": NOON, "late": number})
    assert max(pq.ParquetFile(path).metadata.num_rows for path in parts(tmp_path)) == 3
    assert read(tmp_path)["late"].to_pylist() == list(range(7))


def test_rows_are_written_when_the_service_fails(tmp_path: Path) -> None:
    def serve() -> None:
        with PredictionLog(tmp_path) as log:
            log.append({"predicted_at": NOON, "late": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        serve()
    assert read(tmp_path)["late"].to_pylist() == [1]


def test_a_bad_row_is_refused_and_the_good_ones_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with PredictionLog(tmp_path) as log:
        log.append({"predicted_at": NOON, "late": 1, "score": None})
        log.append({"predicted_at": NOON, "late": "yes"})
        with pytest.raises(ColumnError, match="no time zone"):
            log.append({"predicted_at": NAIVE, "late": 1})
        with pytest.raises(ColumnError, match="log values that Arrow has a type for"):
            log.append({"predicted_at": NOON, "late": object()})
        log.append({"predicted_at": NOON, "late": 0, "score": 0.5})
    assert read(tmp_path).select(["late", "score"]).to_pylist() == [
        {"late": 1, "score": None},
        {"late": 0, "score": 0.5},
    ]
    assert "1 rows refused, the first: row refused: Unable to merge: Field late has incompatible types" in caplog.text


NOT_TAKEN = [
    pytest.param({"word": "\udc80"}, "column 'word': 'utf-8' codec can't encode .*; text that UTF-8 can", id="text"),
    pytest.param({"number": 2**70}, "column 'number': Python int too large .*; integers from -2", id="integer"),
    pytest.param({"ranked": ["a", 1]}, "column 'ranked': .*; log values that Arrow has", id="list of two types"),
]


@pytest.mark.parametrize(("brought", "said"), NOT_TAKEN)
@pytest.mark.parametrize("first", [True, False])
def test_what_a_request_brings_raises_nothing_and_is_counted_with_its_column(
    tmp_path: Path, brought: dict[str, object], said: str, first: bool, caplog: pytest.LogCaptureFixture
) -> None:
    registry = CollectorRegistry()
    sound = {"word": "a", "number": 1, "ranked": ["b"]}
    with PredictionLog(tmp_path, model="churn", registry=registry) as log:
        rows = [sound, {**sound, **brought}, {**sound, **brought}]
        for row in reversed(rows) if first else rows:
            log.append({"predicted_at": NOON, **row})
    assert read(tmp_path).select(["word", "number", "ranked"]).to_pylist() == [sound]
    labels = {"model": "churn", "cause": "refused"}
    assert registry.get_sample_value("prediction_log_dropped_rows_total", labels) == 2
    (line,) = [record.getMessage() for record in caplog.records]
    assert re.search(f"row refused: {said}", line)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"place": Path("a")}, r"column 'place': Could not convert PosixPath.*; log values that Arrow has a type for"),
        ({1: "a"}, "the column 1 is named by no text; name columns by text"),
        ({"predicted_at": NAIVE}, "column 'predicted_at' has no time zone"),
    ],
)
def test_code_that_logs_wrongly_hears_it_and_each_row_is_counted(
    tmp_path: Path, wrong: dict[str, object], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    registry = CollectorRegistry()
    log = PredictionLog(tmp_path, model="churn", registry=registry)
    for _ in range(2):
        with pytest.raises(ColumnError, match=said):
            log.append({"predicted_at": NOON, **wrong})
    labels = {"model": "churn", "cause": "refused"}
    assert registry.get_sample_value("prediction_log_dropped_rows_total", labels) == 2
    (line,) = [record.getMessage() for record in caplog.records]
    assert re.search(said, line)


def test_a_flush_that_failed_half_way_doubles_nothing_when_repeated(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path)
    log.append({"predicted_at": NOON, "late": 1})
    log.append({"predicted_at": NOON + dt.timedelta(days=1), "late": 0})
    blocked = tmp_path / "day=2013-04-02"
    blocked.write_text("a file where the second day's folder should be")
    with pytest.raises(OSError):
        log.flush()
    assert [path.parent.name for path in parts(tmp_path)] == ["day=2013-04-01"]

    blocked.unlink()
    log.flush()
    assert read(tmp_path)["late"].to_pylist() == [1, 0]
    assert log.flush() == []


def test_threads_share_a_log(tmp_path: Path) -> None:
    def serve(thread: int) -> None:
        for number in range(50):
            log.append({"predicted_at": NOON, "late": thread * 50 + number})

    with PredictionLog(tmp_path, max_rows=7) as log:
        threads = [threading.Thread(target=serve, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(read(tmp_path)["late"].to_pylist()) == list(range(200))


# Processes that die, and processes side by side


def _die_at_the_rename(folder: Path) -> None:
    os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment,misc]
    PredictionLog(folder).write(batch(1000), name="morning")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_writer_killed_before_the_rename_leaves_nothing_to_be_seen(tmp_path: Path) -> None:
    writer = SPAWN.Process(target=_die_at_the_rename, args=(tmp_path,))
    writer.start()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    (left,) = (tmp_path / "day=2013-04-01").iterdir()
    assert pq.read_metadata(left).num_rows == 1000  # it was all there, only the name was missing

    assert list(tmp_path.rglob("*.parquet")) == []
    assert ds.dataset(tmp_path).files == []
    PredictionLog(tmp_path).write(batch(1000), name="morning")
    assert read(tmp_path).num_rows == 1000


def _write_often(folder: Path, late: int) -> None:
    log = PredictionLog(folder)
    for _ in range(30):
        log.write(batch(500, late=late))
        log.write(batch(500, late=2), name="shared")


def test_two_processes_write_at_once_and_a_reader_sees_whole_files(tmp_path: Path) -> None:
    writers = [SPAWN.Process(target=_write_often, args=(tmp_path, late)) for late in (0, 1)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert {pq.ParquetFile(path).metadata.num_rows for path in parts(tmp_path)} <= {500}
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0

    counts = read(tmp_path)["late"].value_counts().to_pylist()
    assert {count["values"]: count["counts"] for count in counts} == {0: 15_000, 1: 15_000, 2: 500}
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]
