"""`lamplighter checks`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import MOMENT, Moment, end_of, instant_of
from lamplighter.cli.models import complete_models
from lamplighter.cli.table import Layout, cell, echo_wrapped, print_table
from lamplighter.core.numbers import number_text
from lamplighter.core.time.window import name_of
from lamplighter.errors import HistoryError

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor
    from storage.history import History
    from tasks.check_states import CheckState

LAYOUT = Layout(
    ("check", "segment", "metric", "verdict", "value", "limit", "room", "of"),
    frozenset({"room"}),
    spare=(("of",), ("metric",)),
    names=("check", "segment"),
    states={"verdict": ""},
)


@click.command(epilog="Example: lamplighter checks flight-delays")
@click.argument("model", shell_complete=complete_models)
@click.option("--day", type=MOMENT, help="As the run of that day knew it; default the newest run.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(project: str | None, model: str, day: Moment | None, as_json: bool) -> None:
    """Show each check of MODEL: its value, its limit, from what that was computed, and how near it is.

    The checks of the monitor file are judged as they are now, on what is recorded, so that a check that was just
    written shows what it would say. Nothing is recorded or sent. Room is the distance to the limit, negative beyond it:
    in the metric's unit, and in standard deviations (sd) of the metric over the 28 windows before.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    monitor = opened.monitor(model)
    from lamplighter.cli.replay import recorded_history

    history = recorded_history(opened, monitor)
    from tasks.check_states import check_states

    window, known_on = _run(history, monitor, day)
    found = check_states(history, monitor, window, known_on)
    rows = [_as_dict(it, monitor) for it in found]
    zone = ZoneInfo(monitor.timezone)
    date = name_of(known_on, zone, monitor.every)
    if as_json:
        click.echo(json.dumps({"model": model, "window": window.label, "known_on": date, "checks": rows}))
        return
    echo_wrapped(f"{model}: {len(rows)} checks as the run of {window.label} knew the history, on {date}")
    print_table([_as_text(row) for row in rows], LAYOUT)
    for row in rows:
        if line := "; ".join(_said(row)):
            echo_wrapped(f"{row['name']}: {line}")


def _run(history: History, monitor: Monitor, day: Moment | None) -> tuple[Any, datetime]:
    """The window of the newest run, or of the one that was asked for, and its logical date."""
    from tasks.replay import runs_of

    zone = ZoneInfo(monitor.timezone)
    since, until = (instant_of(day, zone), end_of(day, zone)) if day else (None, None)
    if since is not None:
        # The window that holds the day may have begun before it.
        since = monitor.window(since).next().start
    runs = runs_of(history, monitor, since, until)
    if not runs:
        of = f" of {day}" if day else ""
        what = f"no run of a window of {monitor.every.value}{of} is recorded"
        raise HistoryError(what, where=monitor.model, fix=f"`lamplighter history {monitor.model}` shows which are")
    return runs[-1]


def _as_dict(it: CheckState, monitor: Monitor) -> dict[str, Any]:
    """A check as JSON shows it."""
    from lamplighter.core.checks.incidents import check_of
    from lamplighter.core.checks.words import limit_text

    decision, check = it.decision, it.decision.check
    zone, grain = ZoneInfo(monitor.timezone), monitor.every
    then = it.recorded
    return {
        "check": check_of(check.name),
        "name": check.name,
        "segment": check.segment,
        "metric": check.metric,
        "feature": check.feature,
        "class": check.klass,
        "version": check.version,
        "severity": check.severity.value,
        "verdict": decision.verdict.value,
        "window": name_of(decision.window_start, zone, grain) if decision.window_start else None,
        "value": decision.value,
        "lower": it.lower,
        "upper": it.upper,
        "low": decision.limit.low,
        "high": decision.limit.high,
        "limit": limit_text(check, decision.limit),
        "compared": decision.compared,
        "distance": it.distance,
        "relative": it.relative,
        "relative_unit": it.relative_unit,
        "for": check.persists.text,
        "failing": it.failing,
        "clears": check.clears,
        "passing": it.passing,
        "reason": decision.reason,
        "cause": decision.cause.value if decision.cause else "",
        "open_since": name_of(it.opened.opened_on, zone, grain) if it.opened else None,
        "is_open_as_undecided": bool(it.opened and it.opened.is_of_undecided),
        "differs": it.differs,
        "recorded": None if then is None else {"verdict": then.verdict.value, "limit": limit_text(check, then.limit)},
    }


def _as_text(row: Mapping[str, Any]) -> dict[str, Any]:
    parts = [f"{name} {row[name]}" for name in ("version", "class") if row[name]]
    of = ", ".join([row["feature"], *parts] if row["feature"] else parts)
    return {
        "check": row["check"],
        "segment": row["segment"],
        "metric": f"{row['metric']} of {of}" if of else row["metric"],
        "verdict": row["verdict"],
        "value": _value(row),
        "limit": row["limit"],
        "room": _room(row),
        "of": row["window"],
    }


def _value(row: Mapping[str, Any]) -> str:
    """A value with its interval; of a window that has a deadline whether it has a value."""
    if row["value"] is None:
        return ""
    if row["limit"] == "missing":
        return "none" if row["value"] else "there"
    from lamplighter.cli.status_words import measured_text

    return measured_text({**row, "metric": ""}).strip()


def _room(row: Mapping[str, Any]) -> str:
    if row["distance"] is None:
        return ""
    text = number_text(row["distance"], 2, sign=True)
    if row["relative"] is None:
        return text
    gap = " " if row["relative_unit"] == "sd" else ""
    return f"{text} ({number_text(abs(row['relative']), 2)}{gap}{row['relative_unit']})"


def _said(row: Mapping[str, Any]) -> Iterator[str]:
    """What a row of the table does not hold: from what the limit came, its windows, its incident, and what is new."""
    if row["reason"] and row["verdict"] == "undecided":
        yield cell(row["reason"])
    count, _, rest = row["for"].partition(" of ")
    # In how many windows it fails is at the end of what it was compared with, too.
    from lamplighter.core.checks.words import apart

    compared, _ = apart(row["compared"])
    if compared:
        yield f"compared with {cell(compared)}" if row["limit"] == "" else f"the limit is {cell(compared)}"
    if rest != "1 windows" and row["failing"] is not None:
        yield f"beyond in {row['failing']} of {rest}, fails from {count} on"
    if row["open_since"]:
        what = "cannot be decided, incident" if row["is_open_as_undecided"] else "incident"
        yield f"{what} open since {row['open_since']}"
        if row["verdict"] == "passed" and not row["is_open_as_undecided"]:
            yield f"passes {row['passing']} of {row['clears']} windows that close the incident"
    if row["recorded"] is None:
        yield "the run did not judge it: it was written since"
    elif row["differs"]:
        limit = f", limit {row['recorded']['limit']}" if row["recorded"]["limit"] else ""
        yield f"the run decided {row['recorded']['verdict']}{limit}"
