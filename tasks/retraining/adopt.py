"""Adopt: a model that was trained elsewhere becomes a version of the registry, and champion."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from lamplighter.core.checks.messages import Message
from lamplighter.core.monitor import Monitor, Severity
from lamplighter.core.retraining.pointer import POINTER
from lamplighter.core.retraining.policy import ADOPTED
from lamplighter.core.time.window import logical_date, midnight
from lamplighter.errors import ModelError, SourceError, one_line
from lamplighter.training import REFERENCE
from storage.history import open_history
from storage.history.outbox import put
from storage.history.promotions import Promotion, champion, promote
from storage.profiles.build import table_kinds
from storage.project.folder import Project
from storage.registry.reference import kept_reference
from storage.registry.versions import Registry, Version, checksum_of
from storage.sinks.apprise import targets
from storage.sources.reference import reference_of
from storage.sources.scan import Scan


def adopt(
    project: Project,
    monitor: Monitor,
    folder: Path,
    version: str,
    first: date | datetime,
    last: date | datetime,
    *,
    replace: bool = False,
) -> Promotion:
    """Register a copy of a model's folder and make it champion; of one that is champion already nothing is done.

    Parameters
    ----------
    folder : Path
        As a trainer leaves it; with `reference.parquet`, where there is one.
    version : str
        As the service logs it.
    first, last : date or datetime
        Local days of the rows that it was trained on, or times with a zone.
    replace : bool
        Whether it may take the place of a champion; a roll-back leads back to that one.

    Returns
    -------
    Promotion
        Which version it replaced, if any.

    Raises
    ------
    ModelError
        If there is a champion and it may not be replaced, the version, the days or the folder cannot be, or its
        reference is of no use.
    """
    history, zone, model = open_history(project), ZoneInfo(monitor.timezone), monitor.model
    registry, present = Registry(project.home, history, model), champion(history, model)
    known = registry.find(version)
    if known and present and present.version == version:
        return present
    if present and not replace:
        raise ModelError(
            f"{present.version} is champion already",
            where=model,
            fix=f"add --yes to put {version} in its place, `lamplighter rollback {model}` goes back",
        )
    if not re.fullmatch(r"\w[\w.+-]*", version) or version == POINTER:
        raise ModelError(f"{version!r} cannot be a version: it names a folder", fix="give letters, digits and . + - _")
    if not folder.is_dir():
        raise ModelError("no such folder", where=folder, fix="give the one that holds the model's files")
    if registry.folder.resolve().is_relative_to(folder.resolve()):
        raise ModelError(
            "holds the home of the project", where=folder, fix="give the folder that holds the model's files alone"
        )
    since, until = _trained(first, last, zone)
    known_on = min(logical_date(datetime.now(UTC), monitor.every, monitor.timezone), until)
    with registry.scratch(version) as made:
        try:
            shutil.copytree(folder, made, dirs_exist_ok=True)
        except OSError as error:
            raise ModelError(
                f"cannot be copied: {one_line(error)}", where=folder, fix="mend the folder or the home"
            ) from None
        card: dict[str, Any] = {"adopted": str(folder)}
        if (made / REFERENCE).is_file():
            logged = _kinds_of_reference(project, monitor)
            card["features"] = kept_reference(monitor, made / REFERENCE, str(folder), logged)
        adopted = Version(model, version, known_on, since, until, checksum_of(made), card)
        if known and known.checksum != adopted.checksum:
            raise ModelError(
                f"version {version} is registered with other files", where=model, fix="give another version"
            )
        with history.writing() as connection:
            if known is None:
                registry.register(connection, made, adopted)
            expected = present.version if present else ""
            promotion = promote(connection, model, version, expected=expected, logical_date=known_on, cause=ADOPTED)
            if present:
                put(connection, promotion.known_on, [_message(promotion)], targets(monitor))
    registry.repair_pointer()
    return promotion


def _trained(first: date | datetime, last: date | datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when until when a model learned.

    Raises
    ------
    ModelError
        If the one comes after the other, or is still to come.
    """
    since = first if isinstance(first, datetime) else midnight(first, zone)
    until = last if isinstance(last, datetime) else midnight(last + timedelta(days=1), zone)
    since, until = (moment if moment.tzinfo else moment.replace(tzinfo=zone) for moment in (since, until))
    if until <= since:
        raise ModelError("the last day comes before the first", where=f"{first} to {last}", fix="swap them")
    # The day that is not over yet may be the last: of that a model may have learned already.
    if until > midnight(datetime.now(zone).date() + timedelta(days=1), zone):
        raise ModelError(f"{last} is still to come", fix="give the last day of what the model was trained on")
    return since, until


def _message(promotion: Promotion) -> Message:
    """What is sent where a champion was replaced; by its number, since a version may be champion several times."""
    version, model = promotion.version, promotion.model
    title, text = f"{model}: {version} was adopted by hand", f"{version} is champion in place of {promotion.previous}"
    return Message(model, f"champion {promotion.number}", "promoted", Severity.WARNING, title, text)


def _kinds_of_reference(project: Project, monitor: Monitor) -> dict[str, str]:
    """The columns of the monitor's own reference and their types, none where it cannot be read."""
    with TemporaryDirectory() as spool, suppress(SourceError):
        where = reference_of(project, monitor, monitor.window(datetime.now(UTC)), Path(spool))
        return table_kinds(Scan(where)) if where else {}
    return {}
