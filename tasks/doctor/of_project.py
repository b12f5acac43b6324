"""Looks at the project folder and the home: monitors, modes, disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lamplighter.errors import LamplighterError
from storage.history.query import file_of
from storage.project.folder import Project
from storage.project.private_files import is_open_to_others, own_entries
from storage.project.settings import RELAY, settings_file
from storage.upkeep.sizes import size_text, tree_size, unchanged_since
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, fault_of, ok, warning

SCARCE, GONE = 2 << 30, 200 << 20
"""Bytes. A run of a million rows streams some hundred megabytes to the spool; a history needs a few for a commit."""

OLD_SPOOL = 24 * 3600
"""Seconds after which what lies in the spool is no longer a run's: the longest takes hours."""


def monitors(case: Case) -> Iterator[Looked]:
    """Whether each monitor file can be read."""
    faults = [fault_of(found) for _, found in case.monitors if isinstance(found, LamplighterError)]
    yield from faults
    if sound := len(case.monitors) - len(faults):
        yield ok(f"{sound} monitor{'s' if sound > 1 else ''} in {case.project.monitors_folder}")


def modes(case: Case) -> Iterator[Looked]:
    """Whether others than the owner may read what is private."""
    open_ones = [path for path in _private(case.project) if is_open_to_others(path)]
    for path in open_ones:
        yield fault("others than its owner may read it", where=str(path), fix=f"chmod -R go= '{path}'")
    if not open_ones:
        yield ok("what is private is its owner's alone")


def _private(project: Project) -> Iterator[Path]:
    """What others must not read, and could if its mode lets them."""
    if is_open_to_others(project.home):
        # What lies in a closed folder cannot be reached.
        yield from own_entries(project.home)
    if (file := file_of(project)) and file.parent != project.home:
        yield file
    if project.env_file.path.is_file():
        yield project.env_file.path
    path, _, values = settings_file(project.root)
    # A receiver that is no variable is a URL with its secret.
    if {"pushgateway_password", "history_url", "relay_token"} & {*values} or "://" in str(values.get(RELAY, "")):
        yield path


def disk(case: Case) -> Iterator[Looked]:
    """How much room is left where the home lies, what takes it, and whether it can be written."""
    home = case.project.home
    yield from _log_file(case.project)
    if home.is_symlink() and not home.exists():
        yield fault(
            f"leads to {home.readlink()}, which is not there", where=str(home), fix="make it, or mount its disk"
        )
        return
    place = _nearest(home)
    if not place.is_dir():
        yield fault("is no folder", where=str(place), fix="remove it, or set LAMPLIGHTER_HOME")
        return
    if not os.access(place, os.W_OK | os.X_OK):
        yield fault("cannot be written", where=str(place), fix="allow it, or set LAMPLIGHTER_HOME")
    left = shutil.disk_usage(place).free
    fix = "free some, or set LAMPLIGHTER_HOME to a larger disk; `lamplighter prune --retention` shows what can go"
    if left < SCARCE:
        yield (fault if left < GONE else warning)(f"{size_text(left)} are left", where=str(place), fix=fix)
    else:
        yield ok(f"{size_text(left)} are left at {place}")
    parts = {name: tree_size(home / name) for name in ("profiles", "reports", "models", "spool")}
    if any(parts.values()):
        yield ok(", ".join(f"{name} {size_text(size)}" for name, size in parts.items() if size))
    for path in home.parent.glob(f".{home.name}.restored-*"):
        yield warning("a restoration was killed", where=str(path), fix="remove it, once no restoration is under way")
    for path in unchanged_since(home / "spool", case.now.timestamp() - OLD_SPOOL):
        yield warning(
            f"{size_text(tree_size(path))} that a killed run left",
            where=str(path),
            fix="`lamplighter prune --retention` removes it",
        )


def _log_file(project: Project) -> Iterator[Looked]:
    """A file of the log that runs cannot write: they go on without."""
    if project.log_place in ("", "-"):
        return
    path = Path(project.log_place)
    place = _nearest(path)
    where, fix = f"log_file {path}", "name a file that the user of the runs can write"
    if place.is_dir() == (place == path):
        yield fault("is a folder" if place == path else f"{place} is no folder", where=where, fix=fix)
    elif not os.access(place, os.W_OK | (os.X_OK if place.is_dir() else 0)):
        yield fault("cannot be written", where=where, fix=fix)


def _nearest(path: Path) -> Path:
    """A file or folder, or the nearest folder above it that is there and can be seen."""
    return next(place for place in (path, *path.parents) if os.path.exists(place))
