"""`lamplighter run` and `backfill`: one model's trouble is its own, and what was found is reported."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from lamplighter.errors import HistoryError, SourceError

Run = Callable[..., Result]

MONITOR = """
model: {name}
kind: classification
predictions: {{parquet: "{name}/day={{day}}/*.parquet", time: t, prediction: y}}
features: auto
"""
DAYS = [datetime(2025, 3, day, tzinfo=UTC) for day in range(1, 7)]
NAMES = ("first", "second", "third")

OLD = "; an older window, so no check was judged"


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
    """A fault of ours: the second model's run fails with an unexpected error."""
    from tasks.stages.run_context import RunContext

    judged = RunContext.history.func

    def history(logical_date: RunContext) -> object:
        if logical_date.monitor.model == "second":
            raise TypeError("unsupported\noperand")
        return judged(logical_date)

    monkeypatch.setattr(RunContext, "history", property(history))


# Run.


@pytest.mark.usefixtures("broken")
def test_an_unexpected_fault_leaves_the_other_models_to_go_on(run: Run) -> None:
    result = run("run", *NAMES, "--day", "2025-03-01")
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [f"first 2025-03-01: completed{OLD}", f"third 2025-03-01: completed{OLD}"]
    assert result.stderr == (
        "second: unexpected TypeError: unsupported operand; a fault of Lamplighter's or of the data, "
        "--debug shows the traceback\n"
    )


@pytest.mark.usefixtures("broken")
def test_the_traceback_of_an_unexpected_fault(run: Run) -> None:
    result = run("run", *NAMES, "--day", "2025-03-01", "--debug")
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [f"first 2025-03-01: completed{OLD}", f"third 2025-03-01: completed{OLD}"]
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert result.stderr.endswith("\nsecond: unexpected TypeError: unsupported operand\n")


def test_a_mistake_has_no_traceback_even_so(run: Run) -> None:
    result = run("run", "frist", "first", "--day", "2025-03-01", "--debug")
    assert (result.exit_code, result.stdout) == (2, f"first 2025-03-01: completed{OLD}\n")
    assert result.stderr.startswith("frist: ")
    assert result.stderr.count("\n") == 1


def test_a_command_leaves_the_history_in_one_file(folder: Path) -> None:
    command = Path(sys.executable).with_name("lamplighter")
    subprocess.run([command, "-C", folder, "run", "first", "--day", "2025-03-01"], check=True, capture_output=True)
    assert [path.name for path in (folder / ".lamplighter").glob("history.db*")] == ["history.db"]


# Backfill.


def test_a_backfill_that_found_nothing_says_nothing_more(run: Run) -> None:
    result = run("backfill", "first", "--from", "2025-03-01", "--to", "2025-03-03")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "first: 2025-03-01 to 2025-03-03, 3 windows ran\n"


def test_a_backfill_of_a_model_that_is_not_there_begins_with_none(run: Run) -> None:
    result = run("backfill", "first", "frist", "--from", "2025-03-01", "--to", "2025-03-03")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no model 'frist'; did you mean 'first'?" in result.stderr
    assert "no model has been run yet" in run("status").stdout


def test_the_findings_of_a_backfill_are_summed_up(run: Run, folder: Path) -> None:
    for day in (2, 3, 5):
        shutil.rmtree(folder / "first" / f"day=2025-03-0{day}")
    (folder / "third" / "day=2025-03-04" / "part.parquet").write_bytes(b"no Parquet")
    result = run("backfill", *NAMES, "--from", "2025-03-01", "--to", "2025-03-06", "--processes", "1")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "first, second, third: 2025-03-01 to 2025-03-06, 18 windows ran",
        "first: 3 windows with findings: window-empty 2025-03-02 to 2025-03-05 (3 windows); "
        "see `lamplighter history first --findings`",
        "third: 3 windows with findings: file-unreadable 2025-03-03 to 2025-03-05 (3 windows), "
        "window-empty 2025-03-04; see `lamplighter history third --findings`",
    ]
    assert len(run("history", "first", "--findings").stdout.splitlines()) == 2 + 3
    # What was delivered since is no finding any more, and neither are those of other days.
    again = run("backfill", "first", "--from", "2025-03-05", "--to", "2025-03-06").stdout.splitlines()
    assert again[1].startswith("first: 1 window with findings: window-empty 2025-03-05; see")


MORE = """
reference: {days: 2025-03-01..2025-03-02}
labels: {parquet: "truth/day={day}/*.parquet", id: i, target: z, mature_after: 3d}
"""


@pytest.fixture(name="labelled")
def _labelled(folder: Path) -> Path:
    """The first model with a reference, and with labels that come two days later."""
    text = MONITOR.format(name="first").replace("prediction: y", "id: i, prediction: y")
    (folder / "monitors" / "first.yaml").write_text(text + MORE)
    for start in DAYS:
        part = folder / "first" / f"day={start.date()}" / "part.parquet"
        ids = [f"{start.day}-{i}" for i in range(24)]
        pq.write_table(pq.read_table(part).append_column("i", pa.array(ids)), part)
        truth = folder / "truth" / f"day={(start + timedelta(days=2)).date()}" / "part.parquet"
        truth.parent.mkdir(parents=True)
        pq.write_table(pa.table({"i": ids, "z": ["a"] * 24}), truth)
    return folder


def test_reports_are_of_the_newest_windows_that_have_rows(run: Run, labelled: Path) -> None:
    for day in (5, 6):
        shutil.rmtree(labelled / "first" / f"day=2025-03-0{day}")
    result = run("backfill", "first", "--from", "2025-03-02", "--to", "2025-03-06", "--reports", "2")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "first: 2 reports were made; `lamplighter report first` prints the path of the newest" in result.stdout
    reports = labelled / ".lamplighter" / "reports" / "first"
    assert sorted(path.name for path in reports.iterdir()) == ["2025-03-03.html", "2025-03-04.html"]


def test_where_no_report_can_be_made_it_is_said(run: Run, labelled: Path) -> None:
    shutil.rmtree(labelled / "first" / "day=2025-03-06")
    asked = ["backfill", "first", "--reports", "1", "--from"]
    result = run(*asked, "2025-03-06", "--to", "2025-03-06")
    assert "first: no report is made: none of the windows has rows" in result.stdout.splitlines()
    (labelled / "monitors" / "first.yaml").write_text(MONITOR.format(name="first"))
    result = run(*asked, "2025-03-04", "--to", "2025-03-04")
    assert result.exit_code == 0
    why = "first: 2025-03-04 has no report: the monitor has no reference to compare with; add one"
    assert why in result.stdout.splitlines()


def test_later_windows_are_counted_and_their_findings_left_out(run: Run, labelled: Path) -> None:
    (labelled / "first" / "day=2025-03-04" / "part.parquet").write_bytes(b"no Parquet")
    assert run("backfill", "first", "--from", "2025-03-01", "--to", "2025-03-06").exit_code == 0
    result = run("backfill", "first", "--from", "2025-03-02", "--to", "2025-03-02")
    assert result.stdout.splitlines() == [
        "first: 2025-03-02 to 2025-03-02, 1 window ran",
        "first: 3 later windows were run again, since labels of these days came then",
    ]


def test_a_backfill_that_stops_says_where_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One day fails and the next goes on; where the history is lost nothing goes on."""

    from flows import run_windows

    ran = run_windows.run_window

    def fragile(context: Any, *arguments: Any, **options: Any) -> Any:
        if context.monitor.model == "first" and context.window.label == "2025-03-02":
            raise SourceError("the log is not there", where="first", fix="deliver it")
        if context.monitor.model == "first" and context.window.label == "2025-03-04":
            raise HistoryError("history postgresql://db: connection refused; nothing of this step was recorded")
        return ran(context, *arguments, **options)

    monkeypatch.setattr(run_windows, "run_window", fragile)
    result = run("backfill", "first", "second", "--from", "2025-03-01", "--to", "2025-03-06", "--processes", "1")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "first 2025-03-02: the log is not there; deliver it",
        "first: 3 of 6 windows ran, 1 of them failed, 3 never ran; stopped at 2025-03-04: "
        "history postgresql://db: connection refused; nothing of this step was recorded; "
        "continue with --from 2025-03-04",
    ]
    summed = "first, second: 2025-03-01 to 2025-03-06, 9 of 12 windows ran, 1 of them failed"
    assert result.stdout.splitlines()[0] == summed
    monkeypatch.setattr(run_windows, "run_window", ran)
    again = run("backfill", "first", "--from", "2025-03-04", "--to", "2025-03-06")
    assert (again.exit_code, again.stdout) == (0, "first: 2025-03-04 to 2025-03-06, 3 windows ran\n")


@pytest.mark.long
def test_side_by_side_everything_is_counted_alike(run: Run, folder: Path) -> None:
    (folder / "monitors" / "third.yaml").write_text("kind: [\n")
    asked = ["backfill", *NAMES, "first", "--from", "2025-03-01", "--to", "2025-03-02", "--processes"]
    output = [run(*asked, processes) for processes in ("2", "1")]
    assert output[0].stdout == output[1].stdout == "first, second, third: 2025-03-01 to 2025-03-02, 4 windows ran\n"
    # On a busy machine a line about the progress may stand before it.
    assert output[0].stderr.splitlines()[-1] == output[1].stderr.splitlines()[-1]
    assert output[1].stderr.splitlines()[-1].startswith("third: monitors/third.yaml:2: not YAML")


def test_an_hourly_model_from_one_hour_to_another(run: Run, folder: Path) -> None:
    text = MONITOR.format(name="first") + "every: 1h\ntimezone: Europe/Berlin\n"
    (folder / "monitors" / "first.yaml").write_text(text)
    result = run("backfill", "first", "--from", "2025-03-02T05:00+01:00", "--to", "2025-03-02 07:59")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0].endswith(", 3 windows ran")
    rows = json.loads(run("history", "first", "--metric", "rows", "--json").stdout)
    assert [row["window"] for row in rows] == [f"2025-03-02T0{hour}:00+01:00" for hour in (5, 6, 7)]
    result = run("backfill", "first", "--from", "2025-03-02T05:00Z", "--to", "2025-03-02T05:00+01:00")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "lies before --from" in result.stderr


def test_a_run_of_an_instant_in_another_zone(run: Run, folder: Path) -> None:
    (folder / "monitors" / "first.yaml").write_text(MONITOR.format(name="first") + "timezone: America/New_York\n")
    result = run("run", "first", "--day", "2025-03-03T02:00Z", "--now", "2025-03-03T09:15:00+00:00")
    assert result.stdout == "first 2025-03-02: completed\n"
    result = run("run", "first", "--day", "2025-03-02", "--now", "2025-03-03T04:59Z")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "2025-03-02 is not over yet; the newest complete window is 2025-03-01" in result.stderr


# Reports.


def test_a_report_is_shown_and_made(run: Run, labelled: Path) -> None:
    result = run("run", "first", "--day", "2025-03-04", "--now", "2025-03-05T05:15")
    path = labelled / ".lamplighter" / "reports" / "first" / "2025-03-04.html"
    assert result.stdout == f"first 2025-03-04: completed; report: {path}\n"
    result = run("report", "first")
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    before = path.read_bytes()
    path.unlink()
    result = run("report", "first", "--day", "2025-03-04")
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    assert abs(len(path.read_bytes()) - len(before)) < 100
    path.write_text("old")
    assert run("report", "first", "--again").stdout == f"{path}\n"
    assert len(path.read_bytes()) > 100_000
    assert not (labelled / ".lamplighter" / "spool" / "first").exists()


def test_a_report_that_cannot_be_made_says_why(run: Run, labelled: Path) -> None:
    def mistake(*arguments: str) -> str:
        result = run("report", *arguments)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        return str(result.stderr)

    assert "no history yet; `lamplighter run first` starts one" in mistake("first")
    run("run", "first", "--day", "2025-03-04", "--now", "2025-03-05T05:15")
    assert "nothing is recorded of 'frst'; did you mean 'first'?" in mistake("frst")
    text = mistake("first", "--day", "2025-03-05")
    assert "2025-03-05 was never run; the newest window that was is 2025-03-04; `lamplighter run first --day" in text
    (labelled / ".lamplighter" / "reports" / "first" / "2025-03-04.html").unlink()
    shutil.rmtree(labelled / "first" / "day=2025-03-04")
    assert "first: 2025-03-04 has no report: it has no rows that can be read" in mistake("first")


def test_a_report_is_opened_where_there_is_a_browser(run: Run, labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import webbrowser

    run("run", "first", "--day", "2025-03-04", "--now", "2025-03-05T05:15")
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda uri: opened.append(uri) or True)
    assert run("report", "first", "--open").stderr == ""
    assert [uri.rpartition("/")[2] for uri in opened] == ["2025-03-04.html"]
    monkeypatch.setattr(webbrowser, "open", lambda uri: False)
    result = run("report", "first", "--open")
    assert (result.exit_code, result.stderr) == (0, "no browser could be opened; open the file above by hand\n")


def test_a_finding_that_no_history_holds_is_reported_by_its_message(run: Run, folder: Path) -> None:
    (folder / "lamplighter.toml").write_text("textfile_dir = 'in_the_way'\n")
    (folder / "in_the_way").write_text("a file")
    result = run("backfill", "first", "--from", "2025-03-01", "--to", "2025-03-02")
    assert result.exit_code == 0
    line = result.stdout.splitlines()[1]
    assert line.startswith("first: 1 window with findings: 2025-03-02 ")
    assert "in_the_way" in line
