"""Files that cannot be read, or break while they are read: reported, and the others are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lamplighter.errors import BrokenFileError, SourceError
from storage.sources.box_columns import BoxColumns
from storage.sources.scan import Scan, ScanSpec
from storage.sources.shared_scans import Scans
from tests.storage.scan_specs import AT, cut, spec_of, spoil, utc, values


def test_a_file_cut_in_half_is_reported_and_the_others_are_read(tmp_path: Path, write) -> None:
    cut(write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2]))
    write(tmp_path / "b.parquet", at=utc(*AT), x=[3, 4])
    (tmp_path / "c.parquet").write_bytes(b"")
    (tmp_path / "d.parquet").mkdir()
    rows = Scan(spec_of(str(tmp_path / "*.parquet")))
    assert values(rows) == [3, 4]
    assert [Path(uri).name for uri, _ in rows.unreadable] == ["a.parquet", "c.parquet"]
    assert all(fault and "\n" not in fault for _, fault in rows.unreadable)


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"x": [1], "when": ["2013-06-01"]}, "no time column 'at'; it has x, when"),
        ({"at": [1_370_044_800]}, "column 'at' holds numbers such as 1370044800; declare time_unit: s beside it"),
        ({"at": ["yesterday"]}, "column 'at' holds 'yesterday', which is no ISO 8601 timestamp"),
        ({"at": pa.array([dt.datetime(2013, 6, 1)])}, "column 'at' holds timestamps without a zone; declare timezone"),
    ],
)
def test_a_time_column_that_does_not_serve_is_reported_by_file(
    tmp_path: Path, write, columns: dict, fault: str
) -> None:
    write(tmp_path / "a.parquet", **columns)
    write(tmp_path / "b.parquet", at=utc(*AT), x=[3, 4])
    rows = Scan(spec_of(str(tmp_path / "*.parquet")))
    assert values(rows) == [3, 4]
    [(uri, output)] = rows.unreadable
    assert uri.endswith("a.parquet")
    assert output.startswith(fault)


def test_a_file_that_vanishes_between_listing_and_opening_is_reported(tmp_path: Path, write) -> None:
    paths = [write(tmp_path / name, at=utc(*AT), x=[1, 2]) for name in ("a.parquet", "b.parquet")]
    where = spec_of(*paths)
    Path(paths[0]).unlink()
    rows = Scan(where)
    assert rows.count == 2
    assert rows.unreadable[0][0] == paths[0]


def test_a_file_that_vanishes_between_opening_and_reading_is_one_line(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2])
    rows = Scan(spec_of(path))
    Path(path).unlink()
    with pytest.raises(SourceError) as raised:
        rows.table(["x"])
    assert str(raised.value).startswith(f"{path}: column 'x' cannot be read: ")
    assert "\n" not in str(raised.value)


def test_an_empty_day_is_no_fault(tmp_path: Path, write) -> None:
    write(tmp_path / "a.parquet", at=utc(*AT)[:0], x=pa.array([], pa.int64()))
    for rows in (Scan(spec_of(str(tmp_path / "*.parquet"))), Scan(spec_of(str(tmp_path / "none")))):
        assert (rows.count, rows.repeated, rows.unreadable, rows.schema) == (0, 0, [], {})
        assert rows.table(["x"]).num_rows == len(rows.frame(["x"], ["x"])) == len(rows.sample(["x"], 5, 0)) == 0


def test_the_fingerprint_tells_of_files_with_rows_of_the_window_alone(tmp_path: Path, write) -> None:
    held = write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2])
    other = write(tmp_path / "b.parquet", at=utc("2013-06-02T00:00:00Z"), x=[3])
    before = Scan(spec_of(held, other)).fingerprint
    write(Path(other), at=utc("2013-06-02T00:00:00Z", "2013-06-02T01:00:00Z"), x=[3, 4])
    assert Scan(spec_of(held, other)).fingerprint == before
    write(Path(other), at=utc("2013-06-01T00:00:00Z"), x=[3])
    assert Scan(spec_of(held, other)).fingerprint != before


def test_a_file_that_could_not_be_read_once_is_news_when_it_can(tmp_path: Path, write) -> None:
    """Its bytes did not change, only the disk or the store came back."""
    where = spec_of(write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2]))
    (tmp_path / "a.parquet").rename(tmp_path / "away")
    broken = Scan(where).fingerprint
    (tmp_path / "away").rename(tmp_path / "a.parquet")
    assert Scan(where).fingerprint != broken


def test_a_column_that_comes_twice_is_reported(tmp_path: Path, write) -> None:
    twice = pa.table([utc(*AT), pa.array([1, 2]), pa.array([3, 4])], names=["at", "x", "x"])
    path = write(tmp_path / "a.parquet", twice)
    write(tmp_path / "b.parquet", at=utc(*AT), x=[5, 6])
    rows = Scan(spec_of(str(tmp_path / "*.parquet")))
    assert rows.unreadable == [(path, "column 'x' comes twice; write it once")]
    assert values(rows) == [5, 6]


# What is wrong with the same column in every file


NAIVE = pa.array([dt.datetime(2013, 6, 1)])


@pytest.mark.parametrize(
    ("columns", "column", "missing", "expected"),
    [
        ({"x": [1]}, "at", True, "no time column 'at'; it has x"),
        ({"at": NAIVE}, "at", False, "column 'at' holds timestamps without a zone; declare timezone beside it"),
        ({"at": [True]}, "at", False, "column 'at' is bool; a time column holds timestamps"),
        ({"at": [1]}, "at", False, "column 'at' holds numbers such as 1; declare time_unit, one of s, ms, us, ns,"),
        ({"at": ["01.06.2013"]}, "at", False, "column 'at' holds '01.06.2013', which is no ISO 8601 timestamp"),
    ],
)
def test_a_mistake_about_the_time_column_is_one_mistake(
    tmp_path: Path, write, columns: dict, column: str, missing: bool, expected: str
) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.parquet", **columns, **{name: [1]})
    mistake = Scan(spec_of(str(tmp_path / "*.parquet"))).mistake
    assert mistake is not None
    assert (mistake.column, mistake.missing) == (column, missing)
    assert str(mistake).startswith(expected)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"at": utc(*AT)}, id="sound"),
        pytest.param({"at": utc(*AT)[:0]}, id="empty"),
        pytest.param({"at": [1]}, id="of another fault"),
        pytest.param(None, id="cut in half"),
    ],
)
def test_what_is_wrong_in_some_files_is_theirs(tmp_path: Path, write, other: dict | None) -> None:
    write(tmp_path / "a.parquet", x=[1])
    path = write(tmp_path / "b.parquet", **(other or {"x": [1]}))
    if other is None:
        cut(path)
    rows = Scan(spec_of(str(tmp_path / "*.parquet")))
    assert rows.mistake is None
    assert rows.unreadable[0] == (str(tmp_path / "a.parquet"), "no time column 'at'; it has x; deliver the file again")


def test_without_files_there_is_no_mistake(tmp_path: Path) -> None:
    assert Scan(spec_of(str(tmp_path / "*.parquet"))).mistake is None


# Files that break while they are read


@pytest.fixture
def half_broken(tmp_path: Path, write) -> ScanSpec:
    """Three files, of which the one in the middle has a damaged column; an id stands in two of them."""
    for i, name in enumerate("abc"):
        columns = {"x": np.arange(2) + 10 * i, "noise": np.random.default_rng(i).random(2), "id": [f"{i}", "same"]}
        write(tmp_path / f"{name}.parquet", at=pa.array([*utc(*AT)]), **columns, **{name: [1, 2]})
    spoil(str(tmp_path / "b.parquet"), 0, "noise")
    return spec_of(str(tmp_path / "*.parquet"), id=("id",))


READERS: dict[str, Callable[[Scan], object]] = {
    "columns": lambda rows: [len(batch) for _, batches in rows.columns(["x", "noise"]) for batch in batches],
    "table": lambda rows: rows.table(["x", "noise"]).num_rows,
    "frame": lambda rows: len(rows.frame(["x", "noise"], ["id"])),
    "sample": lambda rows: len(rows.sample(["x", "noise"], 2, 0)),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_breaks_is_reported_once_and_then_left_out(
    tmp_path: Path, half_broken: ScanSpec, reader: str
) -> None:
    rows = Scan(half_broken)
    before = rows.fingerprint
    assert (rows.count, rows.repeated, rows.unreadable, "b" in rows.schema) == (4, 2, [], True)
    with pytest.raises(BrokenFileError) as raised:
        READERS[reader](rows)
    [(uri, reason)] = rows.unreadable
    assert uri == str(tmp_path / "b.parquet")
    assert reason.startswith("column 'noise' cannot be read: ")
    assert str(raised.value) == f"{uri}: {reason}"

    (tmp_path / "b.parquet").unlink()
    whole = Scan(replace(half_broken, files=tuple(file for file in half_broken.files if file.uri != uri)))
    assert READERS[reader](rows) == READERS[reader](whole)
    assert rows.frame(["x", "noise", "id"]).equals(whole.frame(["x", "noise", "id"]))
    assert (
        (rows.count, rows.repeated, rows.schema) == (whole.count, whole.repeated, whole.schema) == (3, 1, rows.schema)
    )
    assert rows.unreadable == [(uri, reason)]
    assert rows.fingerprint not in (before, whole.fingerprint)


def test_a_file_whose_ids_are_damaged_is_reported_before_anything_is_counted(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=utc(*AT), id=["a", "b"])
    write(tmp_path / "b.parquet", at=utc(*AT), id=["b", "c"])
    spoil(path, 0, "id")
    rows = Scan(spec_of(str(tmp_path / "*.parquet"), id=("id",)))
    with pytest.raises(BrokenFileError, match=r"a\.parquet: column 'id' cannot be read: "):
        rows.count  # noqa: B018 - it is read to be counted
    assert (rows.count, rows.repeated, values(rows, "id")) == (2, 0, ["b", "c"])


# From run to run


def test_what_could_not_be_read_is_tried_again_in_the_next_run_and_not_within_one(tmp_path: Path, write) -> None:
    where, scans = spec_of(write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2])), Scans()
    (tmp_path / "a.parquet").rename(tmp_path / "away")
    assert scans.open(where).count == 0
    (tmp_path / "away").rename(tmp_path / "a.parquet")
    assert scans.open(where).count == 0
    scans.forget_unreadable("another")
    assert scans.open(where).count == 0
    scans.forget_unreadable("m")
    sound = scans.open(where)
    assert (sound.count, sound.unreadable) == (2, [])
    scans.forget_unreadable("m")
    assert scans.open(where) is sound


# Files that are replaced meanwhile


def test_a_file_that_is_replaced_while_it_is_read_is_never_mixed(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2], y=["a", "b"])
    rows = Scan(spec_of(path))
    assert values(rows) == [1, 2]
    write(tmp_path / "a.parquet", at=utc(*AT), x=[2, 1], y=["b", "a"], z=["changes", "the size"])
    with pytest.raises(BrokenFileError, match="column 'y' cannot be read: was replaced while it was read; run it ag"):
        values(rows, "y")
    assert rows.count == 0
    rows = Scan(spec_of(path))
    assert (values(rows), values(rows, "y")) == ([2, 1], ["b", "a"])


def test_what_was_decoded_of_a_file_that_was_replaced_is_not_used(tmp_path: Path, write) -> None:
    """The two days were looked up at the same time, and opened before and after."""
    times, scans = utc(*AT, "2013-06-02T00:00:00Z"), Scans()
    path = write(tmp_path / "a.parquet", at=times, x=[1, 2, 3])
    first, second = spec_of(path), spec_of(path, day="2013-06-02")
    assert values(scans.open(first)) == [1, 2]
    write(tmp_path / "a.parquet", at=times.take(pa.array([2, 0, 1])), x=[30, 10, 20], z=["changes", "the", "size"])
    assert values(scans.open(second)) == [30]


def test_what_was_made_of_boxes_of_a_file_that_was_replaced_is_not_used(tmp_path: Path, write) -> None:
    box, scans, boxes = [0.0, 0.0, 5.0, 5.0], Scans(), BoxColumns("boxes", "classes", "score", "xyxy")
    path = write(
        tmp_path / "a.parquet", at=utc(*AT), boxes=[[box], [box]], classes=[["car"], ["car"]], score=[[0.9], [0.9]]
    )
    assert values(scans.open(spec_of(path, boxes=boxes)), "box_count") == [1, 1]
    write(tmp_path / "a.parquet", at=utc(*AT), boxes=[[box] * 2, []], classes=[["car"] * 2, []], score=[[0.9] * 2, []])
    assert values(scans.open(spec_of(path, boxes=boxes)), "box_count") == [2, 0]
