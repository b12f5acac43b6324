"""`lamplighter validate`."""

from __future__ import annotations

import sys

import click


@click.command(epilog="Example: lamplighter -C my-project validate")
@click.pass_obj
def command(project: str | None) -> None:
    """Read every monitor file and say what is wrong, one line a file."""
    from lamplighter.errors import LamplighterError
    from storage.project import Project

    faults = 0
    opened = Project.open(project)
    for path, monitor in opened.monitors():
        if isinstance(monitor, LamplighterError):
            click.echo(str(monitor), err=True)
            faults += 1
        else:
            click.echo(f"{path.relative_to(opened.root)}: {monitor.model} is sound")
    sys.exit(2 if faults else 0)
