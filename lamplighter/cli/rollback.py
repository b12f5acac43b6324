"""`lamplighter rollback`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from lamplighter.errors import ModelError


@click.command(epilog="Example: lamplighter rollback flight-delays")
@click.argument("model")
@click.option("--to", "wanted", help="Version; default the one before the champion.")
@click.pass_obj
def command(project: str | None, model: str, wanted: str | None) -> None:
    """Make an earlier version champion again, once its files are known to be what was registered."""
    from lamplighter.core.retraining import BY_HAND, ROLLBACK
    from lamplighter.core.window import night_of
    from storage.history import open_history
    from storage.history.promotions import champion, promote
    from storage.models import Registry
    from storage.project import Project

    opened = Project.open(project)
    monitor, history = opened.monitor(model), open_history(opened)
    present = champion(history, model)
    if present is None:
        raise ModelError(f"{model}: no version has been promoted; there is nothing to roll back")
    version = wanted or present.previous
    if not version:
        raise ModelError(f"{model}: before {present.version} there was no champion of the registry; name one with --to")
    if version == present.version:
        raise ModelError(f"{model}: {version} is champion already")
    registry = Registry(opened.home, history, model)
    registry.verified(version)
    night = max(night_of(datetime.now(UTC), monitor.every, monitor.timezone), present.known_on)
    with history.writing() as connection:
        promote(connection, model, version, expected=present.version, known_on=night, cause=f"{ROLLBACK} {BY_HAND}")
    registry.repair_pointer()
    click.echo(f"{model}: {version} is champion again, in place of {present.version}")
