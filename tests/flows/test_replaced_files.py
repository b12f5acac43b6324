"""Files that are replaced while a run reads them: it measures what they hold in the end, and mixes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.run_window import run_window
from flows.stage_functions import Stages
from storage.history import open_history
from storage.history.query import dump
from storage.project.folder import Project
from storage.sources.scan import Scan, ScanSpec
from storage.sources.shared_scans import Scans
from tasks.stages.run_context import RunContext
from tests.flows.small_world import MONITOR, day, log, make, rows

NEW = rows(0, count=150).iloc[::-1]


def measured(
    project: Project, announce: Callable[[str], None] | None = None, scans: Scans | None = None
) -> list[list[tuple[Any, ...]]]:
    """What a run of the first day measures, without a finding."""
    monitor = project.monitor("m")
    window = monitor.window(datetime.combine(day(1), datetime.min.time(), UTC))
    context = replace(RunContext(project, monitor, window, monitor.run_after(window)), scans=scans or Scans())
    outcome = run_window(context, Stages.plain(announce), with_report=False)
    assert outcome.findings == []
    held = dump(open_history(project))
    return [held["measurement"], held["confusion"]]


@pytest.mark.parametrize("stage", ["profile", "evaluate"])
def test_a_log_that_is_replaced_during_a_run_is_measured_as_it_is_in_the_end(tmp_path: Path, stage: str) -> None:
    late, sound, begun = make(tmp_path / "late"), make(tmp_path / "sound"), list[str]()
    log(late, 0, rows(0))
    log(sound, 0, NEW)

    def replaced(name: str) -> None:
        if name == stage and name not in begun:
            log(late, 0, NEW)
        begun.append(name)

    assert measured(late, replaced) == measured(sound)
    assert begun.count("read") == 2


def test_a_log_that_is_put_together_while_it_is_listed_loses_no_row(tmp_path: Path) -> None:
    """Two files that were listed are gone when they are opened, and one is there that holds the rows of both."""
    busy, sound = (make(tmp_path / name, MONITOR.replace("day={day}", "day={day}*")) for name in ("busy", "sound"))
    log(sound, 0, NEW)
    parts = [busy.root / "data" / f"day={day(0)}-{number}.parquet" for number in range(2)]
    for part, frame in zip(parts, (NEW.iloc[:70], NEW.iloc[70:]), strict=True):
        frame.to_parquet(part, index=False)

    def opened(spec: ScanSpec) -> Scan:
        if parts[0].exists():
            log(busy, 0, NEW)
            for part in parts:
                part.unlink()
        return Scan(spec)

    assert measured(busy, scans=Scans(opened)) == measured(sound)
