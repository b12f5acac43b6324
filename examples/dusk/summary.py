"""What the demo prints at its end, read from the history and from nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from examples.dusk.days import DUSK
from examples.dusk.model import MODEL
from examples.dusk.sun import TIMEZONE
from lamplighter.core.records.finding import Code
from lamplighter.core.retraining.policy import Status
from storage.history import open_history
from storage.history.incidents import all_incidents
from storage.history.query import EVERYTHING, findings
from storage.history.retrainings import entries
from storage.project.folder import Project


def what_happened(project: Project) -> Iterator[str]:
    """A line for each incident and each retraining, and what the fall of recall was laid to, in order of time."""
    history = open_history(project)
    lines: list[tuple[dt.datetime, str]] = []
    for incident in all_incidents(history, MODEL):
        opened, closed = _day(incident["opened_on"]), incident["closed_on"]
        seen = _day(incident["window_start"]) if incident["window_start"] else opened
        after = (seen - DUSK).days
        until = f"closed on {_day(closed)}" if closed else "open"
        day = f"dusk + {after}" if after >= 0 else f"{-after} days before dusk"
        lines.append((incident["opened_on"], f"{incident['check_name']}: of {seen}, {day}; {until}"))
    laid_to = [row for row in findings(history, MODEL, EVERYTHING) if row["code"] == Code.RECALL_FELL]
    # Each day of dusk has one; the first says it all.
    lines += [(row["known_on"], row["message"]) for row in laid_to[:1]]
    for entry in entries(history, MODEL):
        if entry.status is not Status.VETOED:
            version = f" {entry.version}" if entry.version else ""
            ended = f"{entry.status.value}; {entry.gained or entry.reason}"
            lines.append((entry.known_on, f"{entry.purpose.value}{version}: {ended}"))
    for when, line in sorted(lines):
        yield f"{_day(when)}  {line}"


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(ZoneInfo(TIMEZONE)).date()
