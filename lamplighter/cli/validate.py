"""`lamplighter validate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor
    from storage.project import Project


@click.command(epilog="Example: lamplighter -C my-project validate")
@click.pass_obj
def command(project: str | None) -> None:
    """Read every monitor file, load the functions that it names, and say what is wrong."""
    from storage.project import Project

    faults = 0
    opened = Project.open(project)
    for path, monitor in opened.monitors():
        if isinstance(monitor, LamplighterError):
            told = [str(monitor)]
        else:
            told = [f"{path.relative_to(opened.root)}: {fault}" for fault in _unloadable(opened, monitor)]
            if not told:
                click.echo(f"{path.relative_to(opened.root)}: {monitor.model} is sound")
        for line in told:
            click.echo(line, err=True)
        faults += len(told)
    sys.exit(2 if faults else 0)


def _unloadable(project: Project, monitor: Monitor) -> Iterator[str]:
    """What is wrong with the user's own functions, and with the URLs that messages go to."""
    from storage.notifications import apprise_knows, targets
    from storage.user_code import load_function

    for place, url in enumerate(targets(monitor).values(), 1):
        if not apprise_knows(url):
            yield f"notify: apprise knows no URL such as the {place}. one; see its list of services"

    named = {f"metric {own.name!r}": own.function for own in monitor.metrics}
    if monitor.retrain and monitor.retrain.trainer:
        named["trainer"] = monitor.retrain.trainer
        named["its predictor"] = f"{monitor.retrain.trainer.rpartition(':')[0]}:predict"
    for what, reference in named.items():
        try:
            load_function(project, reference)
        except LamplighterError as error:
            yield f"{what}: {error}"
