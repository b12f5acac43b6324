"""Making a home of a back-up: unpacked beside it, looked at, and moved to its place whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import sqlalchemy as sa

from lamplighter.errors import BackupError, LamplighterError, one_line
from storage.history import model_lock, open_history, tables
from storage.history.database import HEAD, engine_of
from storage.history.lock import Work
from storage.history.query import file_of
from storage.history.unchanged import UnchangedHistory, damages, unchanged_history
from storage.project.folder import Project
from storage.project.private_files import make_folder, matching, own_entries
from storage.registry.versions import Registry
from storage.upkeep.archive import Manifest, unpack
from storage.upkeep.backup import HISTORY

EMPTY = frozenset({"locks", "spool"})
"""What a command may have made in a home where nothing is recorded."""


WORKS: tuple[Work, ...] = ("run", "retraining", "delivery")
"""What must not be under way in a home that is moved aside."""


class Restored(NamedTuple):
    """What was restored.

    Attributes
    ----------
    manifest : Manifest
        Of the back-up.
    aside : Path or None
        Where what was there before lies now.
    """

    manifest: Manifest
    aside: Path | None


def restore(project: Project, source: Path, *, replace: bool = False) -> Restored:
    """Make the home of a project what a back-up holds.

    Parameters
    ----------
    project : Project
    source : Path
    replace : bool
        Whether a home that is there may be moved aside.

    Raises
    ------
    BackupError
        If the back-up is damaged or of a newer version, or the home holds something and ``replace`` is not given. The
        home stays as it was.
    BusyError
        If a run is at work in the home.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.upkeep.backup import back_up
    >>> with TemporaryDirectory() as folder:
    ...     _ = back_up(project, Path(folder, "home.tar"))
    ...     restored = restore(Project.open(folder), Path(folder, "home.tar"))
    ...     print(restored.manifest.newest, sorted(path.name for path in Path(folder, ".lamplighter").glob("[!h]*")))
    {'churn': '2026-03-11'} ['models', 'profiles']
    """
    home = project.home
    try:
        make_folder(home.parent)
        fresh = Path(mkdtemp(dir=home.parent, prefix=f".{home.name}.restored-"))
    except OSError as error:
        raise BackupError(f"cannot be made: {one_line(error)}", where=home, fix="set LAMPLIGHTER_HOME") from None
    try:
        manifest = unpack(source, fresh)
        _refuse_history(project, source, fresh, manifest)
        with _left_alone(project, manifest, replace=replace) as is_there:
            # What was unpacked must last before it takes the place of what did.
            os.sync()
            aside = _take_place(home, fresh, is_there=is_there)
    except OSError as error:
        raise BackupError(f"cannot be restored: {one_line(error)}", where=home, fix="free or allow it") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    if manifest.schema:
        # Connections of this process to the file that was moved aside would go on with that.
        engine_of(f"sqlite:///{home / HISTORY}").dispose()
    _renew_pointers(project)
    return Restored(manifest, aside)


def _take_place(home: Path, fresh: Path, *, is_there: bool) -> Path | None:
    """Have a folder be the home; returns where what was there lies now. Where it cannot be, that is put back."""
    aside = None
    if is_there:
        aside = home.rename(_free_name(home))
    elif home.exists():
        shutil.rmtree(home)
    try:
        fresh.rename(home)
    except BaseException:
        if aside:
            aside.rename(home)
        raise
    return aside


def _free_name(home: Path) -> Path:
    """A name for a home that is moved aside; of two that are in one second the later one sorts last."""
    name = home.with_name(f"{home.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    while name.exists():
        name = name.with_name(f"{name.name}+")
    return name


def _refuse_history(project: Project, source: Path, fresh: Path, manifest: Manifest) -> None:
    """Refuse a history that this Lamplighter cannot go on with, or would not read."""
    file = fresh / HISTORY
    if not manifest.schema:
        if file_of(project) is not None:
            what, fix = "holds no history, since that was in another database", "set LAMPLIGHTER_HISTORY_URL to it"
            raise BackupError(what, where=source, fix=fix)
        return
    if file_of(project) != project.home / HISTORY:
        what = "holds a history for the home, and LAMPLIGHTER_HISTORY_URL names another one"
        raise BackupError(what, where=source, fix="unset it for the restoration")
    if manifest.schema > HEAD:
        what = f"was made by a newer Lamplighter ({manifest.lamplighter})"
        raise BackupError(what, where=source, fix="install that one")
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)), poolclass=sa.NullPool)
    if wrong := damages(UnchangedHistory(engine)):
        raise BackupError(f"holds a damaged history: {wrong[0]}", where=source, fix="take another back-up")


@contextmanager
def _left_alone(project: Project, manifest: Manifest, *, replace: bool) -> Iterator[bool]:
    """Hold the locks of a home while another takes its place; yields whether something is in it.

    Raises
    ------
    BackupError
        If there is something and nothing may take its place.
    """
    home = project.home
    if home.exists() and not home.is_dir():
        raise BackupError("is no folder", where=home, fix="remove it, or set LAMPLIGHTER_HOME")
    is_there = home.is_dir() and any(path.name not in EMPTY for path in home.iterdir())
    models = _recorded(project)
    if is_there:
        if others := sorted({*home.iterdir()} - {*own_entries(home)}):
            what = f"holds other things too, such as {others[0].name}"
            raise BackupError(what, where=home, fix="set LAMPLIGHTER_HOME to a folder of its own")
        if not replace:
            what = f"holds {_newest(models)}, and the back-up {_newest(manifest.newest)}"
            raise BackupError(what, where=home, fix="add --replace to move the home aside and take the back-up's place")
    # A run that has not recorded yet that it began holds its lock already. A model that has no lock was never run.
    locked = {path.name.split(".")[0] for path in matching(home, "locks/*.lock")}
    with ExitStack() as held:
        for model in sorted({*models, *locked}) if home.is_dir() else ():
            for work in WORKS:
                held.enter_context(model_lock(work, model, _engine(project), home / "locks", 0))
        yield is_there


def _engine(project: Project) -> sa.Engine:
    """What keeps the locks of a home: its history, or the file of one that is not there yet."""
    present = unchanged_history(project)
    file = project.home / HISTORY
    return present.engine if present else sa.create_engine(sa.URL.create("sqlite", database=str(file)))


def _recorded(project: Project) -> dict[str, str]:
    """The newest run's window of each model that a home has; nothing of a history that cannot be read."""
    try:
        history = unchanged_history(project)
        if history is None:
            return {}
        run = tables.run.c
        with history.reading() as connection:
            query = sa.select(run.model, sa.func.max(run.window_start)).group_by(run.model)
            return {model: start.date().isoformat() for model, start in connection.execute(query)}
    except LamplighterError:
        return {}


def _newest(models: dict[str, str]) -> str:
    """How new a history is, in words.

    Examples
    --------
    >>> _newest({}), _newest({"churn": "2026-03-11", "fraud": "2026-03-12"})
    ('no run', 'runs of 2 models until 2026-03-12')
    """
    if not models:
        return "no run"
    return f"runs of {len(models)} model{'s' if len(models) > 1 else ''} until {max(models.values())}"


def _renew_pointers(project: Project) -> None:
    """Have the pointer of each model name the champion of the history; the next run would do it too."""
    history = open_history(project)
    with history.reading() as connection:
        models = connection.scalars(sa.select(tables.promotion.c.model).distinct()).all()
    for model in models:
        Registry(project.home, history, model).repair_pointer()
