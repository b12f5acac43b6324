"""`lamplighter validate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from lamplighter.cli.unexpected import fault_of
from lamplighter.errors import LamplighterError, visible

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor
    from storage.inspection.source_check import SourceCheck
    from storage.project.folder import Project


LOAD_LIMIT = timedelta(minutes=2)
"""Of loading a trainer's file: importing a framework may take half a minute."""


@dataclass
class Looked:
    """A monitor file, and what was found of it."""

    file: str
    model: str | None = None
    read: SourceCheck | None = None
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        read = self.read
        return {
            "file": self.file,
            "model": self.model,
            "sound": not self.faults,
            "window": read.window if read else None,
            "rows": read.rows if read else None,
            "labelled": read.labelled if read else None,
            "features": read.features if read else None,
            "faults": self.faults,
            "warnings": self.warnings,
        }


@click.command(epilog="Example: lamplighter -C my-project validate")
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--no-sources", is_flag=True, help="Read the monitor files alone, not the tables that they name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.pass_obj
def command(project: str | None, models: tuple[str, ...], no_sources: bool, as_json: bool, debug: bool) -> None:
    """Say what is wrong with the monitors, all or some, before the first run.

    Reads the files, loads the functions that they name, and looks at one window of each model's predictions, at its
    labels and at its reference. What is merely not there yet is a warning; the exit code is 2 when anything is wrong.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    if opened.env_file.is_readable_by_others:
        click.echo(f"{opened.env_file.path}: others may read it; chmod 600 it", err=True)
    trainers: dict[str, str] = {}
    looked = []
    for path, monitor in _chosen(opened, models):
        one = Looked(str(path.relative_to(opened.root)))
        looked.append(one)
        try:
            _look_at(opened, path, monitor, trainers, one, sources=not no_sources)
        except Exception as error:
            # One monitor never ends the check of the others.
            one.faults.append(f"{one.file}: {fault_of(one.model or path.stem, error, debug=debug)}")
    if as_json:
        click.echo(json.dumps([one.as_json() for one in looked], indent=2))
    else:
        for one in looked:
            _print(one)
    sys.exit(2 if any(one.faults for one in looked) else 0)


def _chosen(project: Project, models: tuple[str, ...]) -> Iterator[tuple[Path, Monitor | LamplighterError]]:
    """Every monitor file, or those of some models."""
    from lamplighter.core.hints import did_you_mean
    from lamplighter.errors import MonitorError

    named = project.models() if models else {}
    if unknown := next((model for model in models if model not in named), None):
        raise MonitorError(f"no model {unknown!r}", where=project.monitors_folder, fix=did_you_mean(unknown, named))
    wanted = {named[model] for model in models}
    for path, monitor in project.monitors():
        if not models or path in wanted:
            yield path, monitor


def _look_at(
    project: Project,
    path: Path,
    monitor: Monitor | LamplighterError,
    trainers: dict[str, str],
    looked: Looked,
    *,
    sources: bool,
) -> None:
    """Note what is wrong with a monitor."""
    if isinstance(monitor, LamplighterError):
        looked.faults.append(str(monitor))
        return
    looked.model = monitor.model
    looked.faults += [f"{looked.file}: {fault}" for fault in _unloadable(project, monitor, trainers)]
    if not sources:
        return
    from storage.inspection.source_check import check_sources

    where = project.key_lines(path)
    looked.read = check_sources(project, monitor, datetime.now(UTC))
    for problem in looked.read.problems:
        if problem.is_warning:
            looked.warnings.append(f"{where(problem.at)}: warning: {problem.message}")
        else:
            looked.faults.append(f"{where(problem.at)}: {problem.message}")


def _print(looked: Looked) -> None:
    for line in (*looked.warnings, *looked.faults):
        click.echo(visible(line), err=True)
    if not looked.faults:
        what = f": {_counts_read(looked.read)}" if looked.read else " (its sources were not read)"
        click.echo(visible(f"{looked.file}: {looked.model} is sound{what}"))


def _counts_read(read: SourceCheck) -> str:
    """What was read, in a line.

    Examples
    --------
    >>> from storage.inspection.source_check import SourceCheck
    >>> _counts_read(SourceCheck("2013-06-30", 912, 902, features=15))
    '912 rows of 2013-06-30, 902 of them with a label, 15 features'
    """
    if not read.window:
        return "no rows yet"
    parts = [f"{read.rows} rows of {read.window}"]
    if read.labelled_window:
        parts.append(f"{read.labelled} of {read.labelled_rows} of {read.labelled_window} with a label")
    elif read.labelled is not None:
        parts.append(f"{read.labelled or 'none'} of them with a label")
    else:
        parts.append("no labels declared")
    return ", ".join([*parts, f"{read.features} feature{'' if read.features == 1 else 's'}"])


def _unloadable(project: Project, monitor: Monitor, trainers: dict[str, str]) -> Iterator[str]:
    """What is wrong with the user's own functions, and with the URLs that messages go to.

    Models may share a trainer, which is looked at once; ``trainers`` has what was found.
    """
    from storage.project.user_code import load_function
    from storage.sinks.apprise import apprise_knows, targets

    for place, url in enumerate(targets(monitor).values(), 1):
        if not apprise_knows(url):
            yield f"notify: apprise knows no URL such as the {place}. one; see its list of services"

    for own in monitor.metrics:
        try:
            load_function(project.root, own.function)
        except LamplighterError as error:
            yield f"metric {own.name!r}: {error}"
    if monitor.retrain and (trainer := monitor.retrain.trainer):
        variables = monitor.retrain.environment
        known = " ".join((trainer, *variables))
        if known not in trainers:
            trainers[known] = _trainer_fault(project, trainer, variables)
        if trainers[known]:
            yield f"trainer: {trainers[known]}"


def _trainer_fault(project: Project, function: str, variables: Sequence[str]) -> str:
    """What is wrong with a trainer, which is loaded where it will be called; empty for nothing."""
    from storage.registry.trainer import TrainerProcess

    with TemporaryDirectory() as scratch:
        try:
            TrainerProcess(project, function, LOAD_LIMIT, None, False, Path(scratch), variables).load()
        except LamplighterError as error:
            return str(error)
    return ""
