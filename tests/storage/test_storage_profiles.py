"""Profiles made of files, held against numpy and pandas on the whole column; and how they are kept."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import stat
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

from lamplighter.core.profile import MOST_CATEGORIES, Bounds, ColumnProfile
from lamplighter.core.window import Grain, Window
from lamplighter.errors import SourceError
from storage.files import find
from storage.profiles import ProfileStore, home_key, keyed_hash, profile_columns, table_kinds, type_kind
from storage.rows import Rows, Slice

WINDOW = Window.of("m", Grain.DAY, "UTC", dt.date(2013, 6, 1))


def rows_of(folder: Path, *parts: pa.Table, group: int = 7) -> Rows:
    """Rows of files, each of small row groups."""
    for old in folder.glob("*.parquet"):
        old.unlink()
    for i, part in enumerate(parts):
        pq.write_table(part, folder / f"{i}.parquet", row_group_size=group)
    return Rows(Slice(WINDOW, tuple(find([str(folder / "*.parquet")])), time=None))


def profile(rows: Rows, kind: Any, **given: Any) -> ColumnProfile:
    profiles, broken = profile_columns(rows, {"x": kind}, **given)
    assert broken == {}
    return profiles["x"]


NUMBERS = st.one_of(st.none(), st.just(0.0), st.floats(-1e6, 1e6), st.sampled_from([float("inf"), float("nan")]))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NUMBERS, min_size=1, max_size=60), st.integers(1, 20), st.integers(1, 4))
def test_numbers_merged_from_row_groups_equal_the_whole(tmp_path: Path, drawn: list, group: int, files: int) -> None:
    table = pa.table({"x": pa.array(drawn, pa.float64())})
    size = -(-len(drawn) // files)
    found = profile(rows_of(tmp_path, *(table.slice(i * size, size) for i in range(files)), group=group), "numeric")
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
    found = profile(rows_of(tmp_path, pa.table({"x": pa.array(drawn, pa.string())}), group=group), "categorical")
    counted = Counter(drawn)
    assert (found.rows, found.nulls) == (len(drawn), counted.pop(None, 0))
    assert found.categories == dict(sorted(counted.items()))


def test_what_is_outside_is_counted(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, pa.table({"x": [0.0, 1.0, 5.0, 9.0, 10.0, None, 50.0, float("inf")]}), group=3)
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
    found = profile(rows_of(tmp_path, pa.table({"x": values})), kind)
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
def test_a_column_of_another_kind_is_told_and_the_others_are_profiled(
    tmp_path: Path, values: pa.Array, kind: Any, held: str
) -> None:
    rows = rows_of(tmp_path, pa.table({"x": values, "y": [1.0, 2.0]}))
    profiles, broken = profile_columns(rows, {"x": kind, "y": "numeric", "absent": "numeric"})
    assert broken == {"x": held}
    assert list(profiles) == ["y"]


def test_a_column_that_is_a_number_in_one_file_and_text_in_the_next(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, pa.table({"x": [1.0, 2.0]}), pa.table({"x": ["a", "1"]}))
    assert profile_columns(rows, {"x": "numeric"}) == ({}, {"x": "double and string"})
    assert profile(rows, "categorical").categories == {"1": 2, "2": 1, "a": 1}


def test_more_values_than_categories_are_counted_and_not_kept(tmp_path: Path) -> None:
    values = [f"v{i}" for i in range(MOST_CATEGORIES + 5)] + [None] * 3
    for group in (100, 1_000_000):
        found = profile(rows_of(tmp_path, pa.table({"x": values}), group=group), "categorical")
        assert (found.rows, found.nulls, found.crowded) == (len(values), 3, True)
        assert found.categories == {}
    numbers = pa.array([*map(float, range(MOST_CATEGORIES + 5)), None, float("nan")])
    found = profile(rows_of(tmp_path, pa.table({"x": numbers}), group=1_000_000), "categorical")
    assert (found.rows, found.nulls, found.crowded) == (MOST_CATEGORIES + 7, 2, True)


def test_exactly_as_many_values_as_categories_are_kept(tmp_path: Path) -> None:
    values = [f"v{i:05d}" for i in range(MOST_CATEGORIES)] + [None]
    found = profile(rows_of(tmp_path, pa.table({"x": values}), group=1_000_000), "categorical")
    assert (len(found.categories), found.crowded, found.nulls) == (MOST_CATEGORIES, False, 1)


def test_types_as_a_monitor_sees_them(tmp_path: Path) -> None:
    table = pa.table(
        {"n": [Decimal("1")], "b": [True], "t": ["a"], "d": [dt.date(2013, 6, 1)], "l": [[1]], "z": pa.nulls(1)}
    )
    kinds = {"n": "number", "b": "boolean", "t": "text", "d": "time", "l": "other", "z": "null"}
    assert table_kinds(rows_of(tmp_path, table)) == kinds
    assert type_kind(pa.large_string()) == "text"


# Private columns


def test_of_private_columns_no_value_is_kept(tmp_path: Path) -> None:
    names = pa.array(["Ada", "Bob", "Ada", None])
    ages = pa.array([36.5, 77.25, 36.5, None])
    rows = rows_of(tmp_path, pa.table({"name": names, "age": ages, "open": ["Eve"] * 4}), group=2)
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


def test_private_hashes_differ_from_home_to_home(tmp_path: Path) -> None:
    keys = [home_key(tmp_path / name) for name in ("one", "two")]
    assert keyed_hash("Ada", keys[0]) != keyed_hash("Ada", keys[1])
    assert home_key(tmp_path / "one") == keys[0]


def test_the_key_is_its_owner_s_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    home_key(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["private.key"]
    assert stat.S_IMODE((tmp_path / "private.key").stat().st_mode) == 0o600


def _key(arguments: tuple[str, float]) -> bytes:
    folder, begin = arguments
    while dt.datetime.now().timestamp() < begin:
        pass
    return home_key(Path(folder))


def test_processes_that_race_for_the_key_have_one(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(os.path.exists, ["."] * 4)
        for i in range(10):
            begin = dt.datetime.now().timestamp() + 0.02
            keys = pool.map(_key, [(str(tmp_path / str(i)), begin)] * 2, chunksize=1)
            assert keys[0] == keys[1] == (tmp_path / str(i) / "private.key").read_bytes()
            assert len(list((tmp_path / str(i)).iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_key_that_is_not_whole_is_refused(tmp_path: Path, content: bytes) -> None:
    """With an empty key, private values would be hashed for all the world to guess."""
    (tmp_path / "private.key").write_bytes(content)
    with pytest.raises(
        SourceError, match=rf"private\.key: holds {len(content)} bytes, not 32; restore it, or remove it"
    ):
        home_key(tmp_path)


# Keeping


@pytest.fixture
def profiles(tmp_path: Path) -> dict[str, ColumnProfile]:
    folder = tmp_path / "rows"
    folder.mkdir()
    random = np.random.default_rng(0)
    table = pa.table({"n": random.normal(size=500), "c": random.choice(["a", "é", ""], 500), "z": pa.nulls(500)})
    kinds = {"n": "numeric", "c": "categorical", "z": "numeric"}
    found, _ = profile_columns(rows_of(folder, table), kinds, bounds={"n": Bounds(-1.0, 1.0, None, None)})
    return found


def test_what_is_saved_is_what_is_loaded(tmp_path: Path, profiles: dict[str, ColumnProfile]) -> None:
    store = ProfileStore(tmp_path)
    assert store.load(store.save(profiles)) == profiles
    assert store.load(store.save({})) == {}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, profiles: dict[str, ColumnProfile]) -> None:
    stores = [ProfileStore(tmp_path / name) for name in ("one", "two")]
    names = [store.save(profiles) for store in stores]
    assert names[0] == names[1]
    kept = [sorted(path for path in store.folder.rglob("*") if path.is_file()) for store in stores]
    assert [path.read_bytes() for path in kept[0]] == [path.read_bytes() for path in kept[1]]
    assert len(kept[0]) == 1


def test_another_content_has_another_name(tmp_path: Path, profiles: dict[str, ColumnProfile]) -> None:
    store = ProfileStore(tmp_path)
    assert store.save(profiles) != store.save({"n": profiles["n"]})


def files(store: ProfileStore) -> list[Path]:
    return sorted(path for path in store.folder.rglob("*") if path.is_file())


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "emptied": lambda content: b"",
    "flipped": lambda content: content[: len(content) // 2] + b"\xff\xff" + content[len(content) // 2 + 2 :],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("which", [0, 1], ids=["profile", "pointer"])
def test_a_damaged_cache_is_made_again(
    tmp_path: Path, profiles: dict[str, ColumnProfile], damage: str, which: int
) -> None:
    store = ProfileStore(tmp_path)
    assert store.cached("reference") is None
    store.cache("reference", profiles)
    assert store.cached("reference") == profiles
    path = files(store)[which]
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert store.cached("reference") is None
    store.cache("reference", profiles)
    assert store.cached("reference") == profiles


def test_a_cache_of_another_version_is_made_again(tmp_path: Path, profiles: dict, monkeypatch) -> None:
    """Its profiles had a field that these have not."""
    from storage import profiles as module

    store = ProfileStore(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(module, "SCHEMA", module.SCHEMA.append(pa.field("entropy", pa.float64())))
        store.cache("reference", profiles)
    assert store.cached("reference") is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_profile_is_told_and_saved_again(tmp_path: Path, profiles: dict, damage: str) -> None:
    store = ProfileStore(tmp_path)
    name = store.save(profiles)
    [path] = files(store)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(SourceError) as raised:
        store.load(name)
    assert str(raised.value) == f"{path}: the profile is damaged; remove it and run its night again"
    assert store.save(profiles) == name
    assert store.load(name) == profiles


def test_an_absent_profile_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the profile cannot be read: No such file or directory"):
        ProfileStore(tmp_path).load("0" * 32)
