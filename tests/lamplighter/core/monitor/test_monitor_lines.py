"""Whatever a file says instead of what it may: the file, the line and the cure."""

from __future__ import annotations

import pytest

from tests.lamplighter.core.monitor.files import monitor_text, read, refusal


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
        pytest.param(
            "model: m\n? [a]\n: b\n", ":2: not YAML: a list or mapping stands where a key is meant", id="a list as key"
        ),
        pytest.param(
            "model: m\nb: \x07\n", ":2: not YAML: it holds a character that is not text; remove it", id="bell"
        ),
        pytest.param("model: !!int 1\n", ":1: a tag (!!) other than !!str", id="a tag"),
        pytest.param("model: !!python/name:os.system\n", ":1: a tag (!!) other than !!str", id="code"),
        pytest.param("model: &a {b: *a}\n", ":1: is nested without end; write out what it repeats", id="a loop"),
        pytest.param("[" * 3000 + "]" * 3000, ":1: is nested without end", id="too deep"),
    ],
)
def test_what_is_no_monitor_at_all(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            monitor_text("model: n\n"), ":5: key 'model' stands at monitors/m.yaml:1 too; remove one", id="at the top"
        ),
        pytest.param(
            monitor_text("checks:\n  - metric: f1\n    below: 0.4\n    below: 0.5\n"),
            ":8: key 'below' stands at monitors/m.yaml:7 too; remove one",
            id="in a list",
        ),
        pytest.param(
            monitor_text("tags: {a: x, a: y}\n"), ":5: key 'a' stands at monitors/m.yaml:5 too", id="on one line"
        ),
    ],
)
def test_a_key_that_stands_twice(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param(
            monitor_text("modell: n\n"), 5, "unknown key 'modell'; did you mean 'model'? known: model, kind", id="top"
        ),
        pytest.param(
            monitor_text().replace("time: t", "tme: t"), 3, "'predictions.tme'; did you mean 'time'?", id="predictions"
        ),
        pytest.param(
            monitor_text().replace("parquet: p.parquet", "sql: {url: u, tabel: x}"),
            3,
            "'predictions.sql.tabel'; did you mean 'table'? known: url, table, query",
            id="sql",
        ),
        pytest.param(
            monitor_text().replace("target", "targt"), 4, "'labels.targt'; did you mean 'target'?", id="labels"
        ),
        pytest.param(
            monitor_text("features: {numerical: [a]}\n"), 5, "did you mean 'numeric'? known: auto", id="features"
        ),
        pytest.param(
            monitor_text("reference:\n  day: x\n"), 6, "did you mean 'days'? known: parquet, days, trailing", id="ref"
        ),
        pytest.param(monitor_text("drift:\n  verdct: x\n"), 6, "'drift.verdct'; did you mean 'verdict'?", id="drift"),
        pytest.param(
            monitor_text("metrics:\n  - {nam: x, function: a.py:f}\n"), 6, "did you mean 'name'?", id="metrics"
        ),
        pytest.param(
            monitor_text("checks:\n  - metric: f1\n    clas: 1\n"), 7, "did you mean 'class'?", id="class is for"
        ),
        pytest.param(
            monitor_text("checks:\n  - metric: f1\n    klass: 1\n"), 7, "unknown key 'checks.0.klass'", id="klass"
        ),
        pytest.param(
            monitor_text("retrain:\n  trainr: x\n"), 6, "'retrain.trainr'; did you mean 'trainer'?", id="retrain"
        ),
        pytest.param(
            monitor_text("retrain:\n  trainer: a.py:f\n  accept: {metrc: f1}\n"),
            7,
            "did you mean 'metric'?",
            id="accept",
        ),
    ],
)
def test_an_unknown_key_at_every_level(text: str, place: int, message: str) -> None:
    found = refusal(text)
    assert found.startswith(f":{place}: unknown key ")
    assert message in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("kind: text\n", ":1: 'model' is missing; add it: at most 63 of a-z, 0-9 and -", id="model"),
        pytest.param("model: m\n", ":1: 'kind' is missing; add it: classification, regression, ranking", id="kind"),
        pytest.param(
            "model: m\nkind: text\n", ":1: 'predictions' is missing; add it: where the rows are", id="predictions"
        ),
        pytest.param(
            "model: m\nkind: text\npredictions:\n  parquet: p\n",
            ":3: 'predictions.time' is missing; add it: column of the instant",
            id="time",
        ),
        pytest.param(
            monitor_text().replace(", target: z", ""),
            ":4: 'labels.target' is missing; add it: column of the",
            id="target",
        ),
        pytest.param(
            monitor_text().replace("parquet: p.parquet, ", ""), ":3: predictions: give either parquet or sql", id="rows"
        ),
        pytest.param(
            monitor_text().replace("parquet: l.parquet, ", ""), ":4: labels: give either parquet or sql", id="labels"
        ),
        pytest.param(
            monitor_text("reference: {}\n"), ":5: reference: give one of parquet, days and trailing", id="reference"
        ),
        pytest.param(
            monitor_text("retrain: {on: []}\n"), ":5: retrain: give either trainer (path.py:function) or", id="retrain"
        ),
        pytest.param(
            monitor_text("checks: [{below: 1}]\n"), ":5: 'checks.0.metric' is missing; add it: the name", id="metric"
        ),
    ],
)
def test_what_is_missing(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


def test_an_anchor_is_written_out() -> None:
    text = "model: m\nkind: text\npredictions: &p {parquet: p, time: t, prediction: y, id: i}\n"
    assert refusal(text + "labels: {<<: *p, target: z}\n").startswith(":4: unknown key 'labels.prediction'")


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
    assert refusal(monitor_text(text)).startswith(message)


def test_variables_are_filled_in_wherever_a_value_stands() -> None:
    monitor = read(
        monitor_text("tags: {where: '${A}-${B}'}\ntop_k: ${K}\nchecks: [{metric: f1, below: '${LIMIT}'}]\n"),
        A="us",
        B="east",
        K="7",
        LIMIT="0.4",
    )
    assert (monitor.tags["where"], monitor.top_k, monitor.checks[0].below) == ("us-east", 7, 0.4)
