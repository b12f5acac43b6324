"""A history of one model whose metrics are written without runs, day by day, for tests of commands about checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.history import History, tables
from tests.storage.history.recorded import WINDOW, day, measured, ran, write

MONITOR = """\
model: m
kind: classification
predictions: {{parquet: p.parquet, time: t, prediction: y, version: v}}
labels: {{same_row: true, target: z}}
segments: [plan]
features: {{numeric: [a]}}
checks:
  {checks}
"""


def write_monitor(folder: Path, *checks: str, **more: str) -> Path:
    """Write the monitor of `m` with some checks, and other keys."""
    (folder / "monitors").mkdir(exist_ok=True)
    file = folder / "monitors" / "m.yaml"
    text = MONITOR.format(checks="\n  ".join(f"- {check}" for check in checks) if checks else "[]")
    file.write_text(text + "".join(f"{key}: {value}\n" for key, value in more.items()))
    return file


def record_days(
    history: History, values: Sequence[float | None], segments: Mapping[str, Sequence[float | None]] | None = None
) -> None:
    """Record a run a day from 1 March 2025 on, with f1 of all rows and of segments, known on the day after.

    Of a window without value nothing was measured; every interval reaches 0.1 to both sides.
    """
    named: dict[str, Sequence[float | None]] = {"": values, **(segments or {})}
    evaluated: dict[str, Any] = {**WINDOW, "rows": 100, "labelled": 100, "state": "final"}
    evaluated |= {"timezone": "UTC", "predictions": "", "labels": ""}
    write(history, tables.run, [ran(i) for i in range(len(values))])
    write(
        history,
        tables.evaluation,
        [
            {**evaluated, "window_start": day(i), "window_end": day(i + 1), "known_on": day(i + 1)}
            for i in range(len(values))
        ],
    )
    write(
        history,
        tables.measurement,
        [
            measured(i, i + 1, segment=segment, value=value, lower=value - 0.1, upper=value + 0.1, n=100)
            for segment, of in named.items()
            for i, value in enumerate(of)
            if value is not None
        ],
    )
