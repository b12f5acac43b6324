"""How large what lies in a home is, and how old; a run may remove any of it at any moment."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path


def tree_size(folder: Path) -> int:
    """Bytes of the files below a folder, or of a file; 0 where there is nothing.

    Examples
    --------
    >>> tree_size(Path("/nowhere"))
    0
    """
    return sum(found.st_size for found in _all(folder) if stat.S_ISREG(found.st_mode))


def newest_change(folder: Path) -> float | None:
    """When something in a folder, or the file itself, last changed, in seconds since 1970; None where it is gone."""
    return max((found.st_mtime for found in _all(folder)), default=None)


def is_unchanged_since(path: Path, moment: float) -> bool:
    """Whether a file, or a folder with all that is in it, is there and was last changed before a moment."""
    changed = newest_change(path)
    return changed is not None and changed < moment


def unchanged_since(folder: Path, moment: float) -> list[Path]:
    """What lies in a folder and has not changed since a moment in seconds since 1970, in order of its names.

    Examples
    --------
    >>> unchanged_since(Path("/nowhere"), 1.8e9)
    []
    """
    entries: list[Path] = []
    with suppress(OSError):
        entries = sorted(folder.iterdir())
    return [path for path in entries if is_unchanged_since(path, moment)]


def _all(folder: Path) -> Iterator[os.stat_result]:
    """What the system says of a folder, or a file, and of all that is below it and still there."""
    below = (Path(place, name) for place, folders, files in os.walk(folder) for name in (*folders, *files))
    for path in chain([folder], below):
        with suppress(OSError):
            yield path.lstat()


def size_text(size: float) -> str:
    """A number of bytes, for a person.

    Examples
    --------
    >>> size_text(512), size_text(3_400_000), size_text(5e12)
    ('512 B', '3.4 MB', '5000.0 GB')
    """
    if size < 1000:
        return f"{size:.0f} B"
    for unit in ("kB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} GB"
