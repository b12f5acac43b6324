"""`lamplighter run`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from lamplighter.cli.colour import painted
from lamplighter.cli.day import MOMENT, Moment, instant_of
from lamplighter.cli.models import complete_models
from lamplighter.cli.unexpected import fault_of

if TYPE_CHECKING:
    from storage.project.folder import Project
    from tasks.stages.run_context import RunContext


@click.command(epilog="Example: lamplighter run flight-delays --day 2013-05-01")
@click.argument("models", nargs=-1, metavar="[MODEL]...", shell_complete=complete_models)
@click.option("--day", type=MOMENT, help="Local day (or hour) to evaluate; default the newest complete window.")
@click.option("--now", type=MOMENT, help="Logical time, in the model's zone or its own: what came later is not seen.")
@click.option("--relabel", is_flag=True, help="Fold in labels that came after the window was final.")
@click.option(
    "--fail-on-findings",
    is_flag=True,
    help="Exit with 1 when a check failed or cannot be decided, or something was broken.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.pass_obj
def command(
    project: str | None,
    models: tuple[str, ...],
    day: Moment | None,
    now: Moment | None,
    relabel: bool,
    fail_on_findings: bool,
    as_json: bool,
    debug: bool,
) -> None:
    """Run one window of the models named, or of all; when one fails, the others still run.

    With PREFECT_API_URL set each run is a `monitor` flow run on that server; without it no server is started.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    faults, found = 0, 0
    for model in models or opened.models():
        try:
            summary = _summary(opened, model, day, now, relabel)
        except Exception as error:
            click.echo(fault_of(model, error, debug=debug), err=True)
            faults += 1
            continue
        found += bool(summary["findings"] or summary["undecided_checks"] or "failed" in summary["checks"].values())
        for line in [json.dumps(summary)] if as_json else map(painted, lines_of(summary)):
            click.echo(line)
    if faults:
        sys.exit(2)
    sys.exit(1 if found and fail_on_findings else 0)


def _summary(project: Project, model: str, day: Moment | None, now: Moment | None, relabel: bool) -> dict[str, Any]:
    from zoneinfo import ZoneInfo

    monitor = project.monitor(model)
    from tasks.stages.run_context import RunContext

    zone = ZoneInfo(monitor.timezone)
    at = instant_of(now, zone) if now else datetime.now(UTC)
    start = instant_of(day, zone) if day else monitor.window(at).start
    return _run(RunContext.of(project, monitor, start, at, relabel=relabel))


def _run(context: RunContext) -> dict[str, Any]:
    """Run the window, as a flow run where there is a server."""
    if not os.environ.get("PREFECT_API_URL"):
        from flows.run_window import run_window
        from flows.stage_functions import Stages

        return run_window(context, Stages.plain()).as_dict()
    from flows.monitor import monitor

    state = monitor(
        model=context.monitor.model,
        day=context.window.start,
        now=context.now,
        project=str(context.project.root),
        relabel=context.relabel,
        return_state=True,
    )
    summary = state.result()
    assert isinstance(summary, dict)
    return summary


MOST_FINDINGS = 10
"""Findings that get a line each; `history --findings` shows all."""


def lines_of(summary: dict[str, Any]) -> Iterator[str]:
    """What a run came to: a line, and one for each finding.

    Examples
    --------
    >>> summary = {"model": "m", "window": "2026-03-02", "findings": ["no predictions"], "undecided_checks": {}}
    >>> summary |= {"checks": {"data": "failed"}, "retrainings": [], "report": None, "over": [], "is_newest": True}
    >>> list(lines_of(summary))
    ['m 2026-03-02: completed with findings; checks failed: data', '  no predictions']
    """
    model = summary["model"]
    undecided = [f"check {name} is undecided: {reason}" for name, reason in summary["undecided_checks"].items()]
    findings = [*summary["findings"], *undecided]
    parts = ["completed with findings" if findings else "completed"]
    if failed := [name for name, verdict in summary["checks"].items() if verdict == "failed"]:
        parts.append(f"checks failed: {', '.join(failed)}")
    if not summary["is_newest"]:
        parts.append("an older window, so no check was judged")
    parts += [*summary["over"], *summary["retrainings"]]
    parts += [f"report: {near(summary['report'])}"] if summary["report"] else []
    yield f"{model} {summary['window']}: {'; '.join(parts)}"
    yield from (f"  {finding}" for finding in findings[:MOST_FINDINGS])
    if more := findings[MOST_FINDINGS:]:
        yield f"  and {len(more)} more; `lamplighter history {model} --findings` shows all"


def near(path: str) -> str:
    """A path as it is shortest from the working folder; one that lies elsewhere, or a URL, as it is.

    Examples
    --------
    >>> near("s3://reports/churn.html"), near("reports/churn.html")
    ('s3://reports/churn.html', 'reports/churn.html')
    """
    if "://" in path:
        return path
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative
