"""`lamplighter status`: how every model stands, and one of them in detail."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from rich.cells import cell_len

from storage.history import History, tables
from tests.storage.history.recorded import day, decided, found, measured, opened, write, write_run

Run = Callable[..., Result]

MONITOR = """
model: {name}
kind: classification
predictions: {{parquet: p.parquet, time: t, prediction: y}}
labels: {{same_row: true, target: y2}}
checks: [{{metric: rows, below: 1}}, {{metric: f1, below: 0.4}}]
"""


@pytest.fixture(autouse=True)
def _monitors(tmp_path: Path) -> None:
    (tmp_path / "monitors").mkdir()
    for name in ("m", "other"):
        (tmp_path / "monitors" / f"{name}.yaml").write_text(MONITOR.format(name=name))


def status(run: Run) -> dict[str, dict[str, Any]]:
    return {row["model"]: row for row in json.loads(run("status", "--json").stdout)}


def lines(expected: Result) -> list[str]:
    assert (expected.exit_code, expected.stderr) == (0, "")
    return expected.stdout.splitlines()


# All models.


def test_the_keys_of_before_are_still_there(run: Run, history: History) -> None:
    write_run(history, 9, status="failed", message="the log is not there")
    write_run(history, 2)
    before = {
        "model": "m",
        "window": "2025-03-10",
        "ended": "2025-03-11T00:00:09+00:00",
        "status": "failed",
        "failing": [],
        "undecided": {},
        "message": "the log is not there",
    }
    assert status(run)["m"].items() >= before.items()


def test_only_checks_that_are_declared_can_fail(run: Run, history: History) -> None:
    write_run(history, 2)
    write(history, tables.incident, [opened(), opened(check_name="data"), opened(check_name="rows-below")])
    assert status(run)["m"]["failing"] == ["data", "f1-below", "rows-below"]
    write(history, tables.incident, [opened(check_name="gone-below")])
    assert status(run)["m"]["failing"] == ["data", "f1-below", "rows-below"]
    with history.writing() as connection:
        connection.execute(sa.update(tables.incident).values(closed_on=day(2)))
    assert status(run)["m"]["failing"] == []


@pytest.mark.parametrize(
    ("change", "shown", "state"),
    [
        pytest.param(lambda path: path.unlink(), "no monitor here", "no monitor here", id="a monitor that is gone"),
        pytest.param(
            lambda path: path.write_text("model: m\nkind: nothing\n"), "succeeded", "monitor broken", id="a broken one"
        ),
    ],
)
def test_where_no_checks_can_be_read_all_count(
    run: Run, history: History, tmp_path: Path, change: Callable[[Path], object], shown: str, state: str
) -> None:
    write_run(history)
    write(history, tables.incident, [opened(check_name="gone-below")])
    change(tmp_path / "monitors" / "m.yaml")
    assert (status(run)["m"]["failing"], status(run)["m"]["status"]) == (["gone-below"], shown)
    assert any(line.startswith("m ") and f"  {state}" in line for line in lines(run("status")))


def test_the_metric_is_of_the_newest_window_whose_labels_are_complete(run: Run, history: History) -> None:
    """The first check on quality says which; its value, its interval and its coverage are of one window."""
    write_run(history, 5)
    rows = [measured(i, i + 1, value=i / 10, state="final" if i < 3 else "provisional", n=i) for i in range(5)]
    rows += [measured(2, 4, value=0.25, lower=0.2, upper=0.3, n=7)]  # What became known later counts.
    rows += [measured(2, metric="accuracy"), measured(4, metric="accuracy", segment="a=b")]
    rows += [measured(i, metric="labels_coverage", value=0.5 + i / 10) for i in range(5)]
    rows += [measured(5, metric="rows", value=321.0), measured(4, metric="rows", value=1.0)]
    write(history, tables.measurement, rows)
    row = status(run)["m"]
    assert (row["metric"], row["value"], row["lower"], row["upper"], row["n"]) == ("f1", 0.25, 0.2, 0.3, 7)
    assert (row["metric_window"], row["metric_state"]) == ("2025-03-03", "final")
    assert (row["rows"], row["coverage"]) == (321.0, 0.7)
    assert lines(run("status"))[1].split() == [
        "m",
        "2025-03-06",
        "321",
        "f1",
        "0.25",
        "[0.2,",
        "0.3]",
        "70%",
        "03-03",
        "ok",
    ]


@pytest.mark.parametrize(
    ("kind", "checks", "recorded", "shown"),
    [
        ("classification", "[]", ["accuracy", "f1"], "f1"),
        ("classification", "[]", ["accuracy"], "accuracy"),
        ("classification", "[{metric: recall, class: b, below: 0.1}]", ["accuracy", "recall"], "accuracy"),
        (
            "classification",
            "[{metric: rows, below: 1}, {metric: accuracy, below: 0.1}]",
            ["f1", "accuracy"],
            "accuracy",
        ),
        ("regression", "[]", ["mse", "mae"], "mae"),
        ("ranking", "[]", ["mrr", "ndcg"], "ndcg"),
        ("text", "[]", ["bleu", "rougeL"], "rougeL"),
        ("regression", "[]", ["drift_share"], "drift_share"),
        ("regression", "[]", [], None),
    ],
)
def test_which_metric_is_shown(
    run: Run, history: History, tmp_path: Path, kind: str, checks: str, recorded: list[str], shown: str | None
) -> None:
    text = MONITOR.format(name="m").replace("classification", kind)
    text = text[: text.index("checks")] + f"checks: {checks}\n"
    (tmp_path / "monitors" / "m.yaml").write_text(text)
    write_run(history)
    write(history, tables.measurement, [measured(metric=name) for name in recorded])
    assert status(run)["m"]["metric"] == shown


def test_provisional_quality_is_shown_where_there_is_no_other(run: Run, history: History) -> None:
    write_run(history, 2)
    write(history, tables.measurement, [measured(i, value=i / 10, state="provisional") for i in (1, 2)])
    assert (status(run)["m"]["value"], status(run)["m"]["metric_state"]) == (0.2, "provisional")


def test_the_checks_of_the_newest_run(run: Run, history: History) -> None:
    write_run(history, 4)
    reason = "only one class among the labels: 1"
    undecided = {"verdict": "undecided", "reason": reason, "cause": "data"}
    decisions = [decided(4), decided(5, **undecided)]
    decisions += [decided(5, check_name="data", verdict="undecided", cause="waiting", reason="no labels yet")]
    decisions += [decided(5, check_name="rows-below", verdict="failed", value=0.0, threshold=1.0, metric="rows")]
    decisions += [decided(5, check_name="no-longer-declared", verdict="failed")]
    write(history, tables.decision, decisions)
    write(history, tables.incident, [opened(4, check_name="rows-below"), opened(5, check_name="f1-below:undecided")])
    row = status(run)["m"]
    assert (row["failed"], row["undecided"]) == (["rows-below"], {"f1-below": reason})
    assert row["incidents"] == [
        {"check": "rows-below", "severity": "warning", "opened": "2025-03-05"},
        {"check": "f1-below:undecided", "severity": "warning", "opened": "2025-03-06"},
    ]
    assert row["failing"] == ["rows-below"]
    assert lines(run("status")) == [
        "model  window      state                  open",
        "m      2025-03-05  1 failed, 1 undecided     2",
        "other              never run",
        f"m: f1-below undecided: {reason}; open since 2025-03-06",
        "m: rows-below failed: 0 in 2025-03-05, limit 1; open since 2025-03-05",
    ]


def test_a_run_about_an_old_window_leaves_the_checks_of_the_newest(run: Run, history: History) -> None:
    """The newest window, run once more days later, was not judged again."""
    write_run(history, 4)
    write(history, tables.decision, [decided(5, verdict="failed")])
    write_run(history, 4, known_on=day(9))
    assert status(run)["m"]["failed"] == ["f1-below"]


def test_a_run_that_failed_and_one_with_findings(run: Run, history: History) -> None:
    write_run(history, 1, status="failed", message="data: no such folder; give another")
    output = "completed with findings: no predictions in 2025-03-02; is the log there?"
    write_run(history, 1, model="other", status="findings", message=output)
    assert lines(run("status")) == [
        "model  window      state",
        "m      2025-03-02  run failed",
        "other  2025-03-02  findings",
        "m: run failed: data: no such folder; give another",
        "other: completed with findings: no predictions in 2025-03-02; is the log there?",
    ]


def test_each_finding_has_a_line_whether_it_is_recorded_or_not(run: Run, history: History) -> None:
    """Of what is recorded nothing is read out of the message, whose parts may hold what parts them."""
    recorded = ["a.csv: line 3 has 2 values; mend the line", "column 'x' is new; the reference does not have it"]
    write(
        history,
        tables.finding,
        [
            {
                "model": "m",
                "window_start": day(1),
                "grain": "1d",
                "code": code,
                "subject": "",
                "family": "window",
                "known_on": day(2),
                "message": it,
            }
            for code, it in zip(("file-unreadable", "column-new"), recorded, strict=True)
        ],
    )
    output = ["the gauges could not be pushed: no answer; check the URL", *(f"2025-03-01: {n} rows" for n in range(6))]
    others = [{"code": "publish-failed", "subject": "", "message": it} for it in output]
    message = f"completed with findings: {'; '.join([*recorded, *output])}"
    write_run(history, 1, status="findings", message=message, findings=others)
    assert [line for line in lines(run("status")) if line.startswith("m: ")] == [
        "m: column 'x' is new; the reference does not have it",
        "m: a.csv: line 3 has 2 values; mend the line",
        "m: the gauges could not be pushed: no answer; check the URL",
        *(f"m: 2025-03-01: {n} rows" for n in range(4)),
        "m: 2 more findings of the run or of earlier windows",
    ]


def test_a_report_is_shown_where_its_window_has_one(run: Run, history: History, tmp_path: Path) -> None:
    write_run(history, 1, grain="1h")
    path = tmp_path / ".lamplighter" / "reports" / "m" / "2025-03-02T0000+0000.html"
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert status(run)["m"]["report"] == str(path)
    assert lines(run("status"))[1].split()[-1] == "yes"


def test_the_report_of_a_model_is_that_of_its_newest_window_with_rows(
    run: Run, history: History, tmp_path: Path
) -> None:
    """What status advises must work: of a window without rows there is no report to make."""
    for number, rows in ((1, 300.0), (6, 0.0)):
        write_run(history, number)
        write(history, tables.measurement, [measured(number, number + 1, metric="rows", value=rows, n=int(rows))])
    path = tmp_path / ".lamplighter" / "reports" / "m" / "2025-03-02.html"
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert lines(run("report", "m")) == [str(path)]


def test_the_name_of_a_model_in_place_of_a_command_of_incidents(mistake: Callable[..., str]) -> None:
    output = "no command 'm'; known: mute, unmute, accept. For one model: `lamplighter incidents --model m`."
    assert output in mistake("incidents", "m")


def test_before_the_first_run(run: Run, tmp_path: Path) -> None:
    shown = lines(run("status"))
    assert [line.split() for line in shown[:3]] == [
        ["model", "state"],
        ["m", "never", "run"],
        ["other", "never", "run"],
    ]
    assert shown[3].startswith("no model has been run yet; `lamplighter run` starts one")
    assert [(row["model"], row["status"], row["window"]) for row in status(run).values()] == [
        ("m", "never run", None),
        ("other", "never run", None),
    ]
    assert not (tmp_path / ".lamplighter").exists()


# On a terminal.


def on_a_terminal(tmp_path: Path, *arguments: str, **variables: str) -> str:
    """What the command prints to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    command = [Path(sys.executable).with_name("lamplighter"), "-C", tmp_path, *arguments]
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", **variables}
    with subprocess.Popen(command, stdout=theirs, env=environment):
        os.close(theirs)
        shown = b""
        with suppress(OSError):
            while True:
                shown += os.read(ours, 1 << 16)
    os.close(ours)
    return shown.decode()


def test_a_terminal_of_80_columns(tmp_path: Path, history: History) -> None:
    """Long names, wide characters, and everything at once fit; colours are printed unless NO_COLOR asks for none."""
    long = "a-model-with-a-name-of-sixty-three-characters-as-many-as-allowed"[:63]
    (tmp_path / "monitors" / "long.yaml").write_text(MONITOR.format(name=long))
    for name in ("m", long):
        write_run(history, 5, model=name)
        rows = [
            measured(5, 6, metric="rows", value=12345.0, model=name),
            measured(3, 4, metric="labels_coverage", model=name),
        ]
        rows += [measured(3, 4, model=name, value=0.4123, lower=0.3812, upper=0.4434)]
        write(history, tables.measurement, rows)
        reason = "犬 und 猫 und " * 12
        decisions = [decided(6, model=name, verdict="undecided", reason=reason)]
        decisions += [decided(6, model=name, check_name="rows-below", verdict="failed")]
        write(history, tables.decision, decisions)
        write(history, tables.incident, [opened(5, model=name, check_name="rows-below")])
    shown = on_a_terminal(tmp_path, "status", NO_COLOR="1")
    assert "\x1b" not in shown
    assert max(cell_len(line) for line in shown.splitlines() if not line.startswith("left out")) <= 80
    table = shown.splitlines()
    for part in ("2025-03-06", "12,345", "f1 0.412 [0.38, 0.44]", "50%", "1 failed"):
        assert part in table[1], table[1]
        assert part in table[2], table[2]
    assert "\x1b[31m1 failed" in on_a_terminal(tmp_path, "status")


# One model.


def test_a_model_in_detail(run: Run, history: History) -> None:
    write_run(history, 4)
    drift = {"metric": "drift_detected", "family": "drift", "lower": None, "upper": None}
    moved = [("a", 1.0, 0.3), ("b", 0.0, 0.01), ("c", 1.0, 0.8)]
    rows = [measured(4, 5, **{**drift, "feature": name, "value": value}) for name, value, _ in moved]
    statistic = {**drift, "metric": "drift_statistic", "method": "jensen_shannon"}
    rows += [measured(4, 5, **{**statistic, "feature": name, "value": value}) for name, _, value in moved]
    rows += [measured(4, 5, **{**drift, "metric": "drift_share", "value": 2 / 3, "n": 3}), measured(3, 5)]
    write(history, tables.measurement, rows)
    write(history, tables.decision, [decided(5, verdict="failed", value=0.3)])
    write(history, tables.incident, [opened(5, notified_on=day(5))])
    write(history, tables.finding, [found(i, i + 1, message=f"no predictions on {i}") for i in range(8)])
    champion = {"model": "m", "number": 1, "version": "v2", "previous": "", "known_on": day(1), "cause": "adopted"}
    write(history, tables.promotion, [champion])
    text = run("status", "m").stdout
    assert [line.split()[0] for line in text.splitlines()[:7]] == [
        "m", "last", "window", "quality", "drift", "champion", "report",
    ]  # fmt: skip
    for part in (
        "m (1d, UTC): 1 failed",
        "last run  succeeded, ended 2025-03-06T00:00:09+00:00, 9.0 s",
        "quality   f1 0.5 [0.4, 0.6], 10 rows of 2025-03-04, final",
        "drift     67% of 3 features",
        "champion  v2 since 2025-03-02 (adopted)",
        "report    none; `lamplighter report m` makes it",
        "f1-below  failed     0.3  0.4    2025-03-05",
        "f1-below  warning   2025-03-06  2025-03-06",
    ):
        assert part in text, part
    output = json.loads(run("status", "m", "--json").stdout)
    assert [row["feature"] for row in output["drift"]["moved"]] == ["c", "a", "b"]
    assert [row["message"] for row in output["findings"]] == [f"no predictions on {i}" for i in (7, 6, 5, 4, 3)]
    assert (output["champion"]["version"], output["seconds"], output["retrainings"]) == ("v2", 9.0, [])
    assert output.items() >= {key: output[key] for key in status(run)["m"]}.items()


def test_in_detail_what_was_never_run_or_is_not_there(run: Run) -> None:
    assert lines(run("status", "other")) == ["other: never run", "no run yet; `lamplighter run other` starts one"]
    result = run("status", "othr")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "no model 'othr'; did you mean 'other'?" in result.stderr


def test_two_thousand_models_are_read_at_once(run: Run, history: History, tmp_path: Path) -> None:
    """More than one batch: every model has its own numbers, and none those of another."""
    for row in range(0, 2001, 400):
        (tmp_path / "monitors" / f"x{row}.yaml").write_text(MONITOR.format(name=f"x{row}"))
    names = [f"x{i}" for i in range(2001)]
    with history.writing() as connection:
        from tests.storage.history.recorded import ran

        connection.execute(sa.insert(tables.run), [ran(i % 3, model=name) for i, name in enumerate(names)])
        values = [measured(0, 1, model=name, value=i / 2001) for i, name in enumerate(names)]
        connection.execute(sa.insert(tables.measurement), values)
        verdicts = [decided(i % 3 + 1, model=name, verdict=("passed", "failed")[i % 2]) for i, name in enumerate(names)]
        connection.execute(sa.insert(tables.decision), verdicts)
    shown = status(run)
    assert len(shown) == 2001 + 2
    for i, name in enumerate(names):
        row = shown[name]
        assert (row["window"], row["value"]) == ((day(i % 3)).date().isoformat(), i / 2001)
        assert row["failed"] == (["f1-below"] if i % 2 else [])
        assert row["status"] == ("succeeded" if i % 400 == 0 else "no monitor here")
