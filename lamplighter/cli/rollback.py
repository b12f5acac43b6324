"""`lamplighter rollback`."""

from __future__ import annotations

import click

from lamplighter.cli.models import complete_models


@click.command(epilog="Example: lamplighter rollback flight-delays")
@click.argument("model", shell_complete=complete_models)
@click.option("--to", "version", default="", help="Version; default the one that the champion replaced.")
@click.pass_obj
def command(project: str | None, model: str, version: str) -> None:
    """Make an earlier version champion again, once its files are known to be what was registered."""
    from storage.project.folder import Project

    opened = Project.open(project)
    monitor = opened.monitor(model)
    from tasks.retraining.roll_back import roll_back
    from tasks.stages.notify import deliver

    promotion = roll_back(opened, monitor, version)
    click.echo(f"{model}: {promotion.version} is champion again, in place of {promotion.previous}")
    if fault := deliver(opened, monitor):
        click.echo(f"{model}: {fault.message}", err=True)
