"""`lamplighter backfill`."""

from __future__ import annotations

import os
import sys
from datetime import datetime

import click

DAY = click.DateTime(formats=["%Y-%m-%d"])


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
    from rich.progress import Progress

    from flows.backfill import backfill, backfill_models, nights_to_walk
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
    with Progress(transient=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("nights", total=nights_to_walk(opened, named, start, end))

        def tell(line: str) -> None:
            progress.update(bar, advance=1, description=line.split(":")[0])

        faults = backfill_models(opened, named, start, end, reports=reports, processes=processes, tell=tell)
    for fault in faults:
        click.echo(fault, err=True)
    click.echo(f"{', '.join(named)}: {start} to {end}, {len(faults)} nights failed")
    sys.exit(2 if faults else 0)
