"""Looks at what a model's monitor names: predictions, labels, reference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from lamplighter.core.monitor import Monitor
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, ok, unused, warning

LABELS = "labels"


def sources(case: Case, monitor: Monitor) -> Iterator[Looked]:
    """Whether the newest window can be read, whether it is recent, and whether labels meet it."""
    from storage.inspection.source_check import check_sources

    key_lines = case.project.key_lines(case.file_of(monitor))
    home = case.project.home
    made = [folder for folder in (home / "spool", home) if not folder.exists()]
    try:
        read = check_sources(case.project, monitor, case.now)
    finally:
        # What is streamed from a database goes there, and is gone by now.
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
    for problem in read.problems:
        make = warning if problem.is_warning else fault
        check = LABELS if problem.at[0] == LABELS else ""
        yield replace(make(problem.message, where=key_lines(problem.at)), check=check)
    is_sound = not any(problem.at[0] in ("predictions", "features") for problem in read.problems)
    due = monitor.window(case.now)
    if read.window and read.window < due.label and not _is_within(read.window, due.previous().label):
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


def _is_within(label: str, earliest: str) -> bool:
    return label >= earliest
