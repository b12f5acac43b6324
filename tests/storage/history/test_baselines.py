"""Which earlier windows a column is held against, by phase: sound ones, accepted ones, and those of a rhythm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lamplighter.core.records.finding import Code
from lamplighter.core.time.window import Grain, Window
from storage.history.acceptances import Acceptance
from storage.history.baselines import Past

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
SCALE = (Code.SCALE_CHANGED, "x")


def past(grain: Grain, windows: int, broken: list[int], accepted: tuple[int, int] | None = None) -> Past:
    """Some windows since a Monday, called by their number; those that are broken have a fault of column x."""
    planned = [Window.of("m", grain, "UTC", MONDAY)]
    while len(planned) <= windows:
        planned.append(planned[-1].next())
    starts = [window.start for window in planned]
    profiles = {starts[n]: str(n) for n in reversed(range(windows))}
    states = []
    if accepted:
        since, until = (starts[n] for n in accepted)
        states = [Acceptance("m", grain.value, Code.SCALE_CHANGED, "x", since, until, until + timedelta(days=1))]
    return Past(planned[-1], profiles, {starts[n]: {SCALE} for n in broken}, states)


@pytest.mark.parametrize(
    ("grain", "windows", "broken", "accepted", "groups"),
    [
        (Grain.DAY, 30, [], None, [["23", "16", "9", "2"]]),
        (Grain.DAY, 30, [16], None, [["23", "9", "2"]]),
        (Grain.DAY, 40, [5, 12, 19, 26], None, [["33"]]),
        (Grain.DAY, 12, [5], None, [["5"]]),
        (Grain.DAY, 12, [*range(5, 12)], None, [[]]),
        (Grain.DAY, 12, [5], (5, 5), [["5"]]),
        (Grain.DAY, 13, [5], (5, 5), [["6"]]),
        (Grain.DAY, 11, [5], (5, 5), [[]]),
        (Grain.HOUR, 175, [], None, [["151", "127", "103", "79"], ["7"]]),
        (Grain.HOUR, 175, [7, 151], None, [["127", "103", "79", "55"], ["7"]]),
        (Grain.WEEK, 9, [], None, []),
    ],
    ids=[
        "a month of weekdays",
        "without a broken one",
        "a sound one counts alone",
        "a rhythm where there is no other",
        "a fault that lasts is no rhythm",
        "what was accepted",
        "what came after it",
        "nothing from before an acceptance",
        "hours of the day and of the week",
        "hours: broken ones, and a rhythm",
        "weeks have none",
    ],
)
def test_windows_of_a_phase(
    grain: Grain, windows: int, broken: list[int], accepted: tuple[int, int] | None, groups: list
) -> None:
    known = past(grain, windows, broken, accepted)
    assert known.of_phases("x") == groups
    assert all(group for group in known.of_phases("y"))


def test_phases_of_a_baseline_go_with_its_windows() -> None:
    found = past(Grain.DAY, 70, [65]).of_column("x")
    assert (found.past[:5], found.phases[:5]) == (["69", "68", "67", "66", "64"], [6, 5, 4, 3, 1])
    assert len(found.phases) == len(found.past) + len(found.older) == 60
