"""A check that flaps and one that does not, in a small form; and days that are recorded are like days that are run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from benchmarks import flapping
from benchmarks.flapping import BUSY, SMALL, Trial, recorded, replayed, through_the_flow, tried

FIXED = "metric: f1, below: 0.9, clears: 1"
FITS = "metric: f1, below: 0.9, surely: true, for: 2 of 5 days"


def test_a_fixed_limit_flaps_and_one_that_fits_waits_for_the_change(tmp_path: Path) -> None:
    world = replace(BUSY, windows=70, change=55)
    checks = {"fixed": FIXED, "fits": FITS}
    found = {name: tried(world, it) for name, it in replayed(recorded(tmp_path, world, 0), world, checks).items()}
    assert found["fixed"].before >= 4
    assert found["fits"].before == 0
    assert found["fits"].days is not None
    assert found["fits"].days <= 7


@pytest.mark.long
def test_days_that_are_recorded_are_as_days_that_are_run(tmp_path: Path) -> None:
    world = replace(BUSY, windows=24, change=18)
    checks = {
        "fixed": FIXED,
        "falls": "metric: f1, falls: 5%, versus: {mean: 7d}, for: 2 of 3 days",
        "surely": "metric: f1, below: 0.9, surely: true",
    }
    found = through_the_flow(tmp_path, world, 3, checks)
    assert (found.values, found.incidents) == (True, True)
    assert found.opened


def test_what_was_open_before_the_change_has_not_noticed_it() -> None:
    opened = flapping.Opened("f1", BUSY.day(140), BUSY.day(141), None)
    assert tried(BUSY, [opened]) == Trial(before=1, days=None)
    assert not Trial(before=0, days=8).is_good
    assert not Trial(before=2, days=3).is_good
    assert Trial(before=1, days=7).is_good


def test_rows_are_as_often_right_as_the_world_says() -> None:
    days = [SMALL.answers(0, number) for number in range(100)]
    assert [len(it) for it in days] == [60] * 100
    right = sum((it["answer"] == it["truth"]).mean() for it in days) / 100
    assert right == pytest.approx(SMALL.f1, abs=0.015)
    after = [SMALL.answers(0, number) for number in range(150, 250)]
    assert sum((it["answer"] == it["truth"]).mean() for it in after) / 100 == pytest.approx(SMALL.then, abs=0.015)
    assert SMALL.day(0) == date(2025, 1, 1)
