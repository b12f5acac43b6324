"""Files of the home: readable by their owner alone, from the moment at which they are made."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from lamplighter.atomic import write_atomically

FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = 0o077
"""What a group and everybody else may do."""

OF_THE_HOME = frozenset(
    {
        "history.db",
        "private.key",
        "gauges",
        "image-statistics",
        "locks",
        "models",
        "profiles",
        "references",
        "reports",
        "spool",
    }
)
"""What lies in a home. A home may be set to a folder that holds other things too, which are left alone."""

DATABASE_SUFFIXES = ("", "-wal", "-shm", "-journal")
"""The files of one SQLite database; those beside it get its mode when SQLite makes them."""


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner alone.

    Raises
    ------
    OSError

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     make_folder(made := Path(folder, "home", "locks"))
    ...     print(oct(made.stat().st_mode & 0o777))
    0o700
    """
    if folder.is_dir():
        return
    if not folder.parent.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def open_private(path: Path, mode: str = "wb") -> IO[Any]:
    """Open a file for writing; if it is made, then for its owner alone.

    Raises
    ------
    OSError

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, open_private(Path(folder, "key")) as file:
    ...     print(oct(os.fstat(file.fileno()).st_mode & 0o777))
    0o600
    """
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, FILE_MODE))


def write_private(path: Path, content: bytes, *, keep: bool = False) -> None:
    """Write a file whole or not at all, for its owner alone, and its folder if it is missing.

    Parameters
    ----------
    path : Path
    content : bytes
    keep : bool
        Leave a file that another process has made meanwhile.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_private(path := Path(folder, "new", "note.txt"), b"hello")
    ...     print(path.read_bytes(), [entry.name for entry in path.parent.iterdir()])
    b'hello' ['note.txt']
    """
    make_folder(path.parent)
    write_atomically(path, content, mode=FILE_MODE, keep=keep)


def close_to_others(path: Path) -> None:
    """Take a file or folder away from everybody but its owner, who may do with it what they could.

    Links are not followed. Files of another user are not changed, since that is impossible.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     (path := Path(folder, "note.txt")).touch(0o664)
    ...     close_to_others(path)
    ...     print(oct(path.stat().st_mode & 0o777))
    0o600
    """
    with suppress(OSError):
        if is_open_to_others(path):
            path.chmod(path.lstat().st_mode & 0o7777 & ~OTHERS)


def close_tree(folder: Path) -> None:
    """Take a folder and all that is in it away from everybody but its owner.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     (path := Path(folder, "v1")).mkdir()
    ...     (path / "model.bin").touch(0o644)
    ...     close_tree(path)
    ...     print(oct(path.stat().st_mode & 0o777), oct((path / "model.bin").stat().st_mode & 0o777))
    0o700 0o600
    """
    # The folder first: what is in it can no longer be reached then.
    close_to_others(folder)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            close_to_others(Path(place, name))


def close_home(home: Path) -> None:
    """Take a home that an earlier version or a wide umask left open away from everybody but its owner.

    A home that nothing else lies in is closed as a whole. What it holds is gone through only where one of its own
    entries is open: what is below a closed folder cannot be reached.
    """
    if not home.is_dir():
        return
    every = list(_entries(home))
    own = [entry for entry in every if _is_own(entry.name)]
    if own and len(own) == len(every):
        close_to_others(home)
    for entry in own:
        if is_open_to_others(entry):
            close_tree(entry)


def is_open_to_others(path: Path) -> bool:
    """Whether others than its owner may do something with a file or a folder; no for a link, and for what is gone.

    SQLite removes the files beside a database whenever the last connection closes, so they may go at any moment.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     (path := Path(folder, "note.txt")).touch(0o644)
    ...     print(is_open_to_others(path), is_open_to_others(Path(folder, "history.db-shm")))
    True False
    """
    with suppress(OSError):
        mode = path.lstat().st_mode
        return not stat.S_ISLNK(mode) and bool(mode & OTHERS)
    return False


def own_entries(home: Path) -> list[Path]:
    """What in a home is a home's, by name; nothing where there is none.

    Examples
    --------
    >>> [path.name for path in own_entries(project.home) if path.is_dir()]
    ['locks', 'models', 'profiles']
    """
    return sorted(entry for entry in _entries(home) if _is_own(entry.name))


def matching(folder: Path, pattern: str) -> list[Path]:
    """What below a folder of a home has such a name, in order; hidden files and what goes meanwhile are left out.

    `Path.glob` raises where a folder goes between its listing and its turn.

    Examples
    --------
    >>> [path.name for path in matching(project.home, "models/*/v1")]
    ['v1']
    >>> matching(Path("/nowhere"), "*/*.arrow")
    []
    """
    return sorted(folder / name for name in glob.iglob(pattern, root_dir=folder))


def _entries(home: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from home.iterdir()


def _is_own(name: str) -> bool:
    names = {f"{own}{suffix}" for own in OF_THE_HOME for suffix in DATABASE_SUFFIXES}
    return name in names or name.startswith(".private.key.")


def keep_database_private(path: Path) -> None:
    """Make the file of a SQLite database for its owner alone, or take it away from the others.

    Where it cannot be made SQLite says why.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     keep_database_private(path := Path(folder, "history.db"))
    ...     print(path.exists(), oct(path.stat().st_mode & 0o777))
    True 0o600
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT, FILE_MODE))
    for suffix in DATABASE_SUFFIXES:
        close_to_others(path.with_name(path.name + suffix))
