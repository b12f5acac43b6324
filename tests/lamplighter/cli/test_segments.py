"""Incidents of single segments, and how decisions about them are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.history import History, tables
from storage.history.incidents import all_incidents, muted_checks
from tests.lamplighter.cli.conftest import Run
from tests.lamplighter.cli.recorded_days import write_monitor
from tests.storage.history.recorded import decided, opened, write, write_run


@pytest.fixture
def declared(tmp_path: Path) -> None:
    write_monitor(tmp_path, "{name: low, metric: f1, segment: 'plan=*', below: 0.4}", "{metric: f1, below: 0.4}")


def test_one_segment_is_muted(declared: None, history: History, run: Run) -> None:
    names = ["low[plan=pro]", "low[plan=basic]", "low[plan=pro]:undecided"]
    write(history, tables.incident, [opened(1, check_name=name) for name in names])
    assert run("incidents", "mute", "m", "low[plan=pro]", "--reason", "sale").exit_code == 0
    assert muted_checks(history, "m", datetime.now(UTC)) == {"low[plan=pro]"}
    muted = {row["check_name"]: row["muted_for"] for row in all_incidents(history, "m")}
    assert muted == {"low[plan=pro]": "sale", "low[plan=basic]": None, "low[plan=pro]:undecided": "sale"}
    assert run("incidents", "unmute", "m", "low[plan=pro]").exit_code == 0
    assert not muted_checks(history, "m", datetime.now(UTC))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lov", "m: no check 'lov'; did you mean 'low'?"),
        ("lov[plan=pro]", "m: no check 'lov'; did you mean 'low'?"),
        ("f1-below[plan=pro]", "m: check 'f1-below' has no incidents of single segments; write f1-below"),
        ("low[size=9]", "m: check 'low' has no segment [size=9]; write one such as 'low[plan=...]'"),
        ("low[plan=pro", "m: check 'low' has no segment [plan=pro; write one"),
        ("low[plan=]", "m: check 'low' has no segment [plan=]; write one"),
    ],
)
def test_mistakes(declared: None, mistake: Callable[..., str], name: str, said: str) -> None:
    assert said in mistake("incidents", "mute", "m", name)


def test_segments_both_bounds_and_what_a_limit_came_from(tmp_path: Path, run: Run, history: History) -> None:
    write_monitor(tmp_path, "{name: low, metric: f1, segment: 'plan=*', outside: {sigmas: 3, of: 28d}}")
    write_run(history, 4)
    compared = "3 standard deviations of 0.01 from the mean 0.5 of 28 windows"
    bounds = {"low": 0.47, "high": 0.53, "threshold": 0.47, "compared": compared}
    failed = decided(5, check_name="low[plan=pro]", value=0.3, verdict="failed", **bounds)
    write(history, tables.decision, [failed, decided(5, check_name="low[plan=basic]", **bounds)])
    write(
        history, tables.incident, [opened(5, check_name="low[plan=pro]"), opened(5, check_name="low[plan=x]:undecided")]
    )
    (row,) = json.loads(run("status", "--json").stdout)
    assert (row["failed"], row["failing"]) == (["low[plan=pro]"], ["low[plan=pro]"])
    assert (
        f"m: low[plan=pro] failed: 0.3 in 2025-03-05, limit outside 0.47 to 0.53, {compared}; open since 2025-03-06"
    ) in run("status").stdout
    text = run("status", "m").stdout
    assert f"low[plan=pro]    failed     0.3  outside 0.47 to 0.53  2025-03-05  {compared}" in text
    assert "low            plan=pro  warning   2025-03-06" in text
    assert "low:undecided  plan=x    warning   2025-03-06" in text
    shown = run("incidents").stdout
    assert [line.split()[1:3] for line in shown.splitlines()[1:]] == [["low", "plan=pro"], ["low:undecided", "plan=x"]]
    assert "outside" not in run("history", "m", "--decisions").stdout
    (_, first) = json.loads(run("history", "m", "--decisions", "--json").stdout)
    assert (first["check"], first["low"], first["high"], first["compared"]) == ("low[plan=pro]", 0.47, 0.53, compared)
