"""`lamplighter incidents`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.table import Layout, print_table
from lamplighter.core.hints import did_you_mean
from lamplighter.core.time.duration import parse_duration
from lamplighter.core.time.window import name_of
from lamplighter.errors import MonitorError

if TYPE_CHECKING:
    from lamplighter.core.monitor import Check
    from storage.history import History
    from storage.project.folder import Project

LAYOUT = Layout(
    ("model", "check", "segment", "severity", "opened", "closed", "notified", "muted_until", "muted_for", "ending"),
    spare=(("notified",),),
    text="ending",
    names=("check", "segment", "model"),
)
UNKNOWN = {"timezone": "UTC", "grain": "1d"}
"""Of a model whose first run is not over: its logical dates are shown as days."""


class Span(click.ParamType[timedelta]):
    """A length of time such as 3d."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read a length of time."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


class Incidents(click.Group):
    """Its commands, and for the name of a model how its incidents are listed."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say what is meant where the first word is no command."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            what = f"no command {args[0]!r}; known: {', '.join(self.commands)}"
            ctx.fail(f"{what}. For one model: `lamplighter incidents --model {args[0]}`.")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Incidents,
    invoke_without_command=True,
    epilog='Example: lamplighter incidents mute flight-delays f1-below --for 7d --reason "..."',
)
@click.option("--model", help="Only incidents of this model.")
@click.option("--all", "closed_too", is_flag=True, help="Also closed incidents.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, model: str | None, closed_too: bool, as_json: bool) -> None:
    """Show the incidents that are open: checks that fail, since when, and whether a notification was sent."""
    if ctx.invoked_subcommand:
        return
    from storage.history.incidents import all_incidents
    from storage.history.query import existing_history, newest_windows
    from storage.project.folder import Project

    history = existing_history(Project.open(ctx.obj))
    rows: list[dict[str, Any]] = []
    if history is not None:
        runs = {run["model"]: run for run in newest_windows(history)}
        rows = [
            _shown(row, runs.get(row["model"], UNKNOWN))
            for row in all_incidents(history, model, only_open=not closed_too)
        ]
    if as_json:
        click.echo(json.dumps(rows))
    elif rows:
        print_table([*map(with_segment, rows)], LAYOUT)
    else:
        click.echo("no incident is open" if not closed_too else "there has been no incident")


@command.command(epilog="Example: lamplighter incidents mute flight-delays f1-below --for 7d")
@click.argument("model")
@click.argument("check")
@click.option("--for", "span", type=Span(), default="7d", show_default=True, help="For how long.")
@click.option("--reason", default="", help="Why; shown beside the incident.")
@click.pass_obj
def mute(project: str | None, model: str, check: str, span: timedelta, reason: str) -> None:
    """Mute a check: send no notifications of its incidents for a while.

    Of a check of every segment one segment can be muted, such as 'f1-low[carrier=AA]'.

    If its incident is still open when the mute ends, the next run notifies. The check goes on, and its incident stays
    in the list.
    """
    history, zone = _history_and_zone(project, model, check)
    from storage.history.incidents import mute_check

    until = datetime.now(UTC).replace(microsecond=0) + span
    mute_check(history, model, check, until, reason)
    click.echo(f"{model}: {check} is muted until {until.astimezone(zone).isoformat()}")


@command.command(epilog="Example: lamplighter incidents unmute flight-delays f1-below")
@click.argument("model")
@click.argument("check")
@click.pass_obj
def unmute(project: str | None, model: str, check: str) -> None:
    """End the mute of a check: notifications of its incidents are sent again."""
    history, _ = _history_and_zone(project, model, check)
    from storage.history.incidents import mute_check

    mute_check(history, model, check, datetime.now(UTC).replace(microsecond=0), "")
    click.echo(f"{model}: {check} is no longer muted")


@command.command(epilog="Example: lamplighter incidents accept flight-delays temp --reason 'in Celsius now'")
@click.argument("model")
@click.argument("names", nargs=-1, metavar="[COLUMN]...")
@click.option("--by", "who", default="", help="Who accepts it; kept beside the acceptance.")
@click.option("--reason", default="", help="Why; kept beside the acceptance.")
@click.pass_obj
def accept(project: str | None, model: str, names: tuple[str, ...], who: str, reason: str) -> None:
    """Accept that the data of MODEL stay as they are now, although the check `data` calls them broken.

    Name columns, or codes such as labels-foreign; without a name all that is broken is accepted. The next run closes
    the incident. From then on windows are compared with the accepted ones, and another change is found again, also
    one back. A trainer gets windows after the accepted ones only.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    monitor = opened.monitor(model)
    from storage.history import open_history
    from storage.history.open_faults import accept_faults

    for fault in accept_faults(open_history(opened), monitor, names, who, reason):
        named = " ".join(reversed(fault.names))
        if fault.acceptance:
            click.echo(f"{model}: {fault.acceptance.named}; nothing is changed")
            continue
        since = name_of(fault.since, ZoneInfo(monitor.timezone), monitor.every)
        click.echo(f"{model}: accepted {named}, which has been so since {since}; the next run reports it")


def _history_and_zone(project: str | None, model: str, check: str) -> tuple[History, ZoneInfo]:
    from storage.project.folder import Project

    opened: Project = Project.open(project)
    monitor = opened.monitor(model)
    declared = {it.name: it for it in monitor.judged}
    name, bracket, segment = check.partition("[")
    if name not in declared:
        raise MonitorError(f"no check {name!r}", where=model, fix=did_you_mean(name, declared))
    if bracket:
        _refuse_no_segment(model, declared[name], segment)
    from storage.history import open_history

    return open_history(opened), ZoneInfo(monitor.timezone)


def _refuse_no_segment(model: str, check: Check, segment: str) -> None:
    """Refuse to mute a segment that a check cannot have an incident of."""
    from lamplighter.core.monitor.checks import EVERY

    if not check.is_of_every_segment:
        what = f"check {check.name!r} has no incidents of single segments"
        raise MonitorError(what, where=model, fix=f"write {check.name}")
    column = check.segment.removesuffix(EVERY)
    if not segment.startswith(column) or not segment.endswith("]") or len(segment) <= len(column) + 1:
        what = f"check {check.name!r} has no segment [{segment}"
        raise MonitorError(what, where=model, fix=f"write one such as '{check.name}[{column}...]'")


def with_segment(row: Mapping[str, Any]) -> dict[str, Any]:
    """An incident with the segment that its name holds in a column of its own.

    Examples
    --------
    >>> with_segment({"check": "f1-low[plan=pro]:undecided"})
    {'check': 'f1-low:undecided', 'segment': 'plan=pro'}
    """
    from lamplighter.core.checks.incidents import check_of, segment_of

    segment = segment_of(row["check"], check_of(row["check"]))
    return {**row, "check": row["check"].replace(f"[{segment}]", "", 1), "segment": segment}


def _shown(row: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    """An incident as it is shown: logical dates as in `history`, by the zone and grain of the model's newest run."""
    zone = ZoneInfo(run["timezone"])

    def logical_date(instant: datetime | None) -> str | None:
        return name_of(instant, zone, run["grain"]) if instant else None

    muted = row["muted_until"] if row["muted_until"] and row["muted_until"] > datetime.now(UTC) else None
    return {
        "model": row["model"],
        "check": row["check_name"],
        "severity": row["severity"],
        "opened": logical_date(row["opened_on"]),
        "closed": logical_date(row["closed_on"]),
        "notified": logical_date(row["notified_on"]),
        "muted_until": muted.astimezone(zone).isoformat(timespec="minutes") if muted else None,
        "muted_for": row["muted_for"] if muted else None,
        "ending": row["ending"],
    }
