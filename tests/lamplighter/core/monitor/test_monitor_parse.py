"""What a monitor file may say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lamplighter.core.kinds import KINDS
from lamplighter.core.monitor import Duplicates, Monitor
from lamplighter.core.time.window import Grain
from tests.lamplighter.core.monitor.files import DESIGN, monitor_text, read, refusal


def test_the_example_of_the_design_is_read_word_by_word() -> None:
    monitor = read(DESIGN, ALERTS_URL="json://localhost")
    assert (monitor.model, monitor.kind, monitor.every) == ("flight-delays", KINDS["classification"], Grain.DAY)
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
    assert monitor.notify.to[0].get_secret_value() == "json://localhost"


@pytest.mark.parametrize("reference", ["{parquet: data/reference/*.parquet}", "{trailing: 28d}"])
def test_the_other_references_of_the_design(reference: str) -> None:
    assert read(DESIGN.replace("{days: 2013-01-01..2013-03-31}", reference), ALERTS_URL="x").reference is not None


def test_the_least_that_a_monitor_says() -> None:
    monitor = read("{model: m, kind: text, predictions: {parquet: p.parquet, time: t}}")
    assert monitor == Monitor.model_validate(
        {"model": "m", "kind": "text", "predictions": {"parquet": "p.parquet", "time": "t"}}
    )
    assert (monitor.timezone, monitor.cron, monitor.labels, monitor.checks) == ("UTC", "15 5 * * *", None, ())


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
    assert read(monitor_text().replace("y, id", f"y, positive: {written}, id")).predictions.positive == label


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            monitor_text().replace("classification", "detection"),
            ":3: kind detection needs predictions.classes; write the column of the classes of the boxes, a list",
            id="kind",
        ),
        pytest.param(
            monitor_text("drift:\n  verdict: calibrated\n  false_alarms: 0.01\n"),
            ":6: verdict 'calibrated' is not there yet; use 'evidently'",
            id="verdict",
        ),
    ],
)
def test_what_else_is_not_there_yet(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            monitor_text().replace("model: m", "model: My Model"),
            ":1: model: is not of the right form; write",
            id="model",
        ),
        pytest.param(
            monitor_text().replace("model: m", "model: 3"), ":1: model: is not text; put it in quotes", id="a number"
        ),
        pytest.param(
            monitor_text().replace("classification", "clasification"), ":2: kind: 'clasification' cannot be", id="kind"
        ),
        pytest.param(
            monitor_text("every: 2d\n"), ":5: every: '2d' cannot be chosen; did you mean '1d'? known: 1h", id="every"
        ),
        pytest.param(
            monitor_text("timezone: EST5\n"), ":5: timezone: unknown time zone 'EST5'; write one such as", id="zone"
        ),
        pytest.param(
            monitor_text("timezone: ../etc\n"), ":5: timezone: unknown time zone '../etc'", id="zone of a path"
        ),
        pytest.param(monitor_text("schedule: 1 2 3\n"), ":5: schedule: '1 2 3' is not cron: ", id="cron"),
        pytest.param(
            monitor_text("schedule: 0 0 30 2 *\n"), ":5: schedule: '0 0 30 2 *' is not cron: ", id="30 February"
        ),
        pytest.param(monitor_text("tags: {owner: 3}\n"), ":5: tags.owner: is not text; put it in quotes", id="tag"),
        pytest.param(monitor_text("tags: [a]\n"), ":5: tags: is not a mapping; write keys and values", id="tags"),
        pytest.param(monitor_text("3: x\n"), ":5: 3: is not text; put it in quotes", id="a number as key"),
        pytest.param(monitor_text("top_k: 1.5\n"), ":5: top_k: is not a whole number", id="top_k"),
        pytest.param(monitor_text("top_k: 1001\n"), ":5: top_k: should be less than or equal to 1000", id="top_k 1001"),
        pytest.param(monitor_text("drift: {seed: -1}\n"), ":5: drift.seed: should be greater than or equal", id="seed"),
        pytest.param(monitor_text("top_k: 0\n"), ":5: top_k: should be greater than 0", id="top_k 0"),
        pytest.param(monitor_text("segments: {a: b}\n"), ":5: segments: is not a list; write [a, b]", id="segments"),
        pytest.param(monitor_text("segments: [a, '']\n"), ":5: segments.1: is empty; write a name", id="an empty name"),
        pytest.param(monitor_text("checks: {metric: f1}\n"), ":5: checks: is not a list; write [a, b]", id="checks"),
        pytest.param(
            monitor_text("checks:\n  - f1\n"), ":6: checks.0: is not a mapping; write keys and values", id="a check"
        ),
        pytest.param(
            monitor_text("metrics: [{name: f1, function: a.py:f}]\n"), ":5: metric 'f1' exists already", id="own f1"
        ),
        pytest.param(
            monitor_text("metrics: [{name: x, function: a.f}]\n"), ":5: metrics.0.function: is not of the", id="own"
        ),
        *(
            pytest.param(
                monitor_text(f"retrain: {{trainer: 'a.py:f', accept: {{metric: f1}}, {key}: 0d}}\n"),
                f":5: retrain.{key}: no time at all; write a length such as 12h or 30d",
                id=key,
            )
            for key in ("window", "time_limit", "age")
        ),
        pytest.param(
            monitor_text("retrain: {trainer: a.py}\n"), ":5: retrain.trainer: is not of the right form; write", id="py"
        ),
    ],
)
def test_a_value_of_the_wrong_kind(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            monitor_text("checks:\n  - {metric: f1, below: 1}\n  - {metric: f1, below: 2}\n"),
            ":7: two checks are named 'f1-below'; give this one another name",
            id="two checks",
        ),
        pytest.param(
            monitor_text("metrics:\n  - {name: x, function: a.py:f}\n  - {name: x, function: b.py:f}\n"),
            ":7: two metrics are named 'x'; give this one another name",
            id="two metrics",
        ),
        pytest.param(
            monitor_text(
                "checks:\n  - {metric: f1, below: 1}\n"
                "retrain:\n  on: [f1-belw]\n  trainer: a.py:f\n  accept: {metric: f1}\n"
            ),
            ":8: retrain.on names no check 'f1-belw'; did you mean 'f1-below'? known: f1-below",
            id="retrain.on",
        ),
    ],
)
def test_keys_that_do_not_go_together(text: str, message: str) -> None:
    assert refusal(text).startswith(message)
