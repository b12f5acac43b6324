"""What is read of a window's quality, to be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.core.time.window import Grain, Window
from storage.history import History, open_history, tables
from storage.history.newest import GONE
from storage.history.quality import quality_of
from storage.project.folder import Project
from storage.project.settings import Settings
from tests.storage.history.recorded import WINDOW, day, measured, write

CELL = {**WINDOW, "segment": "", "version": "", "y_true": "1", "y_pred": "1", "known_on": day(1), "n": 5}


@pytest.fixture
def history(tmp_path: Path) -> History:
    return open_history(Project(tmp_path, Settings()))


def test_the_quality_of_a_window_is_what_was_known_then(history: History) -> None:
    others = [
        {"metric": "recall", "known_on": day(3), "value": 0.1},
        {"metric": "recall", "segment": "a=b"},
        {"metric": "recall", "version": "v1"},
        {"metric": "accuracy", "value": None, "reason": GONE},
        {"metric": "rows", "family": "data"},
        {"metric": "f1", "grain": "1h"},
        {"metric": "f1", "model": "other"},
        {"metric": "f1", "window_start": day(1)},
    ]
    mine = [{"metric": "recall", "value": 0.6}, {"metric": "recall", "class": "1", "value": 0.7}, {"value": 0.5}]
    write(history, tables.measurement, [measured(**row) for row in [*others, *mine]])
    unlike = [
        {"y_pred": "0", "n": 0},
        {"known_on": day(3), "n": 6},
        {"segment": "a=b"},
        {"version": "v1"},
        {"grain": "1h"},
        {"model": "other"},
        {"window_start": day(1)},
        {"y_true": "0", "n": 4},
    ]
    write(history, tables.confusion, [CELL, *({**CELL, **row} for row in unlike)])

    found = quality_of(history, Window.of("m", Grain.DAY, "UTC", day(0)), ["f1", "recall", "accuracy"], day(2))

    assert found.window == "2025-03-01"
    assert [(it.metric, it.klass, it.value) for it in found.measurements] == [
        ("f1", "", 0.5),
        ("recall", "", 0.6),
        ("recall", "1", 0.7),
    ]
    assert [(cell.y_true, cell.y_pred, cell.n) for cell in found.confusion] == [("0", "1", 4), ("1", "1", 5)]
