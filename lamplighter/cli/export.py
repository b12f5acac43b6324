"""`lamplighter export`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from lamplighter.atomic import atomic_file
from lamplighter.cli.day import MOMENT, Moment, refuse_reversed
from lamplighter.cli.models import complete_models
from lamplighter.errors import HistoryError, LamplighterError

if TYPE_CHECKING:
    from storage.history.gauge_series import Spans
    from storage.project.folder import Project


@click.group(epilog="Example: lamplighter export openmetrics flight-delays --output past.om")
def command() -> None:
    """Write what is recorded in the form of another program."""


@command.command(epilog="Example: lamplighter export openmetrics flight-delays --from 2013-04-01 --output past.om")
@click.argument("model", required=False, shell_complete=complete_models)
@click.option("--all", "everything", is_flag=True, help="All models that have a run.")
@click.option("--from", "first", type=MOMENT, help="First local day, or a time.")
@click.option("--to", "last", type=MOMENT, help="Last local day, or a time.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File; default standard output.")
@click.pass_obj
def openmetrics(
    project: str | None,
    model: str | None,
    everything: bool,
    first: Moment | None,
    last: Moment | None,
    output: Path | None,
) -> None:
    """Write the recorded past as OpenMetrics text, with the day of each value.

    `promtool tsdb create-blocks-from openmetrics FILE DIR` makes blocks of Prometheus of it. A value is what is known
    of its window now, and stands at the window's start.
    """
    if bool(model) == everything:
        raise click.UsageError("give a MODEL, or --all for all of them.")
    from storage.history.gauge_series import openmetrics as lines_of
    from storage.history.query import existing_history
    from storage.project.folder import Project
    from storage.project.observability import load_observability
    from storage.project.output_file import refuse_output

    opened = Project.open(project)
    if output:
        refuse_output(opened, output)
    match = load_observability(opened.root).match
    spans = _spans(opened, model, {"first": first, "last": last, "as_of": None})
    history = existing_history(opened)
    assert history is not None, "there is a run in it"
    try:
        with _writing(output) as out:
            out.writelines(lines_of(history, spans, match))
    except BrokenPipeError:
        raise SystemExit(1) from None
    except OSError as error:
        what = f"{error.filename or output} cannot be written: {error.strerror}"
        raise LamplighterError(what, where="export", fix="free or allow it") from None


@contextmanager
def _writing(path: Path | None) -> Iterator[IO[str]]:
    """The standard output, or a file that is there only once it is whole."""
    if path is None:
        yield sys.stdout
        return
    with atomic_file(path) as file, TextIOWrapper(file, encoding="utf-8") as text:
        yield text


def _spans(opened: Project, model: str | None, wanted: dict[str, Moment | None]) -> Spans:
    """The windows that are asked for, by model: days are of each model's own zone."""
    from lamplighter.cli.history_filter import span_of
    from storage.history.query import existing_history, newest_run, newest_windows
    from storage.project.history_file import refuse_unrecorded

    if model:
        refuse_unrecorded(opened, model)
    history = existing_history(opened)
    runs = [] if history is None else [newest_run(history, model)] if model else newest_windows(history)
    if not runs:
        raise HistoryError(
            "no history yet", where=opened.root, fix="`lamplighter run` starts one, -C names another folder"
        )
    for run in runs:
        refuse_reversed(wanted["first"], wanted["last"], ZoneInfo(run["timezone"]))
    return {run["model"]: (run["grain"], span_of(run, wanted)) for run in runs}
