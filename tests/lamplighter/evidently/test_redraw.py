"""What misled in Evidently's own widgets: counts of unequal sizes, nulls, row numbers, and private columns."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.incidents import Incident
from lamplighter.core.drift import Checks, Quality
from lamplighter.core.monitor import Check, Severity
from lamplighter.core.profiles.profile import ColumnKind
from lamplighter.core.records.measurement import Measurement
from lamplighter.evidently.report import report

COLUMNS: dict[str, ColumnKind] = {"plan": "categorical", "code": "categorical", "amount": "numeric"}


def rows(number: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    plan = pd.Series(random.choice(["basic", "pro"], number), dtype=object).mask(random.random(number) < 0.2)
    return pd.DataFrame(
        {"plan": plan, "code": random.choice(["1", "2", "10"], number), "amount": random.normal(5.0, 2.0, number)}
    )


REFERENCE, CURRENT = rows(2000, 1), rows(300, 2)


def widgets_of(page: str) -> list[dict[str, Any]]:
    text = page[page.index("var metric_") :]
    content = json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
    found: list[dict[str, Any]] = content["widgets"][0]["widgets"]
    return found


@pytest.fixture(scope="module", name="widgets")
def _widgets() -> list[dict[str, Any]]:
    return widgets_of(report(REFERENCE, CURRENT, COLUMNS, title="t", private={"amount"}))


def summary_of(widgets: list[dict[str, Any]], column: str) -> dict[str, Any]:
    (found,) = [it for it in widgets if it["type"] == "rich_data" and it["params"]["header"] == column]
    params: dict[str, Any] = found["params"]
    return params


@pytest.mark.parametrize("column", ["plan", "code"])
def test_bars_are_the_shares_of_each_side(widgets: list[dict[str, Any]], column: str) -> None:
    graph = summary_of(widgets, column)["graph"]
    for side, frame in (("current", CURRENT), ("reference", REFERENCE)):
        (trace,) = [trace for trace in graph["data"] if trace["name"] == side]
        expected = frame[column].fillna("(null)").value_counts(normalize=True) * 100
        assert dict(zip(trace["x"], trace["y"], strict=True)) == pytest.approx(expected.to_dict())
    assert "updatemenus" not in graph["layout"]
    assert graph["layout"]["yaxis"]["title"]["text"] == "share, %"
    assert graph["layout"]["xaxis"]["type"] == "category"


def test_bars_of_numbers_sum_to_the_whole(widgets: list[dict[str, Any]]) -> None:
    for trace in summary_of(widgets, "amount")["graph"]["data"]:
        assert sum(trace["y"]) == pytest.approx(100)


def test_both_small_charts_of_a_row_have_the_same_bins(widgets: list[dict[str, Any]]) -> None:
    (table,) = [it for it in widgets if it["type"] == "big_table"]
    assert {row["column_name"] for row in table["params"]["data"]} == {*COLUMNS}
    for row in table["params"]["data"]:
        ours, theirs = row["reference_distribution"], row["current_distribution"]
        assert ours["x"] == theirs["x"]
        assert [sum(side["y"]) for side in (ours, theirs)] == pytest.approx([100, 100])


def test_the_rows_of_a_sample_are_no_time_axis(widgets: list[dict[str, Any]]) -> None:
    (table,) = [it for it in widgets if it["type"] == "big_table"]
    shown = {part["id"] for row in table["params"]["data"] for part in row["details"]["parts"]}
    assert shown == {graph["id"] for graph in table["additionalGraphs"]}
    drawn = [trace for graph in table["additionalGraphs"] for trace in graph["params"]["data"]]
    assert {trace["type"] for trace in drawn} == {"bar"}


def test_nothing_is_said_of_columns_that_evidently_was_not_told_of(widgets: list[dict[str, Any]]) -> None:
    facts = {row[0] for it in widgets if it["type"] == "table" for row in it["params"]["data"]}
    assert "rows of the sample" in facts
    assert not {name for name in facts if name.startswith(("id ", "target ", "prediction ", "date"))}


def test_a_private_column_says_in_what_it_is_shown(widgets: list[dict[str, Any]]) -> None:
    assert "standard deviations" in summary_of(widgets, "amount")["description"]
    assert summary_of(widgets, "plan")["description"] == "cat"


def test_checks_incidents_and_segments_are_on_the_page() -> None:
    day = datetime(2025, 3, 6, tzinfo=UTC)
    checks = [Check.model_validate({"metric": metric, "below": 0.5}) for metric in ("accuracy", "f1", "recall")]
    decisions = [
        Decision(checks[0], day, 0.75, 0.5, Verdict.PASSED),
        Decision(checks[1], day, 0.25, 0.5, Verdict.FAILED),
        Decision(checks[2], day, None, 0.5, Verdict.UNDECIDED, "no label is 1"),
    ]
    incident = Incident("f1-below", Severity.CRITICAL, day, day)
    segments = [
        Measurement(metric=metric, segment=f"plan={plan}", value=value, n=n)
        for plan, n, value in (("pro", 10, 0.1), ("basic", 30, 0.9))
        for metric in ("accuracy", "f1")
    ]
    quality = Quality("2025-03-06", [Measurement(metric="f1", value=0.25, n=40)], segments=segments)
    labels = {day: "2025-03-06", None: ""}

    page = report(REFERENCE, CURRENT, COLUMNS, title="t", quality=quality, checks=Checks(decisions, [incident], labels))

    tables = [it["params"]["data"] for it in widgets_of(page) if it["type"] == "table"]
    assert [row[:4] for row in tables[0]] == [
        ["f1-below", "FAILED", "0.25", "below 0.5"],
        ["recall-below", "undecided", "no label is 1", "below 0.5"],
        ["accuracy-below", "passed", "0.75", "below 0.5"],
    ]
    assert tables[1] == [["f1-below", "critical", "2025-03-06", "2025-03-06"]]
    assert [["basic", "30", "0.9", "0.9"], ["pro", "10", "0.1", "0.1"]] in tables
    assert page.count("@media (max-width: 700px)") == 1
