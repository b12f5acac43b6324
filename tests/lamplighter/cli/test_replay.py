"""`lamplighter replay`: what checks and a draft of others would have done over what is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage.history import History
from storage.history.query import dump
from tests.lamplighter.cli.conftest import Run
from tests.lamplighter.cli.recorded_days import record_days, write_monitor

# Of 24 days two fall below 0.4 (the 11th and the 21st of March), and on the 16th alone the value is high.
RETRAIN = '{"on": [f1-below], trainer: "a.py:f", accept: {metric: f1}}'
VALUES = [0.5] * 10 + [0.3] + [0.5] * 4 + [0.9] + [0.5] * 4 + [0.3] + [0.5] * 3


@pytest.fixture
def recorded(tmp_path: Path, history: History) -> History:
    record_days(history, VALUES)
    write_monitor(tmp_path, "{metric: f1, below: 0.4, clears: 1}")
    return history


def replayed(run: Run, *arguments: object) -> dict[str, Any]:
    result = run("replay", "m", *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_both_sides_with_pages_and_what_is_recorded_stays(tmp_path: Path, recorded: History, run: Run) -> None:
    before = dump(recorded)
    draft = tmp_path / "draft.yaml"
    draft.write_text("checks:\n  - {metric: f1, below: 0.4, for: 2 of 3 days}\n  - {metric: f1, above: 0.8}\n")
    found = replayed(run, "--with", draft, "--fault", "2025-03-21=dip")
    sums = {(row["side"], row["check"]): (row["pages"], row["in_all"], row["decided"]) for row in found["checks"]}
    assert sums[("present", "f1-below")] == (2, 2, 24)
    assert sums[("draft", "f1-below")] == (0, 0, 24)
    assert sums[("draft", "f1-above")] == (1, 2, 24)
    pages = [(row["page"], row["side"], row["of"], row["value"], row["until"]) for row in found["pages"]]
    assert pages == [
        ("2025-03-12", "present", "2025-03-11", 0.3, "2025-03-13"),
        ("2025-03-17", "draft", "2025-03-16", 0.9, "2025-03-19"),
        ("2025-03-22", "present", "2025-03-21", 0.3, "2025-03-23"),
    ]
    noticed = {row["side"]: [(it["check"], it["windows"]) for it in row["noticed"]] for row in found["faults"]}
    assert noticed == {"present": [("f1-below", 1)], "draft": []}
    assert dump(recorded) == before


def test_a_warm_up_is_no_clean_record(tmp_path: Path, recorded: History, run: Run) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text("checks: [{metric: f1, falls: 5%, versus: {mean: 14d}}]\n")
    found = replayed(run, "--with", draft)
    (row,) = [row for row in found["checks"] if row["check"] == "f1-falls"]
    assert (row["windows"], row["decided"], row["undecided"][0]["runs"]) == (24, 17, 7)
    # Two pages in 17 windows that could be decided, not in 24.
    assert row["a_month"] == pytest.approx(2 / 17 * 365.25 / 12, abs=0.01)
    assert "can be decided from" in row["undecided"][0]["reason"]
    text = run("replay", "m", "--with", draft).stdout
    assert "draft f1-falls undecided in 7 runs, 2025-03-01 to 2025-03-07; in the last: of the 2w before" in text


def test_what_was_never_measured_is_named(tmp_path: Path, recorded: History, run: Run) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        "checks:\n"
        "  - {metric: recall, below: 0.4}\n"
        "  - {metric: f1, segment: plan=pro, below: 0.4}\n"
        "  - {metric: f1, falls: 5%, versus: {version: '7'}}\n"
    )
    found = {row["check"]: row["reason"] for row in replayed(run, "--with", draft)["never_measured"]}
    assert found == {
        "recall-below": "recall was never measured, so nothing can be said",
        "f1-plan=pro-below": "f1 of plan=pro was never measured, so nothing can be said",
        "f1-falls": "f1 of version 7 was never measured, so nothing can be said",
    }


def test_a_span_of_it_and_sides_that_are_the_same(tmp_path: Path, recorded: History, run: Run) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text("undecided_after: 9\n")
    result = run("replay", "m", "--with", draft, "--from", "2025-03-12", "--to", "2025-03-21")
    assert "m: 10 runs replayed, 2025-03-12 to 2025-03-21; this command records and sends nothing" in result.stdout
    assert [line.split() for line in result.stdout.splitlines() if "f1-below" in line] == [
        ["both", "f1-below", "1", "3.04", "1", "1", "2025-03-22", "2025-03-22"],
        ["2025-03-22", "both", "f1-below", "2025-03-21", "0.3", "below", "0.4", "still", "open"],
    ]


@pytest.mark.long
def test_limits_for_a_wanted_number_of_pages(tmp_path: Path, history: History, run: Run) -> None:
    """A value that wavers by 0.05 about 0.8, a deep fall in each part of the time, and a fault that was marked."""
    values = [0.8 + 0.05 * ((7 * i) % 11 - 5) / 5 for i in range(120)]
    values[50], values[51], values[100] = 0.3, 0.3, 0.35
    record_days(history, values)
    write_monitor(tmp_path, "{metric: f1, below: 0.79, clears: 1}")
    arguments = ("replay", "m", "--suggest", "--pages", "1/month", "--fault", "2025-04-20..2025-04-21=outage")
    (found,) = json.loads(run(*arguments, "--json").stdout)["metrics"]
    assert (found["metric"], found["chosen"]) == ("f1", ["2025-03-01", "2025-05-19"])
    assert found["held_back"] == ["2025-05-20", "2025-06-28"]
    best = found["limits"][0]
    assert (best["noticed"], best["missed"]) == ({"outage (2025-04-20 to 2025-04-21)": 1}, [])
    assert all(it["pages_a_month"] <= 1 for it in found["limits"])
    # What is proposed can be pasted, and a replay of it comes to the pages that were said.
    for it in found["limits"][:6]:
        (tmp_path / "draft.yaml").write_text(f"checks:\n  - {it['check']}\n")
        sums = replayed(run, "--with", tmp_path / "draft.yaml", "--to", "2025-05-19")["checks"]
        (own,) = [row for row in sums if row["side"] == "draft" and row["check"] != "data"]
        assert own["a_month"] == pytest.approx(it["pages_a_month"], abs=0.01)
    assert "  - " + best["check"] in run(*arguments).stdout


MISTAKES = [
    (("--suggest", "--pages", "0/month"), "'0/month' is no number of pages; write one above 0, such as 2/month"),
    (("--suggest", "--pages", "0"), "'0' is no number of pages"),
    (("--pages", "2/month"), "--pages belongs to --suggest"),
    (("--suggest", "--with", "d.yaml"), "--suggest and --with cannot both be given"),
    (("--suggest", "--metric", "f2"), "m: no check reads the metric 'f2'"),
    (("--with", "nowhere.yaml"), "nowhere.yaml: no such file; give the one that holds the draft's checks"),
    (("--from", "2025-03-09", "--to", "2025-03-08"), "--to 2025-03-08 lies before --from 2025-03-09"),
    (("--fault", "yesterday"), "'yesterday' is no marked fault; write 2026-03-03"),
    (("--fault", "2025-03-09..2025-03-08"), "ends before it begins"),
    (("--fault", "2025-03-09.."), "is no marked fault"),
    (("--from", "2031-01-01"), "m: no run of a window of 1d is recorded in that time"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES)
def test_mistakes(recorded: History, mistake: Callable[..., str], arguments: tuple[str, ...], said: str) -> None:
    assert said in mistake("replay", "m", *arguments)


DRAFTS = [
    ("model: other\nchecks: []\n", "draft.yaml:1: a draft of model 'other', and the monitor is of 'm'"),
    ("\nchecks:\n  - {metric: f2, below: 0.4}\n", "draft.yaml:3: unknown metric 'f2'"),
    ("checks:\n  - metric: f1\n    falls: 5%\n", "draft.yaml:3: falls needs versus"),
    ("every: 1h\n", "every is another than that of the monitor, and the history was recorded by that"),
    ("drift: {seed: 7}\n", "drift is another than that of the monitor"),
    ("cheks: []\n", "draft.yaml:1: unknown key 'cheks'"),
    ("checks: [\n", "draft.yaml:2: not YAML"),
]


@pytest.mark.parametrize(("text", "said"), DRAFTS)
def test_faults_of_a_draft_name_its_line(
    tmp_path: Path, recorded: History, mistake: Callable[..., str], text: str, said: str
) -> None:
    (tmp_path / "draft.yaml").write_text(text)
    assert said in mistake("replay", "m", "--with", tmp_path / "draft.yaml")


def test_a_draft_need_not_have_the_checks_that_retrain(tmp_path: Path, recorded: History, run: Run) -> None:
    write_monitor(tmp_path, "{metric: f1, below: 0.4}", retrain=RETRAIN)
    (tmp_path / "draft.yaml").write_text("checks: [{metric: f1, above: 0.95}]\n")
    assert [row["check"] for row in replayed(run, "--with", tmp_path / "draft.yaml")["checks"]] == [
        "data",
        "f1-below",
        "data",
        "f1-above",
    ]


def test_nothing_recorded(tmp_path: Path, mistake: Callable[..., str]) -> None:
    write_monitor(tmp_path, "{metric: f1, below: 0.4}")
    assert "no history yet" in mistake("replay", "m")
    assert "no model 'n'; known: m" in mistake("replay", "n")
