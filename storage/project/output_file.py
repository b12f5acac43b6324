"""Which files a command may write that a user names."""

from __future__ import annotations

from pathlib import Path

from lamplighter.errors import LamplighterError
from storage.project.folder import Project

SQLITE = b"SQLite format 3\0"
"""What a SQLite file begins with."""


def refuse_output(project: Project, path: Path) -> None:
    """Refuse to write to what is no file, or among the files of the home, such as over the history itself.

    Raises
    ------
    LamplighterError

    Examples
    --------
    >>> refuse_output(project, project.root / "past.om")
    >>> refuse_output(project, project.home / "history.db")
    Traceback (most recent call last):
    ...
    lamplighter.errors.LamplighterError: ...history.db: lies in the home, whose files are Lamplighter's; name ...
    """
    try:
        is_other = path.exists() and not path.is_file()
    except OSError as error:
        what, fix = f"cannot be written: {error.strerror}", "allow it, or name another file"
        raise LamplighterError(what, where=path, fix=fix) from None
    if not path.name or is_other:
        raise LamplighterError("is no regular file", where=path, fix="name a file")
    if project.home.resolve() in path.resolve().parents:
        raise LamplighterError(
            "lies in the home, whose files are Lamplighter's", where=path, fix="name a file elsewhere"
        )
    if path.is_file() and _begins_as_sqlite(path):
        raise LamplighterError("is a database, such as a history", where=path, fix="name another file")


def _begins_as_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False
