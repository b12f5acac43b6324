"""`lamplighter status`."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from lamplighter.cli.colour import painted
from lamplighter.cli.models import complete_models
from lamplighter.cli.status_states import states_of
from lamplighter.cli.status_words import NEVER, NO_MONITOR, measured_text, state_text, troubles
from lamplighter.cli.table import Layout, print_table, wrapped

LAYOUT = Layout(
    ("model", "window", "rows", "metric", "labels", "of", "state", "open", "report"),
    frozenset({"rows", "labels", "open"}),
    spare=(("report",),),
    names=("model", "state"),
    states={"state": ""},
    is_tight=True,
)


@click.command(epilog="Example: lamplighter status flight-delays")
@click.argument("model", required=False, shell_complete=complete_models)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(project: str | None, model: str | None, as_json: bool) -> None:
    """Show how every model stands, or with MODEL one of them in detail.

    A row has the newest window and its rows; one metric of quality with its 95 % interval, of the newest window whose
    labels are complete, and the share of its rows with a label, with the window that both are of where that is an
    earlier one; the checks that failed or could not be decided in the newest run; how many incidents are open; and
    whether the window has a report.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    if model is not None:
        from lamplighter.cli.status_model import show

        show(opened, model, as_json=as_json)
        return
    rows = states_of(opened)
    if as_json:
        click.echo(json.dumps(rows))
        return
    print_table([_as_text(row) for row in rows], LAYOUT)
    for row in rows:
        _print_troubles(row)
    _print_sum(rows)


def _as_text(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": row["model"],
        "window": row["window"] or "",
        "rows": row["rows"],
        "metric": measured_text(row),
        "labels": "" if row["coverage"] is None else f"{row['coverage']:.0%}",
        "of": _apart(row["metric_window"], row["window"]),
        "state": state_text(row),
        "open": str(len(row["incidents"]) or ""),
        "report": "yes" if row["report"] else "",
    }


def _apart(label: str | None, window: str) -> str:
    """Another window than the newest, without the year where they share it; empty for the same.

    Examples
    --------
    >>> _apart("2026-02-28", "2026-03-02"), _apart("2025-12-30", "2026-01-02"), _apart("2026-03-02", "2026-03-02")
    ('02-28', '2025-12-30', '')
    """
    if label is None or label == window:
        return ""
    return label[5:] if label[:5] == window[:5] else label


def _print_troubles(row: Mapping[str, Any]) -> None:
    """Say in words what is wrong with a model."""
    if row["status"] == NO_MONITOR:
        return
    for line in troubles(row):
        text = f"{row['model']}: {line}"
        click.echo(painted(wrapped(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else text))


def _print_sum(rows: Sequence[Mapping[str, Any]]) -> None:
    """What a look at many rows does not show: how many there are of each state."""
    if all(row["status"] == NEVER for row in rows):
        click.echo("no model has been run yet; `lamplighter run` starts one, `lamplighter backfill` runs past windows")
    elif len(rows) > shutil.get_terminal_size().lines:
        troubled = sum(state_text(row) != "ok" for row in rows)
        click.echo(f"{len(rows)} models, {troubled} of them with something to look at")
