"""Which models the history has, asked of the SQLite file itself.

A misspelt model is answered with the names that are known. Importing SQLAlchemy for that would take about as long
(0.2 s) as all else that such a command does. Everything else about the history is in `storage.history`.
"""

from __future__ import annotations

import glob
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from lamplighter.core.hints import did_you_mean
from lamplighter.errors import HistoryError
from storage.project.folder import Project


def recorded_models(project: Project) -> list[str] | None:
    """The models that have a run; None where there is no such file, or it cannot be read like this.

    Examples
    --------
    >>> recorded_models(project)
    ['churn']
    """
    file = project.home / "history.db"
    if project.settings.history_url is not None or not file.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            return [model for (model,) in connection.execute("SELECT DISTINCT model FROM run ORDER BY model")]
    except sqlite3.Error:
        return None


def refuse_unrecorded(project: Project, model: str) -> None:
    """Refuse a model that surely has no run, before anything is imported that reads more of the history.

    Raises
    ------
    HistoryError
    """
    known = recorded_models(project)
    if known and model not in known:
        raise nothing_recorded(model, known)


def refuse_half_restored(home: Path) -> None:
    """Refuse to begin anew where a restoration was killed between moving a home aside and taking its place.

    Raises
    ------
    HistoryError

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("home.before-20260301T100000", ".home.restored-x"):
    ...         Path(folder, name).mkdir()
    ...     try:
    ...         refuse_half_restored(Path(folder, "home"))
    ...     except HistoryError as error:
    ...         print(error.what, error.fix, sep="; ")
    is missing: a restoration was killed, or is under way; restore again, or move home.before-20260301T100000 back there
    """
    if not home.exists():
        name = glob.escape(home.name)
        aside = sorted(home.parent.glob(f"{name}.before-*"))
        if aside and any(home.parent.glob(f".{name}.restored-*")):
            what, fix = "is missing: a restoration was killed, or is under way", f"move {aside[-1].name} back there"
            raise HistoryError(what, where=home, fix=f"restore again, or {fix}")


def nothing_recorded(model: str, known: Iterable[str]) -> HistoryError:
    """The error of a model that has no run.

    Examples
    --------
    >>> nothing_recorded("chum", ["churn"])
    HistoryError("nothing is recorded of 'chum'; did you mean 'churn'? known: churn")
    """
    return HistoryError(f"nothing is recorded of {model!r}", fix=did_you_mean(model, known))
