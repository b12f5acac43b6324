"""Which windows a model may learn from, and be compared on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.core.monitor import Check, Monitor
from lamplighter.core.records.finding import Code
from lamplighter.core.time.window import Grain, Window
from storage.history import open_history, tables
from storage.history.breaks import sound_windows
from storage.history.check_history import CheckHistory
from storage.project.folder import Project
from storage.project.settings import Settings
from tasks.stages.snapshot import Snapshot
from tests.storage.history.recorded import day, found, write

MONITOR = Monitor.model_validate(
    {
        "model": "m",
        "kind": "classification",
        "predictions": {"parquet": "p/*.parquet", "time": "t", "id": "i", "prediction": "y"},
        "labels": {"parquet": "l/*.parquet", "target": "truth", "mature_after": "2d"},
    }
)
WINDOWS = [Window.of("m", Grain.DAY, "UTC", day(number)) for number in range(10)]


@pytest.mark.parametrize(
    ("code", "spoiled"),
    [
        pytest.param(Code.SCALE_CHANGED, {4}, id="inputs spoil their own window"),
        pytest.param(Code.LABELS_UNREADABLE, {4}, id="labels that cannot be read are read later"),
        pytest.param(
            Code.LABELS_FOREIGN, {2, 3, 4}, id="labels without a prediction spoil all that awaited labels then"
        ),
        pytest.param(Code.REFERENCE_UNREADABLE, set(), id="a reference spoils none"),
        pytest.param(Code.PUBLISH_FAILED, set(), id="gauges spoil none"),
    ],
)
def test_what_is_sound(tmp_path: Path, code: Code, spoiled: set[int]) -> None:
    history = open_history(Project(tmp_path, Settings()))
    mended = found(7, 8, code=code.value), found(7, 9, code=code.value, message="")
    write(history, tables.finding, [found(4, 5, code=code.value), *mended])
    sound = sound_windows(history, MONITOR, WINDOWS, day(20))
    assert {WINDOWS.index(window) for window in WINDOWS if window not in sound} == spoiled
    checked = MONITOR.model_copy(update={"checks": (Check.model_validate({"metric": "f1", "below": 0.4}),)})
    whole = CheckHistory.whole(history, checked, checked.checks)
    inhibited = {w for w in WINDOWS if Snapshot(whole, w, w, day(20)).inhibiting(checked.checks[0], w)}
    assert sound == [w for w in WINDOWS if w not in inhibited]
    assert sound_windows(history, MONITOR, WINDOWS, day(4)) == WINDOWS
    assert sound_windows(history, MONITOR, [], day(20)) == []
