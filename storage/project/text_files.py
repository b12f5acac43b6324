"""Small files that people write, such as monitors and settings: regular files of a bounded size, within a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from lamplighter.errors import MonitorError


class UnfitFileError(MonitorError):
    """A file is none that a person wrote: a device, a pipe, or larger than such a file can be."""


def read_bounded(path: Path, most: int, within: Sequence[Path] = ()) -> bytes:
    """The content of a regular file.

    Parameters
    ----------
    path : Path
    most : int
        Bytes that it may have; of a device that never ends no more is read.
    within : sequence of Path
        Folders; it must be in one of them once links are followed. Anywhere by default.

    Raises
    ------
    UnfitFileError
        With what is wrong with it, and nothing of its content.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> read_bounded(Path("/dev/zero"), 1000)
    Traceback (most recent call last):
    ...
    storage.project.text_files.UnfitFileError: is no regular file; put a file of text there
    """
    try:
        if within and not _is_in(path.resolve(), within):
            raise UnfitFileError("is a link that leads out of the project", fix="put the file itself there")
    except RuntimeError:
        raise UnfitFileError("is a link to itself", fix="put a file of text there") from None
    # A pipe would be waited for, and some devices do something when they are opened.
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnfitFileError("is no regular file", fix="put a file of text there")
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnfitFileError("is no regular file", fix="put a file of text there")
        content = file.read(most + 1) or b""
    if len(content) > most:
        what = f"is larger than {most // 1024} KiB, which is more than such a file may have"
        raise UnfitFileError(what, fix="put a smaller one there")
    return content


def _is_in(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder.resolve()) for folder in folders)
