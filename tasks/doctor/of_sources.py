"""Looks at what a model's monitor names: predictions, labels, reference."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from shutil import rmtree

import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window
from lamplighter.errors import LamplighterError
from storage.history import tables
from storage.sources.place import Wanted, reader_of
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, ok, unused, warning

LABELS = "labels"


def sources(case: Case, monitor: Monitor) -> Iterator[Looked]:
    """Whether the newest window can be read, whether it is recent, and whether labels meet it."""
    from storage.inspection.source_check import check_sources

    key_lines = case.project.key_lines(case.file_of(monitor))
    with _nothing_left(case):
        read = check_sources(case.project, monitor, case.now)
    for problem in read.problems:
        is_of_labels = problem.at[0] == LABELS
        have_stopped = is_of_labels and not read.labelled and _were_labelled(case, monitor)
        looked = (warning if problem.is_warning and not have_stopped else fault)(
            problem.message,
            where=key_lines(problem.at),
            fix="look at what writes them: earlier windows had labels" if have_stopped else "",
        )
        yield replace(looked, check=LABELS if is_of_labels else "")
    is_sound = not any(problem.at[0] in ("predictions", "features") for problem in read.problems)
    due = monitor.window(case.now)
    if read.window and read.window < due.previous().label:
        what = f"the newest rows are of {read.window}, and {due.label} is over; is the log still written?"
        yield warning(what, where=key_lines(("predictions",)), fix="look at what writes the log")
    elif read.window and is_sound:
        yield ok(f"{read.rows} rows of {read.window}")
    if monitor.labels is None:
        yield replace(unused("no labels are declared"), check=LABELS)
    elif read.labelled:
        of = read.labelled_window or read.window
        found = ok(f"{read.labelled} of {read.labelled_rows or read.rows} rows of {of} have one")
        yield replace(found, check=LABELS)


def newest_window(case: Case, monitor: Monitor, until: datetime) -> Window | None:
    """The newest window with predictions before a moment; None where there is none, or it cannot be read."""
    folder = case.project.home / "spool" / f"doctor-{os.getpid()}-{monitor.model}"
    with _nothing_left(case), suppress(LamplighterError):
        try:
            found = reader_of(monitor.predictions).newest(case.project, monitor, until, Wanted(folder, "newest"))
        finally:
            rmtree(folder, ignore_errors=True)
        if found.moment:
            return Window.of(monitor.model, monitor.every, monitor.timezone, found.moment)
    return None


@contextmanager
def _nothing_left(case: Case) -> Iterator[None]:
    """Remove the folders of the home that are made meanwhile: what is streamed from a database goes there."""
    home = case.project.home
    made = [folder for folder in (home / "spool", home) if not folder.exists()]
    try:
        yield
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def _were_labelled(case: Case, monitor: Monitor) -> bool:
    """Whether labels have come before; where they never did, they may be still to come."""
    table = tables.evaluation
    query = sa.select(sa.literal(1)).where(table.c.model == monitor.model, table.c.labelled > 0).limit(1)
    if case.history is None:
        return False
    with case.history.reading() as connection:
        return connection.scalar(query) is not None
