"""`lamplighter status`."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import click


@click.command(epilog="Example: lamplighter status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(project: str | None, as_json: bool) -> None:
    """Show the newest night of every model: what it evaluated, how it ended, and which checks fail."""
    from storage.history import open_history
    from storage.history.nights import failing
    from storage.history.query import newest_runs
    from storage.project import Project

    opened = Project.open(project)
    history = open_history(opened)
    declared = set(opened.models())
    rows = [
        _shown(run, [name for name, _ in failing(history, run["model"], run["known_on"])], run["model"] in declared)
        for run in newest_runs(history)
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("model", "window", "ended", "status", "failing checks", "message"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for row in rows:
        failing_checks = ", ".join(row["failing"]) or "none"
        table.add_row(row["model"], row["window"], row["ended"], row["status"], failing_checks, row["message"])
    Console().print(table if rows else "no night has been run yet; `lamplighter run` starts one")


def _shown(run: dict[str, Any], failing: list[str], declared: bool) -> dict[str, Any]:
    zone = ZoneInfo(run["timezone"])
    window = run["window_start"].astimezone(zone)
    return {
        "model": run["model"],
        "window": window.isoformat(timespec="minutes") if run["grain"] == "1h" else window.date().isoformat(),
        "ended": run["ended_at"].astimezone(zone).isoformat(timespec="seconds") if run["ended_at"] else "",
        "status": run["status"] if declared else "retired",
        "failing": failing,
        "message": run["message"],
    }
