"""`lamplighter approve`."""

from __future__ import annotations

import sys

import click

from lamplighter.cli.models import complete_models
from lamplighter.errors import ModelError


@click.command(epilog="Example: lamplighter approve flight-delays")
@click.argument("model", shell_complete=complete_models)
@click.option("--reject", is_flag=True, help="Reject the challenger; the champion stays.")
@click.pass_obj
def command(project: str | None, model: str, reject: bool) -> None:
    """Make champion what was accepted and waits for approval.

    Where another version has become champion meanwhile, it is compared with that one first.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    monitor = opened.monitor(model)
    from flows.run_retraining import approve_waiting, reject_waiting
    from lamplighter.core.retraining.policy import Status
    from storage.history import open_history
    from storage.history.retrainings import entries
    from tasks.retraining.job import Retraining
    from tasks.stages.notify import deliver

    waiting = [entry for entry in entries(open_history(opened), model) if entry.status is Status.WAITING]
    if not waiting:
        raise ModelError(
            "nothing waits for approval", where=model, fix=f"`lamplighter history {model} --retrainings` shows why"
        )
    work = Retraining.of(opened, monitor, waiting[-1])
    ended = (reject_waiting if reject else approve_waiting)(work).entry
    promoted = ended.status is Status.PROMOTED
    click.echo(f"{model}: {ended.version} {'is champion' if promoted else f'{ended.status.value}: {ended.reason}'}")
    if fault := deliver(opened, monitor):
        click.echo(f"{model}: {fault.message}", err=True)
    sys.exit(2 if ended.status is Status.FAILED else 0)
