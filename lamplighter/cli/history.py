"""`lamplighter history`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import MOMENT, refuse_reversed
from lamplighter.cli.history_filter import PARTS, check_names, filter_of, span_of
from lamplighter.cli.models import complete_models
from lamplighter.cli.table import Layout, cell, print_csv, print_table
from lamplighter.core.time.window import name_of
from lamplighter.errors import HistoryError

if TYPE_CHECKING:
    from storage.history import History
    from storage.history.query import Filter

NUMBERS = frozenset({"value", "n", "lower", "upper", "threshold", "low", "high", "gain"})
KEYS = ("grain", "metric", "segment", "version", "feature", "class", "method")
NAMED = {"metric": "", "segment": ""}
"""How a key is named above a table; the values of these speak for themselves."""

MEASUREMENTS = Layout(
    (
        "window", "grain", "metric", "segment", "version", "feature", "class", "method",
        "value", "n", "lower", "upper", "state", "known_on", "reason",
    ),
    NUMBERS,
    spare=(("method",), ("known_on",), ("lower", "upper"), ("state",), ("n",), ("version",)),
    text="reason",
    names=("segment", "feature", "class"),
)  # fmt: skip
FINDINGS = Layout(
    ("window", "grain", "code", "subject", "known_on", "message"),
    spare=(("known_on",), ("subject",)),
    text="message",
)
DECISIONS = Layout(
    (
        "known_on", "check", "severity", "verdict", "metric", "window", "value", "threshold", "low", "high",
        "compared", "reason",
    ),
    NUMBERS,
    spare=(("low", "high"), ("severity",), ("metric",), ("compared",), ("window",), ("threshold",)),
    text="reason",
    names=("check",),
    states={"severity": "", "verdict": ""},
)  # fmt: skip
RETRAININGS = Layout(
    (
        "known_on", "purpose", "cause", "status", "version", "champion", "metric",
        "gain", "lower", "upper", "n", "reason",
    ),
    NUMBERS,
    spare=(("n",), ("lower", "upper"), ("metric",), ("champion",)),
    text="reason",
    names=("cause",),
    states={"status": ""},
)  # fmt: skip
PROMOTIONS = Layout(("number", "known_on", "version", "previous", "cause"), frozenset({"number"}), text="cause")
LAYOUTS = {
    "findings": FINDINGS,
    "decisions": DECISIONS,
    "retrainings": RETRAININGS,
    "promotions": PROMOTIONS,
}
"""What is shown in place of measurements, by the option that asks for it."""
NOUNS = {
    "": "measurements",
    "reference": "values of a reference",
    "rescored": "measurements of versions that ran again",
}
"""What there is none of, where it is not called as the option is."""


@click.command(epilog="Example: lamplighter history flight-delays --metric f1 --from 2013-05-01 --as-of 2013-05-10")
@click.argument("model", shell_complete=complete_models)
@click.option("--metric", help="One metric, such as f1 or drift_share.")
@click.option("--segment", help="column=value, or a column for all its values; '' for all rows together.")
@click.option("--feature", help="One feature.")
@click.option("--version", help="One model version; '' for all together.")
@click.option("--class", "klass", help="One class; '' for all together.")
@click.option("--period", type=click.Choice(["week", "month"]), help="Numbers of weeks or months, from summed counts.")
@click.option("--confusion", is_flag=True, help="How often each class was predicted for each true one.")
@click.option("--findings", is_flag=True, help="What was found broken, in place of what was measured.")
@click.option(
    "--decisions", is_flag=True, help="Decisions of checks; here and below --from and --to are logical dates."
)
@click.option("--retrainings", is_flag=True, help="The ledger of retrainings: the cause of each, and its end.")
@click.option("--promotions", is_flag=True, help="Who became champion, and when.")
@click.option("--reference", is_flag=True, help="What the reference measures, which checks can compare with.")
@click.option("--rescored", is_flag=True, help="What versions come to that `rescore` ran on past windows.")
@click.option("--from", "first", type=MOMENT, help="First local day, or a time as it is printed here.")
@click.option("--to", "last", type=MOMENT, help="Last local day, or a time.")
@click.option("--as-of", type=MOMENT, help="What was known on that day after its run, or at that time.")
@click.option("--all", "everything", is_flag=True, help="All windows or values, where a part would be shown.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.pass_obj
def command(project: str | None, /, model: str, as_json: bool, as_csv: bool, everything: bool, **wanted: Any) -> None:
    """Show what is recorded of a model, by window, as it is known now or was known on a day.

    Without a metric an overview of the newest windows is shown; --json and --csv print every measurement. With a
    metric and no segment, version or class named, totals alone are shown, where the metric has them.
    """
    _check_together({"--json": as_json, "--csv": as_csv})
    kind = _kind(wanted)
    from storage.project.folder import Project
    from storage.project.history_file import refuse_unrecorded

    opened = Project.open(project)
    refuse_unrecorded(opened, model)
    from storage.history.query import existing_history, newest_run

    history = existing_history(opened)
    if history is None:
        raise HistoryError(
            "no history yet", where=opened.root, fix="`lamplighter run` starts one, -C names another folder"
        )
    run = newest_run(history, model)
    zone, span = ZoneInfo(run["timezone"]), span_of(run, wanted)
    refuse_reversed(wanted["first"], wanted["last"], zone)
    title = f"{model} {kind}".strip()
    is_text, is_whole = not (as_json or as_csv), everything or bool(wanted["first"] or wanted["last"])
    if kind == "confusion":
        from lamplighter.cli.history_confusion import print_matrix, shown_counts

        title, shown, layout = shown_counts(history, run, wanted, span, is_whole=is_whole)
        if is_text and shown:
            print_matrix(title, shown)
            return
    elif kind == "reference":
        from lamplighter.cli.history_reference import LAYOUT as layout
        from lamplighter.cli.history_reference import shown_values

        title, shown = shown_values(history, run, wanted, span, is_whole=everything or not is_text)
    elif wanted["period"]:
        from lamplighter.cli.history_period import LAYOUT as layout
        from lamplighter.cli.history_period import shown_periods

        title = f"{model} by {wanted['period']}"
        shown = shown_periods(opened, history, run, wanted, span)
    elif is_text and not kind and all(wanted[name] is None for name in ("metric", "feature", "version", "klass")):
        from lamplighter.cli.history_overview import print_overview

        print_overview(history, run, span, wanted["segment"], is_whole=is_whole)
        return
    else:
        shown, layout = _rows(history, model, kind, wanted, zone, run["grain"], span), LAYOUTS.get(kind, MEASUREMENTS)
    if as_json:
        click.echo(json.dumps(shown))
    elif as_csv:
        print_csv(shown, layout.columns)
    elif not shown:
        click.echo(f"{model}: no {NOUNS.get(kind, kind)} recorded that fit")
    else:
        _print(title, shown, layout)


def _check_together(given: Mapping[str, bool]) -> None:
    if all(given.values()):
        raise click.UsageError(f"{' and '.join(given)} cannot both be given; choose one.")


def _kind(wanted: Mapping[str, Any]) -> str:
    """What is asked for: one of `LAYOUTS`, confusion counts, a reference, or measurements, which have no name here."""
    given = [name for name in (*LAYOUTS, "confusion", "reference", "rescored") if wanted[name]]
    if len(given) > 1:
        _check_together({f"--{name}": True for name in given[:2]})
    kind = next(iter(given), "")
    choosing = [name for name in PARTS if wanted[name] is not None]
    if kind == "confusion":
        choosing = [name for name in choosing if name not in ("segment", "version")]
    if kind == "rescored":
        choosing = [name for name in choosing if name == "feature"]
    if kind == "reference":
        choosing = []
        if wanted["first"] or wanted["last"]:
            raise click.UsageError("--from and --to choose windows; leave them out with --reference, or give --as-of.")
    if kind and choosing:
        raise click.UsageError(f"--{PARTS[choosing[0]]} chooses measurements; leave it out with --{kind}.")
    if kind and wanted["period"]:
        raise click.UsageError(f"--period sums up measurements; leave it out with --{kind}.")
    return kind


def _rows(
    history: History,
    model: str,
    kind: str,
    wanted: Mapping[str, Any],
    zone: ZoneInfo,
    grain: str,
    span: Filter,
) -> list[dict[str, Any]]:
    from storage.history.query import BY_DATE, findings, measurements, rows_by_date, zones_before

    shown = partial(_shown, zone=zone, before=zones_before(history, model, zone.key))
    if kind in BY_DATE:
        # A logical date has no grain of its own, and not every row is about a window.
        rows = rows_by_date(history, kind, model, span)
        return [
            shown({"window_start": None, **row, "grain": grain, "check": row.get("check_name")}, LAYOUTS[kind])
            for row in rows
        ]
    if kind == "findings":
        return [shown(row, FINDINGS) for row in findings(history, model, span)]
    if kind == "rescored":
        from storage.history.rescored import rescored

        asked = filter_of(wanted, span)
        # Every row is of a version, so that there is no total over them.
        found = rescored(history, model, replace(asked, version=wanted["version"]))
        return [shown({**row, "feature": ""}, MEASUREMENTS) for row in found]
    found = measurements(history, model, filter_of(wanted, span))
    if not found:
        check_names(history, model, wanted)
    return [shown(row, MEASUREMENTS) for row in found]


def _shown(row: Mapping[str, Any], layout: Layout, *, zone: ZoneInfo, before: Mapping[datetime, str]) -> dict[str, Any]:
    start, logical_date = row["window_start"], row["known_on"]
    # A window that began in another zone is named as it was then.
    own = ZoneInfo(before[start]) if start in before else zone
    labels = {
        "window": name_of(start, own, row["grain"]) if start else None,
        "known_on": name_of(logical_date, zone, row["grain"]),
    }
    return {name: labels[name] if name in labels else row[name] for name in layout.columns}


def _print(title: str, rows: list[dict[str, Any]], layout: Layout) -> None:
    """Print a table; what is the same in every row is said once, above it, so that a row fits a terminal."""
    same = [name for name in layout.columns if name in KEYS and len({row[name] for row in rows}) == 1]
    said = [
        f"{NAMED.get(name, name)} {cell(rows[0][name])}".strip() for name in same if name != "grain" and rows[0][name]
    ]
    click.echo(" ".join([title, *said]))
    print_table(rows, replace(layout, columns=[name for name in layout.columns if name not in same]))
