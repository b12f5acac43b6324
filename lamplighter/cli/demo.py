"""`lamplighter demo`."""

from __future__ import annotations

import logging
import os
import time
from datetime import datetime
from pathlib import Path

import click

from lamplighter.cli.day import DAY

NUMBERS = frozenset(
    {"rows", "F1", "accuracy", "mean daily ROC-AUC", "MAE", "RMSE", "drift share", "coverage", "checks failed"}
    | {"ROC-AUC", "trainings"}
)
"""Headings of columns that are set to the right."""

WIDTH = 116
"""What the table of retrainings needs; a narrow terminal wraps lines, not words."""


@click.command(epilog="Example: lamplighter demo --to 2013-04-21")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("demo"), show_default=True, help="Where to.")
@click.option("--from", "first", type=DAY, default="2013-04-01", show_default=True, help="First day.")
@click.option("--to", "last", type=DAY, default="2013-12-31", show_default=True, help="Last day.")
def command(folder: Path, first: datetime, last: datetime) -> None:
    """Replay 2013: will the flight from New York land late? Trains, serves, and walks every night."""
    os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "WARNING"}
    from examples.flights.demo import LAST, play, table
    from examples.flights.summary import contest_table, ledger_table

    logging.getLogger("prefect").setLevel(logging.WARNING)
    if last.date() > LAST:
        raise click.UsageError(f"--to: the flights end on {LAST}")
    begun = time.perf_counter()
    project, results = play(folder.resolve(), first.date(), last.date(), tell=click.echo)
    _print(*table(project))
    if results:
        click.echo("\nMay to December, the same flights kept in four ways:")
        _print(*contest_table(results))
    click.echo("\nretrainings of flight-loop:")
    _print(*ledger_table(project))
    home = project.home
    click.echo(f"\nhistory  {home / 'history.db'}")
    for path in sorted((home / "gauges").glob("*.prom")):
        click.echo(f"gauges   {path}")
    for reports in sorted((home / "reports").iterdir()):
        click.echo(f"report   {max(reports.glob('*.html'))}")
    click.echo(
        f"\n{time.perf_counter() - begun:.0f} s; next: lamplighter -C {folder} history flight-delays --metric f1"
    )


def _print(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for name in headings:
        shown.add_column(name, justify="right" if name in NUMBERS else "left")
    for row in rows:
        shown.add_row(*row)
    Console(width=WIDTH).print(shown)
