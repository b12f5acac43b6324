"""`lamplighter backfill`."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.colour import BAD, painted
from lamplighter.cli.day import MOMENT, Moment, refuse_reversed
from lamplighter.cli.models import complete_models
from lamplighter.cli.progress import progress_of
from lamplighter.core.time.window import name_of

if TYPE_CHECKING:
    from flows.fleet import Backfilled, Step
    from storage.project.folder import Project

Windows = defaultdict[str, "dict[str, Step]"]
"""The windows of the days that were asked for, by model, with the outcome of each."""


@click.command(epilog="Example: lamplighter backfill flight-delays --from 2013-04-01 --to 2013-12-31")
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=complete_models)
@click.option("--from", "first", type=MOMENT, required=True, help="First local day, or a time of an hourly model.")
@click.option("--to", "last", type=MOMENT, required=True, help="Last local day, or a time.")
@click.option(
    "--reports", type=click.IntRange(min=0), default=0, help="How many of the newest windows with rows get a report."
)
@click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count(), help="How many models at a time.")
@click.pass_obj
def command(
    project: str | None, models: tuple[str, ...], first: Moment, last: Moment, reports: int, processes: int
) -> None:
    """Run past windows in order, as if each had been run on time.

    With PREFECT_API_URL set it is one `backfill` flow run on that server.
    """
    refuse_reversed(first, last, ZoneInfo("UTC"))
    from storage.project.folder import Project

    opened = Project.open(project)
    named = list(dict.fromkeys(models)) or list(opened.models())
    for model in models:
        # Before the others run for hours.
        opened.file_of(model)
    if os.environ.get("PREFECT_API_URL"):
        from flows.backfill import backfill

        state = backfill(named, first, last, reports, processes, str(opened.root), return_state=True)
        click.echo(state.message)
        sys.exit(0 if state.is_completed() else 2)
    from flows.fleet import summed_up

    done, windows = _run(opened, named, first, last, reports, processes)
    faults = [line for it in done for line in it.faults]
    for line in faults:
        click.echo(painted(line, BAD), err=True)
    click.echo(summed_up(done, first, last))
    for line in (*_more(done), *_found(opened, windows)):
        click.echo(line)
    sys.exit(2 if faults else 0)


def _run(
    project: Project, named: Sequence[str], first: Moment, last: Moment, reports: int, processes: int
) -> tuple[list[Backfilled], Windows]:
    """Run the windows, and show how far it has come."""
    from flows.fleet import backfill_models, windows_planned

    windows: Windows = defaultdict(dict)
    with progress_of(windows_planned(project, named, first, last), "windows") as progress:

        def tell(step: Step) -> None:
            if not step.stage and not step.is_later:
                windows[step.model][step.window] = step
            # What a window came to would be too long beside the bar.
            doing = f"{step.model} {step.window}" + (f" {step.stage}" if step.stage else "")
            progress.update(doing, advance=0 if step.stage else 1)

        done = backfill_models(project, named, first, last, reports=reports, processes=processes, announce=tell)
    return done, windows


def _more(done: Sequence[Backfilled]) -> Iterator[str]:
    """What followed from the days that were asked for: reports, and later windows."""
    for it in done:
        if it.unreported:
            yield it.unreported
        if it.reports:
            many = "1 report was" if it.reports == 1 else f"{it.reports} reports were"
            yield f"{it.model}: {many} made; `lamplighter report {it.model}` prints the path of the newest"
        if it.later:
            many = "1 later window was" if it.later == 1 else f"{it.later} later windows were"
            yield f"{it.model}: {many} run again, since labels of these days came then"


def _found(project: Project, windows: Windows) -> Iterator[str]:
    """Sum up the findings, in a line for each model that has some."""
    for model, steps in windows.items():
        found = [step for step in steps.values() if step.found]
        if found:
            # Gauges and reports that failed are in no history, only in the message.
            kinds = _kinds(project, model, steps) or [f"{found[-1].window} {'; '.join(found[-1].found)}"]
            count = f"{len(found)} window{'s' if len(found) > 1 else ''} with findings"
            yield f"{model}: {count}: {', '.join(kinds)}; see `lamplighter history {model} --findings`"


def _kinds(project: Project, model: str, steps: Mapping[str, Step]) -> list[str]:
    """Each kind of finding that is recorded of some windows, with the first and last of them."""
    from storage.history import open_history
    from storage.history.query import Filter, findings, newest_run

    history = open_history(project)
    zone = ZoneInfo(newest_run(history, model)["timezone"])
    windows: defaultdict[str, list[str]] = defaultdict(list)
    for row in findings(history, model, Filter()):
        window = name_of(row["window_start"], zone, row["grain"])
        if window in steps and window not in windows[row["code"]]:
            windows[row["code"]].append(window)
    return [
        f"{code} {of[0]}" if len(of) == 1 else f"{code} {of[0]} to {of[-1]} ({len(of)} windows)"
        for code, of in windows.items()
        if of
    ]
