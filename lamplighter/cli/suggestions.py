"""What `lamplighter replay --suggest` prints: limits for a wanted number of pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from lamplighter.cli.progress import progress_of
from lamplighter.cli.table import echo_wrapped
from lamplighter.core.hints import did_you_mean
from lamplighter.core.numbers import number_text
from lamplighter.errors import MonitorError

if TYPE_CHECKING:
    from lamplighter.core.monitor import Check, Monitor
    from storage.history import History
    from tasks.replay_sums import MarkedFault
    from tasks.suggest import Suggested

MONTHS = {"day": 365.25 / 12, "week": 365.25 / 84, "month": 1.0, "year": 1 / 12}
"""How many of each a month has."""

MOST_SHOWN = 5
"""Limits of a metric that are shown, the best first: JSON has all."""


class RateType(click.ParamType[float]):
    """A number of pages in some time, as pages a month."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a rate."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(rf"\s*(\d+(?:\.\d+)?)\s*/\s*({'|'.join(MONTHS)})\s*", value)
        if not match or not float(match[1]):
            self.fail(f"{value!r} is no number of pages; write one above 0, such as 2/month or 1/week.", param, ctx)
        return float(match[1]) * MONTHS[match[2]]


RATE = RateType()


def suggest(
    history: History,
    monitor: Monitor,
    a_month: float,
    metrics: Sequence[str],
    faults: Sequence[MarkedFault],
    span: tuple[datetime | None, datetime | None],
    *,
    as_json: bool,
) -> None:
    """Print limits for the metrics that a monitor's checks read, or for some of them."""
    from tasks.replay import runs_of
    from tasks.suggest import suggested

    bases = _bases(monitor, metrics)
    runs, found = len(runs_of(history, monitor, *span)), []
    with progress_of(runs * len(bases), "runs") as progress:
        for base in bases:
            each = lambda name=base.metric: progress.update(name, 1)  # noqa: E731
            found.append((base, suggested(history, monitor, base, a_month, faults, *span, each=each)))
    rows = [_as_dict(monitor, base, of) for base, of in found]
    if as_json:
        click.echo(json.dumps({"model": monitor.model, "pages_a_month": a_month, "metrics": rows}))
        return
    echo_wrapped(
        f"{monitor.model}: limits of at most {number_text(a_month, 3)} pages a month; this command records nothing"
    )
    echo_wrapped("limits that are chosen on some time describe that time: the last third was held back, to check them")
    for row in rows:
        click.echo("")
        for line in _lines(row):
            (click.echo if line.startswith("  - ") else echo_wrapped)(line)


def _bases(monitor: Monitor, metrics: Sequence[str]) -> list[Check]:
    """One check for each metric, of the same rows and the same side, that is judged by its value."""
    from tasks.suggest import side_of

    fitting = [it for it in monitor.checks if it.form.reads != "absence" and not it.is_of_every_segment]
    known = dict.fromkeys(check.metric for check in fitting)
    for metric in metrics:
        if metric not in known:
            what = f"no check reads the metric {metric!r}"
            raise MonitorError(
                what, where=monitor.model, fix=f"add one, or name another; {did_you_mean(metric, known)}"
            )
    wanted = {
        (it.metric, it.feature, it.segment, it.klass, it.version, side_of(it)): it
        for it in reversed(fitting)
        if not metrics or it.metric in metrics
    }
    if not wanted:
        what = "no check reads the value of a metric of all rows or of one segment"
        raise MonitorError(what, where=monitor.model, fix="add one, such as {metric: f1, below: 0.4}")
    return [*wanted.values()][::-1]


def _as_dict(monitor: Monitor, base: Check, found: Suggested | None) -> dict[str, Any]:
    from lamplighter.core.monitor.check_text import check_text
    from storage.history.check_history import SeriesKey

    row: dict[str, Any] = {"metric": SeriesKey.of(base).text, "chosen": None, "held_back": None, "limits": []}
    if found is None:
        return row
    return row | {
        "chosen": [window.label for window in found.chosen],
        "held_back": [window.label for window in found.held],
        "limits": [
            {
                "check": check_text(it.check, monitor.check_defaults),
                "pages_a_month": it.a_month,
                "held_back_a_month": it.held_back,
                "noticed": {name: notice.windows for name, notice in it.noticed.items() if notice},
                "missed": [name for name, notice in it.noticed.items() if notice is None],
            }
            for it in found.suggestions
        ],
    }


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    if row["chosen"] is None:
        yield f"{row['metric']}: too few runs are recorded to choose on some and check on others"
        return
    chosen, held = " to ".join(row["chosen"]), " to ".join(row["held_back"])
    yield f"{row['metric']}: chosen on {chosen}, checked on {held}"
    if not row["limits"]:
        yield "no limit keeps to so few pages: ask for more pages, or mend what the checks report"
    for it in row["limits"][:MOST_SHOWN]:
        yield f"  - {it['check']}"
        held = "no verdict" if it["held_back_a_month"] is None else f"{number_text(it['held_back_a_month'], 2)} a month"
        text = f"    {number_text(it['pages_a_month'], 2)} pages a month, on the held-back time {held}"
        if it["noticed"]:
            text += f"; noticed {', '.join(it['noticed'])}"
        yield text + (f"; missed {', '.join(it['missed'])}" if it["missed"] else "")
    if more := row["limits"][MOST_SHOWN:]:
        yield f"{len(more)} more; --json shows all"
