"""`lamplighter retrain`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from lamplighter.cli.day import DAY_OR_MINUTE


@click.command(epilog="Example: lamplighter retrain flight-delays")
@click.argument("model")
@click.option("--now", type=DAY_OR_MINUTE, help="Logical time, in the model's zone; default the present.")
@click.pass_obj
def command(project: str | None, model: str, now: datetime | None) -> None:
    """Train a challenger now, whatever the checks say; the champion stays unless it is better.

    Cooldown and budget do not hold for a person; open data breaks and labels that are immature do. With
    PREFECT_API_URL set and the flows deployed it is a `retrain` flow run on that server.
    """
    from zoneinfo import ZoneInfo

    from flows.retraining import start_retrainings
    from lamplighter.core.retraining import AT_WORK, Status
    from storage.project import Project
    from tasks.night import Night

    opened = Project.open(project)
    monitor = opened.monitor(model)
    at = now.replace(tzinfo=ZoneInfo(monitor.timezone)) if now else datetime.now(UTC)
    night = Night.of(opened, monitor, monitor.window(at).start, at)
    if monitor.retrain is None:
        raise click.UsageError(f"{model}: the monitor has no retrain; add it.")
    started = start_retrainings(night, by_hand=True)
    if not started.entries:
        raise click.UsageError(f"{model}: later nights have been judged; leave out --now.")
    (ended,) = started.entries
    if ended.status is Status.VETOED:
        click.echo(f"{model}: nothing is retrained: {ended.reason}", err=True)
        sys.exit(2)
    if ended.status in AT_WORK:
        click.echo(f"{model}: a flow run was started; `lamplighter history {model} --retrainings` tells its end")
        return
    told = "; ".join(part for part in (ended.status.value, ended.reason or ended.gained) if part)
    click.echo(f"{model}: {ended.version or 'no version'} {told}")
    if started.unsent:
        click.echo(started.unsent.message, err=True)
    sys.exit(2 if ended.status is Status.FAILED else 0)
