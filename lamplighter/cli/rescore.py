"""`lamplighter rescore`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.colour import UNSURE, painted
from lamplighter.cli.day import MOMENT, Moment, instant_of, refuse_reversed
from lamplighter.cli.models import complete_models
from lamplighter.cli.progress import progress_of
from lamplighter.cli.table import Layout, cell, print_table

if TYPE_CHECKING:
    from lamplighter.core.records.measurement import Measurement
    from lamplighter.core.time.window import Window
    from tasks.retraining.rescore import Rescored
    from tasks.stages.run_context import RunContext

LAYOUT = Layout(("window", "rows", "metric", "served", "version", "note"), frozenset({"rows"}), text="note")
LEARNED = "the version has learned from this window"


@click.command(epilog="Example: lamplighter rescore street-objects --model-version 2026-03-21 --from 2026-03-10")
@click.argument("model", shell_complete=complete_models)
@click.option("--model-version", "version", required=True, help="A registered version.")
@click.option("--from", "first", type=MOMENT, required=True, help="First local day or hour.")
@click.option("--to", "last", type=MOMENT, help="Last one; default the newest complete window.")
@click.option("--metric", help="The metric to show; default the one that the overview of the kind shows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every metric of every window.")
@click.pass_obj
def command(
    project: str | None,
    model: str,
    version: str,
    first: Moment,
    last: Moment | None,
    metric: str | None,
    as_json: bool,
) -> None:
    """Run a registered version on the rows of past days, and measure it beside what was served.

    The result is recorded as that version's, apart from what was served; `history --rescored` shows it again.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    monitor = opened.monitor(model)
    zone, now = ZoneInfo(monitor.timezone), datetime.now(UTC)
    refuse_reversed(first, last, zone)
    newest = monitor.window(now)
    shown_metric = metric or next(iter(monitor.kind.shown), "")
    _check(shown_metric, monitor.kind.name)
    from tasks.stages.run_context import RunContext

    context = RunContext.of(opened, monitor, newest.start, now)
    windows = _windows(context, instant_of(first, zone), instant_of(last or newest.start, zone))
    done = _done(context, version, windows)
    if as_json:
        click.echo(json.dumps([_as_dict(it) for it in done]))
    else:
        click.echo(f"{model}: version {version} on {len(done)} windows, {shown_metric}")
        print_table([_row(it, shown_metric) for it in done], LAYOUT)
        for it in done:
            if it.fault:
                click.echo(painted(f"{it.window.label}: {it.fault}", UNSURE), err=True)
    sys.exit(0 if any(not it.fault for it in done) else 2)


def _check(metric: str, kind: str) -> None:
    from lamplighter.core.hints import did_you_mean
    from lamplighter.core.records.catalogue import QUALITY_METRICS

    known = [name for name, it in QUALITY_METRICS.items() if it.is_of(kind)]
    if metric not in known:
        raise click.UsageError(f"no metric {metric!r} of {kind}; {did_you_mean(metric, known)}.")


def _windows(context: RunContext, first: datetime, last: datetime) -> list[Window]:
    """The complete windows from one instant on, until the one that holds another."""
    from lamplighter.core.time.window import Window

    monitor = context.monitor
    window = Window.of(monitor.model, monitor.every, monitor.timezone, first)
    windows = []
    while window.start <= last and window.end <= context.now:
        windows.append(window)
        window = window.next()
    if not windows:
        raise click.UsageError(
            f"no window of that time is over yet; the newest complete one is {context.window.label}."
        )
    return windows


def _done(context: RunContext, version: str, windows: Sequence[Window]) -> list[Rescored]:
    from tasks.retraining.rescore import rescore

    with progress_of(len(windows), "windows") as progress:

        def announce(step: str, done: int, _: int) -> None:
            progress.update(step, advance=done - progress.done)

        return list(rescore(context, version, windows, announce))


def _row(it: Rescored, metric: str) -> dict[str, Any]:
    served, measured = (_total(found, metric) for found in (it.served, it.measured))
    notes = ["not measured"] if it.fault else [*([LEARNED] if it.is_learned else []), *it.notes]
    return {
        "window": it.window.label,
        "rows": it.rows or None,
        "metric": metric,
        "served": _text(served),
        "version": _text(measured),
        "note": "; ".join(notes),
    }


def _total(found: Sequence[Measurement], metric: str) -> Measurement | None:
    return next((it for it in found if it.metric == metric and not it.segment and not it.klass), None)


def _text(found: Measurement | None) -> str:
    from lamplighter.cli.status_words import measured_text

    if found is None:
        return ""
    if found.value is None:
        return found.reason
    parts: Mapping[str, Any] = {"metric": "", "value": found.value, "lower": found.lower, "upper": found.upper}
    return measured_text(parts).strip() or cell(found.value)


def _as_dict(it: Rescored) -> dict[str, Any]:
    sides = {
        name: [
            {
                key: getattr(found, key)
                for key in ("metric", "segment", "klass", "value", "n", "lower", "upper", "reason")
            }
            for found in side
        ]
        for name, side in (("served", it.served), ("version", it.measured))
    }
    about = {"window": it.window.label, "rows": it.rows, "learned": it.is_learned, "fault": it.fault}
    return {**about, "notes": [*it.notes], **sides}
