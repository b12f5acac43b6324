"""The key of a home: made once, whole, and its owner's alone."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from lamplighter.errors import SourceError
from storage.project.private_key import home_key, key_name, keyed_hash


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


def test_a_key_that_cannot_be_read_or_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder" / "private.key").mkdir(parents=True)
    for home, reason in (("file", "File exists"), ("folder", "Is a directory")):
        with pytest.raises(SourceError) as raised:
            home_key(tmp_path / home)
        assert str(raised.value) == (
            f"{tmp_path}/{home}/private.key: the key of private values cannot be read or made: {reason}; "
            "mend the folder, or set LAMPLIGHTER_HOME"
        )


def test_the_name_of_a_key_tells_whether_it_is_the_same_and_nothing_else(tmp_path: Path) -> None:
    keys = [home_key(tmp_path / name) for name in ("one", "two")]
    assert key_name(keys[0]) == key_name(bytes(keys[0])) != key_name(keys[1])
    assert key_name(keys[0]) not in {keyed_hash("", keys[0]), keys[0].hex()[:16]}
