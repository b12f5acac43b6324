"""`lamplighter prune`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import MOMENT, Moment, instant_of
from lamplighter.cli.models import complete_models


@click.command(epilog="Example: lamplighter prune flight-delays --yes")
@click.argument("model", shell_complete=complete_models)
@click.option("--after", type=MOMENT, help="Remove runs after this time, in the model's zone; default now.")
@click.option("--yes", is_flag=True, help="Remove them; without it what would be removed is shown.")
@click.pass_obj
def command(project: str | None, model: str, after: Moment | None, yes: bool) -> None:
    """Remove the runs of a model that a wrong clock put into the future, as if they had not been.

    Their measurements, decisions, incidents, messages and retrainings go with them, and the models that they trained.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    monitor = opened.monitor(model)
    from storage.history import model_lock
    from storage.history.prune import counted, prune, versions_after
    from storage.history.query import existing_history
    from storage.registry.versions import Registry

    zone = ZoneInfo(monitor.timezone)
    instant = instant_of(after, zone) if after else datetime.now(UTC).replace(microsecond=0)
    history = existing_history(opened)
    shown = instant.astimezone(zone).isoformat(timespec="minutes")
    found = counted(history, model, instant) if history else {}
    if history is None or not found:
        if history is not None and yes:
            # One that was killed may have left a pointer to a version that is no more.
            Registry(opened.home, history, model).renew_pointer()
        click.echo(f"{model}: no run is recorded after {shown}; nothing is removed")
        return
    rows = ", ".join(f"{name} {count}" for name, count in found.items())
    if not yes:
        click.echo(f"{model}: rows of runs after {shown}: {rows}; nothing is removed yet, add --yes to remove them")
        sys.exit(1)
    locks, patience = opened.home / "locks", opened.settings.wait_seconds
    with model_lock("run", model, history.engine, locks, patience):
        registry, versions = Registry(opened.home, history, model), versions_after(history, model, instant)
        # Folders first: where it is killed then, it is done again for what the history still names.
        registry.remove(versions)
        prune(history, model, instant)
        registry.renew_pointer()
    click.echo(f"{model}: removed the runs after {shown}: {rows}")
    if versions:
        click.echo(f"{model}: removed the folders of the versions {', '.join(versions)}")
    click.echo(f"{model}: `lamplighter run {model}` now judges the present, also where it was run before")
