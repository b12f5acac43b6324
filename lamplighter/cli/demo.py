"""`lamplighter demo`."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import DAY, refuse_reversed

if TYPE_CHECKING:
    from examples.flights.demo import Played

NUMBERS = frozenset(
    {"rows", "F1", "accuracy", "mean daily ROC-AUC", "MAE", "RMSE", "drift share", "coverage", "checks failed"}
    | {"ROC-AUC", "trainings", "opened", "closed"}
)
"""Headings of columns that are set to the right."""

WIDTH = 116
"""What the table of retrainings needs; a narrow terminal wraps lines, not words."""


@click.command(epilog="Example: lamplighter demo --to 2013-04-21")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="Folder to write to."
)
@click.option("--from", "first", type=DAY, default="2013-04-01", show_default=True, help="First day.")
@click.option("--to", "last", type=DAY, help="Last day; default 2013-06-09, with --year 2013-12-31.")
@click.option("--year", is_flag=True, help="The whole year, and the model kept in four ways: a quarter of an hour.")
@click.option("--keep-server", is_flag=True, help="Keep the Prefect server running at the end, until Ctrl-C.")
def command(folder: Path, first: datetime, last: datetime | None, year: bool, keep_server: bool) -> None:
    """Replay 2013: will the flight from New York land late? Trains, serves, and evaluates every day of the spring."""
    begun = time.perf_counter()
    os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "WARNING"}
    click.echo(f"The flights of 2013 from New York, day by day, into {folder}")
    from rich.console import Console

    from examples.flights import demo
    from examples.flights import year as whole
    from examples.flights.steps import Steps

    logging.getLogger("prefect").setLevel(logging.WARNING)
    begin, end = first.date(), last.date() if last else (whole.LAST if year else demo.LAST)
    refuse_reversed(begin, last.date() if last else None, ZoneInfo("UTC"))
    _refuse(begin, end, demo.FIRST, whole.LAST)
    console = Console()
    play = whole.play_year if year else demo.play
    with Steps(console, begun) as steps, play(folder.resolve(), begin, end, steps) as played:
        steps.progress.stop()
        _summarize(played)
        _next(played, folder, end)
        click.echo(f"\n{time.perf_counter() - begun:.0f} s")
        if keep_server:
            _keep(played)


def _refuse(begin: date, end: date, first: date, last: date) -> None:
    """Refuse days that there is nothing to replay of."""
    if end < begin:
        raise click.UsageError(f"--from {begin}: without --to the replay ends on {end}; give --to up to {last}")
    if begin < first:
        raise click.UsageError(f"--from: the model is trained on January to March; give {first} or later")
    if end > last:
        raise click.UsageError(f"--to: the flights end on {last}")


def _summarize(played: Played) -> None:
    """What was recorded, as tables."""
    from examples.flights.replay import LOOP
    from examples.flights.summary import contest_table, incident_table, ledger_table, month_table

    click.echo()
    _print(*month_table(played.project))
    if played.results:
        click.echo("\nSince May, the same flights, by how the model was kept:")
        _print(*contest_table(played.results))
    for title, (headings, rows) in (
        (f"Retrainings of {LOOP}:", ledger_table(played.project)),
        (f"Incidents of {LOOP}:", incident_table(played.project)),
    ):
        if rows:
            click.echo(f"\n{title}")
            _print(headings, rows)


def _next(played: Played, folder: Path, end: date) -> None:
    """What to look at now."""
    from examples.flights.replay import LOOP

    home = played.project.home
    reports = sorted(max(models.glob("*.html")) for models in (home / "reports").iterdir())
    command, kept = f"{_program('lamplighter')} -C {_short(folder.resolve())}", _short(played.server.folder)
    lines = [
        ("status", f"{command} status"),
        ("history", f"{command} history {LOOP} --metric f1"),
        ("incidents", f"{command} incidents"),
        ("one day again", f"{command} run {LOOP} --day {end}"),
        *(("report", _short(path)) for path in reports),
        ("gauges", _short(home / "gauges")),
        ("Prefect", f"PREFECT_HOME={kept} {_program('prefect')} server start"),
        ("", "then http://127.0.0.1:4200; next time `lamplighter demo --keep-server` keeps it running"),
    ]
    click.echo("\nWhat to look at next:")
    for name, line in lines:
        click.echo(f"  {name:14s}{line}")


def _short(path: Path) -> str:
    """A path from here, where it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _program(name: str) -> str:
    """How a program of this environment is called from here: by its name alone where that finds it."""
    own = Path(sys.executable).with_name(name)
    return name if shutil.which(name) == str(own) else _short(own)


def _keep(played: Played) -> None:
    """Leave the server running until it is interrupted."""
    click.echo(f"\nThe Prefect server answers at {played.server.address}; Ctrl-C ends it.")
    try:
        played.server.process.wait()
    except KeyboardInterrupt:
        click.echo()


def _print(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for name in headings:
        shown.add_column(name, justify="right" if name in NUMBERS else "left")
    for row in rows:
        shown.add_row(*row)
    Console(width=WIDTH).print(shown)
