"""`lamplighter prune --retention`: what may go of the home."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from storage.project.folder import Project


def prune_old(project: Project, model: str | None, *, yes: bool) -> None:
    """Show what the settings do not keep, or remove it."""
    from lamplighter.errors import LamplighterError
    from storage.history.query import existing_history
    from storage.upkeep.retention import expired, remove, room
    from storage.upkeep.sizes import size_text

    monitors = []
    for monitor in [project.monitor(model)] if model else [found for _, found in project.monitors()]:
        if isinstance(monitor, LamplighterError):
            # What its runs still read is not known.
            raise monitor
        monitors.append(monitor)
    history = existing_history(project)
    found = expired(project, history, monitors, datetime.now(UTC), only=model)
    if not found:
        click.echo("nothing is older than keep_spool_days, keep_reports_days, keep_profiles_days and keep_history_days")
        return
    for name, paths in found.files.items():
        click.echo(f"{name}: {len(paths)}, {size_text(room(paths))}")
    for name, counts in found.rows.items():
        rows = ", ".join(f"{table} {count}" for table, count in counts.items())
        before = max(found.before[name].values()).isoformat(timespec="minutes")
        click.echo(f"{name}: rows of windows before {before}: {rows}")
    if not yes:
        click.echo("nothing is removed yet, add --yes to remove it")
        sys.exit(1)
    remove(project, history, found)
    click.echo("removed")
