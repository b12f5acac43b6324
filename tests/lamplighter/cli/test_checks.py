"""`lamplighter checks`: each check as it is written now, on what is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest

from storage.history import History, tables
from storage.history.query import dump
from tests.lamplighter.cli.conftest import Run
from tests.lamplighter.cli.recorded_days import record_days, write_monitor
from tests.storage.history.recorded import decided, opened, write

# Of the last ten days before the newest the mean is 0.49.
VALUES = [0.4, 0.6, 0.5, 0.35, 0.65, 0.5, 0.4, 0.6, 0.5, 0.5, 0.3, 0.45]


@pytest.fixture
def recorded(history: History) -> History:
    pro = [0.5] * 11 + [0.2]
    record_days(history, VALUES, {"plan=pro": pro, "plan=basic": [0.5] * 12})
    return history


def shown(run: Run, *arguments: str) -> dict[str, dict[str, Any]]:
    result = run("checks", "m", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return {row["name"]: row for row in json.loads(result.stdout)["checks"]}


def test_value_limit_and_how_near(tmp_path: Path, recorded: History, run: Run) -> None:
    write_monitor(tmp_path, "{metric: f1, below: 0.4}", "{metric: f1, falls: 5%, versus: {mean: 10d}}")
    before = dump(recorded)
    rows = shown(run)
    plain = rows["f1-below"]
    assert {name: plain[name] for name in ("verdict", "value", "low", "high", "limit", "window")} == {
        "verdict": "passed", "value": 0.45, "low": 0.4, "high": None, "limit": "below 0.4", "window": "2025-03-12",
    }  # fmt: skip
    assert (plain["lower"], plain["upper"], plain["distance"]) == pytest.approx((0.35, 0.55, 0.05))
    # Of the eleven values before.
    assert (plain["relative"], plain["relative_unit"]) == (pytest.approx(0.05 / stdev(VALUES[:11])), "sd")
    falls = rows["f1-falls"]
    assert falls["verdict"] == "failed"
    assert falls["distance"] == pytest.approx(0.45 - 0.95 * 0.49)
    assert falls["compared"] == "5 % below 0.49, the mean of 10 windows from 2025-03-02 to 2025-03-11"
    # Failed first.
    assert [*rows] == ["f1-falls", "data", "f1-below"]
    assert dump(recorded) == before


def test_windows_that_count_and_incidents(tmp_path: Path, recorded: History, run: Run) -> None:
    checks = ("{metric: f1, below: 0.4, clears: 3}", "{name: twice, metric: f1, below: 0.46, for: 2 of 3 days}")
    write_monitor(tmp_path, *checks)
    write(recorded, tables.incident, [opened(11)])
    write(recorded, tables.decision, [decided(12, value=0.45, threshold=0.5, low=0.5, verdict="failed")])
    lines = run("checks", "m").stdout.splitlines()
    assert (
        "f1-below: incident open since 2025-03-12; passes 1 of 3 windows that close the incident;"
        " the run decided failed, limit below 0.5"
    ) in lines
    assert "twice: beyond in 2 of 3 days, fails from 2 on; the run did not judge it: it was written since" in lines


def test_every_segment_has_a_row_and_undecided_ones_their_reason(tmp_path: Path, recorded: History, run: Run) -> None:
    write_monitor(
        tmp_path,
        '{name: low, metric: f1, segment: "plan=*", below: 0.4}',
        "{metric: f1, below: {sigmas: 3, of: 40d}}",
        "{metric: f1, outside: {sigmas: 2, of: 10d}}",
    )
    rows = shown(run)
    assert [(row["segment"], row["verdict"]) for row in rows.values() if row["check"] == "low"] == [
        ("plan=pro", "failed"),
        ("plan=basic", "passed"),
    ]
    # All values before were equal: no spread to measure in, but f1 has a range.
    assert (rows["low[plan=basic]"]["relative"], rows["low[plan=basic]"]["relative_unit"]) == (pytest.approx(10), "%")
    assert rows["f1-below"]["verdict"] == "undecided"
    assert rows["f1-below"]["reason"].endswith("it can be decided from 2025-03-21 on")
    assert rows["f1-outside"]["limit"].startswith("outside 0.2")
    assert "f1-below: of the 40d before, 11 windows have a value" in run("checks", "m").stdout


def test_an_earlier_run(tmp_path: Path, recorded: History, run: Run) -> None:
    write_monitor(tmp_path, "{metric: f1, below: 0.4}")
    assert shown(run, "--day", "2025-03-11")["f1-below"]["value"] == 0.3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("m", "--day", "2031-01-01"), "m: no run of a window of 1d of 2031-01-01 is recorded"),
        (("m", "--day", "today"), "'today' is no day or time"),
        (("n",), "no model 'n'; known: m"),
    ],
)
def test_mistakes(
    tmp_path: Path, recorded: History, mistake: Callable[..., str], arguments: tuple[str, ...], said: str
) -> None:
    write_monitor(tmp_path, "{metric: f1, below: 0.4}")
    assert said in mistake("checks", *arguments)
