"""Backing a home up while its runs go on.

The history is copied first, as of one moment. What it names was written before the rows that name it and never
changes, so that the copies of the files that are made afterwards are those that it names.
"""

from __future__ import annotations

import glob
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import quote

import sqlalchemy as sa

from lamplighter import __version__
from lamplighter.atomic import atomic_file
from lamplighter.errors import BackupError, one_line
from storage.history import History, tables
from storage.history.database import BUSY_SECONDS, version_of
from storage.history.query import file_of
from storage.history.unchanged import UnchangedHistory, damages, unchanged_history
from storage.project.folder import Project
from storage.project.private_files import FILE_MODE
from storage.project.private_key import KEY_FILE
from storage.upkeep.archive import COMPRESSED, Manifest, Writer

HISTORY = "history.db"
SCRATCH = ".backup-"
WHOLE = ("profiles", "references", "image-statistics", "gauges")
"""Folders of the home of which every file goes along."""


class BackedUp(NamedTuple):
    """What was backed up.

    Attributes
    ----------
    files : dict of str to int
        How many of each part of the home.
    newest : dict of str to str
        The newest run's window of each model.
    elsewhere : str
        Where the history is that is not in the file; empty where it is.
    lost : list of str
        What the history names and is not there any longer.
    others : list of str
        Models of the history that have no monitor in the project and nothing in the home: those of another project.
    left : list of Path
        What lies beside the file of a back-up that was killed, or is at work.
    """

    files: dict[str, int]
    newest: dict[str, str]
    elsewhere: str
    lost: list[str]
    others: list[str]
    left: list[Path]


def back_up(project: Project, target: Path, *, reports: bool = False) -> BackedUp:
    """Write a back-up of a home, whole or not at all, for its owner alone.

    Parameters
    ----------
    project : Project
    target : Path
        One that is there is replaced. Of the name ``.gz`` or ``.tgz`` it is compressed.
    reports : bool
        Whether reports go along.

    Raises
    ------
    BackupError
        If it cannot be written, or there is nothing to back up.
    HistoryError

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     found = back_up(project, Path(folder, "home.tar.gz"))
    >>> found.files["history.db"], found.files["models"], found.newest
    (1, 1, {'churn': '2026-03-11'})
    """
    live = unchanged_history(project)
    if live is None:
        raise BackupError("no run is recorded, so there is nothing to back up", where=project.home, fix="give -C DIR")
    if not target.parent.is_dir():
        raise BackupError("no such folder", where=target.parent, fix="make it, or name another")
    manifest = Manifest(datetime.now(UTC).isoformat(timespec="seconds"), __version__)
    counts: dict[str, int] = {}
    file = file_of(project)
    try:
        with (
            TemporaryDirectory(dir=target.parent, prefix=SCRATCH) as scratch,
            atomic_file(target, mode=FILE_MODE, lasting=True) as output,
        ):
            writer = Writer(output, manifest, compressed=target.name.endswith(COMPRESSED))
            history = live
            if file is not None:
                history = _snapshot(file, Path(scratch, HISTORY))
                writer.add(Path(scratch, HISTORY), HISTORY)
                counts[HISTORY] = 1
            named, versions = _describe(history, manifest, in_file=file is not None)
            for path in _files(project.home, versions, reports=reports):
                name = path.relative_to(project.home).as_posix()
                # What `prune` takes meanwhile is named by nothing.
                with suppress(FileNotFoundError):
                    writer.add(path, name)
                    part = name.partition("/")[0]
                    counts[part] = counts.get(part, 0) + 1
            others, lost = _missing(project, manifest, named)
            writer.close()
    except OSError as error:
        raise BackupError(f"cannot be written: {one_line(error)}", where=target, fix="free or allow it") from None
    elsewhere = "" if file else live.engine.url.set(query={}).render_as_string(hide_password=True)
    return BackedUp(counts, manifest.newest, elsewhere, lost, others, _left_beside(target))


def _left_beside(target: Path) -> list[Path]:
    name = glob.escape(target.name)
    return sorted([*target.parent.glob(f"{SCRATCH}*"), *target.parent.glob(f".{name}.{'[0-9a-f]' * 16}")])


def _snapshot(file: Path, copy: Path) -> History:
    """The history as of one moment, in a file of its own that nothing writes to."""
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=BUSY_SECONDS)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        what = f"the history cannot be copied: {one_line(error)}"
        raise BackupError(what, where=file, fix="free some room, or see `lamplighter doctor`") from None
    history = UnchangedHistory(sa.create_engine(sa.URL.create("sqlite", database=str(copy)), poolclass=sa.NullPool))
    if wrong := damages(history):
        # Copied as it is it would only be found when it is needed.
        raise BackupError(f"is damaged: {wrong[0]}", where=file, fix="restore an earlier back-up")
    return history


def _describe(history: History, manifest: Manifest, *, in_file: bool) -> tuple[dict[str, list[str]], list[str]]:
    """Note of which version a history is and its newest runs; returns what it names of each model, and the folders."""
    with history.reading() as connection:
        version = version_of(connection) or ""
        if not version:
            return {}, []
        run, profile, registered = tables.run.c, tables.profile.c, tables.model_version.c
        newest = sa.select(run.model, sa.func.max(run.window_start)).group_by(run.model)
        manifest.newest |= {model: start.date().isoformat() for model, start in connection.execute(newest)}
        hashes = connection.execute(sa.select(profile.model, profile.content_hash).distinct()).all()
        versions = connection.execute(sa.select(registered.model, registered.version)).all()
    manifest.schema = version if in_file else ""
    named: dict[str, list[str]] = {}
    for model, name in hashes:
        named.setdefault(model, []).extend([f"profiles/{name[:2]}/{name}.arrow"] if name else [])
    for model, name in versions:
        named.setdefault(model, []).append(f"models/{model}/{name}")
    return named, [f"models/{model}/{name}" for model, name in versions]


def _missing(project: Project, manifest: Manifest, named: dict[str, list[str]]) -> tuple[list[str], list[str]]:
    """The models of another project that shares the history, which leave the manifest; and what is lost of ours.

    A model that was retired here has something in the home. A history that lies in the home is of one project.
    """
    kept, others = {*manifest.checksums, *_folders(manifest.checksums)}, list[str]()
    if file_of(project) != project.home / HISTORY:
        ours = project.models() if project.has_monitors else {}
        every = sorted({*manifest.newest, *named} - {*ours})
        others = [model for model in every if kept.isdisjoint(named.get(model, ()))]
    manifest.newest = {model: label for model, label in manifest.newest.items() if model not in others}
    return others, [name for model in sorted({*named} - {*others}) for name in named[model] if name not in kept]


def _folders(names: Iterable[str]) -> set[str]:
    """The folders of versions that some files lie in."""
    return {"/".join(name.split("/")[:3]) for name in names}


def _files(home: Path, versions: list[str], *, reports: bool) -> Iterator[Path]:
    """The files of a home that go along; a version is whole with its hidden ones, elsewhere those are half written."""
    yield from (path for path in [home / KEY_FILE] if path.is_file())
    for name in (*WHOLE, *(["reports"] if reports else []), *versions):
        for path in sorted(_below(home / name)):
            if path.is_file() and not path.is_symlink() and (name in versions or not path.name.startswith(".")):
                yield path


def _below(folder: Path) -> Iterator[Path]:
    """What is below a folder, but for folders that `prune` takes meanwhile."""
    for place, folders, files in os.walk(folder, onerror=_raise_unless_gone):
        yield from (Path(place, name) for name in (*folders, *files))


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
