"""`lamplighter approve`."""

from __future__ import annotations

import sys

import click

from lamplighter.core.retraining import Status
from lamplighter.errors import ModelError

TOLD = {Status.PROMOTED: "is champion"}


@click.command(epilog="Example: lamplighter approve flight-delays")
@click.argument("model")
@click.option("--reject", is_flag=True, help="Leave the champion where it is.")
@click.pass_obj
def command(project: str | None, model: str, reject: bool) -> None:
    """Make champion what was accepted and waits for approval.

    Where another version has become champion meanwhile, it is compared with that one first.
    """
    from flows.retraining import approve_waiting
    from storage.history import open_history
    from storage.history.retrainings import entries
    from storage.project import Project
    from tasks.notify import deliver
    from tasks.retraining import Retraining

    opened = Project.open(project)
    monitor = opened.monitor(model)
    waiting = [entry for entry in entries(open_history(opened), model) if entry.status is Status.WAITING]
    if not waiting:
        raise ModelError(f"{model}: nothing waits for approval; `lamplighter history {model} --retrainings` shows why")
    work = Retraining.of(opened, monitor, waiting[-1])
    if reject:
        told = f"{work.entry.version} was rejected by hand"
        work = work.conclude("rejected", told, status=Status.REJECTED, reason="by hand")
        deliver(opened, monitor)
    else:
        work = approve_waiting(work)
    ended = work.entry
    click.echo(f"{model}: {ended.version} " + TOLD.get(ended.status, f"{ended.status.value}: {ended.reason}"))
    sys.exit(2 if ended.status is Status.FAILED else 0)
