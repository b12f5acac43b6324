"""`lamplighter status MODEL`: one model in detail."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.colour import painted
from lamplighter.cli.incidents import with_segment
from lamplighter.cli.status_states import states_of
from lamplighter.cli.status_words import NEVER, measured_text, state_text
from lamplighter.cli.table import Layout, cell, print_table
from lamplighter.core.hints import did_you_mean
from lamplighter.core.time.window import name_of
from lamplighter.errors import MonitorError

if TYPE_CHECKING:
    from storage.history import History
    from storage.project.folder import Project

MOST_SHOWN = 5
"""Findings, features and retrainings that are shown: `history` has all."""

CHECKS = Layout(
    ("check", "verdict", "value", "limit", "of", "reason"),
    frozenset({"value"}),
    spare=(("of",),),
    text="reason",
    names=("check",),
    states={"verdict": ""},
)
INCIDENTS = Layout(
    ("check", "segment", "severity", "opened", "notified", "muted_until"),
    spare=(("notified",),),
    names=("check", "segment"),
    states={"severity": ""},
)
FINDINGS = Layout(("window", "code", "message"), text="message")
MOVED = Layout(("feature", "drifted", "method", "statistic"), frozenset({"statistic"}), names=("feature",))
RETRAININGS = Layout(("known_on", "version", "status", "outcome"), text="outcome", states={"status": ""})


def show(project: Project, model: str, *, as_json: bool) -> None:
    """Print how one model stands.

    Raises
    ------
    MonitorError
        If neither a monitor nor the history knows the model.

    Examples
    --------
    >>> show(project, "churm", as_json=False)
    Traceback (most recent call last):
    ...
    lamplighter.errors.MonitorError: no model 'churm'; did you mean 'churn'? known: churn
    """
    from storage.project.history_file import recorded_models

    recorded = recorded_models(project)
    if recorded is not None and model not in (known := {*project.models(), *recorded}):
        raise _unknown(model, known)
    from storage.history.query import existing_history, models

    history = existing_history(project)
    rows = states_of(project, model)
    if not rows:
        raise _unknown(model, {*project.models(), *(models(history) if history else [])})
    state = rows[0]
    if history is not None and state["status"] != NEVER:
        state |= _details(project, history, model)
    if as_json:
        click.echo(json.dumps(state))
        return
    for line in _head(state):
        click.echo(line)
    for title, listed, layout in _tables(state):
        if listed:
            click.echo(f"\n{title}")
            print_table(listed, layout)


def _unknown(model: str, known: Iterable[str]) -> MonitorError:
    return MonitorError(f"no model {model!r}", fix=did_you_mean(model, sorted(known)))


def _details(project: Project, history: History, model: str) -> dict[str, Any]:
    """What the history knows of a model beyond a row of the table."""
    from storage.history.query import Filter, findings, newest_windows

    run = next(run for run in newest_windows(history) if run["model"] == model)
    zone, grain = ZoneInfo(run["timezone"]), run["grain"]
    # What a run of the future found, such as missing days to come, is no news.
    found = [row for row in findings(history, model, Filter()) if row["window_start"] <= datetime.now(UTC)]
    found = found[-MOST_SHOWN:]
    return {
        "timezone": run["timezone"],
        "every": grain,
        "seconds": (run["ended_at"] - run["started_at"]).total_seconds() if run["ended_at"] else None,
        "incidents": _incidents(history, model, zone, grain),
        "findings": [
            {
                "window": name_of(row["window_start"], zone, row["grain"]),
                "code": row["code"],
                "subject": row["subject"],
                "message": row["message"],
            }
            for row in reversed(found)
        ],
        "drift": _drift(history, run),
        "champion": _champion(project, history, model, zone, grain),
        "retrainings": _retrainings(history, model, zone, grain),
    }


def _incidents(history: History, model: str, zone: ZoneInfo, grain: str) -> list[dict[str, Any]]:
    from storage.history.incidents import all_incidents

    present = datetime.now(UTC)
    return [
        {
            "check": row["check_name"],
            "severity": row["severity"],
            "opened": name_of(row["opened_on"], zone, grain),
            "notified": name_of(row["notified_on"], zone, grain) if row["notified_on"] else None,
            "muted_until": row["muted_until"].astimezone(zone).isoformat(timespec="minutes")
            if row["muted_until"] and row["muted_until"] > present
            else None,
        }
        for row in all_incidents(history, model, only_open=True)
    ]


def _drift(history: History, run: Mapping[str, Any]) -> dict[str, Any] | None:
    """The share of features that drifted in the newest window, and those that moved most."""
    from storage.history.query import Filter, measurements

    start = run["window_start"]
    span = {"since": start, "segment": "", "klass": "", "version": ""}
    rows = [
        row
        for row in measurements(history, run["model"], Filter(**span))
        if (row["window_start"], row["grain"]) == (start, run["grain"])
    ]
    share = next((row for row in rows if row["metric"] == "drift_share"), None)
    if share is None:
        return None
    drifted = {row["feature"]: bool(row["value"]) for row in rows if row["metric"] == "drift_detected"}
    distances = [row for row in rows if row["metric"] == "drift_statistic" and row["value"] is not None]
    p_values = [row for row in rows if row["metric"] == "drift_p_value" and row["value"] is not None]
    # A distance is large, a p-value small, where a feature moved.
    ranked = sorted(distances, key=lambda row: -row["value"]) + sorted(p_values, key=lambda row: row["value"])
    ranked.sort(key=lambda row: not drifted.get(row["feature"]))
    return {
        "share": share["value"],
        "features": share["n"],
        "reason": share["reason"],
        "moved": [
            {
                "feature": row["feature"],
                "drifted": drifted.get(row["feature"]),
                "method": row["method"],
                "statistic": row["value"],
            }
            for row in ranked[:MOST_SHOWN]
        ],
    }


def _champion(project: Project, history: History, model: str, zone: ZoneInfo, grain: str) -> dict[str, Any] | None:
    from storage.history.promotions import champion
    from storage.registry.versions import Registry

    promotion = champion(history, model)
    if promotion is None:
        return None
    version = Registry(project.home, history, model).find(promotion.version)
    return {
        "version": promotion.version,
        "since": name_of(promotion.known_on, zone, grain),
        "previous": promotion.previous or None,
        "cause": promotion.cause,
        "trained_until": version.trained_until.astimezone(zone).isoformat() if version else None,
    }


def _retrainings(history: History, model: str, zone: ZoneInfo, grain: str) -> list[dict[str, Any]]:
    from storage.history.retrainings import entries

    return [
        {
            "known_on": name_of(entry.known_on, zone, grain),
            "purpose": entry.purpose.value,
            "cause": entry.cause,
            "status": entry.status.value,
            "version": entry.version,
            "reason": entry.reason,
            "compared": entry.gained,
        }
        for entry in reversed(entries(history, model)[-MOST_SHOWN:])
    ]


def _head(state: Mapping[str, Any]) -> Iterator[str]:
    """What there is one of, a line each."""
    of = f" ({state['every']}, {state['timezone']})" if "every" in state else ""
    yield f"{state['model']}{of}: {painted(state_text(state))}"
    if state["fault"]:
        yield f"monitor   {cell(state['fault'])}"
    if state["status"] == NEVER:
        yield f"no run yet; `lamplighter run {state['model']}` starts one"
        return
    if state["future_until"]:
        what = f"runs of the future are recorded, up to {state['future_until']}, which hide the present"
        yield f"clock     {what}; if it was wrong, remove them by `lamplighter prune {state['model']}`"
    took = f", {state['seconds']:.1f} s" if state["seconds"] is not None else ""
    yield f"last run  {state['status']}, ended {state['ended'] or 'not yet'}{took}"
    if state["message"] and state["status"] not in ("succeeded", "findings"):
        yield f"          {cell(state['message'])}"
    rows = "" if state["rows"] is None else f", {state['rows']:,.0f} rows"
    yield f"window    {state['window']}{rows}"
    if state["metric"]:
        of = f"{state['n']:,} rows of {state['metric_window']}, {state['metric_state']}"
        yield f"quality   {measured_text(state)}, {of}"
    if state["coverage"] is not None:
        yield f"labels    {state['coverage']:.1%} of the rows of {state['metric_window'] or state['window']}"
    if drift := state.get("drift"):
        share = drift["reason"] if drift["share"] is None else f"{drift['share']:.0%} of {drift['features']} features"
        yield f"drift     {share}"
    if champion := state.get("champion"):
        replaced = f", in place of {champion['previous']}" if champion["previous"] else ""
        yield f"champion  {champion['version']} since {champion['since']}{replaced} ({champion['cause']})"
    makes = f"`lamplighter report {state['model']}`"
    none = (
        f"none; {makes} makes it"
        if state["rows"] != 0
        else f"none of a window without rows; {makes} is of one with rows"
    )
    yield f"report    {state['report'] or none}"


def _tables(state: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]], Layout]]:
    checks = [
        {**row, "of": row["window"], "reason": "; ".join(filter(None, (row["reason"], row["compared"])))}
        for row in state["checks"]
    ]
    yield "checks", checks, CHECKS
    yield "open incidents", [*map(with_segment, state.get("incidents", []))], INCIDENTS
    yield "newest findings", state.get("findings", []), FINDINGS
    if drift := state.get("drift"):
        moved = [{**row, "drifted": {True: "yes", False: "no"}.get(row["drifted"], "")} for row in drift["moved"]]
        yield "features that moved most", moved, MOVED
    retrainings = [{**row, "outcome": row["reason"] or row["compared"]} for row in state.get("retrainings", [])]
    yield "newest retrainings", retrainings, RETRAININGS
