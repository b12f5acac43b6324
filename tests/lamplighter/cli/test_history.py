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


pytestmark = pytest.mark.usefixtures("recorded")


def lines(expected: Result) -> list[str]:
    assert (expected.exit_code, expected.stderr) == (0, "")
    return expected.stdout.splitlines()


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
    output = lines(run("history", "m", "--version", "v1"))
    assert output[0] == "m version v1"
    assert output[-1].endswith(f"  {reason.strip()}")
    assert sum("wasserstein_normed" in line for line in output) == 2
    assert "…" not in "".join(output)


@pytest.mark.parametrize("width", [80, 120])
def test_a_row_fits_a_terminal(tmp_path: Path, history: History, width: int) -> None:
    drift = {"metric": "prediction_drift_statistic", "method": "jensen_shannon", "version": "v1"}
    write(history, tables.measurement, [measured(feature="prediction", **drift)])
    ours, theirs = pty.openpty()
    command = [Path(sys.executable).with_name("lamplighter"), "-C", tmp_path, "history", "m", "--version", "v1"]
    with subprocess.Popen(command, stdout=theirs, env={**os.environ, "COLUMNS": str(width)}):
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # What a terminal says once no process writes to it any more.
            while True:
                shown += os.read(ours, 1 << 16)
    os.close(ours)
    title, head, *rows, note = shown.decode().splitlines()
    assert title == "m version v1"
    assert head.split()[:3] == ["window", "metric", "segment"]
    assert len(rows) == 9
    assert max(map(len, [head, *rows])) <= width
    assert note.startswith("left out or cut: method")
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


# The overview.


def test_the_overview(run: Run, history: History) -> None:
    """A line for each window, the newest last: what checks are about first, then what is looked at first."""
    write_run(history, 3, status="failed", message="the log is not there")
    rows = [measured(i, i + 1, metric="rows", value=820.0 + i, family="data") for i in range(3)]
    rows += [measured(i, i + 4, metric="labels_coverage", value=0.97) for i in range(2)]
    rows += [
        measured(i, i + 4, metric=name, value=0.4 + i / 7) for i in range(2) for name in ("recall", "accuracy", "f1")
    ]
    rows += [measured(2, 3, metric="f1", value=0.41234, n=30, state="provisional")]
    rows += [measured(i, i + 1, metric="drift_share", value=1 / 3, n=3, family="drift") for i in range(3)]
    rows += [measured(1, 5, metric="f1", segment="a=b"), measured(1, 5, metric="f1", **{"class": "1"})]
    write(history, tables.measurement, rows)
    decisions = [decided(4, check_name="recall-below", metric="recall", window_start=day(1), verdict="failed")]
    decisions += [decided(3, window_start=day(1), verdict="failed"), decided(4, window_start=day(1))]
    decisions += [decided(4, check_name="rows-below", metric="rows", window_start=day(2), verdict="undecided")]
    write(history, tables.decision, decisions)
    assert lines(run("history", "m")) == [
        "m",
        "window      rows  labels     f1  recall  accuracy   n  state        drift  failed",
        "2025-03-01   820     97%    0.4     0.4       0.4  10  final          33%",
        "2025-03-02   821     97%  0.543   0.543     0.543  10  final          33%  recall-below",
        "2025-03-03   822          0.412                    30  provisional    33%  1 undecided",
        "2025-03-04                                                                 run failed",
    ]
    assert [
        line.split()[0] for line in lines(run("history", "m", "--from", "2025-03-02", "--to", "2025-03-03"))[2:]
    ] == [
        "2025-03-02",
        "2025-03-03",
    ]
    assert lines(run("history", "m", "--as-of", "2025-03-03"))[2].split() == ["2025-03-01", "820", "33%"]


def test_an_overview_is_a_screenful(run: Run, history: History) -> None:
    write(history, tables.measurement, [measured(i, i + 1, metric="rows", value=1.0 + i) for i in range(60)])
    shown = lines(run("history", "m"))
    assert len(shown) == 2 + 20 + 1
    assert shown[2].split() == ["2025-04-10", "41"]
    assert shown[-1] == "the newest 20 of 60 windows; --all shows all, --from and --to others"
    assert len(lines(run("history", "m", "--all"))) == 2 + 60
    assert len(lines(run("history", "m", "--from", "2025-03-05"))) == 2 + 56


def test_json_and_csv_without_a_metric_are_flat(run: Run) -> None:
    """Programs read every measurement, as before."""
    assert len(json.loads(run("history", "m", "--json").stdout)) == 8
    assert len(run("history", "m", "--csv").stdout.splitlines()) == 1 + 8


def test_all_values_of_a_segments_column(run: Run, history: History) -> None:
    rows = [
        measured(i, i + 1, segment=f"region={name}", value=v) for i in (0, 1) for name, v in (("n", 0.1), ("s", 0.2))
    ]
    write(history, tables.measurement, [*rows, measured(0, segment="region_2=x"), measured(0, segment="Region=y")])
    assert lines(run("history", "m", "--metric", "f1", "--segment", "region", "--from", "2025-03-02")) == [
        "m f1",
        "window      segment   value   n  lower  upper  state  known_on",
        "2025-03-02  region=n    0.1  10    0.4    0.6  final  2025-03-03",
        "2025-03-02  region=s    0.2  10    0.4    0.6  final  2025-03-03",
    ]
    assert lines(run("history", "m", "--segment", "region")) == [
        "m region",
        "window      segment    f1   n  state",
        "2025-03-01  region=n  0.1  10  final",
        "2025-03-01  region=s  0.2  10  final",
        "2025-03-02  region=n  0.1  10  final",
        "2025-03-02  region=s  0.2  10  final",
    ]
    assert [line.split()[0] for line in lines(run("history", "m", "--segment", "region=s"))[2:]] == [
        "2025-03-01",
        "2025-03-02",
    ]


# Findings and decisions.


def test_findings(run: Run, history: History) -> None:
    missing = found(1, 2, code="column-missing", subject="amount", message="feature column 'amount' is missing")
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
    assert header == "known_on,check,severity,verdict,metric,window,value,threshold,low,high,compared,reason"
    assert rows[1] == "2025-03-03,f1-below,critical,failed,f1,2025-03-02,0.3,0.4,,,,"


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
        pytest.param(["--confusion", "--metric", "f1"], "--metric chooses measurements; leave it", id="of confusion"),
        pytest.param(["--confusion", "--findings"], "--findings and --confusion cannot both be given", id="of two"),
        pytest.param(["--confusion", "--period", "week"], "--period sums up measurements; leave it out", id="a period"),
        pytest.param(["--period", "month", "--feature", "age"], "--feature: numbers of single features", id="summed"),
        pytest.param(["--period", "year"], "Invalid value for '--period': 'year' is not one of", id="no such period"),
        pytest.param(
            ["--segment", "regoin"], "no segment of 'regoin' is recorded; did you mean 'region'?", id="column"
        ),
        pytest.param(
            ["--segment", "regoin", "--metric", "f1"], "no segment of 'regoin' is recorded; did you", id="its values"
        ),
        pytest.param(["--from", "2025-03-02", "--to", "2025-03-01"], "--to 2025-03-01 lies before", id="swapped"),
        pytest.param(["--from", "3 May"], "Invalid value for '--from': '3 May' is no day or time; write", id="a time"),
    ],
)
def test_a_mistake(mistake: Mistake, arguments: list[str], message: str) -> None:
    assert message in mistake("history", "m", *arguments)


def test_a_model_that_nothing_is_recorded_of(mistake: Mistake) -> None:
    assert mistake("history", "n") == "lamplighter: nothing is recorded of 'n'; known: m"
