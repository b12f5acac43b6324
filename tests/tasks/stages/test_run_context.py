"""Data checks and labels: hand values."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from lamplighter.core.counts import LARGEST
from lamplighter.core.evaluation.coverage import arrival_measurements, coverage_measurements, state_of, undated
from lamplighter.core.evaluation.data import (
    answer_measurements,
    feature_measurements,
    needed_columns,
    ratio,
    schema_findings,
    table_measurements,
    value_findings,
)
from lamplighter.core.profiles.profile import Bounds, ColumnProfile, categorical_profile, merge, numeric_profile
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import State
from lamplighter.core.time.window import Grain, Window
from tests.lamplighter.core.monitor.files import monitor_of


def numeric(*values: float, bounds: Bounds | None = None) -> ColumnProfile:
    return numeric_profile("x", np.array(values, dtype=float), bounds)


def values_of(measurements: Any) -> dict[str, float | str]:
    found = list(measurements)
    shown = {m.metric + (f"[{m.klass}]" if m.klass else ""): m.reason if m.value is None else m.value for m in found}
    assert len(shown) == len(found)
    assert all((m.value is None) == bool(m.reason) for m in found)
    return shown


# What became of the columns.


def test_columns_beside_the_declared_ones_and_the_reference() -> None:
    declared = needed_columns(monitor_of(segments=["b"]), {"a": "numeric", "b": "categorical", "c": "numeric"})
    table = {
        "at": "time",
        "i": "text",
        "y": "text",
        "s": "number",
        "v": "null",
        "a": "text",
        "b": "text",
        "new": "text",
    }
    reference = {"a": "number", "b": "text", "v": "number", "y": "null", "old": "text"}
    found = [(f.code.value, f.subject) for f in schema_findings(declared, table, reference)]
    assert found == [("column-missing", "c"), ("type-changed", "a"), ("column-new", "new")]
    message = next(schema_findings(declared, table, None)).message
    assert message == "feature column 'c' is missing; it has at, i, y, s, v, a, b, new"
    assert [f.code for f in schema_findings(declared, table, None)] == [Code.COLUMN_MISSING]


def test_what_each_column_is_needed_for() -> None:
    needed = needed_columns(monitor_of(segments=["b", "a"]), {"a": "numeric", "c": "numeric"})
    wanted = {"a": "segment", "c": "feature", "at": "time", "i": "id", "y": "prediction", "s": "score"}
    assert needed == wanted | {"v": "version", "b": "segment"}


def test_counts_of_a_table() -> None:
    findings = [
        Finding(code, str(i), "") for i, code in enumerate([Code.COLUMN_NEW, Code.COLUMN_NEW, Code.TYPE_CHANGED])
    ]
    assert values_of(table_measurements(90, 10, findings)) == {
        "rows": 90.0,
        "repeated_ratio": 0.1,
        "columns_missing": 0.0,
        "columns_new": 2.0,
        "types_changed": 1.0,
    }
    empty = "the window has no rows"
    assert values_of(table_measurements(0, 0, findings)) == {"rows": 0.0} | dict.fromkeys(
        ("repeated_ratio", "columns_missing", "columns_new", "types_changed"), empty
    )


# What one feature came to.

REFERENCE = numeric(1, 2, 3, 4, 5)  # fences near -4 and 10


@pytest.mark.parametrize(
    ("values", "reference", "found"),
    [
        pytest.param(
            (1, 2, 7, 99, math.nan),
            REFERENCE,
            {"missing_ratio": 1 / 5, "infinite_ratio": 0, "outside_ratio": 2 / 4, "outlier_ratio": 1 / 4},
            id="two outside, one beyond the fences, of four",
        ),
        pytest.param(
            (1, math.inf, -math.inf, math.nan),
            REFERENCE,
            {"missing_ratio": 1 / 4, "infinite_ratio": 2 / 4, "outside_ratio": 2 / 3, "outlier_ratio": 2 / 3},
            id="what is infinite lies outside",
        ),
        pytest.param((1, 2), None, {"missing_ratio": 0, "infinite_ratio": 0}, id="without a reference"),
        pytest.param(
            (1, 9),
            numeric(3, 3, 3),
            {
                "missing_ratio": 0,
                "infinite_ratio": 0,
                "outside_ratio": 1,
                "outlier_ratio": "the reference's quartiles coincide",
            },
            id="a reference of one value",
        ),
        pytest.param(
            (1, 9),
            numeric(math.nan),
            {"missing_ratio": 0, "infinite_ratio": 0}
            | dict.fromkeys(("outside_ratio", "outlier_ratio"), "the reference holds no values"),
            id="a reference of nulls",
        ),
        pytest.param(
            (math.nan, math.nan),
            REFERENCE,
            {"missing_ratio": 1, "infinite_ratio": 0}
            | dict.fromkeys(("outside_ratio", "outlier_ratio"), "every row of the column is null"),
            id="a day of nulls",
        ),
        pytest.param(
            (),
            REFERENCE,
            dict.fromkeys(
                ("missing_ratio", "infinite_ratio", "outside_ratio", "outlier_ratio"), "the window has no rows"
            ),
            id="an empty day",
        ),
    ],
)
def test_what_a_numeric_feature_came_to(
    values: tuple[float, ...], reference: ColumnProfile | None, found: dict[str, Any]
) -> None:
    profile = numeric(*values, bounds=reference.as_bounds() if reference else None)
    assert values_of(feature_measurements(profile, reference)) == pytest.approx(found)


def test_a_private_number_is_not_held_against_anything() -> None:
    profile = numeric(1, 99, bounds=REFERENCE.as_bounds()).without_values()
    found = values_of(feature_measurements(profile, REFERENCE.without_values()))
    assert (found["outside_ratio"], found["outlier_ratio"]) == ("the column is private", "the column is private")
    assert found["missing_ratio"] == 0


def test_what_a_category_came_to() -> None:
    reference = categorical_profile("x", {"a": 5, "b": 5}, nulls=3)
    profile = categorical_profile("x", {"a": 6, "c": 1, "d": 1}, nulls=2)
    assert values_of(feature_measurements(profile, reference)) == {"missing_ratio": 0.2, "unseen_ratio": 0.25}
    crowded = merge([reference, ColumnProfile("x", "categorical", crowded=True)])
    assert values_of(feature_measurements(profile, crowded))["unseen_ratio"] == "too many values to be categories"


def test_a_share_of_nothing_has_a_reason() -> None:
    assert ratio("repeated_ratio", 0, 0).reason == "the window has no rows"
    assert (ratio("repeated_ratio", 1, 4).value, ratio("repeated_ratio", 1, 4).n) == (0.25, 4)


# What the answers came to.


def test_answers_of_a_classifier() -> None:
    answers = {
        "y": categorical_profile("y", {"0": 6, "1": 2}, nulls=2),
        "s": numeric_profile("s", np.array([0.1, 0.4, 0.5, 0.6, 0.9, np.nan]), Bounds(0.4, 0.6, None, None)),
    }
    found = values_of(answer_measurements(monitor_of(predictions={"unsure": [0.4, 0.6]}), answers, 10))
    assert found == {
        "null_prediction_ratio": 0.2,
        "prediction_share[0]": 0.75,
        "prediction_share[1]": 0.25,
        "unsure_ratio": 3 / 5,
    }


def test_answers_of_a_regressor() -> None:
    answers = {"y": numeric_profile("y", np.array([1.0, 3.0, np.nan, np.inf]))}
    assert values_of(answer_measurements(monitor_of("regression"), answers, 4)) == {
        "null_prediction_ratio": 0.5,
        "prediction_mean": 2.0,
    }
    nothing = {"y": numeric_profile("y", np.array([np.nan]))}
    assert values_of(answer_measurements(monitor_of("regression"), nothing, 1)) == {
        "null_prediction_ratio": 1.0,
        "prediction_mean": "no row has a prediction",
    }


@pytest.mark.parametrize("rare", ["class-99", "other"], ids=["another", "itself called other"])
def test_rare_classes_are_summed(rare: str) -> None:
    counts = {f"class-{i:02}": 10 for i in range(LARGEST)} | {rare: 3, "class-98": 2}
    answers = {"y": categorical_profile("y", counts, nulls=0)}
    found = values_of(answer_measurements(monitor_of(), answers, 505))
    shares = {name: value for name, value in found.items() if name.startswith("prediction_share")}
    assert len(shares) == LARGEST + 1
    assert shares["prediction_share[other]"] == 5 / 505
    assert sum(shares.values()) == pytest.approx(1)  # type: ignore[arg-type]


def test_a_common_class_that_is_called_other() -> None:
    counts = {f"class-{i:02}": 1 for i in range(LARGEST)} | {"other": 50}
    found = values_of(answer_measurements(monitor_of(), {"y": categorical_profile("y", counts, nulls=0)}, 100))
    assert (found["prediction_share[other]"], found['prediction_share["other"]']) == (0.01, 0.5)


def test_columns_without_a_value_and_numbers_without_end() -> None:
    profiles = {
        "dead": numeric_profile("dead", np.array([np.nan, np.nan])),
        "wild": numeric_profile("wild", np.array([np.inf, 1.0])),
        "fine": numeric(1, math.nan),
        "empty": numeric_profile("empty", np.array([])),
    }
    assert [(f.code, f.subject, f.message) for f in value_findings(profiles)] == [
        (Code.ALL_NULL, "dead", "column 'dead' is null in every row; mend its feed"),
        (Code.INFINITE_VALUES, "wild", "column 'wild' is infinite in 1 of 2 rows; log them as null"),
    ]


# How much of the truth has arrived.

DAY = Window.of("m", Grain.DAY, "UTC", date(2013, 5, 1))


@pytest.mark.parametrize(
    ("mature_after", "now", "unreadable", "state"),
    [
        pytest.param("3d", timedelta(days=3), False, State.FINAL, id="at the instant at which it matures"),
        pytest.param("3d", timedelta(days=3, microseconds=-1), False, State.PROVISIONAL, id="just before"),
        pytest.param("3d", timedelta(days=32), True, State.PROVISIONAL, id="a label file is broken"),
        pytest.param("3d", timedelta(days=33), True, State.FINAL, id="and it is not delivered again"),
        pytest.param("0d", timedelta(0), False, State.FINAL, id="nothing to wait for"),
    ],
)
def test_when_a_window_is_final(mature_after: str, now: timedelta, unreadable: bool, state: State) -> None:
    labelled = monitor_of(labels={"parquet": "l", "target": "z", "mature_after": mature_after})
    assert state_of(labelled, DAY, DAY.end + now, unreadable=unreadable) is state


def test_coverage() -> None:
    found = coverage_measurements(10, 8, 1, State.PROVISIONAL)
    assert values_of(found) == {"labels_coverage": 0.8, "labels_missing": 2.0, "labels_corrected": 1.0}
    assert [(m.n, m.state) for m in found] == [(10, State.PROVISIONAL), (10, State.PROVISIONAL), (8, State.PROVISIONAL)]
    assert values_of(coverage_measurements(0, 0, 0, State.FINAL))["labels_coverage"] == "the window has no rows"
    assert values_of(arrival_measurements(2, 3)) == {"labels_late": 2.0, "labels_unknown": 3.0}
    assert set(values_of(undated())) == {"labels_late", "labels_unknown"}


def test_findings_have_an_order_and_codes_of_their_own() -> None:
    assert sorted([Finding(Code.WINDOW_EMPTY, "", "b"), Finding(Code.COLUMN_NEW, "x", "a")])[0].subject == "x"
    assert all(code.value == code.name.lower().replace("_", "-") for code in Code)
