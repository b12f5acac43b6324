"""URLs hold passwords: none is ever printed, whatever is printed."""

from __future__ import annotations

import traceback

import pytest

from lamplighter.core.monitor import Monitor, parse
from lamplighter.errors import MonitorError

SECRET = "hunter2"
ENVIRON = {"PREDICTIONS_URL": f"postgresql://u:{SECRET}@host/db", "ALERTS_URL": f"slack://{SECRET}/a/b"}

TEXT = """\
model: m
kind: classification
predictions:
  sql: {url: "${PREDICTIONS_URL}", table: p}
  time: t
  id: i
  prediction: y
labels:
  sql: {url: "${PREDICTIONS_URL}", query: select 1}
  target: z
notify: ["${ALERTS_URL}", "json://hunter2@host"]
"""


@pytest.fixture(name="monitor")
def _monitor() -> Monitor:
    return parse("m.yaml", TEXT, environ=ENVIRON)


def test_the_secrets_are_there_for_those_who_ask(monitor: Monitor) -> None:
    assert monitor.predictions.sql is not None
    assert SECRET in monitor.predictions.sql.url.get_secret_value()
    assert SECRET in monitor.notify.to[0].get_secret_value()


def test_no_rendering_shows_a_secret(monitor: Monitor) -> None:
    shown = [
        repr(monitor),
        str(monitor),
        f"{monitor.predictions}",
        monitor.model_dump_json(),
        str(monitor.model_dump()),
    ]
    assert [text for text in shown if SECRET in text] == []


@pytest.mark.parametrize(
    ("found", "replaced"),
    [
        pytest.param("table: p", "tabel: p", id="an unknown key beside it"),
        pytest.param("table: p", "table: p, query: q", id="table and query"),
        pytest.param(", table: p", "", id="neither"),
        pytest.param('{url: "${PREDICTIONS_URL}", table: p}', '"${PREDICTIONS_URL}"', id="a URL for a mapping"),
        pytest.param('url: "${PREDICTIONS_URL}", table', 'url: ["${PREDICTIONS_URL}"], table', id="a list for a URL"),
        pytest.param("time: t\n", "time: ['${PREDICTIONS_URL}']\n", id="a list for a column"),
        pytest.param("notify: [", "notify: [3, ", id="a number among the URLs"),
        pytest.param("notify: [", "notify: {a: ", id="not YAML"),
        pytest.param(
            'notify: ["${ALERTS_URL}", "json://hunter2@host"]', "notify: {a: '${ALERTS_URL}'}", id="a mapping"
        ),
        pytest.param('"${ALERTS_URL}"', '"${ALERTS_URL}${NOPE}"', id="a missing variable"),
        pytest.param("  id: i\n", "", id="keys that do not go together"),
    ],
)
def test_no_message_shows_a_secret(found: str, replaced: str) -> None:
    assert found in TEXT
    with pytest.raises(MonitorError) as caught:
        parse("m.yaml", TEXT.replace(found, replaced, 1), environ=ENVIRON)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


VALUES = ("hunter2", "se", "0.123456", "12x34y", "a=hunter2", "2013-99-01..hunter2", "it's\thunter2", "HUNTER2")
KEYS = [
    ("kind: classification", "kind: ${V}"),
    ("model: m", "model: '${V}!'"),
    ("time: t", "time: t\n  timezone: ${V}"),
    ("model: m", "model: m\ntimezone: x${V}y"),
    ("model: m", "model: m\nevery: ${V}"),
    ("model: m", "model: m\nschedule: ${V} * * * *"),
    ("model: m", "model: m\ntop_k: ${V}"),
    ("model: m", "model: m\nmetrics: [{name: '${V}', function: 'a.py:f'}, {name: '${V}', function: 'a.py:f'}]"),
    ("model: m", "model: m\nchecks: [{metric: '${V}', below: 1}]"),
    ("model: m", "model: m\nchecks: [{metric: f1, below: '${V}'}]"),
    ("model: m", "model: m\nchecks: [{metric: f1, below: 1, segment: '${V}'}]"),
    ("model: m", "model: m\nchecks: [{metric: f1, below: 1, segment: 'a=${V}'}]"),
    ("model: m", "model: m\nchecks: [{metric: f1, below: 1, feature: '${V}'}]"),
    ("model: m", "model: m\nchecks: [{metric: f1, below: 1, name: '${V}'}, {metric: f1, below: 1, name: '${V}'}]"),
    ("model: m", "model: m\nsegments: ['${V}=']"),
    ("model: m", "model: m\nsegments: ['${V}', '${V}']"),
    ("model: m", "model: m\nreference: {days: '${V}'}"),
    ("model: m", "model: m\nreference: {days: '2014-01-01..${V}'}"),
    ("model: m", "model: m\nreference: {trailing: '${V}'}"),
    ("model: m", "model: m\nreference: {parquet: '${V}/{day}'}"),
    ("model: m", "model: m\nfeatures: {auto: '${V}'}"),
    ("model: m", "model: m\nfeatures: {numeric: ['${V}'], categorical: ['${V}']}"),
    ("model: m", "model: m\nretrain: {on: ['${V}'], trainer: 'a.py:b', accept: {metric: f1}}"),
    ("model: m", "model: m\nretrain: {trainer: '${V}'}"),
    ("model: m", "model: m\nretrain: {trainer: 'a.py:b', accept: {metric: '${V}'}}"),
    ("model: m", "model: m\nretrain: {trainer: 'a.py:b', accept: {metric: f1}, environment: ['${V} ']}"),
    ("model: m", "model: m\nnotify: {via: '${V}'}"),
    ("model: m", "model: m\nnotify: ['json://u:${V}@x@host']"),
    ('  sql: {url: "${PREDICTIONS_URL}", table: p}', "  sql: {url: 'postgresql://u:${V}@x@host/d', table: p}"),
    ('  sql: {url: "${PREDICTIONS_URL}", table: p}', "  parquet: 's3://u:${V}@bucket/{x}'"),
    ('  sql: {url: "${PREDICTIONS_URL}", table: p}', "  parquet: '${V}/{x}'"),
    ("  prediction: y", "  prediction: y\n  duplicates: ${V}"),
    ("  prediction: y", "  prediction: y\n  score: s\n  unsure: [1, '${V}']"),
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(("found", "replaced"), KEYS, ids=[replaced[-60:] for _, replaced in KEYS])
def test_no_message_shows_what_came_from_a_variable(found: str, replaced: str, value: str) -> None:
    assert found in TEXT
    try:
        parse("m.yaml", TEXT.replace(found, replaced, 1), environ=ENVIRON | {"V": value})
    except MonitorError as error:
        output = str(error).partition(": ")[2]
        shown = [
            form for form in (value, value.lower(), repr(value)[1:-1], "hunter2") if len(form) > 2 and form in output
        ]
        assert shown == []
        assert f"'{value}'" not in output


def test_a_message_without_a_variable_is_as_it_was() -> None:
    with pytest.raises(MonitorError, match=r"m\.yaml:2: kind: 'clasification' cannot be chosen"):
        parse("m.yaml", TEXT.replace("kind: classification", "kind: clasification"), environ=ENVIRON)
