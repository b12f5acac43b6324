"""The rows that a window is compared with."""

from __future__ import annotations

import glob
import hashlib
import secrets
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.sources import Reference
from lamplighter.core.time.window import Window, midnight
from lamplighter.errors import SourceError, one_line
from storage.project.folder import Project
from storage.project.private_key import key_name
from storage.sources.files import find
from storage.sources.place import State, reader_of
from storage.sources.predictions import boxes_of, images_of, predictions_of, spec_of
from storage.sources.scan import Scan, ScanSpec


def reference_of(
    project: Project, monitor: Monitor, window: Window, spool_folder: Path, of_champion: Path | None = None
) -> ScanSpec | None:
    """Find the reference of a window; None when the monitor has none.

    Parameters
    ----------
    of_champion : Path, optional
        What the champion answered on rows that it was not fitted on, in place of a reference that stays the same.

    Raises
    ------
    SourceError
        If it is declared and not there.

    Examples
    --------
    >>> found = reference_of(project, monitor, window, context.spool)
    >>> found.window.start.isoformat(), context.scan(found).count
    ('2026-03-01T00:00:00+00:00', 900)
    """
    reference = monitor.reference
    if reference is None:
        return None
    if reference.parquet or (of_champion and reference.days):
        named = [glob.escape(str(of_champion))] if of_champion else [project.locate(path) for path in reference.parquet]
        files = find(named, spool=spool_folder)
        if not files:
            where = f"reference {', '.join(reference.parquet)}"
            raise SourceError("no such file", where=where, fix="train the model first")
        # The window is the same in every run: one that did not change is not opened or sampled again.
        always = Window.of(window.model, window.grain, window.timezone, date(1970, 1, 1))
        version = monitor.predictions.version
        images = images_of(project, monitor)
        return ScanSpec(
            always,
            tuple(files),
            None,
            version=version,
            required=_answers(monitor),
            images=images,
            boxes=boxes_of(monitor),
        )
    span = span_of(reference, window)
    if reference.days and span.end <= window.end and not monitor.private:
        source = monitor.predictions
        if state := reader_of(source).state(source, span):
            return _kept(project, monitor, span, state)
    return predictions_of(project, monitor, span, spool_folder / "reference")


def span_of(reference: Reference, window: Window) -> Window:
    """The days of a reference that is of the log itself: those named, or those before a window.

    Raises
    ------
    SourceError
        If a day has no instants in the calendar, as one after 9999-12-31.

    Examples
    --------
    >>> span = span_of(monitor.reference, window)
    >>> f"{span.start:%d %B} to {span.end:%d %B}"
    '01 March to 04 March'
    """
    try:
        if reference.days:
            first, last = reference.days
            start, end = midnight(first, window.zone), midnight(last + timedelta(days=1), window.zone)
        else:
            assert reference.trailing is not None
            start, end = window.before_start(reference.trailing), window.start
    except OverflowError:
        days = "..".join(map(str, reference.days or ()))
        raise SourceError(
            "no calendar reaches so far", where=f"reference.days {days}", fix="name days that have rows"
        ) from None
    return Window(window.model, window.grain, start, end, window.timezone)


def _answers(monitor: Monitor) -> tuple[str, ...]:
    """The column of the answer, where the files of a reference hold it; they need no ids and no truth."""
    return (monitor.predictions.prediction,) if monitor.predictions.prediction else ()


def _kept(project: Project, monitor: Monitor, span: Window, state: State) -> ScanSpec:
    """Past days, streamed once and kept in the home, until they have another number of rows.

    What was corrected in place is read again once the folder is removed. Private columns are kept nowhere in the clear,
    so a monitor that has some reads its reference in every run.
    """
    source = monitor.predictions
    parts = (*state.asked, source.time, source.timezone, source.id, source.version, span.start, span.end, state.rows)
    folder = project.home / "references" / hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
    pattern = f"{glob.escape(str(folder))}/*.parquet"
    if not find([pattern]):
        _keep(project, monitor, span, folder)
    files = (replace(file, name=state.name) for file in find([pattern]))
    return replace(spec_of(monitor, span, files), images=images_of(project, monitor), boxes=boxes_of(monitor))


def _keep(project: Project, monitor: Monitor, span: Window, folder: Path) -> None:
    """Stream the rows to a folder that appears when it is whole."""
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        files = predictions_of(project, monitor, span, partial).files
        if files:
            Path(files[0].uri).parent.replace(folder)
    except OSError as error:
        # Another run of the model may have been quicker.
        if not folder.is_dir():
            what = f"the reference cannot be kept: {one_line(error)}"
            raise SourceError(what, where=folder, fix="mend the home, or set LAMPLIGHTER_HOME") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def reference_key(rows: Scan, monitor: Monitor, private_key: bytes = b"") -> str:
    """A name for what is computed of a reference: another file, range, column or private key makes another name.

    Parameters
    ----------
    rows : Scan
        Of the reference.
    monitor : Monitor
    private_key : bytes
        What private values are hashed with: hashes by another key would all be unseen.

    Examples
    --------
    >>> reference = context.scan(reference_of(project, monitor, window, context.spool))
    >>> other = monitor.model_copy(update={"private": ("plan",)})
    >>> reference_key(reference, monitor) == reference_key(reference, other)
    False
    """
    where = rows.spec
    span = (where.window.start, where.window.end) if where.time else None
    predictions = monitor.predictions.model_dump(mode="json")
    private = (monitor.private, key_name(private_key)) if monitor.private else ()
    # Profiles that were made before unsure answers of the reference were counted are made again.
    counted = ("unsure",) if monitor.predictions.unsure else ()
    images = (monitor.images,) if monitor.images else ()
    parts = (rows.fingerprint, span, monitor.kind.name, predictions, monitor.features, private, *counted, *images)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
