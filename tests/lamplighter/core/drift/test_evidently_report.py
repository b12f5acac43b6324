"""The report as a reader and as Evidently get it."""

import json
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.drift import ColumnDrift, Kind, measure, report
from lamplighter.core.drift.quiet import quiet
from lamplighter.errors import ReportError

COLUMNS: dict[str, Kind] = {"distance": "numeric", "carrier": "categorical"}
SECTIONS = {
    "drift": "Data Drift Summary",
    "summary": "Dataset Summary",
    "classification": "Classification Model Performance",
    "regression": "Regression Model Performance",
}


def flights(rows: int, seed: int) -> pd.DataFrame:
    """Flights with an answer, its score and the truth, as a class and as minutes."""
    random = np.random.default_rng(seed)
    score = random.random(rows)
    minutes = random.normal(10.0, 30.0, rows)
    return pd.DataFrame(
        {
            "distance": random.normal(1234.5, 321.0, rows),
            "carrier": random.choice(["Zephyrair", "Quokkajet", "Wombatline"], rows),
            "score": score,
            "answer": np.where(score >= 0.5, "tardy", "punctual"),
            "truth": np.where(random.random(rows) < score, "tardy", "punctual"),
            "minutes": minutes,
            "expected": minutes + random.normal(0.0, 5.0, rows),
        }
    )


REFERENCE, CURRENT = flights(1500, 1), flights(300, 2)
CLASSES = {"kind": "classification", "target": "truth", "prediction": "answer", "score": "score", "positive": "tardy"}
MINUTES = {"kind": "regression", "target": "minutes", "prediction": "expected"}


def data_of(page: str) -> str:
    """The part of a page that was made of data; the rest is Evidently's script."""
    start = page.index("var metric_")
    return page[:start][-2000:] + page[start : page.index("</script>", start)]


def sections_of(page: str) -> set[str]:
    data = data_of(page)
    return {name for name, heading in SECTIONS.items() if heading in data}


def left_out(page: str) -> str:
    found = re.search(r'Left out: (.*?)\."', data_of(page))
    return found[1] if found else ""


def counters_of(page: str) -> dict[str, str]:
    """Evidently's counters, label by value; of the current window where the reference has its own."""
    pairs = re.findall(r'\{"value": "([^"]+)", "label": "([^"]+)"\}', data_of(page))
    return {label: value for value, label in reversed(pairs)}


def test_a_page_is_whole_and_asks_nothing_of_the_network() -> None:
    page = report(REFERENCE, CURRENT, COLUMNS, title="flight-delays <2013-04-06>", **CLASSES)

    assert page.startswith("<!DOCTYPE html>")
    assert "<title>flight-delays &lt;2013-04-06&gt;</title>" in page
    assert sections_of(page) == {"drift", "summary", "classification"}
    assert left_out(page) == ""
    assert "300 rows, against 1,500 of the reference." in page
    head, tail = page[:3000], page[-3000:]
    assert not re.search(r"(src|href)\s*=", head + tail)
    assert len(page) < 4_200_000


def test_the_summary_can_be_left_away() -> None:
    assert sections_of(report(REFERENCE, CURRENT, COLUMNS, title="t", summary=False)) == {"drift"}


def test_the_report_shows_what_was_recorded_whoever_measured_it() -> None:
    recorded = [
        ColumnDrift(column="distance", method="energy", score=0.654321, threshold=0.2, drifted=True),
        ColumnDrift(column="carrier", method="chi_square", score=0.987654, is_p_value=True, drifted=False),
    ]

    page = report(REFERENCE, CURRENT, COLUMNS, title="t", drift=recorded, summary=False)
    data = data_of(page)

    assert "Drift is detected for 50.0% of columns (1 out of 2)." in data
    for shown in ('"energy"', "0.654321", '"chi-square p_value"', "0.987654"):
        assert shown in data
    assert "Wasserstein" not in data


def test_a_snapshot_loads_into_evidently_with_the_recorded_results() -> None:
    from evidently.core.report import Snapshot
    from evidently.metrics import ValueDrift

    at = datetime(2013, 4, 6, tzinfo=UTC)
    found = measure(REFERENCE, CURRENT, COLUMNS)

    text = report(REFERENCE, CURRENT, COLUMNS, title="6 April", at=at, form="snapshot", **MINUTES)
    snapshot = Snapshot.loads(text)

    assert (snapshot.get_name(), datetime.fromisoformat(json.loads(text)["timestamp"])) == ("6 April", at)
    for column in found:
        assert snapshot.metric_results[ValueDrift(column=column.column).metric_id].value == column.score
    names = {metric["metric_name"].partition("(")[0] for metric in snapshot.dict()["metrics"]}
    assert {"DriftedColumnsCount", "ValueDrift", "RowCount", "StdValue", "RMSE"} <= names
    assert sections_of(snapshot.get_html_str(as_iframe=False)) == {"drift", "summary", "regression"}


def test_the_summary_has_the_numbers_of_the_whole_preset() -> None:
    from evidently import DataDefinition, Dataset, Report
    from evidently.core.report import Snapshot
    from evidently.presets import DataSummaryPreset

    definition = DataDefinition(numerical_columns=["distance"], categorical_columns=["carrier"])
    sides = (Dataset.from_pandas(side[[*COLUMNS]], data_definition=definition) for side in (CURRENT, REFERENCE))
    with quiet():
        whole = Report([DataSummaryPreset()]).run(*sides).dict()["metrics"]
    ours = Snapshot.loads(report(REFERENCE, CURRENT, COLUMNS, title="t", form="snapshot")).dict()["metrics"]

    found = {metric["id"]: metric["value"] for metric in ours}
    assert {metric["id"]: found[metric["id"]] for metric in whole} == {
        metric["id"]: metric["value"] for metric in whole
    }


def test_undecided_columns_are_named_with_their_reason() -> None:
    current = CURRENT.assign(carrier=None)

    page = report(REFERENCE, current, COLUMNS | {"dest": "categorical"}, title="t", summary=False)

    assert left_out(page) == "carrier (every value is null in the current window); dest (not in the reference)"


def test_a_column_that_the_sample_lacks_is_left_out_though_it_has_a_score() -> None:
    recorded = [
        ColumnDrift(column=column, method="ks", score=0.5, threshold=0.05, is_p_value=True, drifted=False)
        for column in COLUMNS
    ]

    page = report(REFERENCE, CURRENT.assign(carrier=None), COLUMNS, title="t", drift=recorded, summary=False)

    assert left_out(page) == "carrier (every value is null in the current window)"


def test_no_section_at_all_is_an_error_that_says_why() -> None:
    with pytest.raises(
        ReportError, match=r"^no report can be made of 'april': distance \(no rows in the current window\)"
    ):
        report(REFERENCE, CURRENT.iloc[:0], COLUMNS, title="april")


def test_a_value_cannot_end_the_script_that_it_is_written_into() -> None:
    evil = "</script><script>alert(1)</script>"
    columns: dict[str, Kind] = {"distance": "numeric", evil: "categorical"}
    reference, current = (side.assign(**{evil: evil, "truth": evil}) for side in (REFERENCE, CURRENT))

    page = report(reference, current, columns | {f"{evil}2": "numeric"}, title=evil, **CLASSES)

    assert sections_of(page) == {"drift", "summary", "classification"}
    assert "<script>alert" not in page
    assert r"\u2039script>alert(1)" in data_of(page)


PRIVATE = {"distance", "carrier", "truth", "answer", "score"}


@pytest.mark.parametrize("form", ["html", "snapshot"])
def test_private_values_are_nowhere_in_the_clear(form: str) -> None:
    columns = COLUMNS | {"answer": "categorical", "score": "numeric"}

    text = report(REFERENCE, CURRENT, columns, title="t", private=PRIVATE, form=form, **CLASSES)

    data = data_of(text) if form == "html" else text
    clear = {value for column in ("carrier", "truth", "answer") for value in REFERENCE[column]}
    assert not [value for value in clear if value in data]
    numbers = {float(number) for number in re.findall(r"-?\d+\.\d+", data)}
    for side in (REFERENCE, CURRENT):
        distance = side["distance"]
        near = [distance.mean(), distance.min(), distance.max(), distance.std(), distance.median()]
        assert not [value for value in near for number in numbers if abs(value - number) < 0.01]
    assert "value 1" in data
    assert "'answer' is private" in data


def test_what_is_not_private_is_in_the_clear() -> None:
    data = data_of(report(REFERENCE, CURRENT, COLUMNS, title="t", private={"distance"}))

    assert "Zephyrair" in data
    assert f"{CURRENT['distance'].mean():.2f}" not in data


@pytest.mark.parametrize("private", [frozenset(), {"score"}], ids=["score", "private score"])
def test_quality_is_that_of_the_answers_served(private: set[str]) -> None:
    page = report(REFERENCE, CURRENT, {}, title="t", private=private, **CLASSES)

    right = (CURRENT["truth"] == CURRENT["answer"]).mean()
    assert counters_of(page)["Accuracy"] == str(round(right, 3))
    assert ("ROC AUC" in counters_of(page)) == (not private)


def test_another_cut_than_evidently_s_does_not_change_the_quality() -> None:
    current = CURRENT.assign(answer=np.where(CURRENT["score"] >= 0.8, "tardy", "punctual"))

    counters = counters_of(report(REFERENCE, current, {}, title="t", **CLASSES))

    assert counters["Accuracy"] == str(round((current["truth"] == current["answer"]).mean(), 3))
    assert "ROC AUC" not in counters


UNLABELLED = CURRENT.assign(truth=None, minutes=None)
NO_QUALITY = {
    "no labels": (UNLABELLED, CLASSES, "no labelled rows in the current window"),
    "no labels, regression": (UNLABELLED, MINUTES, "no labelled rows in the current window"),
    "no column": (CURRENT.drop(columns="truth"), CLASSES, "no column 'truth' in the current window"),
    "one class": (
        CURRENT.assign(truth="punctual", answer="punctual"),
        CLASSES,
        "only one class among the labelled rows of the current window",
    ),
    "text": (CURRENT.assign(expected="soon"), MINUTES, "holds text, not numbers"),
}


@pytest.mark.parametrize(("current", "outcome", "reason"), NO_QUALITY.values(), ids=NO_QUALITY)
def test_quality_that_labels_do_not_allow_is_left_out(
    current: pd.DataFrame, outcome: dict[str, object], reason: str
) -> None:
    page = report(REFERENCE, current, COLUMNS, title="t", summary=False, **outcome)

    assert sections_of(page) == {"drift"}
    assert left_out(page) == f"quality ({reason})"


MULTI = {"truth": ["a", "b", "c"] * 100, "answer": ["a", "b", "b"] * 100}
SOME_QUALITY = {
    "reference without labels": (REFERENCE.assign(truth=None), CURRENT, CLASSES, "classification"),
    "reference without truth": (REFERENCE.drop(columns="truth"), CURRENT, CLASSES, "classification"),
    "reference of other classes": (REFERENCE.assign(truth="x", answer="y"), CURRENT, CLASSES, "classification"),
    "some labels": (
        REFERENCE,
        CURRENT.assign(truth=CURRENT["truth"].where(CURRENT.index < 90)),
        CLASSES,
        "classification",
    ),
    "one true class": (REFERENCE, CURRENT.assign(truth="punctual"), CLASSES, "classification"),
    "three classes": (REFERENCE.iloc[:0], CURRENT.assign(**MULTI), CLASSES, "classification"),
    "booleans and numbers": (
        REFERENCE.assign(truth=REFERENCE["truth"] == "tardy", answer=(REFERENCE["answer"] == "tardy").astype(int)),
        CURRENT.assign(truth=CURRENT["truth"] == "tardy", answer=(CURRENT["answer"] == "tardy").astype(int)),
        CLASSES | {"positive": 1},
        "classification",
    ),
    "score of no use": (REFERENCE, CURRENT.assign(score="high"), CLASSES, "classification"),
    "score in one side": (REFERENCE.drop(columns="score"), CURRENT, CLASSES, "classification"),
    "regression": (REFERENCE, CURRENT, MINUTES, "regression"),
    "regression, reference without truth": (REFERENCE.drop(columns="minutes"), CURRENT, MINUTES, "regression"),
}


@pytest.mark.parametrize(("reference", "current", "outcome", "section"), SOME_QUALITY.values(), ids=SOME_QUALITY)
def test_quality_is_shown_as_far_as_the_labels_go(
    reference: pd.DataFrame, current: pd.DataFrame, outcome: dict[str, object], section: str
) -> None:
    page = report(reference, current, {}, title="t", **outcome)

    assert (sections_of(page), left_out(page)) == ({section}, "")
