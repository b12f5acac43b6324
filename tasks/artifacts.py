"""What a run's page in Prefect's UI shows: summary, drift table, link to the report."""

from __future__ import annotations

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from storage.history.query import Filter, measurements_of
from tasks.outcome import Outcome

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
    """What was read, found and decided, as Markdown; every number is read from the history."""
    night = outcome.night
    recorded = measurements_of(night.history, night.window, Filter(as_of=night.known_on, segment="", version=""))
    values = {entry.metric: entry.value for entry in recorded if not entry.feature and not entry.klass}
    lines = [f"# {night.monitor.model}, {night.window.label}", ""]
    lines += [f"- **{name}**: {value:.{DIGITS}g}" for name, value in sorted(values.items()) if value is not None]
    lines += ["", "## Findings", ""]
    lines += [f"- `{finding.code.value}` {finding.message}" for finding in outcome.findings] or ["none"]
    lines += ["", "## Checks", "", "| check | verdict | value | threshold |", "|---|---|---|---|"]
    for decision in outcome.decisions:
        value = decision.reason if decision.value is None else f"{decision.value:.{DIGITS}g}"
        lines.append(f"| {decision.check.name} | {decision.verdict.value} | {value} | {decision.threshold} |")
    return "\n".join(lines)


def drift_rows(outcome: Outcome) -> list[dict[str, str]]:
    """The drift table: a row for each feature."""
    return [
        {
            "feature": drift.column,
            "method": drift.method,
            "score": "" if drift.score is None else f"{drift.score:.{DIGITS}g}",
            "threshold": "" if drift.threshold is None else f"{drift.threshold:g}",
            "drifted": drift.reason if drift.drifted is None else str(drift.drifted).lower(),
        }
        for drift in outcome.drift.features
    ]
