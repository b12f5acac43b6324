"""`lamplighter history MODEL --confusion`: how often each class was predicted for each true one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from rich.cells import cell_len

from lamplighter.cli.table import Layout, cell, print_table
from lamplighter.core.counts import most_frequent
from lamplighter.core.time.window import name_of

if TYPE_CHECKING:
    from storage.history import History
    from storage.history.query import Filter

LAYOUT = Layout(
    ("first", "last", "windows", "segment", "version", "y_true", "y_pred", "n"), frozenset({"windows", "n"})
)
NONE = "(none)"
"""How the prediction of a row that has none is called in a table; JSON and CSV leave it empty, as the history does."""

REST = "(other)"
"""How classes are called together that do not fit a terminal."""


def shown_counts(
    history: History, run: Mapping[str, Any], wanted: Mapping[str, Any], span: Filter, *, is_whole: bool
) -> tuple[str, list[dict[str, Any]], Layout]:
    """The counts of the newest window that has some, or those of a span added up; with a title and the layout.

    Parameters
    ----------
    is_whole : bool
        Whether those of all windows of the span are wanted.

    Examples
    --------
    >>> from storage.history.query import EVERYTHING, newest_run
    >>> wanted = {"segment": None, "version": None}
    >>> title, shown, _ = shown_counts(history, newest_run(history, "churn"), wanted, EVERYTHING, is_whole=True)
    >>> title, shown[0]["n"]
    ('churn confusion of 2026-03-04 to 2026-03-10, 7 windows, 2,100 rows', 1294)
    """
    from lamplighter.cli.history_filter import check_names
    from storage.history.query import confusion_counts

    model, zone, segment = run["model"], ZoneInfo(run["timezone"]), wanted["segment"]
    parts: dict[str, Any] = {"segment": segment, "version": wanted["version"]}
    if segment and "=" not in segment:
        parts |= {"segment": None, "column": segment}
    cells = [row for row in confusion_counts(history, model, replace(span, **parts)) if row["grain"] == run["grain"]]
    if not cells:
        check_names(history, model, wanted)
        return "", [], LAYOUT
    newest = max(row["window_start"] for row in cells)
    cells = cells if is_whole else [row for row in cells if row["window_start"] == newest]
    starts = sorted({row["window_start"] for row in cells})
    first, last = (name_of(start, zone, run["grain"]) for start in (starts[0], starts[-1]))
    summed: dict[tuple[str, str, str], int] = {}
    for row in cells:
        key = (row["segment"], row["y_true"], row["y_pred"])
        summed[key] = summed.get(key, 0) + row["n"]
    about = {"first": first, "last": last, "windows": len(starts), "version": wanted["version"] or ""}
    shown = [{**about, "segment": s, "y_true": t, "y_pred": p, "n": n} for (s, t, p), n in sorted(summed.items())]
    of = first if len(starts) == 1 else f"{first} to {last}, {len(starts)} windows"
    named = "".join(f" {wanted[name]}" for name in ("segment", "version") if wanted[name])
    return f"{model}{named} confusion of {of}, {sum(summed.values()):,} rows", shown, LAYOUT


def print_matrix(title: str, shown: Sequence[Mapping[str, Any]]) -> None:
    r"""Print a matrix for each segment: true classes down, predicted ones across.

    Examples
    --------
    >>> counts = [("0", "0", 60), ("0", "1", 10), ("1", "1", 30)]
    >>> print_matrix("churn", [{"segment": "", "y_true": true, "y_pred": pred, "n": n} for true, pred, n in counts])
    churn
    true \ predicted   0   1  labelled  recall
    0                 60  10        70   85.7%
    1                  0  30        30  100.0%
    """
    click.echo(title)
    segments = list(dict.fromkeys(row["segment"] for row in shown))
    for segment in segments:
        if len(segments) > 1:
            click.echo(f"\n{cell(segment)}")
        _print_one([row for row in shown if row["segment"] == segment])


def _print_one(cells: Sequence[Mapping[str, Any]]) -> None:
    total: dict[str, int] = {}
    for row in cells:
        for name in {row["y_true"], row["y_pred"]} - {""}:
            total[name] = total.get(name, 0) + row["n"]
    largest = most_frequent(total)
    kept = sorted(largest[: _most(largest, max(total.values()))])
    has_none, has_rest = any(not row["y_pred"] for row in cells), len(kept) < len(largest)
    across = [*kept, *([REST] if has_rest else []), *([NONE] if has_none else [])]
    down = [*kept, *([REST] if has_rest else [])]
    counts = {true: dict.fromkeys(across, 0) for true in down}
    for row in cells:
        true = row["y_true"] if row["y_true"] in kept else REST
        pred = (row["y_pred"] if row["y_pred"] in kept else REST) if row["y_pred"] else NONE
        counts[true][pred] += row["n"]
    # Classes are a user's words: a column's key is its place, so that no class is taken for a heading of ours.
    columns = ["true \\ predicted", *map(cell, across), "labelled", "recall"]
    keys = [f"{number} {name}" for number, name in enumerate(columns)]
    rows = []
    for true in down:
        labelled = sum(counts[true].values())
        recall = f"{counts[true][true] / labelled:.1%}" if labelled and true in kept else ""
        rows.append(dict(zip(keys, [cell(true), *counts[true].values(), labelled, recall], strict=True)))
    print_table(rows, Layout(keys, frozenset(keys[1:]), headings=dict(zip(keys, columns, strict=True))))
    if has_rest:
        click.echo(f"{REST}: {len(largest) - len(kept)} classes that do not fit; --json shows all")


def _most(names: Sequence[str], largest: int) -> int:
    """How many classes fit a terminal beside the headings; in a pipe all do."""
    if not sys.stdout.isatty():
        return len(names)
    left = shutil.get_terminal_size().columns - max(16, *map(cell_len, names)) - 2 - 10 - 8 - 2 * 10
    fit, used = 0, 0
    for name in names:
        used += max(cell_len(name), len(str(largest))) + 2
        if used > left:
            break
        fit += 1
    # Where all but one fit, that one does in the place of `(other)`.
    return len(names) if fit >= len(names) else max(fit, 2)
