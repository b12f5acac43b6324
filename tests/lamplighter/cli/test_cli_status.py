"""`lamplighter status`: the newest window of every model, and the checks that fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result

from storage.history import History, tables
from tests.storage.history.recorded import day, opened, write, write_run

Run = Callable[..., Result]

MONITOR = """
model: {name}
kind: classification
predictions: {{parquet: p.parquet, time: t, prediction: y}}
checks: [{{metric: rows, below: 1}}]
"""


@pytest.fixture(autouse=True)
def _monitors(tmp_path: Path) -> None:
    (tmp_path / "monitors").mkdir()
    for name in ("m", "other"):
        (tmp_path / "monitors" / f"{name}.yaml").write_text(MONITOR.format(name=name))


def status(run: Run) -> dict[str, dict[str, Any]]:
    return {row["model"]: row for row in json.loads(run("status", "--json").stdout)}


def test_an_old_day_that_is_run_again_is_not_the_state_of_the_model(run: Run, history: History) -> None:
    write_run(history, 9, status="failed", message="m: the log is not there")
    write_run(history, 2)
    assert status(run)["m"] == {
        "model": "m",
        "window": "2025-03-10",
        "ended": "2025-03-11T00:00:09+00:00",
        "status": "failed",
        "failing": [],
        "undecided": {},
        "message": "m: the log is not there",
    }


def test_only_checks_that_are_declared_can_fail(run: Run, history: History, tmp_path: Path) -> None:
    write_run(history, 2)
    write(history, tables.incident, [opened(), opened(check_name="data"), opened(check_name="rows-below")])
    assert status(run)["m"]["failing"] == ["data", "rows-below"]
    with history.writing() as connection:
        connection.execute(sa.update(tables.incident).values(closed_on=day(2)))
    assert status(run)["m"]["failing"] == []


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        pytest.param(lambda path: path.unlink(), "retired", id="a monitor that is gone"),
        pytest.param(lambda path: path.write_text("model: m\nkind: nothing\n"), "succeeded", id="one that is broken"),
    ],
)
def test_where_no_checks_can_be_read_all_count(
    run: Run, history: History, tmp_path: Path, change: Callable[[Path], object], shown: str
) -> None:
    write_run(history)
    write(history, tables.incident, [opened()])
    change(tmp_path / "monitors" / "m.yaml")
    assert (status(run)["m"]["failing"], status(run)["m"]["status"]) == (["f1-below"], shown)


def test_the_table(run: Run, history: History) -> None:
    told = "completed with findings: m: no predictions in 2025-03-02; is the log there?; m: and more " + "x" * 80
    write_run(history, 1, status="findings", message=told)
    write_run(history, 1, model="other")
    write(history, tables.incident, [opened(check_name="rows-below")])
    shown = run("status")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        "model  window      ended                      status     failing checks  message",
        "m      2025-03-02  2025-03-03T00:00:09+00:00  findings   rows-below      " + told.partition(": m: ")[2],
        "other  2025-03-02  2025-03-03T00:00:09+00:00  succeeded  none",
    ]


@pytest.mark.parametrize(("arguments", "told"), [([], "no night has been run yet"), (["--json"], "[]\n")])
def test_before_the_first_night(run: Run, tmp_path: Path, arguments: list[str], told: str) -> None:
    shown = run("status", *arguments)
    assert shown.exit_code == 0
    assert shown.stdout.startswith(told)
    assert not (tmp_path / ".lamplighter").exists()
