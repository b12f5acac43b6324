"""Limits side by side: a year of flights with five faults and a change, and two checks that flap.

The year is back-filled once and then judged by each check. Prints tables; the last line is JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import flapping
from benchmarks.faulty_year import CHANGE, EVENTS, FIRST, LAST, MODEL, Event, faulty_year
from benchmarks.replays import Opened, judged, with_checks
from lamplighter.core.monitor import DATA_CHECK

ROOT = Path(__file__).parents[1]

CHECKS = {
    "f1-below": "metric: f1, below: 0.40, clears: 1",
    "fixed": "metric: roc_auc, below: 0.65, clears: 1",
    "fixed-clears-2": "metric: roc_auc, below: 0.65, clears: 2",
    "for-2-of-3": "metric: roc_auc, below: 0.65, for: 2 of 3 days",
    "for-5-of-7": "metric: roc_auc, below: 0.60, for: 5 of 7 days",
    "surely": "metric: roc_auc, below: 0.55, surely: true",
    "percent-week": "metric: roc_auc, falls: 10%, versus: {mean: 7d}",
    "percent-month": "metric: roc_auc, falls: 15%, versus: {median: 28d}",
    "percent-weekday": "metric: roc_auc, falls: 15%, versus: {median: 56d}, same: weekday",
    "percent-for": "metric: roc_auc, falls: 10%, versus: {median: 28d}, for: 4 of 5 days",
    "reference": "metric: roc_auc, falls: 25%, versus: reference, surely: true",
    "reference-for": "metric: roc_auc, falls: 20%, versus: reference, for: 4 of 5 days",
    "quantile": "metric: roc_auc, below: {quantile: 0.05, of: 60d}",
    "quantile-for": "metric: roc_auc, below: {quantile: 0.1, of: 60d}, for: 3 of 4 days",
    "slope": "metric: roc_auc, slope: -0.02 per day, over: 7d",
    "slope-long": "metric: roc_auc, slope: -0.01 per day, over: 14d",
    "sigmas": "metric: roc_auc, below: {sigmas: 2, of: 56d}",
    "sigmas-for": "metric: roc_auc, below: {sigmas: 1.5, of: 56d}, for: 3 of 4 days",
}
"""The checks beside `data`, by name; the first two as the monitor has them, before an incident waited to be closed."""

LETTERS = "abcdef"
"""What the events are called in the table."""

DAYS_A_MONTH = 365.25 / 12

KNOWN_AFTER = dt.timedelta(days=4)
"""From a day until its quality is judged: its labels have three days to come, and the run is on the day after."""

MOST_DAYS = 14
"""What opens later than that after the change is ascribed to something else."""


@dataclass(frozen=True)
class Row:
    """What one check did in the year.

    Attributes
    ----------
    check : str
    a_month : float
        Incidents a month before the change.
    median_days, total_days : float
        How long they were open before the change.
    days_after : int
        Days since the change on which one was open: what is compared with the past takes the change for usual in time.
    noticed : tuple of str
        For each event after how many days; ``open`` where an incident was open before it, and ``-`` where none opened.
    """

    check: str
    a_month: float
    median_days: float
    total_days: int
    days_after: int
    noticed: tuple[str, ...]


def row(check: str, incidents: Sequence[Opened], last: dt.date) -> Row:
    """What the incidents of a check come to.

    Examples
    --------
    >>> flap = Opened("f1", dt.date(2013, 5, 1), dt.date(2013, 5, 5), dt.date(2013, 5, 8))
    >>> found = row("f1", [flap, Opened("f1", dt.date(2013, 10, 2), dt.date(2013, 10, 6), None)], LAST)
    >>> round(found.a_month, 2), found.total_days, found.noticed
    (0.17, 3, ('-', '-', '-', '-', '-', '5'))
    """
    before = [it for it in incidents if it.opened < CHANGE.first]
    lasted = [(min(it.closed or CHANGE.first, CHANGE.first) - it.opened).days for it in before]
    end = last + dt.timedelta(days=1)
    after = sum(max(((it.closed or end) - max(it.opened, CHANGE.first)).days, 0) for it in incidents)
    months = (CHANGE.first - FIRST).days / DAYS_A_MONTH
    noticed = tuple(_noticed(incidents, event) for event in EVENTS if event.first <= last)
    return Row(check, len(before) / months, median(lasted) if lasted else 0, sum(lasted), after, noticed)


def _noticed(incidents: Sequence[Opened], event: Event) -> str:
    """After how many days an incident opened because of one of the windows of an event."""
    begin, end = event.windows
    if any(it.window < begin and (it.closed is None or it.closed > event.first + KNOWN_AFTER) for it in incidents):
        return "open"
    days = [(it.opened - event.first).days for it in incidents if begin <= it.window <= end]
    found = [number for number in days if number <= MOST_DAYS]
    return str(min(found)) if found else "-"


def year(folder: Path, say: Callable[[str], None], last: dt.date = LAST) -> dict[str, Any]:
    """Judge the year by every check, print a row for each, and return the figures of the JSON."""
    made = faulty_year(folder, say, last)
    monitor = with_checks(made.project, MODEL, CHECKS)
    found = judged(made.project, monitor)
    rows = [row(name, found.of(name), last) for name in (DATA_CHECK.name, *CHECKS)]
    say(f"\n{MODEL}, {FIRST} to {last}: {(CHANGE.first - FIRST).days} days before the change")
    for letter, event in zip(LETTERS, EVENTS, strict=True):
        say(f"  {letter}  {event.first} to {event.last}  {event.what}")
    say(f"\n{'':16} {'incidents':>9} {'days open':^20}  noticed after so many days")
    letters = "".join(f"{letter:>6}" for letter in LETTERS)
    say(f"{'check':16} {'a month':>9} {'median':>6} {'total':>6} {'after':>6}  {letters}")
    for it in rows:
        days = "".join(f"{text:>6}" for text in it.noticed)
        figures = f"{it.a_month:9.1f} {it.median_days:6.1f} {it.total_days:6d} {it.days_after:6d}"
        say(f"{it.check:16} {figures}  {days}   {CHECKS.get(it.check, 'every monitor has it')}")
    say(LEGEND)
    say(f"the back-fill took {made.seconds:.0f} s, the replay of {len(CHECKS) + 1} checks {found.seconds:.1f} s")
    return {
        "backfill_seconds": round(made.seconds, 1),
        "replay_seconds": round(found.seconds, 2),
        "checks": {
            it.check: {
                "incidents_a_month": round(it.a_month, 2),
                "median_days_open": it.median_days,
                "total_days_open": it.total_days,
                "days_open_after": it.days_after,
                "noticed": dict(zip(LETTERS, it.noticed, strict=False)),
            }
            for it in rows
        },
    }


LEGEND = """
Incidents, and the days open in the median and in total, are those before the change; `after` is of the 92 days since.
An incident counts for a fault only if a window of the fault opened it, within 14 days. `open`: one was open already,
and a person learns nothing new.
a to e are faults of the data: `data` finds them, and while they last checks of quality are not judged, since their
values would show the fault and not the model. In a, b and d the service answered with the right inputs, and only its
log is wrong; f spoils the answers and leaves inputs, log and the shares of the answers as they were.
Days count from the first day of the fault. Quality is known four days after a day: labels have three days to come."""


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "limits", help="keeps the histories")
    parser.add_argument("--only", choices=("year", "flapping"))
    arguments = parser.parse_args()
    os.environ["DO_NOT_TRACK"] = "1"
    begun = time.perf_counter()
    folder = arguments.folder.resolve()
    summary: dict[str, Any] = {}
    if arguments.only != "flapping":
        summary["year"] = year(folder / "year", _say)
    if arguments.only != "year":
        for world in (flapping.BUSY, flapping.SMALL, flapping.SLOW):
            summary[world.name] = flapping.compare(folder / "flapping", world, _say)
        summary["flow"] = _flow(_say)
    summary["seconds"] = round(time.perf_counter() - begun)
    print(json.dumps(summary))


def _flow(say: Callable[[str], None]) -> dict[str, Any]:
    """Run one seed with its files, so that the recorded ones are known to be what runs record."""
    world = flapping.BUSY
    with tempfile.TemporaryDirectory() as name:
        found = flapping.through_the_flow(Path(name), world, 0, flapping.CHECKS[world.name])
    same = {True: "the same", False: "OTHER"}
    say(
        f"\nseed 0 of {world.name} as {world.windows} runs in {found.seconds:.0f} s: {same[found.values]} values, and "
        f"{same[found.incidents]} {found.opened} incidents as the replay of the recorded days"
    )
    return dataclasses.asdict(found)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
