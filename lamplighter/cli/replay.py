"""`lamplighter replay`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import MOMENT, Moment, end_of, instant_of, refuse_reversed
from lamplighter.cli.marked_faults import FAULT, Span
from lamplighter.cli.models import complete_models
from lamplighter.cli.suggestions import RATE
from lamplighter.errors import HistoryError, MonitorError

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor
    from storage.history import History
    from storage.project.folder import Project
    from tasks.replay import Replayed


DEFAULT_PAGES = 2.0
"""A month: few enough that each is looked at."""


OF_DRAFTS = frozenset(
    {"checks", "check_defaults", "quality", "undecided_after", "retrain", "notify", "schedule", "tags"}
)
"""Keys of a monitor that a draft may have otherwise: the first four are tried, and the others are not looked at."""


@click.command(epilog="Example: lamplighter replay flight-delays --with draft.yaml --from 2013-04-01 --to 2013-12-31")
@click.argument("model", shell_complete=complete_models)
@click.option(
    "--with",
    "draft",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A draft: a whole monitor, or checks: alone.",
)
@click.option("--from", "first", type=MOMENT, help="First local day, or a time of an hourly model; default all.")
@click.option("--to", "last", type=MOMENT, help="Last local day, or a time.")
@click.option(
    "--fault",
    "faults",
    type=FAULT,
    multiple=True,
    metavar="DAY[..DAY][=NAME]",
    help="Days that are known to be wrong: was it noticed, and how soon? Can be repeated.",
)
@click.option("--suggest", is_flag=True, help="Propose limits for a wanted number of pages, in place of all this.")
@click.option("--pages", type=RATE, help="With --suggest: how many pages at most, such as 1/week; default 2/month.")
@click.option("--metric", "metrics", multiple=True, help="With --suggest: only of this metric. Can be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(
    project: str | None,
    model: str,
    draft: Path | None,
    first: Moment | None,
    last: Moment | None,
    faults: Sequence[Span],
    suggest: bool,
    pages: float | None,
    metrics: Sequence[str],
    as_json: bool,
) -> None:
    """Show which messages the checks of MODEL would have sent, and those of a draft beside them.

    Every recorded run is judged again with what was known at its logical date, and nothing later. Nothing is recorded
    or sent. A page is an incident that opens; one that was open at --from counts as opened there. Pages a month are
    counted over the windows in which a check came to a verdict: while its past was too short it could send none.
    """
    refuse_reversed(first, last, ZoneInfo("UTC"))
    if not suggest and (pages or metrics):
        raise click.UsageError(f"{'--pages' if pages else '--metric'} belongs to --suggest; add that, or leave it out.")
    if suggest and draft:
        raise click.UsageError("--suggest and --with cannot both be given; choose one.")
    from storage.project.folder import Project

    opened = Project.open(project)
    present = opened.monitor(model)
    sides = {"present": present}
    if draft:
        sides["draft"] = _draft(opened, draft, present)
    history = recorded_history(opened, present)
    zone = ZoneInfo(present.timezone)
    since, until = instant_of(first, zone) if first else None, end_of(last, zone) if last else None
    if suggest:
        from lamplighter.cli.suggestions import suggest as propose

        marked = [fault.marked for fault in faults]
        propose(history, present, pages or DEFAULT_PAGES, metrics, marked, (since, until), as_json=as_json)
        return
    from lamplighter.cli.replay_tables import as_dict, show

    replayed = {side: _replayed(history, monitor, since, until) for side, monitor in sides.items()}
    marked = [fault.marked for fault in faults]
    if as_json:
        click.echo(json.dumps(as_dict(replayed, marked)))
    else:
        show(replayed, marked)


def _draft(project: Project, file: Path, present: Monitor) -> Monitor:
    draft = project.draft(file, present.model)
    for key in type(present).model_fields:
        if key not in OF_DRAFTS and getattr(draft, key) != getattr(present, key):
            what = f"{key} is another than that of the monitor, and the history was recorded by that"
            raise MonitorError(what, where=file, fix=f"leave {key} out: only checks can be tried on what is recorded")
    return draft


def recorded_history(project: Project, monitor: Monitor) -> History:
    """The history that a monitor's checks are judged over.

    Raises
    ------
    HistoryError
        If nothing is recorded of the model.
    """
    from storage.project.history_file import refuse_unrecorded

    refuse_unrecorded(project, monitor.model)
    from storage.history.query import existing_history, newest_run

    history = existing_history(project)
    if history is None:
        raise HistoryError(
            "no history yet", where=project.root, fix="`lamplighter run` starts one, -C names another folder"
        )
    newest_run(history, monitor.model)
    return history


def _replayed(history: History, monitor: Monitor, since: datetime | None, until: datetime | None) -> Replayed:
    from tasks.replay import replay

    replayed = replay(history, monitor, since, until)
    if not replayed.dates:
        what = f"no run of a window of {monitor.every.value} is recorded in that time"
        raise HistoryError(
            what, where=monitor.model, fix=f"`lamplighter history {monitor.model} --all` shows which are"
        )
    return replayed
