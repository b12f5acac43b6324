"""Profiles as they are kept: by content, and made again when they are damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lamplighter.core.profiles.profile import Bounds, ColumnProfile
from lamplighter.errors import SourceError
from storage.profiles.build import profile_columns
from storage.profiles.store import ProfileStore
from storage.sources.scan import Scan
from tests.storage.scan_specs import spec_of


@pytest.fixture
def profiles(tmp_path: Path, write: Callable[..., str]) -> dict[str, ColumnProfile]:
    random = np.random.default_rng(0)
    table = pa.table({"n": random.normal(size=500), "c": random.choice(["a", "é", ""], 500), "z": pa.nulls(500)})
    kinds = {"n": "numeric", "c": "categorical", "z": "numeric"}
    rows = Scan(spec_of(write(tmp_path / "rows" / "a.parquet", table, options={"row_group_size": 7}), time=None))
    found, _ = profile_columns(rows, kinds, bounds={"n": Bounds(-1.0, 1.0, None, None)})
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
    from storage.profiles import store as module

    store = ProfileStore(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(module, "SCHEMA", module.SCHEMA.append(pa.field("entropy", pa.float64())))
        store.cache("reference", profiles)
    assert store.cached("reference") is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_profile_is_reported_and_saved_again(tmp_path: Path, profiles: dict, damage: str) -> None:
    store = ProfileStore(tmp_path)
    name = store.save(profiles)
    [path] = files(store)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(SourceError) as raised:
        store.load(name)
    assert str(raised.value) == f"{path}: the profile is damaged; remove it and run its window again"
    assert store.save(profiles) == name
    assert store.load(name) == profiles


def test_an_absent_profile_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the profile cannot be read: No such file or directory"):
        ProfileStore(tmp_path).load("0" * 32)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, profiles: dict[str, ColumnProfile]) -> None:
    # A file that is in the way, as root may write where no other user may.
    (tmp_path / "home").write_text("in the way")
    store = ProfileStore(tmp_path / "home")
    for keep in (lambda: store.save(profiles), lambda: store.cache("reference", profiles)):
        with pytest.raises(SourceError) as raised:
            keep()
        assert str(raised.value).startswith(f"{tmp_path}/home/profiles/")
        assert str(raised.value).endswith(
            "arrow: the profile cannot be written: Not a directory; mend the folder, or set LAMPLIGHTER_HOME"
        )
    assert store.cached("reference") is None
