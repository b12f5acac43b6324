"""`lamplighter explain`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.day import MOMENT, Moment, instant_of
from lamplighter.cli.models import complete_models
from lamplighter.cli.table import Layout, cell, echo_wrapped, print_table
from lamplighter.core.numbers import number_text
from lamplighter.errors import LamplighterError, SourceError

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor, Predictions
    from storage.project.folder import Project
    from tasks.explain.beside import Beside
    from tasks.explain.explain import Explained
    from tasks.explain.logged import Logged
    from tasks.explain.truth import Arrival, KnownTruth

LAYOUT = Layout(
    ("input", "value", "place", "typical", "answer", "moves", "why"),
    frozenset({"value", "place", "typical", "answer", "moves"}),
    spare=(("answer",), ("typical",)),
    text="why",
    names=("input",),
    headings={"place": "in reference", "answer": "then", "why": ""},
)
PRIVATE = "(private)"

MOST_OTHERS = 10
"""How many other rows of an id are named; a log whose ids are one constant has a whole window of them."""


class _OfAnId(click.Command):
    """A command whose arguments may begin with a dash, after two."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say how such an id is written, where it was taken for an option."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if not error.option_name.lstrip("-")[:1].isdigit():
                raise
            written = "An id that begins with a dash stands after two: lamplighter explain -- ID."
            raise click.UsageError(f"{error.message} {written}", ctx) from None


@click.command(cls=_OfAnId, epilog="Example: lamplighter explain 2013-05-01-UA-1545 --model flight-delays")
@click.argument("request_id", nargs=-1, required=True)
@click.option("--model", shell_complete=complete_models, help="The model; needed where several know the id.")
@click.option("--day", type=MOMENT, help="Local day (or hour) of the prediction; default the newest that has the id.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(
    project: str | None, request_id: tuple[str, ...], model: str | None, day: Moment | None, as_json: bool
) -> None:
    """Trace one decision: what the model saw and answered, how usual that was, and what became of it.

    Each input is held against the reference: of a number the percentile, of a category the share of rows that have it.
    Then the version that answered is asked again, with one input at a time as it typically is, the median or the most
    frequent value of the reference: by how much its answer moves says what decided. Effects of inputs together are not
    seen that way. Nothing is recorded. Write the parts of an id of several columns one after the other, and two dashes
    before an id that begins with one: explain --model M -- -5.
    """
    from storage.project.folder import Project

    opened = Project.open(project)
    found = _found(opened, request_id, model, day)
    if as_json:
        click.echo(json.dumps(_finite(_as_dict(found, request_id)), default=str))
        return
    for line in _head(found, request_id):
        echo_wrapped(line)
    rows = [_row(found, it) for it in _order(found)]
    if rows:
        click.echo()
        print_table(rows, LAYOUT)
    for line in _beneath(found):
        echo_wrapped(line)


def _found(project: Project, id: tuple[str, ...], model: str | None, day: Moment | None) -> Explained:
    """The decision, of the model that knows its id."""
    from tasks.explain.explain import decision, explain

    now = datetime.now(UTC)

    def logged_by(monitor: Monitor) -> Logged:
        instant = instant_of(day, ZoneInfo(monitor.timezone)) if day else None
        return decision(project, monitor, id, instant, now)

    if model is not None:
        monitor = project.monitor(model)
        return explain(project, monitor, logged_by(monitor), now)
    found: list[tuple[Monitor, Logged]] = []
    faults: list[LamplighterError] = []
    for _, read in project.monitors():
        try:
            if isinstance(read, LamplighterError):
                raise read
            found.append((read, logged_by(read)))
        except LamplighterError as error:
            faults.append(error)
    if len(found) > 1:
        names = ", ".join(monitor.model for monitor, _ in found)
        raise SourceError(f"{names} know the id {' '.join(id)!r}", fix="choose one by --model")
    if found:
        return explain(project, *found[0], now)
    if len(faults) == 1:
        raise faults[0]
    raise SourceError("; ".join(map(str, faults)) or "there is no monitor", fix="--model chooses one")


def _head(found: Explained, id: tuple[str, ...]) -> Iterator[str]:
    """What was answered, when, by whom, and what became of it."""
    logged, predictions, zone = found.logged, found.monitor.predictions, found.logged.window.zone
    by = f" by version {cell(found.version)}" if found.version else ""
    yield f"{found.monitor.model}: {cell(' '.join(id))}, predicted {_time(logged.at, zone)}{by}"
    answers = (f"{cell(name)} {cell(logged.value(name)) or 'null'}" for name in _answers(predictions))
    yield f"answered: {', '.join(answers)}"
    yield f"truth: {'; '.join(_truth(found.truth, zone))}"
    if found.more:
        yield "logged too: " + ", ".join(f"{cell(name)} {cell(value) or 'null'}" for name, value in found.more.items())
    if logged.others:
        others = [
            f"{_time(at, zone)}{f' by version {cell(version)}' if version else ''}"
            for at, version in logged.others[:MOST_OTHERS]
        ]
        if more := len(logged.others) - len(others):
            others.append(f"and {more:,} more")
        times = len(logged.others) + 1
        yield f"the id is logged {times:,} times in {logged.window.label}; not shown: {', '.join(others)}"


def _answers(predictions: Predictions) -> list[str]:
    """The columns that hold an answer; of a detector the boxes, their classes and their scores."""
    return [*(predictions.boxes or [name for name in (predictions.prediction, *predictions.scores) if name])]


def _truth(known: KnownTruth, zone: ZoneInfo) -> Iterator[str]:
    if known.value is None:
        yield known.reason
    else:
        yield cell(known.value) + (f", arrived {_time(known.arrived, zone)}" if known.arrived else "")
    if known.is_right is not None:
        yield "the answer was right" if known.is_right else "the answer was wrong"
    if known.error is not None:
        side = "above" if known.error > 0 else "below"
        yield f"the answer is {number_text(abs(known.error))} {side} it" if known.error else "the answer was right"
    for what, arrivals in (("before that", known.replaced), ("too late to count", known.late)):
        for it in arrivals:
            yield f"{what}: {cell(it.value)}" + (f", arrived {_time(it.at, zone)}" if it.at else "")
    if known.final_on:
        yield f"{'final since' if known.final_on <= datetime.now(UTC) else 'final on'} {_time(known.final_on, zone)}"


def _order(found: Explained) -> list[Beside]:
    """The inputs, those that move the answer most first."""
    from tasks.explain.moves import moved_most

    order = {name: place for place, name in enumerate(moved_most(found.moves))}
    return sorted(found.inputs, key=lambda it: order.get(it.name, len(order)))


def _row(found: Explained, it: Beside) -> dict[str, Any]:
    move = found.moves.by_input.get(it.name)
    place = f"p{number_text(it.percentile, 3)}" if it.percentile is not None else ""
    if it.share is not None:
        place = f"{number_text(100 * it.share, 2)} %" if it.share else "unseen"
    if it.null_share is not None:
        place = f"{number_text(100 * it.null_share, 2)} % null"
    return {
        "input": it.name,
        "value": PRIVATE if it.is_private else cell(it.value) or "null",
        "place": place,
        "typical": it.typical,
        "answer": move.answer if move else None,
        "moves": number_text(move.change, 3, sign=True) if move and move.change is not None else None,
        "why": "" if it.is_private else it.reason,
    }


def _beneath(found: Explained) -> Iterator[str]:
    """What the table means, and what the run of the window found."""
    moves = found.moves
    yield ""
    if any(it.percentile is not None or it.share is not None for it in found.inputs):
        yield (
            "in reference: p97 is above 97 % of the values of the reference; 12 % is the share of its rows that have "
            "the value. typical: its median or most frequent value"
        )
    if moves.reason:
        yield f"how each input moves the answer is not known: {moves.reason}"
    elif moves.by_input:
        yield f"then, moves: {cell(moves.output)} with that input as typical, and by how much that is more than now"
    if moves.output and not moves.is_same:
        yield (
            f"version {cell(found.version)} now answers {cell(moves.output)} {cell(moves.answer)} to the row, and "
            f"{cell(moves.logged)} was logged: the service computes an input otherwise, or does not log one"
        )
    yield from _run(found)


def _run(found: Explained) -> Iterator[str]:
    run, window = found.run, found.logged.window
    if run is None:
        yield _without_run(found)
        return
    share = (
        "" if run.coverage is None else f"; the truth of {number_text(100 * run.coverage, 3)} % of its rows is known"
    )
    yield f"the run of {window.label}: {run.run['status']}{share}"
    for row in run.failing:
        yield f"check {cell(row['check_name'])} failed: {cell(row['metric'])} {cell(row['value'])}".rstrip()
    for row in run.findings:
        yield cell(row["message"])
    for row in run.incidents:
        yield f"incident open then: {cell(row['check_name'])}, since {_time(row['opened_on'], window.zone)}"


def _without_run(found: Explained) -> str:
    window, model = found.logged.window, found.monitor.model
    if window.end > datetime.now(UTC):
        return f"{window.label} is not over yet, so no run has looked at it"
    return f"no run of {window.label} is recorded; `lamplighter run {model} --day {window.label}` runs it"


def _time(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(" ", "seconds")


def _as_dict(found: Explained, id: tuple[str, ...]) -> dict[str, Any]:
    """A decision as JSON shows it."""
    logged, predictions, truth, moves, run = (
        found.logged,
        found.monitor.predictions,
        found.truth,
        found.moves,
        found.run,
    )

    def arrival(it: Arrival) -> dict[str, Any]:
        return {"value": it.value, "arrived": it.at.isoformat() if it.at else None}

    return {
        "model": found.monitor.model,
        "id": list(id),
        "window": logged.window.label,
        "predicted_at": logged.at.isoformat(),
        "version": found.version,
        "answer": {name: logged.value(name) for name in _answers(predictions)},
        "logged_too": found.more,
        "others": [{"predicted_at": at.isoformat(), "version": version} for at, version in logged.others],
        "truth": {
            "value": truth.value,
            "arrived": truth.arrived.isoformat() if truth.arrived else None,
            "final_on": truth.final_on.isoformat() if truth.final_on else None,
            "is_right": truth.is_right,
            "error": truth.error,
            "replaced": [*map(arrival, truth.replaced)],
            "late": [*map(arrival, truth.late)],
            "reason": truth.reason,
        },
        "inputs": [_input(found, it) for it in _order(found)],
        "moves": {
            "output": moves.output, "answer": moves.answer, "logged": moves.logged, "is_same": moves.is_same,
            "reason": moves.reason,
        },
        "run": run and {
            "status": run.run["status"],
            "known_on": run.run["known_on"].isoformat(),
            "labels_coverage": run.coverage,
            "failing": [{name: row[name] for name in ("check_name", "metric", "value")} for row in run.failing],
            "findings": [{name: row[name] for name in ("code", "subject", "message")} for row in run.findings],
            "incidents": [
                {"check_name": row["check_name"], "opened_on": row["opened_on"].isoformat()} for row in run.incidents
            ],
        },
    }  # fmt: skip


def _finite(value: Any) -> Any:
    """A value without numbers that JSON has no word for."""
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _input(found: Explained, it: Beside) -> dict[str, Any]:
    move = found.moves.by_input.get(it.name)
    return {
        "name": it.name,
        "kind": it.kind,
        "value": it.value,
        "private": it.is_private,
        "reference_values": it.n,
        "percentile": it.percentile,
        "share": it.share,
        "null_share": it.null_share,
        "typical": it.typical,
        "answer": move.answer if move else None,
        "change": move.change if move else None,
        "reason": it.reason,
    }
