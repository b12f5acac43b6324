"""What a file says of predictions, labels, features and the reference."""

from __future__ import annotations

import pytest

from tests.lamplighter.core.monitor.files import monitor_text, read, refusal


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            monitor_text("features: outo\n"), ":5: features: is not a mapping; write keys and values", id="features"
        ),
        pytest.param(
            monitor_text(predictions="score: {a: s, b: [t]}"),
            ":3: predictions.score.b: is a list; write one name",
            id="score",
        ),
        pytest.param(monitor_text(predictions="positive: [1]"), ":3: predictions.positive: is not the label", id="pos"),
        pytest.param(monitor_text(predictions="duplicates: frist"), ":3: predictions.duplicates: 'frist'", id="first"),
        pytest.param(monitor_text(predictions="score: s, unsure: [0.4]"), ":3: 'predictions.unsure.1' is", id="unsure"),
        pytest.param(
            monitor_text(predictions="score: s, unsure: [0.9, 0.1]"), ":3: unsure ends before it begins", id="band"
        ),
        pytest.param(
            monitor_text(predictions="unsure: [0.4, 0.6]"), ":3: unsure is a band of one score", id="no score"
        ),
        pytest.param(monitor_text(labels="mature_after: 3"), ":4: labels.mature_after: '3' is not a length", id="3"),
        pytest.param(monitor_text(labels="mature_after: -3d"), ":4: labels.mature_after: '-3d' is not", id="-3d"),
        pytest.param(
            monitor_text(labels="mature_after: 9999w"), ":4: labels.mature_after: '9999w' is longer", id="9999w"
        ),
        pytest.param(monitor_text(labels="min_coverage: 80%"), ":4: labels.min_coverage: is not a number", id="80%"),
        pytest.param(monitor_text(labels="min_coverage: 80"), ":4: labels.min_coverage: should be less than", id="80"),
        pytest.param(
            monitor_text("reference: {days: 2013-01-01}\n"), ":5: reference.days: '2013-01-01' is not a range", id="day"
        ),
        pytest.param(
            monitor_text("reference: {days: a..b}\n"), ":5: reference.days: 'a..b' is not a range of days", id="days"
        ),
        pytest.param(
            monitor_text("reference: {days: 2013-04-01..2013-01-01}\n"),
            ":5: the days end before they begin",
            id="order",
        ),
        pytest.param(
            monitor_text("reference: {trailing: 0d}\n"), ":5: a trailing reference of no time holds nothing", id="0d"
        ),
        pytest.param(
            monitor_text("reference: {trailing: 28}\n"), ":5: reference.trailing: '28' is not a length", id="trailing"
        ),
        pytest.param(
            monitor_text("reference: {parquet: 'r/{day}.parquet'}\n"), ":5: 'r/{day}.parquet': the files of", id="ref"
        ),
        pytest.param(
            monitor_text().replace("p.parquet", "'p{dya}.parquet'"),
            ":3: 'p{dya}.parquet' cannot be filled in",
            id="dya",
        ),
        pytest.param(
            monitor_text().replace("p.parquet", "'p{day.x}'"),
            ":3: 'p{day.x}' cannot be filled in; only {day}",
            id="day.x",
        ),
        pytest.param(
            monitor_text().replace("p.parquet", "'p{day[0]}'"), ":3: 'p{day[0]}' cannot be filled in", id="day[0]"
        ),
        pytest.param(
            monitor_text().replace("p.parquet", "'p{}'"), ":3: 'p{}' cannot be filled in; only {day} may", id="{}"
        ),
    ],
)
def test_a_value_of_the_wrong_kind(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            monitor_text().replace(", id: i", ""), ":4: labels are joined on ids; give predictions.id, or", id="no id"
        ),
        pytest.param(
            monitor_text().replace("prediction: y, ", ""), ":4: labels need predictions.prediction", id="no prediction"
        ),
        pytest.param(
            monitor_text(labels="id: [i, j]"),
            ":4: labels.id names 2 columns and predictions.id 1; name as many, in the same order",
            id="ids",
        ),
        pytest.param(
            monitor_text("features: {numeric: [a], categorical: [a]}\n"),
            ":5: feature 'a' is named as numeric and as categorical; choose one",
            id="one kind",
        ),
    ],
)
def test_keys_that_do_not_go_together(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


@pytest.mark.parametrize(
    "key", ["parquet: l", "sql: {url: u, table: x}", "timezone: UTC", "id: j", "time: arrived"], ids=lambda key: key[:4]
)
def test_the_truth_in_the_same_row_needs_no_table_of_its_own(key: str) -> None:
    """Nor is it looked at when it was written there."""
    text = monitor_text().replace("parquet: l.parquet", "same_row: true,\n " + key)
    output = "same_row takes the truth from the prediction's own row, whenever it was written"
    assert refusal(text) == f":5: {output}; leave out {key.partition(':')[0]}"
    assert read(text.replace(key, "mature_after: 1d")).labels is not None


@pytest.mark.parametrize(
    "key",
    [
        "labels: {parquet: l, target: z, min_coverage: %}",
        "predictions: {parquet: p, time: t, score: s, unsure: [%, 1]}",
        "top_k: %",
        "drift: {sample: %}",
        "drift: {seed: %}",
        "drift: {false_alarms: %}",
        "checks: [{metric: rows, below: %}]",
        "checks: [{metric: rows, above: {quantile: %, of: 9d}}]",
        "retrain: {trainer: 'a.py:f', accept: {metric: f1, gain: %}}",
    ],
)
@pytest.mark.parametrize(("given", "shown"), [("true", "true is not a"), ("[1]", "is not a"), ("x", "is not a")])
def test_a_number_is_a_number(key: str, given: str, shown: str) -> None:
    line = key.replace("%", given)
    section = key.partition(":")[0]
    lines = [kept for kept in monitor_text().splitlines() if not kept.startswith(f"{section}:")]
    message = refusal("\n".join([*lines, line]))
    assert message.startswith(f":{len(lines) + 1}: {section}")
    assert shown in message
    assert "number; write one such as " in message


@pytest.mark.parametrize("written", ["1", "0", "1.0", "yes", "'on'", "[true]", "~"])
@pytest.mark.parametrize("key", ["labels: {target: z, same_row: %}", "features: {auto: %}"])
def test_a_flag_is_true_or_false(key: str, written: str) -> None:
    text = "model: m\nkind: text\npredictions: {parquet: p, time: t}\n" + key.replace("%", written)
    assert refusal(text).endswith(": is neither true nor false; write one of them")


@pytest.mark.parametrize(("value", "flag"), [("true", True), ("False", False)])
def test_a_flag_out_of_the_environment(value: str, flag: bool) -> None:
    features = read(monitor_text("features: {auto: '${AUTO}'}\n"), AUTO=value).features
    assert features is not None
    assert features.auto is flag


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("3", "is not text; put it in quotes"),
        ("~", "is empty; write a name"),
        ("[a]", "is a list; write one name"),
        ("{a: b}", "is a mapping; write one name"),
    ],
)
def test_where_one_name_should_stand(written: str, expected: str) -> None:
    assert refusal(monitor_text().replace("target: z", f"target: {written}")) == f":4: labels.target: {expected}"


@pytest.mark.parametrize(
    ("labels", "dated"),
    [
        pytest.param("parquet: l.parquet", False, id="nothing tells"),
        pytest.param("parquet: 'l/{day}/*.parquet'", True, id="the path does"),
        pytest.param("parquet: ['l/{day:%Y}/*.parquet', m.parquet]", False, id="of some"),
        pytest.param("parquet: 'l/{{day}}/*.parquet'", False, id="braces of the folder's own"),
        pytest.param("parquet: l.parquet, time: arrived", True, id="a column does"),
        pytest.param("sql: {url: u, table: x}", False, id="a table without a time"),
    ],
)
def test_whether_it_is_known_when_a_label_arrived(labels: str, dated: bool) -> None:
    found = read(monitor_text().replace("parquet: l.parquet", labels)).labels
    assert found is not None
    assert found.dated is dated
