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
