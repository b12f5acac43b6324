"""`lamplighter prune`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import MOMENT, Moment, instant_of
from lamplighter.cli.models import complete_models

if TYPE_CHECKING:
    from storage.project.folder import Project


@click.command(epilog="Example: lamplighter prune flight-delays --yes")
@click.argument("model", required=False, shell_complete=complete_models)
@click.option("--retention", is_flag=True, help="Remove what is older than the settings keep_..._days, of all or one.")
@click.option("--after", type=MOMENT, help="Remove runs after this time, in the model's zone; default now.")
@click.option("--yes", is_flag=True, help="Remove them; without it what would be removed is shown.")
@click.pass_obj
def command(project: str | None, model: str | None, retention: bool, after: Moment | None, yes: bool) -> None:
    """Remove the runs of a model that a wrong clock put into the future, as if they had not been; or what is old.

    With the runs go their measurements, decisions, incidents, messages and retrainings, and the models that they
    trained. With --retention go, by the settings, what killed runs left, old reports, old profiles, and old windows of
    the history; never what a run still reads. With --retention and MODEL only what is this model's goes: what killed
    runs left stays, since which model it is of is not known.
    """
    if model is None and not retention:
        raise click.UsageError("Missing argument 'MODEL'.")
    if retention and after:
        raise click.UsageError("--after goes with runs of the future, and not with --retention.")
    from storage.project.folder import Project

    opened = Project.open(project)
    if retention:
        from lamplighter.cli.prune_retention import prune_old

        prune_old(opened, model, yes=yes)
        return
    assert model is not None
    _prune_future(opened, model, after, yes=yes)


def _prune_future(opened: Project, model: str, after: Moment | None, *, yes: bool) -> None:
    """Show the runs of a model after a moment, or remove them."""
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
