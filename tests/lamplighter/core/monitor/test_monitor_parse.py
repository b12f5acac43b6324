"""What a monitor file may say, and what is told when it says something else: always the file, the line and the cure."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lamplighter.core.catalogue import FEATURE_METRICS
from lamplighter.core.monitor import Check, Duplicates, Kind, Monitor, parse
from lamplighter.core.monitor.vocabulary import known_metrics
from lamplighter.core.window import Grain
from lamplighter.errors import MonitorError

FILE = "monitors/m.yaml"

FULL = """\
model: flight-delays
kind: classification
every: 1d
timezone: America/New_York
schedule: "15 5 * * *"
tags: {owner: ops, env: prod, region: us-east}
predictions:
  parquet: data/predictions/day={day}/*.parquet
  time: predicted_at
  id: request_id
  prediction: late
  score: probability_late
  version: model_version
  duplicates: first
labels:
  parquet: data/labels/day={day}/*.parquet
  id: request_id
  target: was_late
  time: labelled_at
  mature_after: 3d
features: {numeric: [distance, wind_speed], categorical: [carrier, origin, dest]}
private: []
segments: [origin, carrier]
reference: {days: 2013-01-01..2013-03-31}
drift: {verdict: evidently}
checks:
  - {metric: f1, below: 0.40}
  - {name: inputs, metric: drift_share, above: 0.3}
retrain:
  on: [f1-below, inputs]
  trainer: examples/flights/train.py:train
  cooldown: 7d
  accept: {metric: f1, gain: 0.0}
notify: ["${ALERTS_URL}"]
"""

SMALL = """\
model: m
kind: classification
predictions: {parquet: p.parquet, time: t, prediction: y, id: i}
labels: {parquet: l.parquet, target: z}
"""

DRIFTING = SMALL + "segments: [origin]\nreference: {trailing: 28d}\n"


def read(text: str, **environ: str) -> Monitor:
    return parse(FILE, text, environ=environ)


def refusal(text: str, **environ: str) -> str:
    with pytest.raises(MonitorError) as caught:
        read(text, **environ)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_example_of_the_design_is_read_word_by_word() -> None:
    monitor = read(FULL, ALERTS_URL="json://localhost")
    assert (monitor.model, monitor.kind, monitor.every) == ("flight-delays", Kind.CLASSIFICATION, Grain.DAY)
    assert monitor.tags == {"owner": "ops", "env": "prod", "region": "us-east"}
    assert monitor.predictions.parquet == ("data/predictions/day={day}/*.parquet",)
    assert (monitor.predictions.id, monitor.predictions.duplicates) == (("request_id",), Duplicates.FIRST)
    assert monitor.labels is not None
    assert monitor.labels.mature_after == timedelta(days=3)
    assert monitor.features is not None
    assert monitor.features.categorical == ("carrier", "origin", "dest")
    assert monitor.reference is not None
    assert monitor.reference.days == (date(2013, 1, 1), date(2013, 3, 31))
    assert [check.name for check in monitor.checks] == ["f1-below", "inputs"]
    assert monitor.retrain is not None
    assert (monitor.retrain.on, monitor.retrain.cooldown) == (("f1-below", "inputs"), timedelta(days=7))
    assert monitor.notify[0].get_secret_value() == "json://localhost"


@pytest.mark.parametrize("reference", ["{parquet: data/reference/*.parquet}", "{trailing: 28d}"])
def test_the_other_references_of_the_design(reference: str) -> None:
    assert read(FULL.replace("{days: 2013-01-01..2013-03-31}", reference), ALERTS_URL="x").reference is not None


def test_the_least_that_a_monitor_says() -> None:
    monitor = read("{model: m, kind: text, predictions: {parquet: p.parquet, time: t}}")
    assert monitor == Monitor.model_validate(
        {"model": "m", "kind": "text", "predictions": {"parquet": "p.parquet", "time": "t"}}
    )
    assert (monitor.timezone, monitor.cron, monitor.labels, monitor.checks) == ("UTC", "15 5 * * *", None, ())


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param(
            "  - {metric: accuracy, falls: 5%, versus: {mean: 7d}}", "'falls' of check 'accuracy-falls'", id="falls"
        ),
        pytest.param("  - {metric: accuracy, rises: 5%, versus: {median: 7d}}", "'rises' of", id="rises"),
        pytest.param(
            "  - {metric: f1, above: {quantile: 0.95, of: 30d}}", "'above' of check 'f1-above'", id="quantile"
        ),
        pytest.param("  - {metric: recall, slope: -0.01 per day, over: 7d}", "'slope' of", id="slope"),
        pytest.param("  - {metric: f1, below: 0.3, for: 2 of 3 days}", "'for' of check 'f1-below'", id="for"),
        pytest.param("  - {metric: f1, falls: 0%, versus: {mean: 7d}}", "'falls' of check 'f1-falls'", id="no fall"),
    ],
)
def test_forms_of_checks_that_are_understood_and_not_there_yet(line: str, shown: str) -> None:
    message = refusal(f"{SMALL}checks:\n{line}\n")
    assert message.startswith(f"{FILE}:6: the form {shown}")
    assert message.endswith("is not there yet; use above or below with a number")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(SMALL.replace("classification", "detection"), ":2: kind 'detection' is not there yet", id="kind"),
        pytest.param(
            SMALL + "drift:\n  verdict: calibrated\n  false_alarms: 0.01\n",
            ":6: verdict 'calibrated' is not there yet; use 'evidently'",
            id="verdict",
        ),
    ],
)
def test_what_else_is_not_there_yet(text: str, message: str) -> None:
    assert refusal(text) == FILE + message


@pytest.mark.parametrize(
    ("check", "message"),
    [
        pytest.param("falls: 5%", "falls needs versus, such as versus: {mean: 7d}", id="falls without versus"),
        pytest.param("falls: 5, versus: {mean: 7d}", "5 is not a percentage; write 5%", id="a number that falls"),
        pytest.param("rises: 5 %%, versus: {mean: 7d}", "'5 %%' is not a percentage; write 5%", id="percent percent"),
        pytest.param("falls: 5%, versus: {}", "give either mean or median, such as mean: 7d", id="empty versus"),
        pytest.param("falls: 5%, versus: {mean: 7d, median: 7d}", "give either mean or median", id="both"),
        pytest.param("falls: 5%, versus: {mean: week}", "'week' is not a length of time; write 90m", id="of a week"),
        pytest.param(
            "falls: 5%, versus: {men: 7d}", "unknown key 'checks.0.versus.men'; did you mean 'mean'?", id="men"
        ),
        pytest.param("below: 1, versus: {mean: 7d}", "versus belongs to falls and rises, not to below", id="alone"),
        pytest.param("slope: -1, over: 7d", "-1 is not a slope; write -0.01 per day", id="slope without unit"),
        pytest.param("slope: -1 per day", "slope needs over, such as over: 7d", id="slope without over"),
        pytest.param("below: 1, over: 7d", "over belongs to slope, not to below; leave it out", id="over alone"),
        pytest.param(
            "above: {quantile: 2, of: 30d}", "checks.0.above.quantile: should be less than 1", id="quantile 2"
        ),
        pytest.param("above: {quantile: 0.9}", "'checks.0.above.of' is missing", id="quantile of nothing"),
        pytest.param("above: {quantil: 0.9, of: 9d}", "did you mean 'quantile'? known: quantile, of", id="quantil"),
        pytest.param("above: 1, for: 3 days", "'3 days' is not a count of days; write 2 of 3 days", id="for 3 days"),
        pytest.param("above: 1, for: 4 of 3 days", "'4 of 3 days' is not a count of days", id="4 of 3"),
        pytest.param("above: 1, for: 0 of 3 days", "'0 of 3 days' is not a count of days", id="0 of 3"),
        pytest.param("above: low", "checks.0.above: is not a number", id="a word"),
        pytest.param("above: true", "checks.0.above: true is not a number", id="true"),
        pytest.param("above: .nan", "checks.0.above: is not a finite number", id="NaN"),
        pytest.param("above: .inf", "checks.0.above: is not a finite number", id="infinite"),
        pytest.param("above: ~", "a check has one limit, not 0; give one of above, below", id="null"),
        pytest.param("above: 1, below: 2", "a check has one limit, not 2; give one of above, below", id="two limits"),
        pytest.param("severity: warning", "a check has one limit, not 0; give one of above, below", id="no limit"),
        pytest.param("above: 1, severity: hi", "'hi' cannot be chosen; known: warning, critical", id="severity"),
        pytest.param("above: 1, name: A B", "checks.0.name: is not of the right form; write at most 63 of", id="name"),
        pytest.param("belw: 1", "unknown key 'checks.0.belw'; did you mean 'below'?", id="belw"),
    ],
)
def test_a_check_that_is_malformed(check: str, message: str) -> None:
    found = refusal(f"{SMALL}checks:\n  - {{metric: f1, {check}}}\n")
    assert found.startswith(f"{FILE}:6: ")
    assert message in found


PREDICTIONS = "predictions: {parquet: p.parquet, time: t, prediction: y, id: i}"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param(
            SMALL + "modell: n\n", 5, "unknown key 'modell'; did you mean 'model'? known: model, kind", id="top"
        ),
        pytest.param(
            SMALL.replace("time: t", "tme: t"), 3, "'predictions.tme'; did you mean 'time'?", id="predictions"
        ),
        pytest.param(
            SMALL.replace("parquet: p.parquet", "sql: {url: u, tabel: x}"),
            3,
            "'predictions.sql.tabel'; did you mean 'table'? known: url, table, query",
            id="sql",
        ),
        pytest.param(SMALL.replace("target", "targt"), 4, "'labels.targt'; did you mean 'target'?", id="labels"),
        pytest.param(SMALL + "features: {numerical: [a]}\n", 5, "did you mean 'numeric'? known: auto", id="features"),
        pytest.param(
            SMALL + "reference:\n  day: x\n", 6, "did you mean 'days'? known: parquet, days, trailing", id="ref"
        ),
        pytest.param(SMALL + "drift:\n  verdct: x\n", 6, "'drift.verdct'; did you mean 'verdict'?", id="drift"),
        pytest.param(SMALL + "metrics:\n  - {nam: x, function: a.py:f}\n", 6, "did you mean 'name'?", id="metrics"),
        pytest.param(SMALL + "checks:\n  - metric: f1\n    clas: 1\n", 7, "did you mean 'class'?", id="class is for"),
        pytest.param(SMALL + "checks:\n  - metric: f1\n    klass: 1\n", 7, "unknown key 'checks.0.klass'", id="klass"),
        pytest.param(SMALL + "retrain:\n  trainr: x\n", 6, "'retrain.trainr'; did you mean 'trainer'?", id="retrain"),
        pytest.param(
            SMALL + "retrain:\n  trainer: a.py:f\n  accept: {metrc: f1}\n", 7, "did you mean 'metric'?", id="accept"
        ),
    ],
)
def test_an_unknown_key_at_every_level(text: str, place: int, message: str) -> None:
    found = refusal(text)
    assert found.startswith(f"{FILE}:{place}: unknown key ")
    assert message in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("kind: text\n", ":1: 'model' is missing; write at most 63 of a-z, 0-9 and -", id="model"),
        pytest.param("model: m\n", ":1: 'kind' is missing; write classification, regression, ranking", id="kind"),
        pytest.param(
            "model: m\nkind: text\n", ":1: 'predictions' is missing; write where the rows are", id="predictions"
        ),
        pytest.param(
            "model: m\nkind: text\npredictions:\n  parquet: p\n",
            ":3: 'predictions.time' is missing; write column of the instant",
            id="time",
        ),
        pytest.param(
            SMALL.replace(", target: z", ""), ":4: 'labels.target' is missing; write column of the", id="target"
        ),
        pytest.param(
            SMALL.replace("parquet: p.parquet, ", ""), ":3: predictions: give either parquet or sql", id="rows"
        ),
        pytest.param(SMALL.replace("parquet: l.parquet, ", ""), ":4: labels: give either parquet or sql", id="labels"),
        pytest.param(
            SMALL + "reference: {}\n", ":5: reference: give one of parquet, days and trailing", id="reference"
        ),
        pytest.param(
            SMALL + "retrain: {on: []}\n", ":5: retrain: give either trainer (path.py:function) or", id="retrain"
        ),
        pytest.param(SMALL + "checks: [{below: 1}]\n", ":5: 'checks.0.metric' is missing; write the name", id="metric"),
    ],
)
def test_what_is_missing(text: str, message: str) -> None:
    assert refusal(text).startswith(FILE + message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            SMALL.replace("model: m", "model: My Model"), ":1: model: is not of the right form; write", id="model"
        ),
        pytest.param(SMALL.replace("model: m", "model: 3"), ":1: model: is not text; put it in quotes", id="a number"),
        pytest.param(
            SMALL.replace("classification", "clasification"), ":2: kind: 'clasification' cannot be", id="kind"
        ),
        pytest.param(
            SMALL + "every: 2d\n", ":5: every: '2d' cannot be chosen; did you mean '1d'? known: 1h", id="every"
        ),
        pytest.param(
            SMALL + "timezone: EST5\n", ":5: timezone: unknown time zone 'EST5'; write one such as", id="zone"
        ),
        pytest.param(SMALL + "timezone: ../etc\n", ":5: timezone: unknown time zone '../etc'", id="zone of a path"),
        pytest.param(SMALL + "schedule: 1 2 3\n", ":5: schedule: '1 2 3' is not cron: ", id="cron"),
        pytest.param(SMALL + "schedule: 0 0 30 2 *\n", ":5: schedule: '0 0 30 2 *' is not cron: ", id="30 February"),
        pytest.param(SMALL + "tags: {owner: 3}\n", ":5: tags.owner: is not text; put it in quotes", id="tag"),
        pytest.param(SMALL + "tags: [a]\n", ":5: tags: is not a mapping; write keys and values", id="tags"),
        pytest.param(SMALL + "3: x\n", ":5: 3: is not text; put it in quotes", id="a number as key"),
        pytest.param(SMALL + "top_k: 1.5\n", ":5: top_k: is not a whole number", id="top_k"),
        pytest.param(SMALL + "top_k: 0\n", ":5: top_k: should be greater than 0", id="top_k 0"),
        pytest.param(SMALL + "segments: {a: b}\n", ":5: segments: is not a list; write [a, b]", id="segments"),
        pytest.param(SMALL + "segments: [a, '']\n", ":5: segments.1: is empty; write a name", id="an empty name"),
        pytest.param(
            SMALL + "features: outo\n", ":5: features: is not a mapping; write keys and values", id="features"
        ),
        pytest.param(SMALL + "checks: {metric: f1}\n", ":5: checks: is not a list; write [a, b]", id="checks"),
        pytest.param(
            SMALL + "checks:\n  - f1\n", ":6: checks.0: is not a mapping; write keys and values", id="a check"
        ),
        pytest.param(
            SMALL.replace("y, id", "y, score: {a: s, b: [t]}, id"), ":3: predictions.score.b: is not", id="score"
        ),
        pytest.param(
            SMALL.replace("y, id", "y, positive: [1], id"), ":3: predictions.positive: is not the label", id="pos"
        ),
        pytest.param(
            SMALL.replace("y, id", "y, duplicates: frist, id"), ":3: predictions.duplicates: 'frist'", id="first"
        ),
        pytest.param(
            SMALL.replace("y, id", "y, score: s, unsure: [0.4], id"), ":3: 'predictions.unsure.1' is", id="unsure"
        ),
        pytest.param(
            SMALL.replace("y, id", "y, score: s, unsure: [0.9, 0.1], id"), ":3: unsure ends before it begins", id="band"
        ),
        pytest.param(
            SMALL.replace("y, id", "y, unsure: [0.4, 0.6], id"), ":3: unsure is a band of one score", id="no score"
        ),
        pytest.param(
            SMALL.replace("z}", "z, mature_after: 3}"), ":4: labels.mature_after: '3' is not a length", id="3"
        ),
        pytest.param(SMALL.replace("z}", "z, mature_after: -3d}"), ":4: labels.mature_after: '-3d' is not", id="-3d"),
        pytest.param(
            SMALL.replace("z}", "z, mature_after: 9999w}"), ":4: labels.mature_after: '9999w' is longer", id="9999w"
        ),
        pytest.param(
            SMALL.replace("z}", "z, min_coverage: 80%}"), ":4: labels.min_coverage: is not a number", id="80%"
        ),
        pytest.param(
            SMALL.replace("z}", "z, min_coverage: 80}"), ":4: labels.min_coverage: should be less than", id="80"
        ),
        pytest.param(
            SMALL + "reference: {days: 2013-01-01}\n", ":5: reference.days: '2013-01-01' is not a range", id="day"
        ),
        pytest.param(
            SMALL + "reference: {days: a..b}\n", ":5: reference.days: 'a..b' is not a range of days", id="days"
        ),
        pytest.param(
            SMALL + "reference: {days: 2013-04-01..2013-01-01}\n", ":5: the days end before they begin", id="order"
        ),
        pytest.param(
            SMALL + "reference: {trailing: 0d}\n", ":5: a trailing reference of no time holds nothing", id="0d"
        ),
        pytest.param(
            SMALL + "reference: {trailing: 28}\n", ":5: reference.trailing: '28' is not a length", id="trailing"
        ),
        pytest.param(
            SMALL + "reference: {parquet: 'r/{day}.parquet'}\n", ":5: 'r/{day}.parquet': the files of", id="ref"
        ),
        pytest.param(
            SMALL.replace("p.parquet", "'p{dya}.parquet'"), ":3: 'p{dya}.parquet' cannot be filled in", id="dya"
        ),
        pytest.param(
            SMALL.replace("p.parquet", "'p{day.x}'"), ":3: 'p{day.x}' cannot be filled in; only {day}", id="day.x"
        ),
        pytest.param(SMALL.replace("p.parquet", "'p{day[0]}'"), ":3: 'p{day[0]}' cannot be filled in", id="day[0]"),
        pytest.param(SMALL.replace("p.parquet", "'p{}'"), ":3: 'p{}' cannot be filled in; only {day} may", id="{}"),
        pytest.param(
            SMALL + "metrics: [{name: f1, function: a.py:f}]\n", ":5: metric 'f1' exists already", id="own f1"
        ),
        pytest.param(
            SMALL + "metrics: [{name: x, function: a.f}]\n", ":5: metrics.0.function: is not of the", id="own"
        ),
        pytest.param(
            SMALL + "retrain: {trainer: a.py}\n", ":5: retrain.trainer: is not of the right form; write", id="py"
        ),
    ],
)
def test_a_value_of_the_wrong_kind(text: str, message: str) -> None:
    assert refusal(text).startswith(FILE + message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(SMALL.replace(", id: i", ""), ":4: labels are joined on ids; give predictions.id, or", id="no id"),
        pytest.param(
            SMALL.replace("prediction: y, ", ""), ":4: labels need predictions.prediction", id="no prediction"
        ),
        pytest.param(
            SMALL.replace("z}", "z, id: [i, j]}"), ":4: labels.id and predictions.id name a different", id="ids"
        ),
        pytest.param(
            SMALL.replace("z}", "z, same_row: true}"), ":4: labels: same_row takes the truth from the", id="same"
        ),
        pytest.param(
            SMALL + "private: [y]\n", ":5: private column 'y' is also a segment, prediction, score,", id="private"
        ),
        pytest.param(
            SMALL + "features: {numeric: [a], categorical: [a]}\n",
            ":5: feature 'a' is named as numeric and as categorical; choose one",
            id="one kind",
        ),
        pytest.param(SMALL + "features: {numeric: [y]}\n", ":5: feature 'y' is also the prediction", id="an answer"),
        pytest.param(
            SMALL + "checks:\n  - {metric: f1, below: 1}\n  - {metric: f1, below: 2}\n",
            ":7: two checks are named 'f1-below'; give this one another name",
            id="two checks",
        ),
        pytest.param(
            SMALL + "metrics:\n  - {name: x, function: a.py:f}\n  - {name: x, function: b.py:f}\n",
            ":7: two metrics are named 'x'; give this one another name",
            id="two metrics",
        ),
        pytest.param(
            SMALL + "checks:\n  - {metric: f1, below: 1}\nretrain:\n  on: [f1-belw]\n  trainer: a.py:f\n",
            ":8: retrain.on names no check 'f1-belw'; did you mean 'f1-below'? known: f1-below",
            id="retrain.on",
        ),
    ],
)
def test_keys_that_do_not_go_together(text: str, message: str) -> None:
    assert refusal(text).startswith(FILE + message)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        pytest.param("metric: f2, below: 1", "unknown metric 'f2'; did you mean 'f1'? known: rows, ", id="f2"),
        pytest.param(
            "metric: mae, below: 1", "metric 'mae' is of regression, and this monitor of classification;", id="mae"
        ),
        pytest.param(
            "metric: roc_auc, below: 1", "metric 'roc_auc' needs predictions.score, and this monitor", id="score"
        ),
        pytest.param("metric: unsure_ratio, above: 1", "metric 'unsure_ratio' needs predictions.unsure", id="unsure"),
        pytest.param(
            "metric: missing_ratio, above: 1", "metric 'missing_ratio' is of single columns; name one", id="column"
        ),
        pytest.param("metric: prediction_share, above: 1", "is of single classes; name one as class", id="class"),
        pytest.param(
            "metric: rows, below: 1, class: 1", "metric 'rows' is not of single classes; leave class", id="no class"
        ),
        pytest.param(
            "metric: f1, below: 1, feature: a", "metric 'f1' is not of single columns; leave feature", id="feature"
        ),
        pytest.param("metric: f1, below: 1, segment: JFK", "'JFK' is not a segment; write column=value", id="segment"),
        pytest.param("metric: f1, below: 1, segment: orign=JFK", "did you mean 'origin'? known: origin", id="orign"),
        pytest.param(
            "metric: rows, below: 1, segment: origin=JFK", "metric 'rows' is of all rows; leave", id="of all rows"
        ),
    ],
)
def test_a_check_of_what_is_never_measured(check: str, message: str) -> None:
    found = refusal(f"{DRIFTING}checks:\n  - {{{check}}}\n")
    assert found.startswith(f"{FILE}:8: ")
    assert message in found


@pytest.mark.parametrize("metric", ["f1", "labels_coverage", "labels_late", "mine"])
def test_a_metric_that_needs_labels(metric: str) -> None:
    text = SMALL[: SMALL.index("labels:")] + "metrics: [{name: mine, function: a.py:f}]\n"
    message = refusal(f"{text}checks:\n  - {{metric: {metric}, below: 1}}\n")
    assert message.startswith(f"{FILE}:6: metric {metric!r} needs labels, and this monitor has none; add it or")


@pytest.mark.parametrize("metric", ["drift_share", "outside_ratio", "unseen_ratio", "prediction_drift_detected"])
def test_a_metric_that_needs_a_reference(metric: str) -> None:
    message = refusal(f"{SMALL}checks:\n  - {{metric: {metric}, above: 1}}\n")
    assert message.startswith(f"{FILE}:6: metric {metric!r} needs reference, and this monitor has none")


@pytest.mark.parametrize("kind", ["classification", "regression", "ranking", "text"])
def test_every_known_metric_is_accepted_in_a_check(kind: str) -> None:
    text = DRIFTING.replace("classification", kind).replace("y, id", "y, score: s, unsure: [0.4, 0.6], id")
    text += "metrics: [{name: mine, function: a.py:f}]\nchecks:\n"
    names = known_metrics(read(text + "  - {metric: rows, below: 1}\n"))
    assert {"rows", "drift_share", "labels_coverage", "labels_late", "mine", "unsure_ratio"} <= set(names)
    for name in names:
        feature = ", feature: a" if name in FEATURE_METRICS else ""
        klass = ", class: a" if name in ("prediction_share", "item_share") else ""
        text += f"  - {{metric: {name}, above: 1{feature}{klass}}}\n"
    assert [check.metric for check in read(text).checks] == names


def test_a_metric_of_retraining_is_looked_up_too() -> None:
    message = refusal(SMALL + "retrain:\n  trainer: a.py:f\n  accept:\n    metric: f11\n")
    assert message.startswith(f"{FILE}:8: unknown metric 'f11'; did you mean 'f1'?")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", ":1: a monitor is a mapping of keys such as model, kind and predictions", id="empty"),
        pytest.param("# nothing\n", ":1: a monitor is a mapping of keys", id="a comment"),
        pytest.param("- model: m\n", ":1: a monitor is a mapping of keys", id="a list"),
        pytest.param("flights", ":1: a monitor is a mapping of keys", id="a word"),
        pytest.param("model: m\nkind: a: b\n", ":2: not YAML: mapping values are not allowed", id="two colons"),
        pytest.param("model: m\n\tkind: text\n", ":2: not YAML: found a tab character that", id="a tab"),
        pytest.param("model:\tm\n\tkind: text\n", ":2: not YAML: found a tab character", id="tabs"),
        pytest.param("model: 'm\nkind: text\n", ":3: not YAML: found unexpected end of stream", id="an open quote"),
        pytest.param("model: m\nkind: [text\n", ":3: not YAML: did not find expected", id="an open bracket"),
        pytest.param(
            "a: 1\nsql: {url: ${URL}}\n", ":2: not YAML: did not find expected ',' or '}'; mind", id="no quotes"
        ),
        pytest.param("model: m\n---\nmodel: n\n", ":2: not YAML: but found another document", id="two documents"),
        pytest.param("model: m\n? [a]\n: b\n", ":2: not YAML: found unhashable key", id="a list as key"),
        pytest.param(
            "model: m\nb: \x07\n", ":2: not YAML: it holds a character that is not text; remove it", id="bell"
        ),
        pytest.param("model: !!int x\n", ":1: not YAML: invalid literal for int()", id="a tag that does not fit"),
        pytest.param("model: !!python/name:os.system\n", ":1: not YAML: could not determine a constructor", id="code"),
        pytest.param("model: &a {b: *a}\n", ":1: is nested without end; write out what it repeats", id="a loop"),
        pytest.param("[" * 3000 + "]" * 3000, ":1: is nested without end", id="too deep"),
    ],
)
def test_what_is_no_monitor_at_all(text: str, message: str) -> None:
    assert refusal(text).startswith(FILE + message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            SMALL + "model: n\n", ":5: key 'model' stands at monitors/m.yaml:1 too; remove one", id="at the top"
        ),
        pytest.param(
            SMALL + "checks:\n  - metric: f1\n    below: 0.4\n    below: 0.5\n",
            ":8: key 'below' stands at monitors/m.yaml:7 too; remove one",
            id="in a list",
        ),
        pytest.param(SMALL + "tags: {a: x, a: y}\n", ":5: key 'a' stands at monitors/m.yaml:5 too", id="on one line"),
    ],
)
def test_a_key_that_stands_twice(text: str, message: str) -> None:
    assert refusal(text).startswith(FILE + message)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("1", "1"),
        ("1.0", "1"),
        ("true", "1"),
        ("010", "010"),
        ("2013-01-01",) * 2,
    ],
)
def test_a_class_is_called_what_the_file_says(written: str, label: str) -> None:
    assert read(SMALL.replace("y, id", f"y, positive: {written}, id")).predictions.positive == label


def test_an_anchor_is_written_out() -> None:
    text = "model: m\nkind: text\npredictions: &p {parquet: p, time: t, prediction: y, id: i}\n"
    assert refusal(text + "labels: {<<: *p, target: z}\n").startswith(f"{FILE}:4: unknown key 'labels.prediction'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("tags:\n  env: '${NOPE}'\n", ":6: the environment has no variable NOPE; set it", id="missing"),
        pytest.param("notify:\n  - a\n  - '${NOPE}'\n", ":7: the environment has no variable NOPE", id="in a list"),
        pytest.param(
            "tags: {env: '${OPEN'}\n", ":5: a variable is written ${NAME}, of letters, digits and _", id="open"
        ),
        pytest.param("tags: {env: '${A:-b}'}\n", ":5: a variable is written ${NAME}", id="with a default"),
    ],
)
def test_variables_that_cannot_be_filled_in(text: str, message: str) -> None:
    assert refusal(SMALL + text).startswith(FILE + message)


def test_variables_are_filled_in_wherever_a_value_stands() -> None:
    monitor = read(
        SMALL + "tags: {where: '${A}-${B}'}\ntop_k: ${K}\nchecks: [{metric: f1, below: '${LIMIT}'}]\n",
        A="us",
        B="east",
        K="7",
        LIMIT="0.4",
    )
    assert (monitor.tags["where"], monitor.top_k, monitor.checks[0].below) == ("us-east", 7, 0.4)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"metric": "f1", "below": 1}, "f1-below"),
        ({"metric": "f1", "class": 0, "below": 1}, "f1-0-below"),
        ({"metric": "f1", "segment": "origin=JFK", "above": 1}, "f1-origin=jfk-above"),
        ({"metric": "missing_ratio", "feature": "Größe (cm)", "above": 1}, "missing_ratio-gr--e--cm--above"),
        ({"metric": "f1", "name": "mine", "below": 1}, "mine"),
        ({"metric": "x" * 80, "below": 1}, "x" * 63),
    ],
)
def test_the_name_of_a_check(values: dict[str, object], name: str) -> None:
    assert Check.model_validate(values).name == name
