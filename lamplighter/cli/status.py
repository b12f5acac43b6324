"""`lamplighter status`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.table import Layout, print_table
from lamplighter.core.incidents import check_of
from lamplighter.core.judgement import Cause
from lamplighter.core.window import name_of
from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    from storage.history import History
    from storage.project import Project

LAYOUT = Layout(
    ("model", "window", "ended", "status", "failing checks", "undecided checks", "message"),
    spare=(("ended",),),
    text="message",
    names=("model", "failing checks", "undecided checks"),
)
FOUND = "completed with findings: "
"""How the message of a night with findings begins."""


@click.command(epilog="Example: lamplighter status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(project: str | None, as_json: bool) -> None:
    """Show the newest window of every model: how its last night ended, and which of the declared checks fail."""
    from storage.history.query import existing_history, newest_windows
    from storage.project import Project

    opened = Project.open(project)
    checks = _declared(opened)
    history = existing_history(opened)
    rows = [] if history is None else [_shown(history, run, checks) for run in newest_windows(history)]
    if as_json:
        click.echo(json.dumps(rows))
    elif rows:
        print_table([_as_text(row) for row in rows], LAYOUT)
    else:
        click.echo("no night has been run yet; `lamplighter run` starts one")


def _declared(project: Project) -> dict[str, set[str] | None]:
    """The names of the checks of each model; None where the monitor cannot be read."""
    known: dict[str, set[str] | None] = dict.fromkeys(project.models())
    for _, monitor in project.monitors():
        if not isinstance(monitor, LamplighterError):
            known[monitor.model] = {check.name for check in monitor.judged}
    return known


def _shown(history: History, run: dict[str, Any], checks: Mapping[str, set[str] | None]) -> dict[str, Any]:
    from storage.history.decisions import undecided_checks
    from storage.history.incidents import incidents_open

    model, zone = run["model"], ZoneInfo(run["timezone"])
    declared = checks.get(model)
    names = sorted(incidents_open(history, model, run["known_on"]))
    return {
        "model": model,
        "window": name_of(run["window_start"], zone, run["grain"]),
        "ended": run["ended_at"].astimezone(zone).isoformat(timespec="seconds") if run["ended_at"] else "",
        "status": run["status"] if model in checks else "retired",
        "failing": [name for name in names if check_of(name) == name and (declared is None or name in declared)],
        "undecided": {
            check.name: check.reason
            for check in undecided_checks(history, model, run["known_on"])
            if check.cause is not Cause.WAITING and (declared is None or check.name in declared)
        },
        "message": run["message"],
    }


def _as_text(row: dict[str, Any]) -> dict[str, str]:
    """A row as a table shows it: what the status says already is left out of the message."""
    message = (
        "" if row["status"] == "succeeded" else row["message"].removeprefix(FOUND).removeprefix(f"{row['model']}: ")
    )
    return {
        **row,
        "failing checks": ", ".join(row["failing"]) or "none",
        "undecided checks": ", ".join(row["undecided"]),
        "message": message,
    }
