"""What a run must know of earlier ones."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from lamplighter.core.evaluation.results import Evaluation
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.measurement import State
from lamplighter.core.time.window import Grain, Window
from storage.history import open_history
from storage.history.results import record_evaluation
from storage.history.windows import RECENT_WINDOWS, final_until, final_windows, judged_window, window_states
from storage.project.folder import Project
from storage.project.settings import Settings

FIRST = Window.of("m", Grain.DAY, "UTC", date(2025, 1, 1))


def test_a_window_that_is_final_stays_so_however_long_ago(tmp_path: Path) -> None:
    history = open_history(Project(tmp_path, Settings()))
    window, windows = FIRST, []
    with history.writing() as connection:
        for _ in range(RECENT_WINDOWS + 30):
            windows.append(window)
            for later, state in ((1, State.PROVISIONAL), (4, State.FINAL)):
                forgotten = window.day == date(2025, 1, 3) and state is State.FINAL
                if not forgotten:
                    evaluation = Evaluation(window, state, 10, 9, "p", "l")
                    record_evaluation(connection, window.start + timedelta(days=later), evaluation)
            window = window.next()
    newest = windows[-1]
    known = window_states(history, newest, newest.start + timedelta(days=10))
    assert {standing.window.start for standing in known.values() if standing.is_open} == {windows[2].start}
    assert len(known) == RECENT_WINDOWS + 2
    morning_after = window_states(history, newest, newest.start + timedelta(days=1))
    assert morning_after[newest.start].state is State.PROVISIONAL
    assert newest.start not in window_states(history, newest, newest.start)


def test_hours_that_take_days_to_mature_are_judged(tmp_path: Path) -> None:
    """More windows are open than a run looks at, and a final one lies beyond them."""
    project = Project(tmp_path, Settings())
    history, hour = open_history(project), Window.of("m", Grain.HOUR, "UTC", date(2025, 1, 1))
    final, awaited = [], RECENT_WINDOWS + 20
    with history.writing() as connection:
        for number in range(awaited + 5):
            state = State.FINAL if number < 5 else State.PROVISIONAL
            # Of one of the final ones there are no rows, and one reaches a coverage of 0.58 exactly.
            rows, labelled = (0, 0) if number == 4 else (100, 58 if number == 7 else 20)
            record_evaluation(connection, hour.end, Evaluation(hour, state, rows, labelled, "p", "l"))
            final += [hour] if state is State.FINAL else []
            newest, hour = hour, hour.next()
    assert final_windows(history, newest, newest.end, final[1].start) == final[1:4]
    assert final_until(history, newest, newest.end) == final[3].end
    assert final_until(history, newest.previous(), final[2].end) == final[2].end
    assert final_until(history, newest, final[0].start) is None
    assert judged_window(history, monitor(), newest, newest.end) == final[4]
    covered = judged_window(history, monitor(min_coverage=0.58), newest, newest.end)
    assert covered is not None
    assert covered.start == final[4].start + timedelta(hours=3)


def monitor(**labels: float) -> Monitor:
    """A monitor of hours."""
    predictions = {"parquet": "p/*.parquet", "time": "t", "id": "i", "prediction": "y"}
    declared = {"parquet": "l/*.parquet", "target": "truth", "mature_after": "5d", **labels}
    parts = {"model": "m", "kind": "classification", "every": "1h", "predictions": predictions, "labels": declared}
    return Monitor.model_validate(parts)
