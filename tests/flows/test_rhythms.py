"""Weekdays and hours that differ from the others are no faults; a fault on such a model is found on its first day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.run_windows import run_windows
from lamplighter.core.time.window import Grain, Window
from storage.history import open_history
from storage.history.incidents import all_incidents
from storage.project.folder import Project
from tasks.stages.run_context import RunContext
from tests.flows.conftest import Prepared

START = datetime(2025, 3, 3, tzinfo=UTC)
MONITOR = """
model: m
kind: regression
every: {every}
timezone: UTC
predictions: {{parquet: "data/*.parquet", time: at, prediction: answer}}
features: {{numeric: [basket, wait, orders], categorical: [channel]}}
"""

Change = Callable[[pd.DataFrame], pd.DataFrame]


def window_rows(random: np.random.Generator, start: datetime, length: timedelta, *, special: bool) -> pd.DataFrame:
    """What a service logs in a window; at special times little is bought, and elsewhere."""
    count = 90 if special else 160
    return pd.DataFrame(
        {
            "at": pd.Timestamp(start)
            + pd.to_timedelta(np.sort(random.random(count)) * 0.99 * length.total_seconds(), "s"),
            "basket": (random.lognormal(3, 0.6, count) * (0.4 if special else 1)).round(2),
            "wait": random.exponential(75 if special else 30, count).round(1),
            "orders": random.poisson(2 if special else 6, count),
            "channel": random.choice(["Web", "App"] if special else ["Shop", "Phone"], count),
            "answer": random.normal(size=count),
        }
    )


def incidents(project: Project, count: int) -> list[tuple[int, int | None]]:
    """The windows in which incidents of the data were opened and closed."""
    monitor = project.monitor("m")
    place = {
        RunContext(project, monitor, it, monitor.run_after(it)).known_on: n
        for n, it in enumerate(planned(project, count))
    }
    rows = all_incidents(open_history(project))
    return [(place[row["opened_on"]], place[row["closed_on"]] if row["closed_on"] else None) for row in rows]


def planned(project: Project, count: int) -> list[Window]:
    """The first windows of a model."""
    monitor = project.monitor("m")
    windows = [Window.of("m", monitor.every, "UTC", START + timedelta(hours=12 if monitor.every is Grain.DAY else 0))]
    while len(windows) < count:
        windows.append(windows[-1].next())
    return windows


def run_on(project: Project, numbers: range, seed: int, fault: tuple[int, Change] | None = None) -> None:
    """Log windows and run them; Sundays, or hours after dark, differ, and from some window on there is a fault."""
    monitor, random = project.monitor("m"), np.random.default_rng(seed)
    length = timedelta(days=1) if monitor.every is Grain.DAY else timedelta(hours=1)
    frames = []
    for number in range(numbers.stop):
        start = START + number * length
        special = start.weekday() == 6 if monitor.every is Grain.DAY else start.hour < 6
        frame = window_rows(random, start, length, special=special)
        frames.append(fault[1](frame) if fault and number >= fault[0] else frame)
    log = project.root / "data" / f"from-{numbers.start}.parquet"
    pd.concat(frames[numbers.start :]).to_parquet(log, index=False)
    done = run_windows(project, monitor, planned(project, numbers.stop)[numbers.start :])
    assert [run.fault for run in done] == [""] * len(numbers)


BEFORE = {"1d": 20, "1h": 50}
"""Windows before the first fault, which are run once for all tests of a seed."""


def begun(prepared: Prepared, every: str, seed: int) -> Project:
    """A model after its first windows."""

    def make(folder: Path) -> Project:
        (folder / "monitors").mkdir(parents=True)
        (folder / "data").mkdir()
        (folder / "monitors" / "m.yaml").write_text(MONITOR.format(every=every))
        project = Project.open(folder)
        run_on(project, range(BEFORE[every]), seed)
        return project

    return prepared(("rhythm", every, seed), make)


SEEDS = {"1d": 2, "1h": 1}

FAULTS: dict[str, Change] = {
    "baskets times ten": lambda frame: frame.assign(basket=frame["basket"] * 10),
    "waits in minutes": lambda frame: frame.assign(wait=frame["wait"] / 60),
    "orders in tens": lambda frame: frame.assign(orders=frame["orders"] * 10),
    "channels in small letters": lambda frame: frame.assign(channel=frame["channel"].str.lower()),
    "a frozen basket": lambda frame: frame.assign(basket=17.5),
}


@pytest.mark.parametrize(
    ("every", "windows", "seed"),
    [
        ("1d", 36, 1),
        pytest.param("1d", 36, 2, marks=pytest.mark.long),
        pytest.param("1h", 76, 1, marks=pytest.mark.long),
    ],
)
def test_a_rhythm_is_no_fault(prepared: Prepared, every: str, windows: int, seed: int) -> None:
    project = begun(prepared, every, seed)
    run_on(project, range(BEFORE[every], windows), seed)
    assert incidents(project, windows) == []


@pytest.mark.parametrize(
    ("every", "first", "fault"),
    [
        ("1d", 23, "baskets times ten"),
        ("1d", 20, "baskets times ten"),
        ("1d", 23, "waits in minutes"),
        ("1d", 20, "channels in small letters"),
        ("1d", 23, "a frozen basket"),
        pytest.param("1h", 50, "orders in tens", marks=pytest.mark.long),
        pytest.param("1h", 58, "baskets times ten", marks=pytest.mark.long),
        pytest.param("1h", 58, "channels in small letters", marks=pytest.mark.long),
        pytest.param("1h", 50, "a frozen basket", marks=pytest.mark.long),
    ],
)
def test_a_fault_is_found_in_its_first_window(prepared: Prepared, every: str, first: int, fault: str) -> None:
    """Of days 20 is a Sunday, of hours 50 is at night."""
    seed = SEEDS[every]
    project = begun(prepared, every, seed)
    run_on(project, range(BEFORE[every], first + 2), seed, (first, FAULTS[fault]))
    assert incidents(project, first + 2) == [(first, None)]
