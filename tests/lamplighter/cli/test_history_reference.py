"""`lamplighter history MODEL --reference`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from lamplighter.core.records.measurement import Measurement
from storage.history import History
from storage.history.reference_values import record_reference
from tests.storage.history.recorded import day, write_run

Run = Callable[..., Result]
BEFORE = [
    Measurement(metric="rows", value=900.0, n=900),
    Measurement(metric="f1", value=0.8, n=900, lower=0.77, upper=0.83),
    Measurement(metric="f1", segment="plan=pro", value=0.7, n=450),
    Measurement(metric="f1", klass="1", value=0.8, n=900),
    Measurement(metric="prediction_share", klass="1", value=0.3, n=900),
    Measurement(metric="missing_ratio", feature="amount", value=0.0, n=900),
]
AFTER = [*BEFORE[:1], Measurement(metric="f1", reason="the reference holds no truth")]


@pytest.fixture(autouse=True)
def _recorded(history: History) -> None:
    """A reference that another one took the place of."""
    for number, measured in ((1, BEFORE), (2, AFTER)):
        write_run(history, number - 1)
        with history.writing() as connection:
            record_reference(connection, "m", day(number), f"content {number}", measured)


def lines(result: Result) -> list[str]:
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.splitlines()


def test_totals_are_shown_and_the_rest_is_counted(run: Run) -> None:
    assert lines(run("history", "m", "--reference", "--as-of", "2025-03-02")) == [
        "m reference, totals; --all shows 2 more values",
        "metric            feature  class  value    n  lower  upper  known_on",
        "f1                                  0.8  900   0.77   0.83  2025-03-02",
        "missing_ratio     amount              0  900                2025-03-02",
        "prediction_share           1        0.3  900                2025-03-02",
        "rows                                900  900                2025-03-02",
    ]
    assert len(lines(run("history", "m", "--reference", "--as-of", "2025-03-02", "--all"))) == 8


def test_what_is_known_now_says_why_a_value_is_missing(run: Run) -> None:
    assert lines(run("history", "m", "--reference")) == [
        "m reference",
        "metric  value    n  known_on    reason",
        "f1               0  2025-03-03  the reference holds no truth",
        "rows      900  900  2025-03-03",
    ]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (("--metric", "f1"), [("f1", "", "")]),
        (("--metric", "f1", "--segment", "plan"), [("f1", "plan=pro", "")]),
        (("--metric", "prediction_share"), [("prediction_share", "", "1")]),
        ((), [("f1", "", ""), ("f1", "", "1"), ("f1", "plan=pro", "")]),
    ],
)
def test_json_and_csv_hold_all_that_fits(run: Run, choice: Any, found: Any) -> None:
    asked = ("history", "m", "--reference", "--as-of", "2025-03-02", *choice)
    as_json = json.loads(run(*asked, "--json").stdout)
    as_csv = [*csv.DictReader(io.StringIO(run(*asked, "--csv").stdout))]
    for rows in (as_json, as_csv):
        keys = [(row["metric"], row["segment"], row["class"]) for row in rows]
        assert keys[: len(found)] == found
        assert len(keys) == (len(found) if choice else len(BEFORE))


def test_nothing_recorded_is_no_mistake(run: Run, history: History) -> None:
    write_run(history, model="other")
    assert lines(run("history", "other", "--reference")) == ["other: no values of a reference recorded that fit"]
    assert json.loads(run("history", "other", "--reference", "--json").stdout) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "2025-03-01"), "--from and --to choose windows; leave them out with --reference, or give --as-of."),
        (("--findings",), "--findings and --reference cannot both be given; choose one."),
        (("--period", "week"), "--period sums up measurements; leave it out with --reference."),
    ],
)
def test_what_does_not_go_together_is_one_line(run: Run, options: Any, said: str) -> None:
    result = run("history", "m", "--reference", *options)
    assert (result.exit_code, said in result.stderr) == (2, True)
