"""`lamplighter retrain`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.colour import painted
from lamplighter.cli.day import MOMENT, Moment, instant_of
from lamplighter.cli.models import complete_models
from lamplighter.cli.progress import progress_of

if TYPE_CHECKING:
    from flows.run_retraining import Started
    from lamplighter.core.retraining.policy import Entry
    from tasks.stages.run_context import RunContext

STEPS = 5
"""Reading, training, reading again, answering, comparing."""


@click.command(epilog="Example: lamplighter retrain flight-delays --dry-run")
@click.argument("model", shell_complete=complete_models)
@click.option("--dry-run", is_flag=True, help="Train, compare and print what would be decided; keep nothing.")
@click.option("--now", type=MOMENT, help="Logical time, in the model's zone or its own; default the present.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(project: str | None, model: str, dry_run: bool, now: Moment | None, as_json: bool) -> None:
    """Train a challenger now, whatever the checks say; the champion stays unless it is better.

    Cooldown and budget do not hold for a person; open data breaks and labels that are immature do. Asked for again on
    one day, it trains another version. With PREFECT_API_URL set and the flows deployed it is a `retrain` flow run on
    that server; a dry run is made here.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    monitor = opened.monitor(model)
    if monitor.retrain is None:
        raise click.UsageError(f"{model}: the monitor has no retrain; add it.")
    from tasks.stages.run_context import RunContext

    at = instant_of(now, ZoneInfo(monitor.timezone)) if now else datetime.now(UTC)
    context = RunContext.of(opened, monitor, monitor.window(at).start, at)
    if dry_run:
        from lamplighter.cli.dry_run import show
        from tasks.retraining.trial import dry_run as tried

        with _steps() as announce:
            made = tried(context, announce)
        show(made, as_json=as_json)
        return
    _print(model, _started(context), as_json=as_json)


def _started(context: RunContext) -> Started:
    from flows.run_retraining import start_retrainings

    with _steps() as announce:
        return start_retrainings(context, by_hand=True, announce=announce)


@contextmanager
def _steps() -> Iterator[Callable[[str, int, int], None]]:
    """Show which step is being done, and how far it has come."""
    with progress_of(None, "windows") as progress:

        def announce(step: str, done: int, total: int) -> None:
            progress.step(step, done, total, of=STEPS)

        yield announce


def _print(model: str, started: Started, *, as_json: bool) -> None:
    from lamplighter.core.retraining.policy import Status

    if not started.entries:
        what = "runs of later dates have been judged, and a retraining is asked for at the newest"
        raise click.UsageError(f"{model}: {what}; leave out --now.")
    if as_json:
        # The newest: those before it were left by a process that was killed, and `history --retrainings` has them.
        click.echo(json.dumps(_as_dict(started.entries[-1], started)))
    else:
        for ended in started.entries:
            if ended.status is Status.VETOED:
                click.echo(f"{model}: nothing is retrained: {ended.reason}", err=True)
            else:
                click.echo(painted(_line(ended, started)))
    if started.unsent:
        click.echo(f"{model}: {started.unsent.message}", err=True)
    sys.exit(2 if any(it.status in (Status.FAILED, Status.VETOED) for it in started.entries) else 0)


def _line(ended: Entry, started: Started) -> str:
    from lamplighter.core.retraining.policy import AT_WORK

    model = ended.model
    if ended.status in AT_WORK:
        return f"{model}: a flow run was started; `lamplighter history {model} --retrainings` shows its end"
    outcome = "; ".join(part for part in (ended.status.value, ended.reason or ended.gained) if part)
    again = "completed what had been cut short: " if started.taken_up else ""
    return f"{model}: {again}{ended.version or 'no version'} {outcome}"


def _as_dict(ended: Entry, started: Started) -> dict[str, object]:
    return {
        "model": ended.model,
        "status": ended.status.value,
        "reason": ended.reason,
        "version": ended.version or None,
        "champion": ended.champion or None,
        "asked": ended.asked,
        "taken_up": started.taken_up,
        **{name: getattr(ended, name) for name in ("metric", "gain", "lower", "upper", "n")},
    }
