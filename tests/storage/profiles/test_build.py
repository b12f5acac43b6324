"""Profiles made of files, held against numpy and pandas on the whole column; and how they are kept."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.core.profiles.profile import MOST_CATEGORIES, Bounds, ColumnProfile
from lamplighter.core.time.window import Grain, Window
from storage.profiles.build import profile_columns, table_kinds, type_kind
from storage.profiles.store import ProfileStore
from storage.project.private_key import home_key, keyed_hash
from storage.sources.files import find
from storage.sources.scan import Scan, ScanSpec

WINDOW = Window.of("m", Grain.DAY, "UTC", dt.date(2013, 6, 1))


def open_scan(folder: Path, *parts: pa.Table, group: int = 7) -> Scan:
    """Rows of files, each of small row groups."""
    for old in folder.glob("*.parquet"):
        old.unlink()
    for i, part in enumerate(parts):
        pq.write_table(part, folder / f"{i}.parquet", row_group_size=group)
    return Scan(ScanSpec(WINDOW, tuple(find([str(folder / "*.parquet")])), time=None))


def profile(rows: Scan, kind: Any, **given: Any) -> ColumnProfile:
    profiles, broken = profile_columns(rows, {"x": kind}, **given)
    assert broken == {}
    return profiles["x"]


NUMBERS = st.one_of(st.none(), st.just(0.0), st.floats(-1e6, 1e6), st.sampled_from([float("inf"), float("nan")]))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NUMBERS, min_size=1, max_size=60), st.integers(1, 20), st.integers(1, 4))
def test_numbers_merged_from_row_groups_equal_the_whole(tmp_path: Path, drawn: list, group: int, files: int) -> None:
    table = pa.table({"x": pa.array(drawn, pa.float64())})
    size = -(-len(drawn) // files)
    found = profile(open_scan(tmp_path, *(table.slice(i * size, size) for i in range(files)), group=group), "numeric")
    values = np.array([np.nan if value is None else value for value in drawn])
    finite = values[np.isfinite(values)]
    assert (found.rows, found.nulls, found.infinite) == (len(values), np.isnan(values).sum(), np.isinf(values).sum())
    assert found.present == len(finite)
    if not len(finite):
        assert np.isnan(found.quantile(0.5))
        return
    assert (found.minimum, found.maximum) == (finite.min(), finite.max())
    assert found.mean == pytest.approx(finite.mean(), rel=1e-9, abs=1e-9)
    if len(finite) > 1:
        assert found.deviation == pytest.approx(finite.std(ddof=1), rel=1e-9, abs=1e-6)
    for q in (0.0, 0.25, 0.5, 0.75, 0.99, 1.0):
        expected = np.quantile(finite, q, method="lower")
        assert found.quantile(q) == pytest.approx(expected, rel=0.005, abs=1e-12), q


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), st.sampled_from("abcdef")), min_size=1, max_size=60), st.integers(1, 20))
def test_categories_merged_from_row_groups_equal_a_count(tmp_path: Path, drawn: list, group: int) -> None:
    found = profile(open_scan(tmp_path, pa.table({"x": pa.array(drawn, pa.string())}), group=group), "categorical")
    counted = Counter(drawn)
    assert (found.rows, found.nulls) == (len(drawn), counted.pop(None, 0))
    assert found.categories == dict(sorted(counted.items()))


def test_what_is_outside_is_counted(tmp_path: Path) -> None:
    rows = open_scan(tmp_path, pa.table({"x": [0.0, 1.0, 5.0, 9.0, 10.0, None, 50.0, float("inf")]}), group=3)
    found = profile(rows, "numeric", bounds={"x": Bounds(1.0, 9.0, -20.0, 20.0)})
    assert (found.outside, found.outliers) == (3, 1)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([1, 2, None], pa.int8()), "numeric", 1.5),
        (pa.array([True, False, None]), "numeric", 0.5),
        (pa.array([Decimal("1.50"), Decimal("2.50"), None]), "numeric", 2.0),
        (pa.array(["1", "2.5", None]), "numeric", 1.75),
        (pa.array([1, 1, None]), "categorical", {"1": 2}),
        (pa.array([1.0, 0.5, float("nan")]), "categorical", {"0.5": 1, "1": 1}),
        (pa.array([True, False, None]), "categorical", {"0": 1, "1": 1}),
        (pa.array([Decimal("1.00"), Decimal("0.50"), None]), "categorical", {"0.5": 1, "1": 1}),
        (pa.array(["a", "b", None]).dictionary_encode(), "categorical", {"a": 1, "b": 1}),
        (pa.nulls(3), "categorical", {}),
    ],
    ids=str,
)
def test_columns_of_every_type(tmp_path: Path, values: pa.Array, kind: Any, expected: Any) -> None:
    found = profile(open_scan(tmp_path, pa.table({"x": values})), kind)
    assert (found.rows, found.nulls) == (3, 3 if values.type == pa.null() else 1)
    assert (found.mean if kind == "numeric" else found.categories) == expected


@pytest.mark.parametrize(
    ("values", "kind", "held"),
    [
        (pa.array(["a", "2"]), "numeric", "text"),
        (pa.array([dt.datetime(2013, 6, 1)] * 2), "numeric", "time"),
        (pa.array([[1], [2]]), "numeric", "other"),
        (pa.array([[1], [2]]), "categorical", "other"),
        (pa.array([{"a": 1}, {"a": 2}]), "categorical", "other"),
    ],
    ids=str,
)
def test_a_column_of_another_kind_is_reported_and_the_others_are_profiled(
    tmp_path: Path, values: pa.Array, kind: Any, held: str
) -> None:
    rows = open_scan(tmp_path, pa.table({"x": values, "y": [1.0, 2.0]}))
    profiles, broken = profile_columns(rows, {"x": kind, "y": "numeric", "absent": "numeric"})
    assert broken == {"x": held}
    assert list(profiles) == ["y"]


def test_a_column_that_is_a_number_in_one_file_and_text_in_the_next(tmp_path: Path) -> None:
    rows = open_scan(tmp_path, pa.table({"x": [1.0, 2.0]}), pa.table({"x": ["a", "1"]}))
    assert profile_columns(rows, {"x": "numeric"}) == ({}, {"x": "double and string"})
    assert profile(rows, "categorical").categories == {"1": 2, "2": 1, "a": 1}


def test_more_values_than_categories_are_counted_and_not_kept(tmp_path: Path) -> None:
    values = [f"v{i}" for i in range(MOST_CATEGORIES + 5)] + [None] * 3
    for group in (100, 1_000_000):
        found = profile(open_scan(tmp_path, pa.table({"x": values}), group=group), "categorical")
        assert (found.rows, found.nulls, found.crowded) == (len(values), 3, True)
        assert found.categories == {}
    numbers = pa.array([*map(float, range(MOST_CATEGORIES + 5)), None, float("nan")])
    found = profile(open_scan(tmp_path, pa.table({"x": numbers}), group=1_000_000), "categorical")
    assert (found.rows, found.nulls, found.crowded) == (MOST_CATEGORIES + 7, 2, True)


def test_exactly_as_many_values_as_categories_are_kept(tmp_path: Path) -> None:
    values = [f"v{i:05d}" for i in range(MOST_CATEGORIES)] + [None]
    found = profile(open_scan(tmp_path, pa.table({"x": values}), group=1_000_000), "categorical")
    assert (len(found.categories), found.crowded, found.nulls) == (MOST_CATEGORIES, False, 1)


def test_types_as_a_monitor_sees_them(tmp_path: Path) -> None:
    table = pa.table(
        {"n": [Decimal("1")], "b": [True], "t": ["a"], "d": [dt.date(2013, 6, 1)], "l": [[1]], "z": pa.nulls(1)}
    )
    kinds = {"n": "number", "b": "boolean", "t": "text", "d": "time", "l": "other", "z": "null"}
    assert table_kinds(open_scan(tmp_path, table)) == kinds
    assert type_kind(pa.large_string()) == "text"


def test_of_private_columns_no_value_is_kept(tmp_path: Path) -> None:
    names = pa.array(["Ada", "Bob", "Ada", None])
    ages = pa.array([36.5, 77.25, 36.5, None])
    rows = open_scan(tmp_path, pa.table({"name": names, "age": ages, "open": ["Eve"] * 4}), group=2)
    key = home_key(tmp_path / "home")
    kinds = {"name": "categorical", "age": "numeric", "open": "categorical"}
    profiles, _ = profile_columns(rows, kinds, private=["name", "age"], key=key)
    assert profiles["name"].categories == dict(sorted({keyed_hash("Ada", key): 2, keyed_hash("Bob", key): 1}.items()))
    assert profiles["age"] == ColumnProfile("age", "numeric", rows=4, nulls=1)
    assert profiles["age"].as_bounds() is None
    store = ProfileStore(tmp_path / "home")
    store.save(profiles)
    store.cache("reference", profiles)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"Eve" in kept
    for secret in (b"Ada", b"Bob", np.float64(36.5).tobytes(), np.float64(77.25).tobytes(), b"36.5"):
        assert secret not in kept
