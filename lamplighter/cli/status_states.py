"""How every model stands, as the history has it: what `lamplighter status` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lamplighter.cli.status_words import NEVER, NO_MONITOR
from lamplighter.cli.table import cell
from lamplighter.core.kinds import KINDS
from lamplighter.core.time.window import name_of
from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor
    from storage.history import History
    from storage.project.folder import Project


@dataclass(frozen=True)
class Declared:
    """What a monitor file says of its model; of a model without one, and of a file that cannot be read, nothing.

    Attributes
    ----------
    checks : set of str or None
        Names; None where nothing can be read.
    metrics : sequence of str
        Whichever of them has a value first is shown.
    fault : str
        Why the file cannot be read.
    """

    checks: set[str] | None = None
    metrics: Sequence[str] = field(
        default_factory=lambda: [*(name for kind in KINDS.values() for name in kind.shown), "drift_share"]
    )
    fault: str = ""

    @classmethod
    def by(cls, monitor: Monitor) -> Declared:
        """What a monitor declares."""
        from lamplighter.core.records.catalogue import QUALITY_METRICS

        of_quality = {*QUALITY_METRICS, *(own.name for own in monitor.metrics)}
        checked = [
            check.metric
            for check in monitor.checks
            if check.metric in of_quality and not (check.segment or check.klass or check.feature)
        ]
        metrics = [*checked[:1], *monitor.kind.shown, "drift_share"]
        return cls({check.name for check in monitor.judged}, [*dict.fromkeys(metrics)])


def states_of(project: Project, only: str | None = None) -> list[dict[str, Any]]:
    """How every model of a project stands, or one of them; those that are only in the history have no monitor here.

    Examples
    --------
    >>> (state,) = states_of(project)
    >>> state["model"], state["status"], state["window"]
    ('churn', 'findings', '2026-03-11')
    """
    from storage.history.incidents import all_incidents
    from storage.history.overview import newest_decisions
    from storage.history.query import existing_history, newest_windows

    declared = _declarations(project)
    history = existing_history(project)
    runs = [] if history is None else [run for run in newest_windows(history) if only in (None, run["model"])]
    rows = {model: _never_run(model) for model in declared if only in (None, model)}
    if history is not None:
        headlines, decisions = _headlines(history, runs, declared), newest_decisions(history, runs)
        incidents: dict[str, list[dict[str, Any]]] = {}
        for incident in all_incidents(history, only, only_open=True):
            incidents.setdefault(incident["model"], []).append(incident)
        for run in runs:
            model = run["model"]
            rows[model] = _state_of(
                project.home,
                run,
                declared.get(model),
                headlines.get(model, {}),
                decisions.get(model, []),
                incidents.get(model, []),
                _findings(history, run) if run["status"] == "findings" else [],
            )
    for model, row in rows.items():
        row["fault"] = declared[model].fault if model in declared else ""
    return [rows[model] for model in sorted(rows)]


def _declarations(project: Project) -> dict[str, Declared]:
    """What the monitor of each model declares."""
    known: dict[str, Declared] = {}
    faults: dict[Path, str] = {}
    for path, monitor in project.monitors():
        if isinstance(monitor, LamplighterError):
            faults[path] = str(monitor)
        else:
            known[monitor.model] = Declared.by(monitor)
    # Which model a file is about is asked for where it does not say so itself: that reads all files again.
    by_path = {path: model for model, path in project.models().items()} if faults else {}
    return known | {by_path[path]: Declared(fault=fault) for path, fault in faults.items() if path in by_path}


def _headlines(
    history: History, runs: Sequence[Mapping[str, Any]], declared: Mapping[str, Declared]
) -> dict[str, dict[str, Any]]:
    """The one metric that is shown of each model, with the rows and the coverage of its window."""
    from storage.history.overview import values_of_windows

    found: dict[str, dict[str, Any]] = {run["model"]: {} for run in runs}
    left = {run["model"]: [*declared.get(run["model"], Declared()).metrics] for run in runs}
    # Of each model the next metric, as long as none had a value: what is not there costs most to look for.
    while left := {model: metrics for model, metrics in left.items() if metrics and not found[model]}:
        asked: dict[str, list[Mapping[str, Any]]] = {}
        for run in runs:
            if metrics := left.get(run["model"]):
                asked.setdefault(metrics.pop(0), []).append(run)
        for metric, of_models in asked.items():
            found |= {model: {"value": row} for model, row in _newest_values(history, of_models, metric).items()}
    newest = {run["model"]: (run["window_start"], run["grain"]) for run in runs}
    judged = {
        model: (it["value"]["window_start"], it["value"]["grain"]) if it else newest[model]
        for model, it in found.items()
    }
    for name, metric, at in (("rows", "rows", newest), ("coverage", "labels_coverage", judged)):
        for model, row in values_of_windows(history, metric, at).items():
            found[model][name] = row["value"]
    return found


def _newest_values(history: History, runs: Sequence[Mapping[str, Any]], metric: str) -> dict[str, dict[str, Any]]:
    """A metric of each model, in the newest window in which it is final; where it is final in none, in the newest."""
    from storage.history.overview import newest_measured, values_of_windows

    places: dict[str, datetime] = {}
    for final in (True, False):
        left = [dict(run) for run in runs if run["model"] not in places]
        places |= newest_measured(history, left, metric, final=final)
    grains = {run["model"]: run["grain"] for run in runs}
    return values_of_windows(history, metric, {model: (start, grains[model]) for model, start in places.items()})


def _findings(history: History, run: Mapping[str, Any]) -> list[str]:
    """What is broken of the window of a run, as far as it is known."""
    from storage.history.query import Filter, findings

    start = run["window_start"]
    rows = findings(history, run["model"], Filter(since=start))
    return [*dict.fromkeys(row["message"] for row in rows if row["window_start"] == start)]


def _never_run(model: str) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        ("rows", "metric", "value", "lower", "upper", "n", "metric_window", "metric_state", "coverage", "report")
    )
    start: dict[str, Any] = {
        "model": model,
        "window": None,
        "ended": "",
        "status": NEVER,
        "failing": [],
        "message": "",
        "findings": [],
        "unrecorded": [],
    }
    return {**start, **empty, "failed": [], "undecided": {}, "incidents": [], "checks": [], "future_until": None}


def _state_of(
    home: Path,
    run: Mapping[str, Any],
    declared: Declared | None,
    headline: Mapping[str, Any],
    decisions: Sequence[Mapping[str, Any]],
    incidents: Sequence[Mapping[str, Any]],
    findings: Sequence[str],
) -> dict[str, Any]:
    """One model as JSON shows it."""
    from lamplighter.core.checks.decide import Cause
    from lamplighter.core.checks.incidents import check_of, decided_by
    from storage.sinks.reports import report_path

    zone = ZoneInfo(run["timezone"])
    names = declared.checks if declared else None
    label = name_of(run["window_start"], zone, run["grain"])
    measured = headline.get("value") or {}
    report = report_path(home, run["model"], label)
    declared_ones = [row for row in decisions if names is None or check_of(row["check_name"]) in names]
    judged = [_check(row, zone, run["grain"]) for row in declared_ones]
    opened = [
        {
            "check": row["check_name"],
            "severity": row["severity"],
            "opened": name_of(row["opened_on"], zone, run["grain"]),
        }
        for row in incidents
    ]
    return {
        "model": run["model"],
        "window": label,
        "ended": run["ended_at"].astimezone(zone).isoformat(timespec="seconds") if run["ended_at"] else "",
        "status": run["status"] if declared else NO_MONITOR,
        # As of the window's own run: one that was run for an older window since does not change it.
        "failing": sorted(
            row["check_name"]
            for row in incidents
            if row["opened_on"] <= run["known_on"]
            # That a check cannot be decided is an incident of another name.
            and decided_by(row["check_name"]) == row["check_name"]
            and (names is None or check_of(row["check_name"]) in names)
        ),
        "message": run["message"],
        "findings": [*findings],
        "unrecorded": [found["message"] for found in run["findings"]],
        "rows": headline.get("rows"),
        "metric": measured.get("metric"),
        **{name: measured.get(name) for name in ("value", "lower", "upper", "n")},
        "metric_window": name_of(measured["window_start"], zone, run["grain"]) if measured else None,
        "metric_state": measured.get("state"),
        "coverage": headline.get("coverage"),
        "report": str(report) if report.is_file() else None,
        "failed": [row["check"] for row in judged if row["verdict"] == "failed"],
        # Labels that have not come yet are as it should be.
        "undecided": {
            row["check"]: row["reason"]
            for row in judged
            if row["verdict"] == "undecided" and row["cause"] != Cause.WAITING.value
        },
        "incidents": opened,
        "checks": judged,
        "future_until": label if run["window_start"] > datetime.now(UTC) else None,
    }


def _check(row: Mapping[str, Any], zone: ZoneInfo, grain: str) -> dict[str, Any]:
    from lamplighter.core.checks.words import bounds_text
    from lamplighter.core.monitor.check_limits import Limit

    start = row["window_start"]
    return {
        "check": row["check_name"],
        "severity": row["severity"],
        "verdict": row["verdict"],
        "metric": row["metric"],
        "value": row["value"],
        "threshold": row["threshold"],
        "low": row["low"],
        "high": row["high"],
        "limit": bounds_text(Limit(row["low"], row["high"])) or cell(row["threshold"]),
        "compared": row["compared"],
        "window": name_of(start, zone, grain) if start else None,
        "reason": row["reason"],
        "cause": row["cause"],
    }
