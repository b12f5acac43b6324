"""How large what lies in a home is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def tree_size(folder: Path) -> int:
    """Bytes of the files below a folder, or of a file; 0 where there is nothing.

    Examples
    --------
    >>> tree_size(Path("/nowhere"))
    0
    """
    size = 0
    for path in _all(folder):
        # What a run removes meanwhile takes no room.
        with suppress(OSError):
            if not path.is_symlink() and path.is_file():
                size += path.lstat().st_size
    return size


def newest_change(folder: Path) -> float:
    """When something in a folder, or the file itself, last changed, in seconds since 1970."""
    newest = 0.0
    for path in _all(folder):
        with suppress(OSError):
            newest = max(newest, path.lstat().st_mtime)
    return newest


def _all(folder: Path) -> Iterator[Path]:
    yield folder
    with suppress(OSError):
        yield from folder.rglob("*")


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
