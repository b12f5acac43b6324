"""`lamplighter history`: measurements, findings and decisions; as tables, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from storage.history import History, tables
from tests.storage.history.recorded import day, decided, found, measured, write, write_run

Run = Callable[..., Result]
Mistake = Callable[..., str]


@pytest.fixture(autouse=True)
def _recorded(history: History) -> None:
    write_run(history)
    parts = [("f1", "", ""), ("f1", "region=north", ""), ("f1", "region=south", ""), ("f1", "plan=pro", "")]
    parts += [("recall", "", ""), ("recall", "", "1")]
    write(
        history, tables.measurement, [measured(metric=m, segment=s, version="v1", **{"class": k}) for m, s, k in parts]
    )
    drift = {"metric": "drift_statistic", "method": "wasserstein_normed", "version": "v1"}
    write(history, tables.measurement, [measured(feature=name, **drift) for name in ("amount", "age")])


def lines(told: Result) -> list[str]:
    assert (told.exit_code, told.stderr) == (0, "")
    return told.stdout.splitlines()


# What is shown.


def test_what_is_the_same_in_every_row_is_said_once(run: Run) -> None:
    assert lines(run("history", "m", "--version", "v1", "--segment", "region=north")) == [
        "m f1 region=north version v1",
        "window      value   n  lower  upper  state  known_on",
        "2025-03-01    0.5  10    0.4    0.6  final  2025-03-02",
    ]


def test_a_pipe_gets_every_value_whole(run: Run, history: History) -> None:
    reason = "a reason that is longer than a terminal is wide, " * 3
    write(history, tables.measurement, [measured(1, 2, value=None, version="v1", reason=reason.strip())])
    told = lines(run("history", "m"))
    assert told[0] == "m version v1"
    assert told[-1].endswith(f"  {reason.strip()}")
    assert sum("wasserstein_normed" in line for line in told) == 2
    assert "…" not in "".join(told)


@pytest.mark.parametrize("width", [80, 120])
def test_a_row_fits_a_terminal(tmp_path: Path, history: History, width: int) -> None:
    metric = "prediction_drift_statistic"
    write(history, tables.measurement, [measured(metric=metric, feature="prediction", method="jensen_shannon")])
    ours, theirs = pty.openpty()
    command = [Path(sys.executable).with_name("lamplighter"), "-C", tmp_path, "history", "m"]
    with subprocess.Popen(command, stdout=theirs, env={**os.environ, "COLUMNS": str(width)}):
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # What a terminal says when nobody writes to it any more.
            while True:
                shown += os.read(ours, 1 << 16)
    os.close(ours)
    title, head, *rows, note = shown.decode().splitlines()
    assert title == "m"
    assert head.split()[:3] == ["window", "metric", "segment"]
    assert len(rows) == 9
    assert max(map(len, [head, *rows])) <= width
    assert note.startswith("left out or cut: method, ")
    assert ("lower" in head) == (width == 120)


def test_a_changed_grain_is_a_column(run: Run, history: History) -> None:
    assert "grain" not in lines(run("history", "m", "--metric", "f1", "--version", "v1"))[1]
    write(history, tables.measurement, [measured(0, 1, grain="1h", version="v1")])
    assert lines(run("history", "m", "--metric", "f1", "--version", "v1")) == [
        "m f1 version v1",
        "window                  grain  value   n  lower  upper  state  known_on",
        "2025-03-01              1d       0.5  10    0.4    0.6  final  2025-03-02",
        "2025-03-01T00:00+00:00  1h       0.5  10    0.4    0.6  final  2025-03-02T00:00+00:00",
    ]


def test_json_and_csv_agree(run: Run) -> None:
    rows = json.loads(run("history", "m", "--json").stdout)
    assert len(rows) == 8
    texts = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    assert list(csv.DictReader(io.StringIO(run("history", "m", "--csv").stdout))) == texts
    assert rows[0]["grain"] == "1d"


def test_days_are_those_of_the_model(run: Run, history: History) -> None:
    """Midnight in UTC is the evening before in New York."""
    write_run(history, timezone="America/New_York")
    row = json.loads(run("history", "m", "--metric", "recall", "--version", "v1", "--json").stdout)[0]
    assert (row["window"], row["known_on"]) == ("2025-02-28", "2025-03-01")
    asked = ["history", "m", "--version", "v1", "--metric", "recall", "--json"]
    assert len(json.loads(run(*asked, "--from", "2025-02-28", "--to", "2025-02-28").stdout)) == 1
    assert json.loads(run(*asked, "--from", "2025-03-01").stdout) == []
    assert json.loads(run(*asked, "--as-of", "2025-02-28").stdout) == []


def test_what_fits_nothing_says_so(run: Run) -> None:
    nothing = ["m: no measurements recorded that fit"]
    assert lines(run("history", "m", "--from", "2030-01-01")) == nothing
    # Both are recorded, and not together.
    assert lines(run("history", "m", "--metric", "recall", "--segment", "region=north")) == nothing
    assert lines(run("history", "m", "--metric", "f1", "--segment", "")) == nothing


# Findings and decisions.


def test_findings(run: Run, history: History) -> None:
    missing = found(1, 2, code="column-missing", subject="amount", message="m: feature column 'amount' is missing")
    write(history, tables.finding, [found(), found(2, 3), found(2, 4, message=""), missing])
    assert lines(run("history", "m", "--findings")) == [
        "m findings",
        "window      code            subject  known_on    message",
        "2025-03-01  window-empty             2025-03-02  no predictions",
        "2025-03-02  column-missing  amount   2025-03-03  feature column 'amount' is missing",
    ]
    assert len(lines(run("history", "m", "--findings", "--as-of", "2025-03-04"))) == 5
    assert len(lines(run("history", "m", "--findings", "--from", "2025-03-02"))) == 3
    assert json.loads(run("history", "m", "--findings", "--to", "2025-03-01", "--json").stdout) == [
        {
            "window": "2025-03-01",
            "grain": "1d",
            "code": "window-empty",
            "subject": "",
            "known_on": "2025-03-02",
            "message": "no predictions",
        }
    ]


def test_decisions(run: Run, history: History) -> None:
    write(history, tables.decision, [decided(1), decided(2, value=0.3, verdict="failed", severity="critical")])
    write(
        history, tables.decision, [decided(3, window_start=None, value=None, verdict="undecided", reason="no window")]
    )
    assert lines(run("history", "m", "--decisions")) == [
        "m decisions f1",
        "known_on    check     severity  verdict    window      value  threshold  reason",
        "2025-03-02  f1-below  warning   passed     2025-03-01    0.5        0.4",
        "2025-03-03  f1-below  critical  failed     2025-03-02    0.3        0.4",
        "2025-03-04  f1-below  warning   undecided                           0.4  no window",
    ]
    assert len(lines(run("history", "m", "--decisions", "--to", "2025-03-03"))) == 4
    assert len(lines(run("history", "m", "--decisions", "--as-of", "2025-03-02"))) == 3
    header, *rows = run("history", "m", "--decisions", "--csv").stdout.splitlines()
    assert header == "known_on,check,severity,verdict,metric,window,value,threshold,reason"
    assert rows[1] == "2025-03-03,f1-below,critical,failed,f1,2025-03-02,0.3,0.4,"


def test_decisions_of_an_hourly_model_name_the_hour(run: Run, history: History) -> None:
    write_run(history, 9, grain="1h")
    write(history, tables.decision, [decided(1, known_on=day(1) + timedelta(hours=7))])
    assert json.loads(run("history", "m", "--decisions", "--json").stdout)[0]["known_on"] == "2025-03-02T07:00+00:00"


@pytest.mark.parametrize("kind", ["findings", "decisions"])
def test_nothing_found_says_so(run: Run, kind: str) -> None:
    assert lines(run("history", "m", f"--{kind}")) == [f"m: no {kind} recorded that fit"]
    assert json.loads(run("history", "m", f"--{kind}", "--json").stdout) == []


# Mistakes.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--metric", "f1s"], "m: no metric 'f1s' is recorded; did you mean 'f1'? known: drift", id="metric"
        ),
        pytest.param(
            ["--segment", "regoin=north"],
            "m: no segment of 'regoin' is recorded; did you mean 'region'? known: plan, region",
            id="column of a segment",
        ),
        pytest.param(
            ["--segment", "region=nrth"],
            "m: no segment 'region=nrth' is recorded; did you mean 'region=north'? known: region=north, region=south",
            id="segment",
        ),
        pytest.param(["--feature", "amuont"], "no feature 'amuont' is recorded; did you mean 'amount'?", id="feature"),
        pytest.param(["--version", "v2"], "m: no version 'v2' is recorded; did you mean 'v1'? known: v1", id="version"),
        pytest.param(["--class", "2"], "m: no class '2' is recorded; known: 1", id="class"),
        pytest.param(["--metric", "f1s", "--json"], "m: no metric 'f1s' is recorded", id="as JSON"),
        pytest.param(["--json", "--csv"], "--json and --csv cannot both be given; choose one.", id="two formats"),
        pytest.param(["--findings", "--decisions"], "--findings and --decisions cannot both be given", id="two kinds"),
        pytest.param(["--findings", "--metric", "f1"], "--metric chooses measurements; leave it out", id="of findings"),
        pytest.param(["--decisions", "--class", ""], "--class chooses measurements; leave it out", id="of decisions"),
    ],
)
def test_a_mistake(mistake: Mistake, arguments: list[str], message: str) -> None:
    assert message in mistake("history", "m", *arguments)


def test_a_model_that_nothing_is_recorded_of(mistake: Mistake) -> None:
    assert mistake("history", "n") == "lamplighter: nothing is recorded of 'n'; known: m"


# Time.


def test_nothing_is_imported_that_the_history_does_not_need(tmp_path: Path) -> None:
    script = (
        "import sys; from lamplighter.cli import cli\n"
        f"try: cli(['-C', {str(tmp_path)!r}, 'history', 'm'])\n"
        "except SystemExit: pass\n"
        "heavy = 'pandas numpy scipy pyarrow prefect yaml alembic evidently rich.console tasks flows'.split()\n"
        "sys.exit(' '.join(name for name in heavy if name in sys.modules) or 0)\n"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("m version v1\n")
