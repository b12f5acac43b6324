"""`lamplighter history`."""

from __future__ import annotations

import csv
import json
import sys
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

DAY = click.DateTime(formats=["%Y-%m-%d"])
COLUMNS = (
    "window", "metric", "segment", "version", "feature", "class", "method",
    "value", "n", "lower", "upper", "state", "known_on", "reason",
)  # fmt: skip

NUMBERS = {"value", "n", "lower", "upper"}
KEYS = {"metric", "segment", "version", "feature", "class", "method"}


@click.command(epilog="Example: lamplighter history flight-delays --metric f1 --from 2013-05-01 --as-of 2013-05-10")
@click.argument("model")
@click.option("--metric", help="One metric, such as f1 or drift_share.")
@click.option("--segment", help="column=value; '' for all rows together.")
@click.option("--feature", help="One feature.")
@click.option("--version", help="One model version; '' for all together.")
@click.option("--class", "klass", help="One class; '' for all together.")
@click.option("--from", "first", type=DAY, help="First local day.")
@click.option("--to", "last", type=DAY, help="Last local day.")
@click.option("--as-of", type=DAY, help="What was known on that day, after its night.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.pass_obj
def command(project: str | None, /, model: str, as_json: bool, as_csv: bool, **wanted: Any) -> None:
    """Show what is recorded of a model, newest knowledge first, or as it was known on a day.

    With a metric and no segment, version or class named, totals alone are shown, where the metric has them.
    """
    from storage.history import open_history
    from storage.history.query import Filter, measurements, zone_of
    from storage.project import Project

    history = open_history(Project.open(project))
    zone = ZoneInfo(zone_of(history, model))
    totals = _totals(wanted["metric"])
    chosen = Filter(
        metric=wanted["metric"],
        **{
            name: totals.get(name) if wanted[name] is None else wanted[name] for name in ("segment", "version", "klass")
        },
        feature=wanted["feature"],
        since=_midnight(wanted["first"], zone),
        until=_midnight(wanted["last"], zone, days=1),
        as_of=_end_of(wanted["as_of"], zone),
    )
    shown = [_shown(row, zone) for row in measurements(history, model, chosen)]
    if as_json:
        click.echo(json.dumps(shown))
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, COLUMNS)
        writer.writeheader()
        writer.writerows(shown)
    else:
        _print_table(model, shown)


def _totals(metric: str | None) -> dict[str, str]:
    """What is left empty when only totals are asked for; some metrics have none over versions or classes."""
    from lamplighter.core.catalogue import OF_VERSIONS

    if metric is None:
        return {}
    parts = {"segment", "version", "klass"}
    parts -= {"version"} if metric in OF_VERSIONS else set()
    parts -= {"klass"} if metric in ("prediction_share", "item_share") else set()
    return dict.fromkeys(parts, "")


def _midnight(day: datetime | None, zone: ZoneInfo, days: int = 0) -> datetime | None:
    return (day + timedelta(days=days)).replace(tzinfo=zone) if day else None


def _end_of(day: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The last instant of a day, so that every night that falls on it counts."""
    following = _midnight(day, zone, days=1)
    return following - timedelta(microseconds=1) if following else None


def _shown(row: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    start, known_on = (row[name].astimezone(zone) for name in ("window_start", "known_on"))
    by_hour = row["grain"] == "1h"
    window = start.isoformat(timespec="minutes") if by_hour else start.date().isoformat()
    night = known_on.isoformat(timespec="minutes") if by_hour else known_on.date().isoformat()
    return {name: {"window": window, "known_on": night}.get(name, row.get(name)) for name in COLUMNS}


def _print_table(model: str, rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        click.echo(f"{model}: nothing recorded that fits")
        return
    shown = [name for name in COLUMNS if any(row[name] not in ("", None) for row in rows)]
    # What is the same in every row is said once, so that a row fits a terminal.
    same = [name for name in shown if name in KEYS and len({row[name] for row in rows}) == 1]
    click.echo(" ".join([model, *(f"{rows[0][name]}" for name in same)]))
    table = Table(box=None, pad_edge=False)
    for name in (name for name in shown if name not in same):
        table.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=name != "reason")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in shown if name not in same))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
