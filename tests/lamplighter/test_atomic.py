"""Files appear whole or not at all, with the permissions that were asked for, and leave nothing beside them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import lamplighter
from lamplighter.atomic import atomic_file, write_atomically

KILLED = """
import os, signal, sys
from pathlib import Path
from lamplighter.atomic import atomic_file

with atomic_file(Path(sys.argv[1])) as file:
    file.write(b"new" * 100_000)
    file.flush()
    os.kill(os.getpid(), {signal})
"""


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_bytes(b"old")
    return path


@pytest.fixture(name="umask", autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_a_write_that_is_killed_leaves_the_old_file(path: Path, number: signal.Signals) -> None:
    code = KILLED.format(signal=int(number))
    ended = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False)
    assert ended.returncode == -number, ended.stderr
    assert path.read_bytes() == b"old"
    # No one is left to remove what it had begun; no pattern of data files finds that.
    assert [entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".note.txt.")] == ["note.txt"]
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt], ids=lambda error: error.__name__)
@pytest.mark.parametrize("lasting", [False, True])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    path: Path, error: type[BaseException], lasting: bool
) -> None:
    with pytest.raises(error), atomic_file(path, lasting=lasting) as file:  # noqa: PT012
        file.write(b"new")
        raise error
    assert [(entry.name, entry.read_bytes()) for entry in path.parent.iterdir()] == [("note.txt", b"old")]


@pytest.mark.parametrize("lasting", [False, True])
def test_a_write_replaces_the_old_file_and_leaves_nothing_else(path: Path, lasting: bool) -> None:
    with atomic_file(path, lasting=lasting) as file:
        file.write(b"new")
    assert [(entry.name, entry.read_bytes()) for entry in path.parent.iterdir()] == [("note.txt", b"new")]


def test_nothing_is_left_where_the_file_cannot_take_its_place(tmp_path: Path) -> None:
    (folder := tmp_path / "note.txt").mkdir()
    with pytest.raises(OSError, match=rf"'{folder}'$"):
        write_atomically(folder, b"new")
    assert [*tmp_path.iterdir()] == [folder]
    with pytest.raises(FileNotFoundError, match=r"absent/note\.txt'$"):
        write_atomically(tmp_path / "absent" / "note.txt", b"new")


@pytest.mark.parametrize(
    ("before", "asked", "expected"),
    [
        pytest.param(None, None, 0o640, id="what the umask leaves"),
        pytest.param(0o604, None, 0o604, id="of the file before"),
        pytest.param(None, 0o600, 0o600, id="private"),
        pytest.param(0o666, 0o600, 0o600, id="made private"),
        pytest.param(0o600, 0o644, 0o644, id="for a collector"),
    ],
)
def test_permissions(tmp_path: Path, before: int | None, asked: int | None, expected: int) -> None:
    path = tmp_path / "note.txt"
    if before is not None:
        path.touch()
        path.chmod(before)
    with atomic_file(path, mode=asked):
        (temporary,) = [entry for entry in tmp_path.iterdir() if entry != path]
        assert temporary.stat().st_mode & 0o777 == expected
    assert path.stat().st_mode & 0o777 == expected


def test_of_many_writers_one_wins_whole(path: Path) -> None:
    contents = [bytes([65 + n]) * 200_000 for n in range(8)]
    writers = [threading.Thread(target=write_atomically, args=(path, content)) for content in contents]
    for writer in writers:
        writer.start()
    seen = {path.read_bytes() for _ in range(200)}
    for writer in writers:
        writer.join()
    assert seen | {path.read_bytes()} <= {b"old", *contents}
    assert [*path.parent.iterdir()] == [path]


def test_the_file_of_the_first_writer_is_kept(path: Path, tmp_path: Path) -> None:
    write_atomically(path, b"new", keep=True)
    assert path.read_bytes() == b"old"
    write_atomically(tmp_path / "another", b"new", keep=True)
    assert (tmp_path / "another").read_bytes() == b"new"
    assert len([*tmp_path.iterdir()]) == 2


def test_no_other_file_renames_what_it_wrote() -> None:
    """One atomic write: a rename of a file elsewhere is of something that is no file of ours."""
    root = Path(lamplighter.__file__).parent.parent
    found = []
    for floor in ("lamplighter", "storage", "tasks", "flows", "dashboards", "prometheus"):
        for path in sorted((root / floor).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            found += [f"{path.relative_to(root)}: {line.strip()}" for line in text.splitlines() if RENAMES.search(line)]
    assert found == [
        "lamplighter/atomic.py: os.link(temporary, path)",
        "lamplighter/atomic.py: temporary.replace(path)",
        # Files that several processes have mapped into memory, and what their numbers mean depends on their names.
        "lamplighter/serving/workers.py: path.rename(moved)",
        "lamplighter/serving/workers.py: os.link(moved, path)",
        "lamplighter/serving/workers.py: temporary.rename(archive)",
        # Whole folders.
        "storage/registry/versions.py: made.replace(place)",
        "storage/sources/reference.py: Path(files[0].uri).parent.replace(folder)",
        "storage/upkeep/restore.py: aside = home.rename(_free_name(home))",
        "storage/upkeep/restore.py: fresh.rename(home)",
        "storage/upkeep/restore.py: aside.rename(home)",
    ]


RENAMES = re.compile(r"os\.(replace|rename|link)\(|\.(rename|hardlink_to)\(|^\s*[\w.()\[\]]+\.replace\(\w+\)$")
