"""Rows of a window: their types, those that repeat an id, samples."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.core.monitor import Duplicates
from lamplighter.core.time.window import Grain
from storage.sources.scan import Scan
from storage.sources.shared_scans import Scans
from tests.storage.scan_specs import AT, HOUR, row_groups, spec_of, utc, values

# Types


EVERY_TYPE = {
    "int": pa.array([1, None, 3], pa.int32()),
    "float": pa.array([0.5, None, float("inf")]),
    "decimal": pa.array([Decimal("1.50"), None, Decimal("2.25")]),
    "bool": pa.array([True, None, False]),
    "text": pa.array(["a", None, "b"]),
    "dictionary": pa.array(["a", None, "b"]).dictionary_encode(),
    "numbers": pa.array([7, None, 7]).dictionary_encode(),
    "null": pa.nulls(3),
    "list": pa.array([[1], None, [2, 3]]),
}


def test_every_type_is_read_as_it_is(tmp_path: Path, write) -> None:
    table = pa.table({"at": utc(*["2013-06-01T00:00:00Z"] * 3), **EVERY_TYPE})
    rows = Scan(spec_of(write(tmp_path / "a.parquet", table)))
    expected = pq.read_table(tmp_path / "a.parquet").to_pydict()
    assert rows.table(list(EVERY_TYPE)).to_pydict() == {name: expected[name] for name in EVERY_TYPE}
    assert rows.schema["dictionary"] == pa.string()
    assert rows.schema["numbers"] == pa.int64()


def test_a_frame_holds_decimals_as_floats(tmp_path: Path, write) -> None:
    table = pa.table({"at": utc(*["2013-06-01T00:00:00Z"] * 3), **EVERY_TYPE})
    rows = Scan(spec_of(write(tmp_path / "a.parquet", table)))
    for frame in (rows.frame(["decimal"]), rows.sample(["decimal"], 10, 0)):
        assert frame["decimal"].dtype == np.float64
        np.testing.assert_array_equal(frame["decimal"], [1.5, np.nan, 2.25])


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        (pa.nulls(2), pa.array([1, 2]), [None, None, 1, 2]),
        (pa.array(["a", "b"]), pa.nulls(2), ["a", "b", None, None]),
        (pa.array([1, 2]), pa.array([3.0, None]), [1.0, 2.0, 3.0, None]),
        (pa.array([1, 2], pa.int16()), pa.array([2**40, None]), [1, 2, 2**40, None]),
        (pa.array([2**60 + 1, 2]), pa.array([0.5, None]), [float(2**60), 2.0, 0.5, None]),
        (pa.array([Decimal("1.5"), None]), pa.array([1, 2]), [1.5, None, 1.0, 2.0]),
        (pa.array(["a", "b"]), pa.array(["c", None], pa.large_string()), ["a", "b", "c", None]),
        (pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", None]), ["a", "b", "c", None]),
    ],
    ids=["null-int", "text-null", "int-float", "short-long", "large-float", "decimal-int", "text-large", "dictionary"],
)
def test_files_of_one_day_may_hold_a_column_in_related_types(tmp_path: Path, write, first, second, joined) -> None:
    """Pandas writes whole numbers beside a null as floats; that is no breakage."""
    write(tmp_path / "a.parquet", at=utc(*AT), x=first)
    write(tmp_path / "b.parquet", at=utc(*AT), x=second)
    rows = Scan(spec_of(str(tmp_path / "*.parquet")))
    assert rows.held.conflicting == {}
    assert values(rows) == joined
    assert [value for value in rows.sample(["x"], 10, 0)["x"].tolist() if value == value and value is not None] == [
        value for value in joined if value is not None
    ]


@pytest.mark.parametrize(
    ("first", "second", "expected", "joined"),
    [
        (pa.array([1, 2]), pa.array(["3", "x"]), "int64 and string", ["1", "2", "3", "x"]),
        (pa.array([1.0, 0.5]), pa.array(["3", None]), "double and string", ["1", "0.5", "3", None]),
        (pa.array([True, False]), pa.array([1, 0]), "bool and int64", ["1", "0", "1", "0"]),
        (pa.array([[1], [2]]), pa.array([1, None]), "list<element: int64> and int64", ['["1"]', '["2"]', "1", None]),
    ],
)
def test_a_type_that_differs_between_files_is_reported_and_read_as_text(
    tmp_path: Path, write, first, second, expected: str, joined: list
) -> None:
    write(tmp_path / "a.parquet", at=utc(*AT), x=first)
    write(tmp_path / "b.parquet", at=utc(*AT), x=second)
    rows = Scan(spec_of(str(tmp_path / "*.parquet")))
    assert rows.held.conflicting == {"x": expected}
    assert values(rows) == joined
    assert rows.count == 4


def test_times_of_different_types_in_two_files(tmp_path: Path, write) -> None:
    write(tmp_path / "a.parquet", at=pa.array([dt.datetime(2013, 6, 1, 5)], pa.timestamp("us")), x=[1], id=["a"])
    write(tmp_path / "b.parquet", at=["2013-06-01T04:00:00Z"], x=[2], id=["a"])
    write(tmp_path / "c.parquet", at=utc("2013-06-01T06:00:00Z"), x=[3], id=["a"])
    rows = Scan(spec_of(str(tmp_path / "*.parquet"), timezone="UTC", id=("id",)))
    assert values(rows) == [2]
    assert rows.repeated == 2


# Repeated ids


REPEATED = {
    "at": [f"2013-06-01T0{hour}:00:00Z" for hour in (2, 1, 3, 4, 5, 6, 7)],
    "id": ["a", "a", "a", "b", None, None, "c"],
    "version": ["1", "1", "2", "1", "1", "1", None],
    "x": [0, 1, 2, 3, 4, 5, 6],
}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"id": ("id",)}, [1, 3, 4, 5, 6]),
        ({"id": ("id",), "duplicates": Duplicates.ERROR}, [1, 3, 4, 5, 6]),
        ({"id": ("id",), "duplicates": Duplicates.LAST}, [2, 3, 4, 5, 6]),
        ({"id": ("id",), "version": "version"}, [1, 2, 3, 4, 5, 6]),
        ({"id": ("id",), "version": "version", "duplicates": Duplicates.LAST}, [0, 2, 3, 4, 5, 6]),
        ({"id": ("id", "version")}, [1, 2, 3, 4, 5, 6]),
        ({"id": ("id",), "time": None}, [0, 3, 4, 5, 6]),
        ({"id": ("id",), "time": None, "duplicates": Duplicates.LAST}, [2, 3, 4, 5, 6]),
        ({"id": ("absent",)}, [0, 1, 2, 3, 4, 5, 6]),
        ({}, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
@pytest.mark.parametrize("split", [False, True], ids=["one file", "row groups and files"])
def test_of_repeated_ids_one_stays(tmp_path: Path, write, given: dict, kept: list[int], split: bool) -> None:
    table = pa.table(REPEATED)
    if split:
        write(tmp_path / "a.parquet", table.slice(0, 4), options={"row_group_size": 2})
        write(tmp_path / "b.parquet", table.slice(4), options={"row_group_size": 2})
    else:
        write(tmp_path / "a.parquet", table)
    rows = Scan(spec_of(str(tmp_path / "*.parquet"), **given))
    assert sorted(values(rows)) == kept
    assert (rows.count, rows.repeated) == (len(kept), 7 - len(kept))


@pytest.mark.parametrize(("duplicates", "kept"), [(Duplicates.FIRST, 0), (Duplicates.LAST, 199)])
def test_at_one_instant_first_and_last_go_by_place(tmp_path: Path, write, duplicates: Duplicates, kept: int) -> None:
    path = write(tmp_path / "a.parquet", at=[AT[0]] * 200, id=["a"] * 200, x=range(200))
    assert values(Scan(spec_of(path, id=("id",), duplicates=duplicates))) == [kept]


def test_a_null_version_is_a_version(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=AT, id=["a", "a"], version=pa.nulls(2, pa.string()), x=[1, 2])
    assert values(Scan(spec_of(path, id=("id",), version="version"))) == [1]


def test_large_ids_beside_a_null_stay_apart(tmp_path: Path, write) -> None:
    """As floats, which pandas makes of them, 2**53 and 2**53 + 1 would be one."""
    path = write(tmp_path / "a.parquet", at=[AT[0]] * 3, id=[2**53, 2**53 + 1, None], x=[1, 2, 3])
    rows = Scan(spec_of(path, id=("id",)))
    assert values(rows) == [1, 2, 3]
    assert rows.frame(["id"], ["id"])["id"].tolist()[:2] == ["9007199254740992", "9007199254740993"]


def test_an_id_is_one_whatever_type_holds_it(tmp_path: Path, write) -> None:
    write(tmp_path / "a.parquet", at=AT, id=pa.array([7, 8]), x=[1, 2])
    write(tmp_path / "b.parquet", at=AT, id=pa.array([7.0, None]), x=[3, 4])
    write(tmp_path / "c.parquet", at=AT, id=pa.array(["8", "9"]), x=[5, 6])
    write(tmp_path / "d.parquet", at=AT, id=pa.array([Decimal("9.00"), Decimal("10")]), x=[7, 8])
    rows = Scan(spec_of(str(tmp_path / "*.parquet"), id=("id",)))
    assert values(rows) == [1, 4, 5, 7, 8]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 3, None]), st.sampled_from(["u", "v", None]), st.integers(0, 47)),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([Duplicates.FIRST, Duplicates.LAST]),
    st.integers(1, 5),
)
def test_repeated_ids_against_a_slow_reference(tmp_path: Path, write, drawn: list, duplicates, group: int) -> None:
    hours = [pd.Timestamp("2013-05-31T12:00:00Z") + hour * HOUR for _, _, hour in drawn]
    table = pa.table(
        {
            "at": pa.array(pd.DatetimeIndex(hours).as_unit("us")),
            "a": pa.array([a for a, *_ in drawn], pa.int64()),
            "b": pa.array([b for _, b, *_ in drawn], pa.string()),
            "x": range(len(drawn)),
        }
    )
    path = write(tmp_path / "a.parquet", table, options={"row_group_size": group})
    inside = [i for i, hour in enumerate(hours) if hour.date() == dt.date(2013, 6, 1)]
    by_id: dict[tuple, list[int]] = {}
    for i in inside:
        a, b = drawn[i][:2]
        by_id.setdefault((a, b) if a is not None and b is not None else (i,), []).append(i)
    sign = 1 if duplicates is Duplicates.FIRST else -1
    kept = sorted(min(group, key=lambda i: (sign * hours[i].value, sign * i)) for group in by_id.values())
    assert values(Scan(spec_of(path, id=("a", "b"), duplicates=duplicates))) == kept


# Samples


def test_a_sample_is_seeded_in_order_and_without_replacement(tmp_path: Path, write) -> None:
    rows = Scan(spec_of(row_groups(tmp_path / "a.parquet", write), time=None))
    drawn = rows.sample(["x", "noise", "absent"], 30, seed=1)
    assert drawn.equals(rows.sample(["x", "noise", "absent"], 30, seed=1))
    assert not drawn.equals(rows.sample(["x", "noise", "absent"], 30, seed=2))
    assert drawn["x"].is_monotonic_increasing
    assert drawn["x"].is_unique
    whole = pq.read_table(rows.spec.files[0].uri).to_pandas().set_index("x")
    np.testing.assert_array_equal(drawn["noise"], whole.loc[drawn["x"], "noise"])
    assert drawn["absent"].isna().all()
    assert len(rows.sample(["x"], 1000, seed=1)) == 96


def test_a_sample_draws_every_row_equally_often(tmp_path: Path, write) -> None:
    rows = Scan(spec_of(row_groups(tmp_path / "a.parquet", write), time=None))
    drawn = np.concatenate([rows.sample(["x"], 24, seed=seed)["x"] for seed in range(200)])
    # 200 draws at 1/4: 50 on average, and six standard deviations are 37.
    assert np.abs(np.bincount(drawn, minlength=96) - 50).max() < 37


def test_slices_compare_by_value(tmp_path: Path, write) -> None:
    where = spec_of(write(tmp_path / "a.parquet", at=AT))
    assert where == replace(where)
    assert hash(where) == hash(replace(where))
    assert where != replace(where, id=("id",))


# Kept


def test_the_windows_of_a_run_are_opened_once(tmp_path: Path, write) -> None:
    """Three days of hours are open at a time, and every stage asks for each."""
    opened = []
    kept = Scans(lambda where: opened.append(where) or Scan(where))
    path = write(tmp_path / "a.parquet", at=AT, x=[1, 2])
    window = spec_of(path, grain=Grain.HOUR).window
    specs = []
    for _ in range(73):
        specs.append(replace(spec_of(path), window=window))
        window = window.next()
    for _ in range(4):
        assert sum(kept.open(where).count for where in specs) == 2
    assert opened == specs


def test_of_slices_the_ones_asked_for_last_are_kept(tmp_path: Path, write) -> None:
    specs = [spec_of(write(tmp_path / f"{i}.parquet", at=AT)) for i in range(3)]
    kept = Scans(Scan, most=2)
    first, second = kept.open(specs[0]), kept.open(specs[1])
    assert kept.open(specs[0]) is first
    kept.open(specs[2])
    assert kept.open(specs[0]) is first
    assert kept.open(specs[1]) is not second
