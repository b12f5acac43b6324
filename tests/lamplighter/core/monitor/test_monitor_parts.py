"""Which part of a metric a check may name: the columns, classes and segments that runs record."""

from __future__ import annotations

import pytest

from tests.lamplighter.core.monitor.files import AUTO, read, refusal, with_check

NAMED = "reference: {trailing: 28d}\nprivate: [wage]\nfeatures: {numeric: [age, wage, 'wind_*'], categorical: [plan]}\n"


def test_the_settings_of_these_tests_are_sound() -> None:
    for rest in (AUTO, NAMED):
        assert len(read(with_check("metric: rows, below: 1", rest)).checks) == 1


@pytest.mark.parametrize(
    ("check", "message"),
    [
        pytest.param(
            "metric: missing_ratio, above: 1", "metric 'missing_ratio' is of single columns; name one", id="column"
        ),
        pytest.param("metric: prediction_share, above: 1", "is of single classes; name one as class", id="class"),
        pytest.param(
            "metric: rows, below: 1, class: 1", "metric 'rows' is not of single classes; leave class", id="no class"
        ),
        pytest.param(
            "metric: accuracy, below: 1, class: a", "metric 'accuracy' is not of single classes", id="accuracy"
        ),
        pytest.param(
            "metric: f1_macro, below: 1, class: a", "metric 'f1_macro' is not of single classes", id="an average"
        ),
        pytest.param(
            "metric: f1, below: 1, feature: a", "metric 'f1' is not of single columns; leave feature", id="feature"
        ),
        pytest.param("metric: f1, below: 1, segment: JFK", "'JFK' is not a segment; write column=value", id="segment"),
        pytest.param("metric: f1, below: 1, segment: orign=JFK", "did you mean 'origin'? known: origin", id="orign"),
        pytest.param(
            "metric: rows, below: 1, segment: origin=JFK", "metric 'rows' is of all rows; leave", id="of all rows"
        ),
        pytest.param(
            "metric: f1, below: 1, class: a, segment: origin=JFK",
            "classes are measured over all rows, not within segments; leave class or segment out",
            id="a class within a segment",
        ),
        pytest.param(
            "metric: drift_detected, above: 0, feature: y",
            "'y' is no feature of this monitor; it has another role, so name another",
            id="no input",
        ),
        pytest.param(
            "metric: missing_ratio, above: 0, feature: raw_age",
            "'raw_age' is no feature of this monitor; features.exclude leaves it out, so name another",
            id="excluded",
        ),
        pytest.param(
            "metric: prediction_drift_detected, above: 0, feature: z",
            "feature 'z' is no answer whose drift is measured; known: y",
            id="no answer",
        ),
    ],
)
def test_a_check_of_what_is_never_measured(check: str, message: str) -> None:
    found = refusal(with_check(check))
    assert found.startswith(":9: ")
    assert message in found


@pytest.mark.parametrize(
    ("check", "message"),
    [
        pytest.param(
            "metric: missing_ratio, above: 0, feature: aeg",
            "'aeg' is no feature of this monitor; did you mean 'age'? known: age, wage, wind_*, plan",
            id="mistyped",
        ),
        pytest.param(
            "metric: drift_p_value, below: 0, feature: rain_mm", "'rain_mm' is no feature of this", id="of no pattern"
        ),
        pytest.param(
            "metric: unseen_ratio, above: 0, feature: wind_north",
            "metric 'unseen_ratio' is of categorical features, and 'wind_north' is numeric; name another",
            id="a number that is unseen",
        ),
        pytest.param(
            "metric: outlier_ratio, above: 0, feature: plan",
            "metric 'outlier_ratio' is of numeric features, and 'plan' is categorical; name another",
            id="a category that is an outlier",
        ),
        pytest.param(
            "metric: infinite_ratio, above: 0, feature: plan", "metric 'infinite_ratio' is of numeric", id="infinite"
        ),
        pytest.param(
            "metric: outside_ratio, above: 0, feature: wage",
            "metric 'outside_ratio' is not measured of a private column such as 'wage'; name another",
            id="private",
        ),
    ],
)
def test_a_check_of_a_feature_that_is_none(check: str, message: str) -> None:
    found = refusal(with_check(check, NAMED))
    assert found.startswith(":9: ")
    assert message in found


@pytest.mark.parametrize(
    "check",
    [
        "metric: unseen_ratio, above: 0, feature: plan",
        "metric: missing_ratio, above: 0, feature: wage",
        "metric: infinite_ratio, above: 0, feature: wage",
        "metric: outside_ratio, above: 0, feature: wind_north",
        "metric: drift_detected, above: 0, feature: plan",
    ],
)
def test_a_check_of_a_feature(check: str) -> None:
    assert len(read(with_check(check, NAMED)).checks) == 1


def test_of_a_wide_table_a_few_columns_are_named() -> None:
    names = ", ".join(f"column_{i}" for i in range(300))
    rest = f"reference: {{trailing: 28d}}\nfeatures: {{numeric: [{names}]}}\n"
    message = refusal(with_check("metric: missing_ratio, above: 0, feature: colum_299", rest))
    assert "did you mean 'column_299'? known: column_0, column_1, " in message
    assert message.endswith(", column_59 and 240 more")


def test_with_auto_any_other_column_may_be_a_feature_of_any_kind() -> None:
    for metric in ("outside_ratio", "unseen_ratio", "drift_detected"):
        assert len(read(with_check(f"metric: {metric}, above: 0, feature: anything")).checks) == 1


@pytest.mark.parametrize("metric", ["precision", "recall", "f1"])
@pytest.mark.parametrize(
    ("score", "more", "sound"),
    [
        pytest.param("score: {'yes': a, 'no': b}", "", False, id="two classes with names"),
        pytest.param("score: {a: a, b: b, c: c}", "", False, id="three classes"),
        pytest.param("score: {0: a, 1: b, 2: c}", "", False, id="three numbers"),
        pytest.param("score: {late: a}", "", False, id="the score of one"),
        pytest.param("score: {0: a, 1: b}", "", True, id="1 is the positive one of 0 and 1"),
        pytest.param("score: {'yes': a, 'no': b}, positive: 'yes'", "", True, id="declared"),
        pytest.param("score: {'yes': a, 'no': b}", ", class: 'yes'", True, id="named"),
        pytest.param("score: s", "", True, id="nothing tells the classes"),
    ],
)
def test_metrics_of_one_class_where_nothing_says_which(metric: str, score: str, more: str, sound: bool) -> None:
    text = with_check(f"metric: {metric}, below: 1{more}", predictions=score)
    if sound:
        assert len(read(text).checks) == 1
        return
    message = refusal(text)
    assert message.startswith(f":9: metric {metric!r} is of one class, and nothing says which of ")
    assert message.endswith("; name it as class, or give predictions.positive")


@pytest.mark.parametrize("metric", ["mae", "r2", "ndcg", "bleu"])
def test_a_class_of_a_metric_that_has_none(metric: str) -> None:
    kind = {"ndcg": "ranking", "bleu": "text"}.get(metric, "regression")
    message = refusal(with_check(f"metric: {metric}, above: 1, class: a", kind=kind))
    assert message == f":9: metric {metric!r} is not of single classes; leave class out"


def test_of_a_text_the_drift_of_its_score_alone_is_measured() -> None:
    check = "metric: prediction_drift_detected, above: 0, feature: "
    assert "needs a prediction or score" in refusal(with_check(check + "y", kind="text"))
    assert refusal(with_check(check + "y", kind="text", predictions="score: s")).endswith("known: s")
    assert len(read(with_check(check + "s", kind="text", predictions="score: s")).checks) == 1
