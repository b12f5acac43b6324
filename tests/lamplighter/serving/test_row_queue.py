"""Rows are written by a thread: rotated, retried under one name, and dropped only where that was declared."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from prometheus_client import CollectorRegistry

from lamplighter.errors import LamplighterError
from lamplighter.serving import PredictionLog
from lamplighter.serving.written import Written

NOON = dt.datetime(2013, 4, 1, 12, tzinfo=dt.UTC)


def row(number: int, **others: Any) -> dict[str, Any]:
    return {"predicted_at": NOON, "number": number, **others}


def written(folder: Path) -> list[int]:
    return ds.dataset(folder, format="parquet", partitioning="hive").to_table()["number"].to_pylist()


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.01)


class Counts:
    """The live metrics of a log."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"prediction_log_{name}", {"model": "churn", **labels})


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A folder that cannot be written: a file lies in its place."""
    folder = tmp_path / "log"
    folder.write_text("not a folder")
    return folder


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "lamplighter.serving"]


# When rows are written


def test_a_row_is_written_after_max_seconds(tmp_path: Path, counts: Counts) -> None:
    log = PredictionLog(tmp_path, max_seconds=0.05, model="churn", registry=counts.registry)
    for number in range(3):
        log.append(row(number))
        until(lambda: counts("rows_total") == number + 1)  # noqa: B023
    assert written(tmp_path) == [0, 1, 2]
    assert len(list(tmp_path.rglob("*.parquet"))) == 3
    log.close()


def test_max_rows_are_written_at_once(tmp_path: Path, counts: Counts) -> None:
    log = PredictionLog(tmp_path, max_rows=2, max_seconds=3600, model="churn", registry=counts.registry)
    for number in range(5):
        log.append(row(number))
    until(lambda: counts("rows_total") == 4)
    until(lambda: counts("queue_rows") == 1)
    assert written(tmp_path) == [0, 1, 2, 3]
    log.close()
    assert written(tmp_path) == [0, 1, 2, 3, 4]
    assert counts("queue_rows") == 0


def test_a_closed_log_goes_on_with_the_next_row(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path)
    for number in range(2):
        log.append(row(number))
        log.close()
        log.close()
    assert written(tmp_path) == [0, 1]


# A place that cannot be written


def test_rows_wait_for_a_folder_that_is_gone_and_those_beyond_are_dropped_and_counted(
    blocked: Path, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    log = PredictionLog(blocked, max_rows=2, queue_rows=4, model="churn", registry=counts.registry)
    for number in range(7):
        log.append(row(number))
    until(lambda: (counts("failures_total") or 0) >= 2)
    assert counts("dropped_rows_total", cause="full") == 3
    assert counts("queue_rows") == 4

    blocked.unlink()
    until(lambda: counts("rows_total") == 4)
    log.append(row(8))
    log.close()
    assert written(blocked) == [0, 1, 2, 3, 8]
    lines = [line.removeprefix(f"prediction log {blocked} ") for line in messages(caplog)]
    assert lines.count("is full: rows are dropped until there is room; 4 wait to be written") == 1
    assert lines.count("was full: 3 rows were dropped") == 1
    (failed,) = [line for line in lines if line.startswith("cannot be written: ")]
    assert failed.endswith("rows wait and are tried again")
    assert len([line for line in lines if line.startswith("is written again; failures before: ")]) == 1
    assert len(lines) == 4


def test_a_batch_that_failed_half_way_is_written_once(tmp_path: Path, counts: Counts) -> None:
    second = tmp_path / "day=2013-04-02"
    second.write_text("a file where the second day's folder should be")
    log = PredictionLog(tmp_path, max_rows=2, model="churn", registry=counts.registry)
    log.append(row(0))
    log.append({**row(1), "predicted_at": NOON + dt.timedelta(days=1)})
    until(lambda: counts("failures_total"))
    second.unlink()
    log.close()
    assert sorted(written(tmp_path)) == [0, 1]


def test_closing_says_what_is_lost(blocked: Path) -> None:
    log = PredictionLog(blocked)
    log.append(row(0))
    with pytest.raises(LamplighterError, match=r"1 rows were not written: .* they are lost when the process ends"):
        log.close()
    blocked.unlink()
    log.close()
    assert written(blocked) == [0]


def test_without_a_thread_rows_wait_for_one_or_for_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a row is logged while the interpreter ends, which starts no thread any more."""
    log = PredictionLog(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", _no_thread)
        log.append(row(0))
    log.append(row(1))
    log.close()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", _no_thread)
        log.append(row(2))
        log.close()
    assert written(tmp_path) == [0, 1, 2]


def _no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't create new thread at interpreter shutdown")


def test_the_error_of_a_block_is_not_hidden_by_that_of_its_log(blocked: Path, caplog: pytest.LogCaptureFixture) -> None:
    def serve() -> None:
        with PredictionLog(blocked) as log:
            log.append(row(0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        serve()
    assert "1 rows were not written" in messages(caplog)[-1]


class Slow:
    """A place that takes its time: a disk that hangs cannot be had in a test."""

    def __init__(self) -> None:
        self.free, self.rows = threading.Event(), list[int]()

    def write(self, table: pa.Table, name: str) -> Written:
        self.free.wait(30)
        self.rows += table["number"].to_pylist()
        return Written(table.num_rows)


def test_a_place_that_hangs_holds_up_nothing(counts: Counts) -> None:
    place = Slow()
    log = PredictionLog(place, max_rows=1, queue_rows=2, model="churn", registry=counts.registry)
    for number in range(4):
        log.append(row(number))
    assert counts("dropped_rows_total", cause="full") == 2
    with pytest.raises(LamplighterError, match=r"2 rows were not written: not within 0\.05 seconds"):
        log._queue.close(0.05)
    place.free.set()
    log.close()
    assert place.rows == [0, 1]


def test_a_full_log_that_blocks_waits_for_room(counts: Counts) -> None:
    place = Slow()
    log = PredictionLog(
        place, max_rows=1, queue_rows=1, full="block", max_wait=30, model="churn", registry=counts.registry
    )
    log.append(row(0))
    waits = threading.Thread(target=log.append, args=(row(1),))
    waits.start()
    place.free.set()
    waits.join()
    log.close()
    assert place.rows == [0, 1]
    assert counts("dropped_rows_total", cause="full") == 0


def test_a_full_log_that_blocks_waits_no_longer_than_declared(counts: Counts) -> None:
    place = Slow()
    log = PredictionLog(
        place, max_rows=1, queue_rows=1, full="block", max_wait=0.01, model="churn", registry=counts.registry
    )
    log.append(row(0))
    log.append(row(1))
    assert counts("dropped_rows_total", cause="full") == 1
    place.free.set()
    log.close()
    assert place.rows == [0]


# Rows that cannot be stored


def test_a_row_that_only_arrow_can_refuse_costs_no_other(
    tmp_path: Path, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    with PredictionLog(tmp_path, model="churn", registry=counts.registry) as log:
        for number in range(20):
            log.append(row(number, ranked=["a"]))
        log.append(row(20, ranked=["a", 1]))
        log.append(row(21, ranked=["b"]))
        log.append(row(2**70, ranked=["b"]))
    assert written(tmp_path) == [*range(20), 21]
    assert counts("dropped_rows_total", cause="refused") == 2
    assert counts("rows_total") == 21
    (line,) = messages(caplog)
    assert line.startswith(f"prediction log {tmp_path}: 2 rows refused, the first: ")


@pytest.mark.parametrize("max_rows", [1, 3, 100])
def test_the_type_that_most_rows_have_counts_whichever_came_first(
    tmp_path: Path, counts: Counts, max_rows: int
) -> None:
    """Else one odd request after a start would keep every later row out of the log."""
    with PredictionLog(tmp_path, max_rows=max_rows, model="churn", registry=counts.registry) as log:
        log.append(row(0, score="high"))
        for number in range(1, 21):
            log.append(row(number, score=0.5))
        log.append(row(21, score="low"))
    stored = [
        path for path in sorted(tmp_path.rglob("*.parquet")) if pq.read_schema(path).field("score").type == "double"
    ]
    assert sum(pq.ParquetFile(path).metadata.num_rows for path in stored) >= 19
    assert counts("rows_total") == 20
    assert counts("dropped_rows_total", cause="refused") == 2


@pytest.mark.parametrize(
    ("rows", "stored"),
    [
        pytest.param([1, 0.5, None], [1.0, 0.5, None], id="numbers"),
        pytest.param([None, "a"], [None, "a"], id="null first"),
        pytest.param([[], ["x"]], [[], ["x"]], id="empty list first"),
        pytest.param([{"a": 1}, {"b": "x"}], [{"a": 1, "b": None}, {"a": None, "b": "x"}], id="keys differ"),
    ],
)
@pytest.mark.parametrize("max_rows", [1, 10])
def test_a_column_has_one_type_in_all_files_to_come(
    tmp_path: Path, rows: list[Any], stored: list[Any], max_rows: int
) -> None:
    with PredictionLog(tmp_path, max_rows=max_rows) as log:
        for number, value in enumerate(rows):
            log.append(row(number, value=value))
    tables = [pq.read_table(path) for path in sorted(tmp_path.rglob("*.parquet"))]
    table = pa.concat_tables(tables, promote_options="permissive")
    assert table["value"].to_pylist() == stored


def test_rows_may_have_different_columns(tmp_path: Path) -> None:
    with PredictionLog(tmp_path) as log:
        log.append(row(0, a=1))
        log.append({"b": "x", **row(1)})
    assert ds.dataset(tmp_path, partitioning="hive").to_table().select(["number", "a", "b"]).to_pylist() == [
        {"number": 0, "a": 1, "b": None},
        {"number": 1, "a": None, "b": "x"},
    ]


def test_timestamps_of_several_zones_are_one_column(tmp_path: Path) -> None:
    tokyo = dt.timezone(dt.timedelta(hours=9))
    with PredictionLog(tmp_path, max_rows=1) as log:
        for number, zone in enumerate((dt.UTC, tokyo)):
            log.append(row(number, seen_at=NOON.astimezone(zone)))
    assert ds.dataset(tmp_path).to_table()["seen_at"].to_pylist() == [NOON, NOON]


def test_what_a_caller_changes_later_is_not_logged(tmp_path: Path) -> None:
    with PredictionLog(tmp_path) as log:
        answer = row(0)
        log.append(answer)
        answer["number"] = 1
    assert written(tmp_path) == [0]


# Settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_rows": 0}, "max_rows is 0; it must be at least 1"),
        ({"max_seconds": 0}, "max_seconds is 0; it must be above 0"),
        ({"queue_rows": 10}, "queue_rows is 10; at least max_rows, 10000, is right"),
        ({"full": "wait"}, "full is 'wait'; 'drop' or 'block' is right"),
        ({"sample": 1.5, "id": "request_id"}, "sample is 1.5; a share above 0 and at most 1 is right, such as 0.1"),
        ({"sample": 0.1}, "a sample needs the column that identifies a row; add id='request_id'"),
    ],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(LamplighterError) as caught:
        PredictionLog(tmp_path, **options)
    assert str(caught.value) == message


def test_two_models_share_a_registry(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    for model in ("churn", "fraud"):
        with PredictionLog(tmp_path / model, model=model, registry=registry) as log:
            log.append(row(0))
    for model in ("churn", "fraud"):
        assert registry.get_sample_value("prediction_log_rows_total", {"model": model}) == 1


def test_two_logs_of_a_model_wait_together(blocked: Path) -> None:
    registry = CollectorRegistry()
    first, second = (PredictionLog(blocked / name, model="churn", registry=registry) for name in ("live", "shadow"))
    for log, rows in ((first, 3), (second, 1)):
        for _ in range(rows):
            log.append({"predicted_at": NOON})
        with pytest.raises(LamplighterError):
            log.close()
    assert registry.get_sample_value("prediction_log_queue_rows", {"model": "churn"}) == 4


def test_a_log_without_a_model_has_no_metrics(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry = CollectorRegistry()
    with caplog.at_level(logging.DEBUG), PredictionLog(tmp_path, registry=registry) as log:
        log.append(row(0))
    assert list(registry.collect()) == []
    assert messages(caplog) == []
