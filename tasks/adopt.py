"""Adopt: a model that was trained elsewhere becomes a version of the registry, and the first champion."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from lamplighter.core.monitor import Monitor
from lamplighter.core.retraining import ADOPTED
from lamplighter.core.window import midnight, night_of
from lamplighter.errors import ModelError, SourceError, one_line
from lamplighter.training import REFERENCE
from storage.history import open_history
from storage.history.promotions import champion, promote
from storage.models import POINTER, Registry, Version, checksum_of
from storage.profiles import table_kinds
from storage.project import Project
from storage.reference import reference_of
from storage.rows import rows_of
from storage.version_reference import kept_reference


def adopt(project: Project, monitor: Monitor, folder: Path, version: str, first: date, last: date) -> Version:
    """Register a copy of a model's folder and make it champion; of one that is champion already nothing is done.

    Parameters
    ----------
    folder : Path
        As a trainer leaves it; with `reference.parquet`, where there is one.
    version : str
        As the service logs it.
    first, last : date
        Local days of the rows that it was trained on.

    Raises
    ------
    ModelError
        If there is a champion already, the version, the days or the folder cannot be, or its reference is of no use.
    """
    history, zone = open_history(project), ZoneInfo(monitor.timezone)
    registry = Registry(project.home, history, monitor.model)
    present, known = champion(history, monitor.model), registry.find(version)
    if known and present and present.version == version:
        return known
    if present:
        told = f"{monitor.model}: {present.version} is champion already"
        raise ModelError(f"{told}; a model that is to replace it is trained by `lamplighter retrain`")
    if not re.fullmatch(r"\w[\w.+-]*", version) or version == POINTER:
        raise ModelError(f"{version!r} cannot be a version: it names a folder; give letters, digits and . + - _")
    if last < first:
        raise ModelError(f"{first} to {last}: the last day comes before the first; swap them")
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder; give the one that holds the model's files")
    if registry.folder.resolve().is_relative_to(folder.resolve()):
        raise ModelError(f"{folder}: holds the home of the project; give the folder that holds the model's files alone")
    if last > datetime.now(zone).date():
        raise ModelError(f"{last} is still to come; give the last day of what the model was trained on")
    since, until = midnight(first, zone), midnight(last + timedelta(days=1), zone)
    night = min(night_of(datetime.now(UTC), monitor.every, monitor.timezone), until)
    with registry.scratch(version) as made:
        try:
            shutil.copytree(folder, made, dirs_exist_ok=True)
        except OSError as error:
            raise ModelError(f"{folder}: cannot be copied: {one_line(error)}") from None
        card: dict[str, Any] = {"adopted": str(folder)}
        if (made / REFERENCE).is_file():
            logged = _kinds_of_reference(project, monitor)
            card["features"] = kept_reference(monitor, made / REFERENCE, str(folder), logged)
        adopted = Version(monitor.model, version, night, since, until, checksum_of(made), card)
        with history.writing() as connection:
            registry.register(connection, made, adopted)
            promote(connection, monitor.model, version, expected="", night=night, cause=ADOPTED)
    registry.repair_pointer()
    return adopted


def _kinds_of_reference(project: Project, monitor: Monitor) -> dict[str, str]:
    """The columns of the monitor's own reference and their types, none where it cannot be read."""
    with TemporaryDirectory() as spool, suppress(SourceError):
        where = reference_of(project, monitor, monitor.window(datetime.now(UTC)), Path(spool))
        return table_kinds(rows_of(where)) if where else {}
    return {}
