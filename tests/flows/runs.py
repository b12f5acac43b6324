"""Ways of running windows, for tests that compare them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flows.run_window import run_window
from flows.run_windows import run_windows, windows_between
from flows.stage_functions import Stages
from storage.history import open_history
from storage.history.query import dump
from storage.project.folder import Project
from tasks.stages.outcome import Outcome
from tasks.stages.run_context import RunContext


def edit(world: Project, model: str, *changes: tuple[str, str]) -> None:
    """Change the text of a monitor file."""
    path = world.root / "monitors" / f"{model}.yaml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def one_run(
    project: Project, model: str, day: date, stages: Stages | None = None, *, with_report: bool = False
) -> Outcome:
    """Run the window of a day, with the plain stages unless others are given."""
    context = RunContext.of(project, project.monitor(model), day)
    return run_window(context, stages or Stages.plain(), with_report=with_report)


def many_runs(project: Project, model: str, first: date, last: date) -> None:
    """Run the windows of some days; a run that fails fails the test."""
    monitor = project.monitor(model)
    for done in run_windows(project, monitor, windows_between(monitor, first, last)):
        assert not done.fault, done.fault


def recorded(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    """All that is recorded, but for what changes with the folder of the project: fingerprints of files."""
    tables = dump(open_history(project))
    tables["evaluation"] = [(*row[:-2], row[-1]) for row in tables["evaluation"]]
    tables["reference_value"] = [row[:-1] for row in tables["reference_value"]]
    return tables


def recorded_of_any_source(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    """What must agree between a model read from files and the same read from a database: all but its name."""
    tables = recorded(project)
    nameless = {name: [row[1:] for row in rows] for name, rows in tables.items()}
    nameless["finding"] = [row[:-1] for row in nameless["finding"]]
    return nameless
