"""`lamplighter adopt`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from lamplighter.cli.day import DAY


@click.command(
    epilog="Example: lamplighter adopt flight-delays models/v1 --version v1 --from 2013-01-01 --to 2013-03-31"
)
@click.argument("model")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--version", required=True, help="As the service logs it.")
@click.option("--from", "first", type=DAY, required=True, help="First local day of the rows that it was trained on.")
@click.option("--to", "last", type=DAY, required=True, help="Last local day of them.")
@click.pass_obj
def command(project: str | None, model: str, folder: Path, version: str, first: datetime, last: datetime) -> None:
    """Make a model that was trained elsewhere the first champion, so that challengers are compared with it.

    FOLDER is copied: the files that the trainer's `predict` reads, and reference.parquet where there is one.
    """
    from storage.project import Project
    from tasks.adopt import adopt

    opened = Project.open(project)
    adopted = adopt(opened, opened.monitor(model), folder, version, first.date(), last.date())
    click.echo(f"{model}: {adopted.version} is champion")
