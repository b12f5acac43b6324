"""What is wrong with the rows of a window as a whole: without a time, without an id, or with that of other rows."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.core.counts import counted
from lamplighter.core.monitor import Duplicates, Monitor
from lamplighter.core.records.finding import Code, Finding

MANY, FEWEST = 0.05, 5
"""From which share and number of rows on repeated or missing ids are no slips of a sender."""

MOST = 0.5
"""Share of rows beyond which an id is none: a file that is delivered twice repeats one half."""


def row_findings(
    monitor: Monitor, label: str, *, rows: int, repeated: int = 0, undated: int = 0, without_id: int = 0
) -> Iterator[Finding]:
    """Rows that were left out or cannot be labelled, and why.

    Parameters
    ----------
    monitor : Monitor
    label : str
        Of the window.
    rows : int
        Those that stayed.
    repeated : int
        Those left out because they repeat an id and version.
    undated : int
        Those left out because their time cannot be read.
    without_id : int
        Those that stayed, and in which a column of the id is null.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> found = row_findings(parse("m.yaml", text, environ={}), "2026-03-07", rows=98, undated=2)
    >>> [it.message for it in found]
    ["2 rows of 2026-03-07 have no 't' that can be read, and were left out; log it with every row"]
    """
    if undated:
        time = monitor.predictions.time
        unit = f" in {monitor.predictions.time_unit}" if monitor.predictions.time_unit else ""
        rows_have = counted(undated, f"row of {label} has", f"rows of {label} have")
        left_out = "was left out" if undated == 1 else "were left out"
        what = f"{rows_have} no {time!r} that can be read, and {left_out}"
        yield Finding(Code.TIME_MISSING, time, f"{what}; log it with every row{unit}")
    if without_id >= FEWEST and without_id > MANY * rows:
        yield _without_id(monitor, label, rows, without_id)
    if repeated and monitor.predictions.duplicates is Duplicates.ERROR:
        what = counted(repeated, f"row of {label} repeats", f"rows of {label} repeat")
        yield Finding(Code.IDS_REPEATED, "", f"{what} an id; the first of each was taken")
    elif repeated >= FEWEST and repeated > MANY * (rows + repeated):
        yield from _repeated(monitor, label, rows, repeated)


def _without_id(monitor: Monitor, label: str, rows: int, count: int) -> Finding:
    names = ", ".join(map(repr, monitor.predictions.id))
    what = f"{count:,} of {rows:,} rows of {label} have no id in {names}"
    effect = ", so that no label finds them" if monitor.labels and not monitor.labels.same_row else ""
    return Finding(Code.IDS_MISSING, "", f"{what}{effect}; log one with every row")


def _repeated(monitor: Monitor, label: str, rows: int, repeated: int) -> Iterator[Finding]:
    """Rows that repeat an id; where the monitor says what to do with them, only an id that is the same in all rows."""
    predictions = monitor.predictions
    names = ", ".join(map(repr, predictions.id))
    what = f"{repeated} of {rows + repeated} rows of {label} repeat an id in {names}, and were left out"
    cure = "give predictions.id the columns by which rows differ, or say so with predictions.duplicates"
    is_declared = "duplicates" in predictions.model_fields_set
    if rows == 1 or (repeated > MOST * (rows + repeated) and not is_declared):
        yield Finding(Code.IDS_REPEATED, "", f"{what}; {cure}")
    elif not is_declared:
        yield Finding(Code.ROWS_REPEATED, "", f"{what}; {cure}")
