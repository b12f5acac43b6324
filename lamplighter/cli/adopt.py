"""`lamplighter adopt`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lamplighter.cli.day import MOMENT, Moment
from lamplighter.cli.models import complete_models


@click.command(
    epilog="Example: lamplighter adopt flight-delays models/v1 --version v1 --from 2013-01-01 --to 2013-03-31"
)
@click.argument("model", shell_complete=complete_models)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--version", required=True, help="Version, as the service logs it.")
@click.option("--from", "first", type=MOMENT, required=True, help="First local day of the rows it was trained on.")
@click.option("--to", "last", type=MOMENT, required=True, help="Last local day of these rows.")
@click.option("--yes", is_flag=True, help="Replace the present champion without asking.")
@click.pass_obj
def command(
    project: str | None, model: str, folder: Path, version: str, first: Moment, last: Moment, yes: bool
) -> None:
    """Make a model that was trained elsewhere champion, so that challengers are compared with it.

    FOLDER is copied: the files that the trainer's `predict` reads, and reference.parquet where there is one. Where
    there is a champion, it is replaced after a question, or with --yes; `lamplighter rollback` goes back to it.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    monitor = opened.monitor(model)
    from storage.history import open_history
    from storage.history.promotions import champion
    from tasks.retraining.adopt import adopt
    from tasks.stages.notify import deliver

    present = champion(open_history(opened), model)
    if present and present.version != version and not yes and sys.stdin.isatty():
        yes = click.confirm(f"{model}: {present.version} is champion; put {version} in its place?", abort=True)
    adopted = adopt(opened, monitor, folder, version, first, last, replace=yes)
    replaced = f" in place of {adopted.previous}" if adopted.previous else ""
    click.echo(f"{model}: {adopted.version} is champion{replaced}")
    if adopted.previous and (fault := deliver(opened, monitor)):
        click.echo(f"{model}: {fault.message}", err=True)
