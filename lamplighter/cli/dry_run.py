"""What `lamplighter retrain --dry-run` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from lamplighter.cli.colour import BAD, GOOD, UNSURE, painted
from lamplighter.cli.status_words import measured_text
from lamplighter.cli.table import Layout, cell, print_table
from lamplighter.core.numbers import number_text
from lamplighter.core.retraining.policy import FEWEST_COMPARED

if TYPE_CHECKING:
    from lamplighter.core.records.measurement import Measurement
    from lamplighter.core.retraining.comparison import Gain
    from lamplighter.core.time.window import Window
    from tasks.retraining.trial import DryRun

MOST_METRICS, MOST_PARTS = 8, 5
"""What a screen shows; JSON has all."""

METRICS = Layout(
    ("metric", "champion", "challenger", "n", "difference"), frozenset({"n", "difference"}), spare=(("n",),)
)
BOUNDS = ("gain", "at least", "at most", "n")


def show(made: DryRun, *, as_json: bool) -> None:
    """Print what a retraining would come to."""
    found = as_dict(made)
    if as_json:
        click.echo(json.dumps(found))
        return
    trained, compared, gain = found["trained"], found["compared"], found["gain"]
    click.echo(f"{made.model}: dry run, nothing is kept")
    click.echo(
        f"trained   {trained['windows']} windows, {trained['first']} to {trained['last']}: {trained['rows']:,} rows"
    )
    if own := ", ".join(f"{name} {cell(value)}" for name, value in trained["metrics"].items()):
        click.echo(f"          the trainer says: {own}")
    click.echo(
        f"compared  {compared['windows']} windows, {compared['first']} to {compared['last']}: {compared['rows']:,} rows"
    )
    click.echo(f"champion  {made.champion or 'none of the registry: the answers that were logged'}\n")
    rows = [_row(entry) for entry in found["metrics"] if entry["champion"]["value"] is not None][:MOST_METRICS]
    print_table(rows, METRICS)
    _show_parts("segment", gain["metric"], found["segments"])
    _show_parts("class", made.comparison.of_each_class, found["classes"])
    if few := list(made.comparison.few.items())[:MOST_PARTS]:
        shown = ", ".join(f"{name} ({n})" for name, n in few)
        click.echo(f"\nbelow {FEWEST_COMPARED} rows or boxes, so not held to accept.floor: {shown}")
    colour = {"promoted": GOOD, "waiting": UNSURE}.get(found["decision"], BAD)
    click.echo(painted(f"\n{_decided(found)}", colour))
    if made.veto:
        click.echo(painted(f"asked for now, nothing would be retrained: {made.veto}", UNSURE))


def _show_parts(what: str, metric: str, parts: list[dict[str, Any]]) -> None:
    """The gains in segments, or of classes, of which the challenger loses most."""
    shown = sorted(parts, key=lambda entry: entry["gain"])[:MOST_PARTS]
    if not shown:
        return
    click.echo(f"\n{metric} by {what}, the worst first")
    rows = [
        {
            what: entry[what],
            "gain": number_text(entry["gain"], 3, sign=True),
            "at least": number_text(entry["lower"], 3, sign=True),
            "at most": number_text(entry["upper"], 3, sign=True),
            "n": entry["n"],
        }
        for entry in shown
    ]
    print_table(rows, Layout((what, *BOUNDS), frozenset(BOUNDS)))


def as_dict(made: DryRun) -> dict[str, Any]:
    """A dry run as JSON shows it."""
    comparison = made.comparison
    gain, metric = comparison.gain, comparison.metric
    after = {it.metric: it for it in made.after}
    ordered = sorted(made.before, key=lambda it: it.metric != metric)
    decision = "rejected" if made.refusal else "waiting" if made.needs_approval else "promoted"
    card = made.fitted.card
    return {
        "model": made.model,
        "champion": made.champion or None,
        "decision": decision,
        "reason": made.refusal,
        "veto": made.veto,
        "trained": {
            **_span(made.fitted.windows),
            "rows": card["rows"],
            "labelled": card["labelled"],
            "metrics": card["metrics"],
        },
        "compared": {**_span(made.compared), "rows": gain.n if gain else max((it.n for it in made.before), default=0)},
        "gain": {"metric": metric, **_bounds(gain)},
        "nulls": {"champion": comparison.nulls[0], "challenger": comparison.nulls[1]},
        "metrics": [
            {"metric": it.metric, "champion": _measured(it), "challenger": _measured(after[it.metric])}
            for it in ordered
            if it.metric in after
        ],
        "segments": [{"segment": name, **_part(of)} for name, of in comparison.segments.items()],
        "classes": [
            {"class": name, "metric": comparison.of_each_class, **_part(of)} for name, of in comparison.classes.items()
        ],
        "too_few": comparison.few,
    }


def _span(windows: list[Window]) -> dict[str, Any]:
    return {"windows": len(windows), "first": windows[0].label, "last": windows[-1].label}


def _part(gain: Gain) -> dict[str, Any]:
    return {"gain": gain.value, "lower": gain.lower, "upper": gain.upper, "n": gain.n}


def _bounds(gain: Gain | None) -> dict[str, Any]:
    if gain is None:
        return dict.fromkeys(("value", "lower", "upper", "n"))
    return {"value": gain.value, "lower": gain.lower, "upper": gain.upper, "n": gain.n}


def _measured(it: Measurement) -> dict[str, Any]:
    return {name: getattr(it, name) for name in ("value", "lower", "upper", "n", "reason")}


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    before, after = entry["champion"], entry["challenger"]
    known = before["value"] is not None and after["value"] is not None
    return {
        "metric": entry["metric"],
        "champion": measured_text({**before, "metric": ""}).strip() or before["reason"],
        "challenger": measured_text({**after, "metric": ""}).strip() or after["reason"],
        "n": after["n"],
        "difference": number_text(after["value"] - before["value"], 3, sign=True) if known else "",
    }


def _decided(found: Mapping[str, Any]) -> str:
    """What the gate would decide, and why."""
    if found["decision"] == "rejected":
        return f"would be rejected: {found['reason']}"
    gain = found["gain"]
    value, lower, upper = (number_text(gain[name], sign=True) for name in ("value", "lower", "upper"))
    why = f"{gain['metric']} gains {value} ({lower} to {upper}, {gain['n']:,} rows)"
    if found["decision"] == "waiting":
        return f"would wait for `lamplighter approve {found['model']}`: {why}"
    return f"would be promoted: {why}"
