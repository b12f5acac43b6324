"""What a run's page in Prefect's UI shows: what was read, found, decided, sent and trained, and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from lamplighter.core.measurement import Measurement
from storage.history.query import Filter, measurements_of
from tasks.outcome import Outcome
from tasks.retraining import Retraining

DIGITS = 4


def leave_artifacts(outcome: Outcome) -> None:
    """Leave the artifacts of a night."""
    model, label = outcome.night.monitor.model, outcome.night.window.label
    create_markdown_artifact(summary(outcome), key=f"{model}-summary", description=f"{model}, {label}")
    if rows := drift_rows(outcome):
        create_table_artifact(rows, key=f"{model}-drift", description=f"Drift of {model}, {label}")
    if outcome.report:
        create_link_artifact(outcome.report.as_uri(), key=f"{model}-report", link_text=f"Evidently report, {label}")


def summary(outcome: Outcome) -> str:
    """What was read, decided, sent, found and measured, as Markdown; every number is read from the history."""
    night = outcome.night
    recorded = measurements_of(night.history, night.window, Filter(as_of=night.known_on, segment="", version=""))
    measured = {it.metric: it for it in recorded if not it.feature and not it.klass and it.value is not None}
    lines = [f"# {night.monitor.model}, {night.window.label}", "", *_read(measured)]
    lines += ["", "## Checks", "", "| check | verdict | value | limit | of |", "|---|---|---|---|---|"]
    for decision in outcome.decisions:
        value, label = decision.reason or _number(decision.value), night.label_of(decision.window_start)
        cells = (decision.check.name, decision.verdict.value, value, _number(decision.threshold), label)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "## What followed", "", *([*_followed(outcome)] or ["nothing"])]
    lines += ["", "## Findings", ""]
    lines += [f"- `{finding.code.value}` {finding.message}" for finding in outcome.findings] or ["none"]
    lines += ["", f"## Measured of {night.window.label}", "", "| metric | value | state |", "|---|---|---|"]
    lines += [f"| {name} | {_number(it.value)} | {it.state.value} |" for name, it in sorted(measured.items())]
    return "\n".join(lines)


def _read(measured: Mapping[str, Measurement]) -> Iterator[str]:
    """How many rows there were, and how much of their truth."""
    if rows := measured.get("rows"):
        coverage = measured.get("labels_coverage")
        labelled = f", {coverage.value:.0%} of them with their truth" if coverage else ""
        yield f"{rows.value:.0f} predictions were read{labelled}."


def _followed(outcome: Outcome) -> Iterator[str]:
    """What came of the decisions: incidents, messages, retrainings."""
    judged, monitor = outcome.judged, outcome.night.monitor
    yield from (f"- opened the incident of `{incident.check_name}`" for incident in judged.opened)
    yield from (f"- closed the incident of `{incident.check_name}`" for incident in judged.closed)
    yield from (f"- told of {told}" for told in judged.told)
    if (judged.opened or judged.closed) and not monitor.notify.to:
        who = "Alertmanager does" if monitor.notify.via == "alertmanager" else "notify names nobody"
        yield f"- sent nothing: {who}"
    for entry in outcome.entries:
        yield f"- {entry.told}"


def leave_retraining(work: Retraining) -> None:
    """Leave the artifact of a retraining."""
    entry = work.entry
    facts = {
        "called for by": entry.cause,
        "version": entry.version,
        "champion": entry.champion or "what was logged",
        "ended": f"{entry.status.value} {entry.reason}".strip(),
        "compared": entry.gained,
    }
    lines = [f"# {entry.model}, {entry.purpose.value}", ""]
    lines += [f"- **{name}**: {value}" for name, value in facts.items() if value]
    key, description = f"{entry.model}-{entry.purpose.value}", f"{entry.purpose.value} of {entry.model}"
    create_markdown_artifact("\n".join(lines), key=key, description=description)


def drift_rows(outcome: Outcome) -> list[dict[str, str]]:
    """The drift table: a row for each feature."""
    return [
        {
            "feature": drift.column,
            "method": drift.method,
            "score": _number(drift.score),
            "threshold": _number(drift.threshold),
            "drifted": drift.reason if drift.drifted is None else str(drift.drifted).lower(),
        }
        for drift in outcome.drift.features
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{DIGITS}g}"
