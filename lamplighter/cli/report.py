"""`lamplighter report`."""

from __future__ import annotations

import sys
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import MOMENT, Moment, instant_of
from lamplighter.cli.models import complete_models
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import HistoryError, ReportError

if TYPE_CHECKING:
    from storage.history import History
    from storage.project.folder import Project


@click.command(epilog="Example: lamplighter report flight-delays --day 2013-05-01 --open")
@click.argument("model", shell_complete=complete_models)
@click.option("--day", type=MOMENT, help="Local day (or hour) of the window; default the newest with rows.")
@click.option("--again", is_flag=True, help="Make it again, with the labels that have come since.")
@click.option("--open", "is_opened", is_flag=True, help="Open it in a browser.")
@click.pass_obj
def command(project: str | None, model: str, day: Moment | None, again: bool, is_opened: bool) -> None:
    """Print the path of a window's report, and make it where there is none.

    It is made from what is recorded and what can still be read of the window; nothing is recorded.
    """
    from storage.project.folder import Project
    from storage.project.history_file import refuse_unrecorded

    opened = Project.open(project)
    refuse_unrecorded(opened, model)
    from storage.history.query import existing_history
    from storage.sinks.reports import report_path

    history = existing_history(opened)
    if history is None:
        raise HistoryError("no history yet", where=opened.root, fix=f"`lamplighter run {model}` starts one")
    window = _window(history, model, day)
    path = report_path(opened.home, model, window.label)
    if again or not path.is_file():
        path = _made(opened, model, window, again=again)
    click.echo(path)
    if is_opened and not _opened(path):
        click.echo("no browser could be opened; open the file above by hand", err=True)


def _window(history: History, model: str, day: Moment | None) -> Window:
    """The window that is meant; one that was never run has nothing to show."""
    from storage.history.query import Filter, newest_run, newest_windows
    from storage.history.window_runs import newest_run_of_windows

    newest_run(history, model)
    newest: dict[str, Any] = next(run for run in newest_windows(history) if run["model"] == model)
    grain, zone = Grain(newest["grain"]), ZoneInfo(newest["timezone"])
    if day is None:
        return Window.of(model, grain, zone.key, _newest_with_rows(history, newest))
    window = Window.of(model, grain, zone.key, instant_of(day, zone))
    if not newest_run_of_windows(history, model, Filter(since=window.start, until=window.end)):
        last = Window.of(model, grain, zone.key, newest["window_start"]).label
        raise ReportError(
            f"{window.label} was never run; the newest window that was is {last}",
            where=model,
            fix=f"`lamplighter run {model} --day {window.label}` runs it",
        )
    return window


def _newest_with_rows(history: History, newest: dict[str, Any]) -> datetime:
    """The start of the newest window that has something to show; the newest of all where none has."""
    from storage.history.query import Filter, measurements

    rows = measurements(history, newest["model"], Filter(metric="rows"))
    filled = [row["window_start"] for row in rows if row["value"] and row["grain"] == newest["grain"]]
    found: datetime = max((at for at in filled if at <= newest["window_start"]), default=newest["window_start"])
    return found


def _made(project: Project, model: str, window: Window, *, again: bool) -> Path:
    """Make the report as the window's own run would; made again, as of now."""
    from flows.report import make_report
    from tasks.stages.run_context import RunContext

    monitor = project.monitor(model)
    now = datetime.now(UTC) if again else monitor.run_after(window)
    return make_report(RunContext(project, monitor, window, now))


def _opened(path: Path) -> bool:
    """Whether a browser took it; without a display there may be none."""
    try:
        sys.stdout.flush()
        return webbrowser.open(path.resolve().as_uri())
    except (webbrowser.Error, OSError):
        return False
