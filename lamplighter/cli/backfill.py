"""`lamplighter backfill`."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import DAY
from lamplighter.cli.status import FOUND
from lamplighter.core.window import name_of

if TYPE_CHECKING:
    from storage.project import Project

Nights = defaultdict[str, dict[str, str]]
"""Of each model the windows that were walked, and what each came to."""


@click.command(epilog="Example: lamplighter backfill flight-delays --from 2013-04-01 --to 2013-12-31")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--from", "first", type=DAY, required=True, help="First local day.")
@click.option("--to", "last", type=DAY, required=True, help="Last local day.")
@click.option("--reports", type=click.IntRange(min=0), default=0, help="How many of the newest windows get a report.")
@click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count(), help="How many models at a time.")
@click.pass_obj
def command(
    project: str | None, models: tuple[str, ...], first: datetime, last: datetime, reports: int, processes: int
) -> None:
    """Run past nights in order, as if each had come on time.

    With PREFECT_API_URL set it is one `backfill` flow run on that server.
    """
    from rich.console import Console
    from rich.progress import Progress

    from flows.backfill import backfill
    from flows.fleet import backfill_models, nights_to_walk
    from storage.project import Project

    opened = Project.open(project)
    named = list(models) or list(opened.models())
    start, end = first.date(), last.date()
    if end < start:
        raise click.UsageError(f"--to {end} lies before --from {start}")
    if os.environ.get("PREFECT_API_URL"):
        state = backfill(named, start, end, reports, processes, str(opened.root), return_state=True)
        click.echo(state.message)
        sys.exit(0 if state.is_completed() else 2)
    nights: Nights = defaultdict(dict)
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("nights", total=nights_to_walk(opened, named, start, end))

        def tell(line: str) -> None:
            night, _, message = line.partition(": ")
            model, _, window = night.partition(" ")
            nights[model][window] = message
            progress.update(bar, advance=1, description=night)

        faults = backfill_models(opened, named, start, end, reports=reports, processes=processes, tell=tell)
    for fault in faults:
        click.echo(fault, err=True)
    click.echo(f"{', '.join(named)}: {start} to {end}, {len(faults)} nights failed")
    for line in _found(opened, nights):
        click.echo(line)
    sys.exit(2 if faults else 0)


def _found(project: Project, nights: Nights) -> Iterator[str]:
    """Sum up the findings, in a line for each model that has some."""
    for model, walked in nights.items():
        found = [window for window, message in walked.items() if message.startswith(FOUND)]
        if found:
            # Gauges and reports that failed are in no history, only in the message.
            kinds = _kinds(project, model, walked) or [f"{found[-1]} {walked[found[-1]].removeprefix(FOUND)}"]
            count = f"{len(found)} night{'s' if len(found) > 1 else ''} with findings"
            yield f"{model}: {count}: {', '.join(kinds)}; see `lamplighter history {model} --findings`"


def _kinds(project: Project, model: str, walked: Mapping[str, str]) -> list[str]:
    """Each kind of finding that is recorded of the windows that were walked, with the first and last of them."""
    from storage.history import open_history
    from storage.history.query import Filter, findings, newest_run

    history = open_history(project)
    zone = ZoneInfo(newest_run(history, model)["timezone"])
    windows: defaultdict[str, list[str]] = defaultdict(list)
    for row in findings(history, model, Filter()):
        window = name_of(row["window_start"], zone, row["grain"])
        if window in walked and window not in windows[row["code"]]:
            windows[row["code"]].append(window)
    return [
        f"{code} {of[0]}" if len(of) == 1 else f"{code} {of[0]} to {of[-1]} ({len(of)} windows)"
        for code, of in windows.items()
        if of
    ]
