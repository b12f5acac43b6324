"""`lamplighter approve`."""

from __future__ import annotations

import click

from lamplighter.errors import ModelError


@click.command(epilog="Example: lamplighter approve flight-delays")
@click.argument("model")
@click.option("--reject", is_flag=True, help="Leave the champion where it is.")
@click.pass_obj
def command(project: str | None, model: str, reject: bool) -> None:
    """Make champion what was accepted and waits for approval."""
    from lamplighter.core.retraining import Status
    from storage.history import open_history
    from storage.history.retrainings import entries
    from storage.project import Project
    from tasks.notify import deliver
    from tasks.promote import approve
    from tasks.retraining import Retraining

    opened = Project.open(project)
    monitor = opened.monitor(model)
    waiting = [entry for entry in entries(open_history(opened), model) if entry.status is Status.WAITING]
    if not waiting:
        raise ModelError(f"{model}: nothing waits for approval; `lamplighter history {model} --retrainings` shows why")
    work = Retraining.of(opened, monitor, waiting[-1])
    if reject:
        told = f"{work.entry.version} was rejected by hand"
        work.conclude("rejected", told, status=Status.REJECTED, reason="by hand")
    else:
        work.registry.verified(work.entry.version)
        approve(work)
        work.registry.repair_pointer()
    deliver(opened, monitor)
    click.echo(f"{model}: {work.entry.version} {'was rejected' if reject else 'is champion'}")
