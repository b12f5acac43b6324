"""Looks at where gauges go: a Pushgateway that answers and keeps what was pushed, or a folder that can be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lamplighter.core.monitor import Monitor
from lamplighter.errors import PublishError
from storage.project.settings import gauge_sink_of
from storage.sinks.pushgateway import pushed
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, fault_of, ok, unused
from tasks.doctor.of_history import compared

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
        files = {monitor.model: place / f"lamplighter-{monitor.model}.prom" for monitor in case.sound}
        times = {
            model: datetime.fromtimestamp(file.stat().st_mtime, UTC) for model, file in files.items() if file.is_file()
        }
        for monitor in case.sound:
            fix = f"`lamplighter run {monitor.model}` writes them"
            yield replace(_of_model(case, monitor, times, f"textfile_dir {place}", fix), model=monitor.model)


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
        fix = f"`lamplighter run {monitor.model}` pushes them; start the Pushgateway with --persistence.file"
        yield replace(_of_model(case, monitor, found.times, "Pushgateway", fix), model=monitor.model)


def _of_model(case: Case, monitor: Monitor, times: dict[str, datetime], where: str, fix: str) -> Looked:
    """Whether the place of gauges has what a run published last."""
    kept = case.project.home / "gauges" / f"{monitor.model}.prom"
    model = monitor.model
    if not kept.is_file():
        return unused("nothing was published yet")
    last, at = datetime.fromtimestamp(kept.stat().st_mtime, UTC), times.get(model)
    if at is None:
        return fault(f"has no gauges of it, which a run published at {_shown(last)}", where=where, fix=fix)
    if at < last - SLACK:
        what = f"has its gauges of {_shown(at)}, and a run published newer ones at {_shown(last)}"
        return fault(what, where=where, fix=fix.partition(";")[0])
    return ok(f"its gauges were published at {_shown(at)}")


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")
