"""`lamplighter history MODEL`: a line for each of the newest windows."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from lamplighter.cli.colour import BAD
from lamplighter.cli.table import Layout, print_table
from lamplighter.core.time.window import name_of

if TYPE_CHECKING:
    from storage.history import History
    from storage.history.query import Filter

HEADLINES = (
    "f1", "accuracy", "roc_auc", "f1_macro", "mae", "rmse", "bias", "ndcg", "mrr", "rougeL", "bleu",
)  # fmt: skip
"""Metrics of quality that a person looks at first, after those that a check is about."""

MOST_METRICS = 3
"""As many metrics as fit 80 columns beside the rest."""

SCREENFUL, AROUND = 20, 5
"""Windows that are shown where there is no terminal to ask; lines of a terminal that are left for what is around."""


def print_overview(
    history: History, run: Mapping[str, Any], span: Filter, segment: str | None, *, is_whole: bool
) -> None:
    """Print the windows of a span, or the newest of them.

    Parameters
    ----------
    segment : str, optional
        Of the rows that this segment has, or all segments of this column.
    is_whole : bool
        Whether all windows of the span are wanted.

    Examples
    --------
    >>> from storage.history.query import EVERYTHING, newest_run
    >>> print_overview(history, newest_run(history, "churn"), EVERYTHING, None, is_whole=True)
    churn
    window      rows  labels     f1  accuracy  roc_auc    n  state        drift  failed
    2026-03-04   300    100%  0.682      0.82    0.909  300  final           0%
    2026-03-05   300    100%  0.692     0.837    0.941  300  final           0%
    2026-03-06   300    100%  0.763     0.847    0.941  300  final           0%
    2026-03-07   300    100%  0.735      0.82    0.942  300  final           0%
    2026-03-08   300    100%  0.779      0.86    0.955  300  final           0%
    2026-03-09   300    100%  0.847     0.903    0.972  300  final          50%  drift_share-above
    2026-03-10   300    100%  0.732     0.837    0.954  300  final           0%
    2026-03-11   300      0%                              0  provisional    50%  data, 1 undecided
    """
    from storage.history.query import measurements

    model, zone = run["model"], ZoneInfo(run["timezone"])
    parts: dict[str, Any] = {"version": "", "klass": "", "segment": segment or ""}
    if segment and "=" not in segment:
        parts |= {"segment": None, "column": segment}
    wanted = replace(span, **parts)
    metrics = _metrics(history, model, wanted)
    counted = ("rows", "labels_coverage", "drift_share") if not segment else ()
    cells: dict[tuple[datetime, str, str], dict[str, Any]] = {}
    for metric in (*counted, *metrics):
        for row in measurements(history, model, replace(wanted, metric=metric)):
            place = cells.setdefault((row["window_start"], row["grain"], row["segment"]), {})
            place[metric] = row
    failed = {} if segment else _failed_runs(history, run, span)
    for start, grain in failed:
        cells.setdefault((start, grain, ""), {})
    if not cells:
        from lamplighter.cli.history_filter import check_names

        check_names(history, model, {"segment": segment})
        click.echo(f"{model}: no measurements recorded that fit")
        return
    windows = sorted({(start, grain) for start, grain, _ in cells})
    most = max(5, (shutil.get_terminal_size().lines if sys.stdout.isatty() else SCREENFUL + AROUND) - AROUND)
    shown = windows if is_whole else _newest(windows, cells, most)
    checks = {} if segment else _checks(history, model, span)
    rows = [
        _row(place, cells[place], metrics, checks.get(place[:2], ""), failed.get(place[:2], ""), zone)
        for place in sorted(cells)
        if place[:2] in set(shown)
    ]
    same_grain = len({row["grain"] for row in rows}) == 1
    lead = ("window", *(() if same_grain else ("grain",)), *(("segment",) if segment else ()))
    columns = (*lead, "rows", "labels", *metrics, "n", "state", "drift", "failed")
    numbers = frozenset({"rows", "labels", "n", "drift", *metrics})
    spare = (metrics[2:3], ("n",), ("drift",), ("state",))
    click.echo(f"{model}{' ' + segment if segment else ''}")
    layout = Layout(columns, numbers, spare=spare, names=("failed", "segment"), states={"failed": BAD}, is_tight=True)
    print_table(rows, layout)
    if len(shown) < len(windows):
        click.echo(f"the newest {len(shown)} of {len(windows)} windows; --all shows all, --from and --to others")


def _newest(
    windows: Sequence[tuple[datetime, str]], cells: Mapping[tuple[datetime, str, str], Any], most: int
) -> Sequence[tuple[datetime, str]]:
    """As many of the newest windows as fit, at least one; a window with segments takes a line for each."""
    lines = dict.fromkeys(windows, 0)
    for start, grain, _ in cells:
        lines[start, grain] += 1
    shown: list[tuple[datetime, str]] = []
    for window in reversed(windows):
        if shown and sum(lines[it] for it in shown) + lines[window] > most:
            break
        shown.append(window)
    return shown[::-1]


def _metrics(history: History, model: str, wanted: Filter) -> tuple[str, ...]:
    """The metrics that are shown: what checks are about first, then those that are looked at first."""
    from lamplighter.core.records.catalogue import ARRIVAL_METRICS, INPUT_METRICS, LABEL_METRICS
    from storage.history.query import checked_metrics, measured_metrics

    measured = measured_metrics(history, model, wanted)
    counts = {*INPUT_METRICS, *ARRIVAL_METRICS, *LABEL_METRICS}
    ranked = dict.fromkeys([*checked_metrics(history, model), *HEADLINES])
    return tuple(name for name in ranked if name in measured and name not in counts)[:MOST_METRICS]


def _failed_runs(history: History, run: Mapping[str, Any], span: Filter) -> dict[tuple[datetime, str], str]:
    """The windows whose last run failed: nothing else may be recorded of them."""
    from storage.history.window_runs import newest_run_of_windows

    runs = newest_run_of_windows(history, run["model"], span)
    return {place: f"run {row['status']}" for place, row in runs.items() if row["status"] in ("failed", "interrupted")}


def _checks(history: History, model: str, span: Filter) -> dict[tuple[datetime, str], str]:
    """What the checks of each window came to, as it was decided last; those that passed are not named."""
    from storage.history.window_runs import decisions_of_windows

    failed: dict[tuple[datetime, str], list[str]] = {}
    undecided: dict[tuple[datetime, str], int] = {}
    for row in decisions_of_windows(history, model, span):
        place = (row["window_start"], row["grain"])
        if row["verdict"] == "failed":
            failed.setdefault(place, []).append(row["check_name"])
        elif row["verdict"] == "undecided" and row["cause"] != "waiting":
            undecided[place] = undecided.get(place, 0) + 1
    found = {}
    for place in {*failed, *undecided}:
        parts = [*sorted(failed.get(place, [])), *([f"{undecided[place]} undecided"] if place in undecided else [])]
        found[place] = ", ".join(parts)
    return found


def _row(
    place: tuple[datetime, str, str],
    measured: Mapping[str, Mapping[str, Any]],
    metrics: Sequence[str],
    checks: str,
    failed: str,
    zone: ZoneInfo,
) -> dict[str, Any]:
    start, grain, segment = place
    value = {name: row["value"] for name, row in measured.items()}
    of_quality = [measured[name] for name in metrics if name in measured]
    coverage, drift = value.get("labels_coverage"), value.get("drift_share")
    return {
        "window": name_of(start, zone, grain),
        "grain": grain,
        "segment": segment,
        "rows": value.get("rows"),
        "labels": "" if coverage is None else f"{coverage:.0%}",
        **{name: _short(value.get(name)) for name in metrics},
        "n": max((row["n"] for row in of_quality), default=None),
        "state": of_quality[0]["state"] if of_quality else "",
        "drift": "" if drift is None else f"{drift:.0%}",
        "failed": ", ".join(part for part in (failed, checks) if part),
    }


def _short(value: float | None) -> float | None:
    return value if value is None or abs(value) >= 1000 else float(f"{value:.3g}")
