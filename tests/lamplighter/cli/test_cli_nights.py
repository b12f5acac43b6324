"""`lamplighter run` and `backfill`: one model's trouble is its own, and what was found is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result

Run = Callable[..., Result]

MONITOR = """
model: {name}
kind: classification
predictions: {{parquet: "{name}/day={{day}}/*.parquet", time: t, prediction: y}}
features: auto
"""
DAYS = [datetime(2025, 3, day, tzinfo=UTC) for day in range(1, 7)]
NAMES = ("first", "second", "third")


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path: Path) -> Path:
    """Three models with six days each."""
    (tmp_path / "monitors").mkdir()
    for name in NAMES:
        (tmp_path / "monitors" / f"{name}.yaml").write_text(MONITOR.format(name=name))
        for start in DAYS:
            path = tmp_path / name / f"day={start.date()}" / "part.parquet"
            path.parent.mkdir(parents=True)
            times = [start + timedelta(hours=hour) for hour in range(24)]
            pq.write_table(pa.table({"t": times, "y": ["a", "b"] * 12, "x": [float(i) for i in range(24)]}), path)
    return tmp_path


@pytest.fixture(name="broken")
def _broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours: the second model's night dies of something that nobody foresaw."""
    from tasks.night import Night

    judged = Night.history.func

    def history(night: Night) -> object:
        if night.monitor.model == "second":
            raise TypeError("unsupported\noperand")
        return judged(night)

    monkeypatch.setattr(Night, "history", property(history))


# Run.


@pytest.mark.usefixtures("broken")
def test_an_unexpected_fault_leaves_the_other_models_to_go_on(run: Run) -> None:
    told = run("run", *NAMES, "--day", "2025-03-01")
    assert told.exit_code == 2
    assert told.stdout.splitlines() == ["first 2025-03-01: completed", "third 2025-03-01: completed"]
    assert told.stderr == (
        "second: unexpected TypeError: unsupported operand; a fault of Lamplighter's or of the data, "
        "--debug shows the traceback\n"
    )


@pytest.mark.usefixtures("broken")
def test_the_traceback_of_an_unexpected_fault(run: Run) -> None:
    told = run("run", *NAMES, "--day", "2025-03-01", "--debug")
    assert told.exit_code == 2
    assert told.stdout.splitlines() == ["first 2025-03-01: completed", "third 2025-03-01: completed"]
    assert told.stderr.startswith("Traceback (most recent call last):\n")
    assert told.stderr.endswith("\nsecond: unexpected TypeError: unsupported operand\n")


def test_a_mistake_has_no_traceback_even_so(run: Run) -> None:
    told = run("run", "frist", "first", "--day", "2025-03-01", "--debug")
    assert (told.exit_code, told.stdout) == (2, "first 2025-03-01: completed\n")
    assert told.stderr.startswith("frist: ")
    assert told.stderr.count("\n") == 1


# Backfill.


def test_a_backfill_that_found_nothing_says_nothing_more(run: Run) -> None:
    told = run("backfill", "first", "--from", "2025-03-01", "--to", "2025-03-03")
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout == "first: 2025-03-01 to 2025-03-03, 0 nights failed\n"


def test_the_findings_of_a_backfill_are_summed_up(run: Run, folder: Path) -> None:
    for day in (2, 3, 5):
        shutil.rmtree(folder / "first" / f"day=2025-03-0{day}")
    (folder / "third" / "day=2025-03-04" / "part.parquet").write_bytes(b"no Parquet")
    told = run("backfill", *NAMES, "--from", "2025-03-01", "--to", "2025-03-06", "--processes", "1")
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.splitlines() == [
        "first, second, third: 2025-03-01 to 2025-03-06, 0 nights failed",
        "first: 3 nights with findings: window-empty 2025-03-02 to 2025-03-05 (3 windows); "
        "see `lamplighter history first --findings`",
        "third: 3 nights with findings: file-unreadable 2025-03-03 to 2025-03-05 (3 windows), window-empty 2025-03-04; "
        "see `lamplighter history third --findings`",
    ]
    assert len(run("history", "first", "--findings").stdout.splitlines()) == 2 + 3
    # What was delivered since is no finding any more, and neither are those of other days.
    again = run("backfill", "first", "--from", "2025-03-05", "--to", "2025-03-06").stdout.splitlines()
    assert again[1].startswith("first: 1 night with findings: window-empty 2025-03-05; see")


def test_a_finding_that_no_history_holds_is_told_by_its_message(run: Run, folder: Path) -> None:
    (folder / "lamplighter.toml").write_text("textfile_dir = 'in_the_way'\n")
    (folder / "in_the_way").write_text("a file")
    told = run("backfill", "first", "--from", "2025-03-01", "--to", "2025-03-02")
    assert told.exit_code == 0
    line = told.stdout.splitlines()[1]
    assert line.startswith("first: 1 night with findings: 2025-03-02 ")
    assert "in_the_way" in line
