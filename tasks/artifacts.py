"""What a run's page in Prefect's UI shows: what was read, found, decided, sent and trained, and the report."""

from __future__ import annotations

import socket
from urllib.parse import quote

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from lamplighter.core.drift import most_drifted_first
from lamplighter.core.markup import markdown
from tasks.retraining.job import Retraining
from tasks.stages.outcome import Outcome
from tasks.stages.summary import number, summary


def leave_artifacts(outcome: Outcome) -> None:
    """Leave the artifacts of a run."""
    model, label = outcome.context.monitor.model, outcome.context.window.label
    url = _report_url(outcome)
    description = f"{model}, {label}"
    create_markdown_artifact(
        summary(outcome, _report_line(outcome, url)), key=f"{model}-summary", description=description
    )
    if rows := drift_rows(outcome):
        create_table_artifact(rows, key=f"{model}-drift", description=f"Drift of {model}, {label}")
    if url:
        create_link_artifact(url, key=f"{model}-report", link_text=f"Evidently report, {label}")


def _report_url(outcome: Outcome) -> str:
    """Where a browser finds the report; empty where no report was made, or where none are served."""
    base = outcome.context.project.settings.reports_url
    if outcome.report is None or not base:
        return ""
    return f"{base.rstrip('/')}/{outcome.context.monitor.model}/{quote(outcome.report.name)}"


def _report_line(outcome: Outcome, url: str) -> str:
    """A link to the report, or where the file lies: a `file:` link opens on the reader's machine."""
    if outcome.report is None:
        return ""
    if url:
        return f"[Evidently report]({url})"
    folder = outcome.report.relative_to(outcome.context.project.home)
    where = f"`{folder}` in the home folder of the machine that ran it ({markdown(socket.gethostname())})"
    return f"The Evidently report is {where}; with the setting `reports_url` this is a link."


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
    lines += [f"- **{name}**: {markdown(value)}" for name, value in facts.items() if value]
    key, description = f"{entry.model}-{entry.purpose.value}", f"{entry.purpose.value} of {entry.model}"
    create_markdown_artifact("\n".join(lines), key=key, description=description)


def drift_rows(outcome: Outcome) -> list[dict[str, str]]:
    """The drift table: a row for each feature, drifted ones first; Prefect reads its cells as Markdown.

    Examples
    --------
    >>> [(row["feature"], row["drifted"]) for row in drift_rows(outcome)]
    [('amount', 'yes'), ('plan', 'no')]
    """
    return [
        {
            "feature": markdown(drift.column),
            "drifted": markdown(drift.reason) if drift.drifted is None else VERDICTS[drift.drifted],
            "score": number(drift.score),
            "limit": number(drift.threshold),
            "method": f"{drift.method} (p-value)" if drift.is_p_value else drift.method,
            "rows": f"{drift.n_current:,}",
            "rows of the reference": f"{drift.n_reference:,}",
        }
        for drift in most_drifted_first(outcome.drift.features)
    ]


VERDICTS = {True: "yes", False: "no"}
"""How the table writes a verdict."""
