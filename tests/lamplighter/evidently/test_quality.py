"""Recorded quality in Evidently's own metric types, beside what Evidently itself counts on the same rows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.drift.result import Quality
from lamplighter.core.quality.classifiers import classification
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.regressors import regression
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.evidently.quality import DRAWN, quality_section
from lamplighter.evidently.quiet import quiet

RANDOM = np.random.default_rng(4)
ROWS = 200
SCORE = RANDOM.random(ROWS)
MINUTES = RANDOM.normal(10.0, 30.0, ROWS)
BINARY = pd.DataFrame(
    {
        "truth": np.where(RANDOM.random(ROWS) < SCORE, "late", "early"),
        "answer": np.where(SCORE >= 0.5, "late", "early"),
        "score": SCORE,
    }
)
MANY = pd.DataFrame({"truth": RANDOM.choice([*"abc"], ROWS)})
MANY["answer"] = np.where(RANDOM.random(ROWS) < 0.7, MANY["truth"], RANDOM.choice([*"abc"], ROWS))
AMOUNTS = pd.DataFrame({"truth": MINUTES, "answer": MINUTES + RANDOM.normal(3.0, 5.0, ROWS)})


def classes(rows: pd.DataFrame, positive: str | None = None) -> Quality:
    """What the history would have of classes."""
    measured, confusion = classification(
        [*rows["truth"]],
        [*rows["answer"]],
        rows["score"].to_numpy() if "score" in rows else None,
        groupings=[Grouping.overall(len(rows))],
        positive=positive,
        state=State.FINAL,
    )
    return Quality("2013-04-02", measured, confusion)


def amounts(rows: pd.DataFrame) -> Quality:
    """What the history would have of numbers."""
    groupings = [Grouping.overall(len(rows))]
    measured = regression(rows["truth"], rows["answer"], groupings=groupings, state=State.FINAL)
    return Quality("2013-04-02", measured)


def by_name(results: dict[str, Any]) -> dict[str, Any]:
    """Simple values of Evidently's results, by the metric's name."""
    return {
        result.metric_value_location.metric.params["type"].split(":")[-1]: result.to_simple_dict()
        for result in results.values()
        if result.metric_value_location
    }


def counted_by_evidently(rows: pd.DataFrame, positive: str | None = None) -> dict[str, Any]:
    """What the metrics of Evidently's presets come to on the rows themselves."""
    with quiet():
        from evidently import (
            BinaryClassification,
            DataDefinition,
            Dataset,
            MulticlassClassification,
            Regression,
            Report,
        )
        from evidently.presets import ClassificationPreset, RegressionPreset

        preset: Any = ClassificationPreset()
        if positive:
            task: Any = BinaryClassification(
                target="truth", prediction_labels="answer", prediction_probas="score", pos_label=positive
            )
            definition = DataDefinition(classification=[task], categorical_columns=["truth", "answer"])
        elif rows["truth"].dtype.kind == "f":
            preset, task = RegressionPreset(), Regression(target="truth", prediction="answer")
            definition = DataDefinition(regression=[task], numerical_columns=["truth", "answer"])
        else:
            task = MulticlassClassification(target="truth", prediction_labels="answer")
            definition = DataDefinition(classification=[task], categorical_columns=["truth", "answer"])
        run = Report([preset]).run(Dataset.from_pandas(rows, data_definition=definition))
    return by_name(run.to_snapshot_model().metric_results)


WINDOWS = {
    "two classes": (BINARY, classes(BINARY, "late"), "late", {"Accuracy", "F1Score", "RocAuc", "LogLoss", "F1ByLabel"}),
    "many classes": (MANY, classes(MANY), None, {"Accuracy", "Precision", "Recall", "RecallByLabel"}),
    "numbers": (AMOUNTS, amounts(AMOUNTS), None, {"MAE", "MeanError", "RMSE", "R2Score"}),
}


@pytest.mark.parametrize(("rows", "recorded", "positive", "names"), WINDOWS.values(), ids=WINDOWS)
def test_each_metric_holds_what_evidently_would_count(
    rows: pd.DataFrame, recorded: Quality, positive: str | None, names: set[str]
) -> None:
    ours, expected = by_name(quality_section(recorded).metric_results), counted_by_evidently(rows, positive)

    assert names <= set(ours) <= set(expected)
    for name, value in ours.items():
        assert value == pytest.approx(expected[name], rel=1e-9), name


def table(widgets: list[Any], column: str) -> dict[str, list[str]]:
    """Rows of the table that begins with a column, by their first cell."""
    (found,) = (it.params for it in widgets if it.type == "table" and it.params["header"][0] == column)
    return {row[0]: row[1:] for row in found["data"]}


def counters(widgets: list[Any]) -> dict[str, str]:
    return {
        it["label"]: it["value"] for widget in widgets if widget.type == "counter" for it in widget.params["counters"]
    }


def test_the_table_has_value_interval_and_rows_of_every_metric() -> None:
    measured = [
        Measurement(metric="mae", value=1234.56, n=2000, lower=0.5, upper=2000.0),
        Measurement(metric="ndcg", method="k=10", value=0.123456, n=3),
    ]

    results, widgets = quality_section(Quality("2013-04-02", measured))

    assert table(widgets, "metric") == {
        "mae": ["1,235", "0.5 to 2,000", "2,000"],
        "ndcg (k=10)": ["0.1235", "", "3"],
    }
    assert counters(widgets) == {"Quality of 2013-04-02, final": "", "mae": "1,235"}
    assert results == {}


def test_an_undefined_value_says_why_and_has_no_result() -> None:
    measured = [
        Measurement(metric="precision", n=9, reason="no row was predicted as 1", state=State.PROVISIONAL),
        Measurement(metric="precision_macro", value=0.5, n=9, state=State.PROVISIONAL),
        Measurement(metric="recall", klass="1", value=0.0, n=4, state=State.PROVISIONAL),
        Measurement(metric="precision", klass="1", reason="no row was predicted as 1", state=State.PROVISIONAL),
    ]

    results, widgets = quality_section(Quality("2013-04-02", measured))

    assert table(widgets, "metric")["precision"] == ["undefined: no row was predicted as 1", "", "9"]
    assert table(widgets, "class") == {"1": ["undefined: no row was predicted as 1", "0", ""]}
    assert counters(widgets) == {"Quality of 2013-04-02, provisional": "", "Quality by class": ""}
    assert by_name(results) == {"RecallByLabel": {"1": 0.0}}


def test_a_mean_of_one_row_has_no_deviation_and_no_result() -> None:
    section = quality_section(amounts(AMOUNTS.head(1)))

    assert set(by_name(section.metric_results)) == {"RMSE"}
    assert table(section.widgets, "metric")["r2"][0] == "undefined: fewer than 2 rows"


def heatmap(counts: dict[tuple[str, str], int]) -> dict[str, Any]:
    """What is drawn of confusion counts."""
    cells = [Confusion(segment="", version="", y_true=true, y_pred=pred, n=n) for (true, pred), n in counts.items()]
    widgets = quality_section(Quality("w", [Measurement(metric="accuracy", value=1.0, n=1)], cells)).widgets
    drawn: dict[str, Any] = widgets[-1].params["data"][0]
    return drawn


def test_confusion_counts_are_drawn_with_the_rows_without_a_prediction() -> None:
    drawn = heatmap({("0", "0"): 5, ("0", "1"): 2, ("1", ""): 3, ("2", "1"): 4})

    assert ([*drawn["y"]], [*drawn["x"]]) == (["0", "1", "2"], ["0", "1", "2", "no prediction"])
    assert [[*row] for row in drawn["text"]] == [[5, 2, 0, 0], [0, 0, 0, 3], [0, 4, 0, 0]]


def test_beyond_the_largest_classes_the_rest_are_one() -> None:
    counts = {(f"c{number:02d}", f"c{number:02d}"): number + 1 for number in range(DRAWN + 2)}

    drawn = heatmap(counts | {("c00", "c21"): 7})

    assert [*drawn["y"]] == [*(f"c{number:02d}" for number in (0, *range(3, DRAWN + 2))), "other"]
    assert np.array([[*row] for row in drawn["text"]]).sum() == sum(counts.values()) + 7
    assert drawn["text"][-1][-1] == 2 + 3
