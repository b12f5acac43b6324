"""What a fleet shares stands in one file, and a mistake is reported with the file that it stands in."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lamplighter.core.monitor import Monitor, parse
from lamplighter.errors import MonitorError

BASE = """\
every: 1h
tags: {owner: ops, env: prod}
segments: [origin, carrier]
predictions:
  time: at
  id: request_id
checks:
  - {metric: rows, below: 1}
  - {metric: repeated_ratio, above: 0.1}
"""

OWN = """\
extends: _base.yaml
model: m
kind: regression
predictions:
  parquet: p.parquet
  id: [a, b]
tags: {env: test}
"""


def read(files: Mapping[str, str], name: str = "monitors/m.yaml", **environ: str) -> Monitor:
    def content(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    return parse(name, files[name], environ=environ, read=content)


def refusal(files: Mapping[str, str], **environ: str) -> str:
    with pytest.raises(MonitorError) as caught:
        read(files, **environ)
    return str(caught.value)


def test_mappings_are_merged_and_lists_and_values_replaced() -> None:
    monitor = read({"monitors/m.yaml": OWN + "checks: []\n", "monitors/_base.yaml": BASE})
    assert monitor.every.value == "1h"
    assert monitor.tags == {"owner": "ops", "env": "test"}
    assert (monitor.predictions.time, monitor.predictions.parquet) == ("at", ("p.parquet",))
    assert (monitor.predictions.id, monitor.segments, monitor.checks) == (("a", "b"), ("origin", "carrier"), ())


def test_a_chain_of_files_the_nearest_wins() -> None:
    files = {
        "monitors/m.yaml": OWN,
        "monitors/_base.yaml": "extends: ../shared/_all.yaml\n" + BASE,
        "shared/_all.yaml": "every: 1w\ntimezone: Asia/Kolkata\n",
    }
    monitor = read(files)
    assert (monitor.every.value, monitor.timezone) == ("1h", "Asia/Kolkata")


def test_null_takes_back_what_is_shared() -> None:
    shared = BASE + "labels: {parquet: l, target: y}\n"
    assert read({"monitors/m.yaml": OWN + "labels: ~\n", "monitors/_base.yaml": shared}).labels is None


@pytest.mark.parametrize(
    ("own", "base", "message"),
    [
        pytest.param("", BASE + "evry: 1d\n", "monitors/_base.yaml:10: unknown key 'evry'", id="unknown key"),
        pytest.param("", BASE.replace("below: 1", "below: x"), "monitors/_base.yaml:8: checks.0.below", id="value"),
        pytest.param("", BASE.replace("rows", "rws"), "monitors/_base.yaml:8: unknown metric 'rws'", id="metric"),
        pytest.param("", BASE + "a: [\n", "monitors/_base.yaml:11: not YAML", id="not YAML"),
        pytest.param("", BASE + "every: 1d\n", "monitors/_base.yaml:10: key 'every' stands at", id="twice"),
        pytest.param("", "- a\n", "monitors/_base.yaml:1: a monitor is a mapping", id="a list"),
        pytest.param(
            "", BASE + "notify: ['${NOPE}']\n", "monitors/_base.yaml:10: the environment has no", id="variable"
        ),
        pytest.param("checks: [{metric: rws, below: 1}]\n", BASE, "monitors/m.yaml:8: unknown metric", id="own list"),
        pytest.param("every: 2d\n", BASE, "monitors/m.yaml:8: every: '2d' cannot be chosen", id="own value"),
    ],
)
def test_a_mistake_is_reported_of_the_file_it_stands_in(own: str, base: str, message: str) -> None:
    assert refusal({"monitors/m.yaml": OWN + own, "monitors/_base.yaml": base}).startswith(message)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param(
            {"monitors/m.yaml": OWN},
            "monitors/m.yaml:1: extends monitors/_base.yaml, which cannot be read; name a file beside monitors/m.yaml",
            id="absent",
        ),
        pytest.param(
            {"monitors/m.yaml": "model: m\nextends: [a]\n"},
            "monitors/m.yaml:2: extends ['a'], which names no file; write the name of one beside monitors/m.yaml",
            id="a list",
        ),
        pytest.param(
            {"monitors/m.yaml": OWN, "monitors/_base.yaml": "every: 1d\nextends: m.yaml\n"},
            "monitors/_base.yaml:2: extends itself by way of monitors/m.yaml -> monitors/_base.yaml -> monitors/m",
            id="a circle",
        ),
        pytest.param(
            {"monitors/m.yaml": "extends: ../monitors/./m.yaml\n"},
            "monitors/m.yaml:1: extends itself by way of monitors/m.yaml -> monitors/m.yaml; remove one of them",
            id="itself by another name",
        ),
    ],
)
def test_a_file_that_cannot_be_extended(files: dict[str, str], message: str) -> None:
    assert refusal(files).startswith(message)


def test_a_variable_that_is_replaced_need_not_be_set() -> None:
    shared = BASE + "notify: ['${NOPE}']\n"
    assert read({"monitors/m.yaml": OWN + "notify: []\n", "monitors/_base.yaml": shared}).notify.to == ()


def test_without_a_reader_nothing_is_extended() -> None:
    with pytest.raises(MonitorError, match=r"monitors/m\.yaml:1: extends '_base.yaml', which names no file"):
        parse("monitors/m.yaml", OWN, environ={})
