"""Looks at where gauges go: a Pushgateway that answers and keeps what was pushed, or a folder that can be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lamplighter.core.monitor import Monitor
from lamplighter.errors import PublishError
from storage.project.settings import gauge_sink_of
from storage.sinks.pushgateway import pushed
from storage.sinks.textfile import textfile_of
from storage.upkeep.sizes import newest_change
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, fault_of, ok, unused
from tasks.doctor.of_history import compared

KEEPS = "; start the Pushgateway with --persistence.file"

SLACK = timedelta(seconds=120)
"""The copy in the home is written before the push, which may be tried again for a while."""


def gauges(case: Case) -> Iterator[Looked]:
    """Whether what was published last arrived, and is still there."""
    sink = gauge_sink_of(case.project.settings)
    if sink == "pushgateway":
        yield from _pushgateway(case)
    elif (folder := case.project.settings.textfile_dir) is None:
        yield unused("neither pushgateway_url nor textfile_dir is set; the home keeps a copy of the gauges")
    elif not os.access(place := case.project.root / folder, os.W_OK | os.X_OK):
        what = "cannot be written" if place.is_dir() else "is no folder"
        yield fault(what, where=f"textfile_dir {place}", fix="make it, and give it to the user of the runs")
    else:
        yield ok(f"textfiles go to {place}")
        written = {monitor.model: _changed_at(textfile_of(case.project, monitor.model)) for monitor in case.sound}
        for monitor in case.sound:
            found = _of_model(case, monitor, written[monitor.model], f"textfile_dir {place}", "writes them")
            yield replace(found, model=monitor.model)


def _pushgateway(case: Case) -> Iterator[Looked]:
    try:
        found = pushed(case.project)
    except PublishError as error:
        yield fault_of(error, error.fix or "start it, or mend LAMPLIGHTER_PUSHGATEWAY_URL")
        return
    yield ok("the Pushgateway answers")
    if found.date is not None:
        yield from compared(found.date, "the Pushgateway")
    for monitor in case.sound:
        of_model = _of_model(case, monitor, found.times.get(monitor.model), "Pushgateway", "pushes them", KEEPS)
        yield replace(of_model, model=monitor.model)


def _of_model(case: Case, monitor: Monitor, at: datetime | None, where: str, does: str, keeps: str = "") -> Looked:
    """Whether the place of gauges has what a run published last; `keeps` is how it would not forget them."""
    last = _changed_at(case.project.home / "gauges" / f"{monitor.model}.prom")
    if last is None:
        return unused("nothing was published yet")
    fix = f"`lamplighter run {monitor.model}` {does}"
    if at is None:
        what = f"has no gauges of it, which a run published at {_shown(last)}"
        return fault(what, where=where, fix=f"{fix}{keeps}")
    if at < last - SLACK:
        what = f"has its gauges of {_shown(at)}, and a run published newer ones at {_shown(last)}"
        return fault(what, where=where, fix=fix)
    return ok(f"its gauges were published at {_shown(at)}")


def _changed_at(path: Path | None) -> datetime | None:
    """When a file changed; None where it is gone."""
    changed = newest_change(path) if path else None
    return None if changed is None else datetime.fromtimestamp(changed, UTC)


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
