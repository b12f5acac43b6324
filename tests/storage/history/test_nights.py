"""What a night must know of earlier ones."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from lamplighter.core.measurement import State
from lamplighter.core.recorded import Evaluation
from lamplighter.core.window import Grain, Window
from storage.history import open_history
from storage.history.nights import record_evaluation
from storage.history.windows import RECENT_WINDOWS, standings
from storage.project import Project
from storage.settings import Settings

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
    known = standings(history, newest, newest.start + timedelta(days=10))
    assert {standing.window.start for standing in known.values() if standing.is_open} == {windows[2].start}
    assert len(known) == RECENT_WINDOWS + 2
    morning_after = standings(history, newest, newest.start + timedelta(days=1))
    assert morning_after[newest.start].state is State.PROVISIONAL
    assert newest.start not in standings(history, newest, newest.start)
