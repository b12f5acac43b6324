"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

ANYBODY = 0o666
"""What a file may be before the umask takes from it."""


@contextmanager
def atomic_file(
    path: Path, *, mode: int | None = None, keep: bool = False, lasting: bool = False
) -> Iterator[IO[bytes]]:
    """Open a file that takes its place only once it is complete; until then what is there stays.

    Beside it lies a hidden file meanwhile, whose name ends as no data file does. Its folder has to be there.

    Parameters
    ----------
    path : Path
    mode : int, optional
        Its permissions, from the moment at which it is made. By default those of the file that it replaces, or for a
        new one what the umask leaves.
    keep : bool
        Leave a file that another process has made meanwhile.
    lasting : bool
        Return only when the file and its name are on the disk, where they stay when the power goes.

    Raises
    ------
    OSError
        If the disk is full, or the folder is not there or cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with atomic_file(path := Path(folder, "note.txt")) as file:
    ...         _ = file.write(b"hello")
    ...         print(path.exists())
    ...     print(path.read_bytes(), [entry.name for entry in path.parent.iterdir()])
    False
    b'hello' ['note.txt']
    """
    if mode is None:
        with suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb", opener=partial(os.open, mode=ANYBODY if mode is None else mode)) as file:
            if mode is not None:
                # The umask has taken from it.
                temporary.chmod(mode)
            yield file
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        if keep:
            with suppress(FileExistsError):
                os.link(temporary, path)
        else:
            temporary.replace(path)
    except OSError as error:
        if error.filename == str(temporary):
            # The caller knows the file by its own name.
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    if lasting:
        _sync_folder(path.parent)


def write_atomically(path: Path, content: bytes, *, mode: int | None = None, keep: bool = False) -> None:
    """Write a file whole or not at all, as `atomic_file` does.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_atomically(path := Path(folder, "note.txt"), b"hello", mode=0o600)
    ...     write_atomically(path, b"another", keep=True)
    ...     print(path.read_bytes(), oct(path.stat().st_mode & 0o777))
    b'hello' 0o600
    """
    with atomic_file(path, mode=mode, keep=keep) as file:
        file.write(content)


def _sync_folder(folder: Path) -> None:
    """Make a rename last; Windows has no such call for folders and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
