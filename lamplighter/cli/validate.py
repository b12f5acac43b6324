"""`lamplighter validate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor
    from storage.project import Project


LOAD_LIMIT = timedelta(minutes=2)
"""Of loading a trainer's file: importing a framework may take half a minute."""


@click.command(epilog="Example: lamplighter -C my-project validate")
@click.pass_obj
def command(project: str | None) -> None:
    """Read every monitor file, load the functions that it names, and say what is wrong."""
    from storage.project import Project

    faults, trainers = 0, dict[str, str]()
    opened = Project.open(project)
    for path, monitor in opened.monitors():
        if isinstance(monitor, LamplighterError):
            told = [str(monitor)]
        else:
            told = [f"{path.relative_to(opened.root)}: {fault}" for fault in _unloadable(opened, monitor, trainers)]
            if not told:
                click.echo(f"{path.relative_to(opened.root)}: {monitor.model} is sound")
        for line in told:
            click.echo(line, err=True)
        faults += len(told)
    sys.exit(2 if faults else 0)


def _unloadable(project: Project, monitor: Monitor, trainers: dict[str, str]) -> Iterator[str]:
    """What is wrong with the user's own functions, and with the URLs that messages go to.

    Models may share a trainer, which is looked at once; ``trainers`` has what was found.
    """
    from storage.notifications import apprise_knows, targets
    from storage.user_code import load_function

    for place, url in enumerate(targets(monitor).values(), 1):
        if not apprise_knows(url):
            yield f"notify: apprise knows no URL such as the {place}. one; see its list of services"

    for own in monitor.metrics:
        try:
            load_function(project, own.function)
        except LamplighterError as error:
            yield f"metric {own.name!r}: {error}"
    trainer = monitor.retrain.trainer if monitor.retrain else None
    if trainer and trainer not in trainers:
        trainers[trainer] = _trainer_fault(project, trainer)
    if trainer and trainers[trainer]:
        yield f"trainer: {trainers[trainer]}"


def _trainer_fault(project: Project, function: str) -> str:
    """What is wrong with a trainer, which is loaded where it will be called; empty for nothing."""
    from storage.trainer import TrainerProcess

    with TemporaryDirectory() as scratch:
        try:
            TrainerProcess(project, function, LOAD_LIMIT, None, False, Path(scratch)).load()
        except LamplighterError as error:
            return str(error)
    return ""
