"""What is odd about labels and answers, in one line on which a user can act; and what is not odd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.evaluation.answers import answer_findings, unusable_labels
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.monitor import Monitor, parse

N = 200


def monitor_of(kind: str, more: str = "") -> Monitor:
    predictions = f"{{parquet: p.parquet, time: t, id: i, prediction: p{more}}}"
    text = f"{{model: m, kind: {kind}, predictions: {predictions}, labels: {{parquet: l.parquet, target: y}}}}"
    return parse("m.yaml", text, environ={}, read=lambda name: "")


def found(kind: str, y: Any, p: Any, more: str = "", **scores: Any) -> dict[str, str]:
    columns = {name: pd.Series(column) for name, column in scores.items()}
    labelled = Labelled(pd.Series(y, dtype=object), pd.Series(p, dtype=object), columns, {}, None)
    findings = answer_findings(labelled, monitor_of(kind, more), "day")
    return {finding.code.value: finding.message for finding in findings if finding.subject == "day"}


THREE = [*"abc"] * N
BY_CLASS = ", score: {a: sa, b: sb, c: sc}"
EVEN = {name: [1 / 3] * 3 * N for name in ("sa", "sb", "sc")}


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        pytest.param(
            ("classification", ["d", *THREE[1:]], THREE, BY_CLASS), "classes-odd",
            "day: not of the classes a, b, c: 1 row labelled 'd' left out of scores and averages; "
            "correct them, or give each a score", id="a label without a score",
        ),
        pytest.param(
            ("classification", THREE, ["d", "", *THREE[2:]], BY_CLASS), "classes-odd",
            "2 rows predicted \"\", 'd' counted as wrong", id="predictions without a score",
        ),
        pytest.param(
            ("classification", ["unknown", *[0, 1] * N], [1, *[0, 1] * N]), "classes-odd",
            "not of the classes 0, 1: 1 row labelled 'unknown'", id="beside 0 and 1",
        ),
        pytest.param(
            ("classification", ["x", *THREE[1:]], THREE), "classes-odd",
            "1 of 600 rows is labelled 'x', which the model never predicts", id="never predicted",
        ),
        pytest.param(
            ("classification", ["yes", "no"] * N, [True, False] * N), "classes-differ",
            "no predicted class (0, 1) is one of the true ones (no, yes); write both alike", id="spelled otherwise",
        ),
        pytest.param(
            ("classification", ["yes", "no"] * (N - 2) + ["1", "0", "yes", "no"], [True, False] * N), "classes-differ",
            "hardly a predicted class (0, 1) is one of the true ones (no, yes); write both alike", id="two that meet",
        ),
        pytest.param(
            ("classification", ["yes", "no"] * N, ["no", *["Y", "N"] * N][: 2 * N]), "classes-differ",
            "hardly a predicted class (N, Y) is one of the true ones (yes); write both alike", id="one prediction",
        ),
        pytest.param(
            ("classification", ["yes"] * 19 + ["1"], [1, 0] * 10), "classes-differ",
            "hardly a predicted class (0) is one of the true ones (yes)", id="one of twenty",
        ),
        pytest.param(
            ("ranking", ["SKU-a"] * 2 * N, [["a", "b"]] * (2 * N - 1) + [["SKU-a"]]), "classes-differ",
            "hardly a ranked item (a, b) is one of the true ones (SKU-a)", id="one item",
        ),
        pytest.param(
            ("classification", ["yes", "no"] * N, ["yes", "no"] * N, ", positive: '1'"), "classes-odd",
            "the positive class '1' is neither labelled nor predicted; classes are no, yes; give",
            id="a positive class that is none",
        ),
        pytest.param(
            ("regression", [1.0, 2.0] * N, [b"1", 2.0] * N), "numbers-odd",
            "no number in 200 of 400 rows of column 'p' (bytes), left out; log numbers", id="bytes as numbers",
        ),
        pytest.param(
            ("regression", [1.0] * N, [1e200, *[1.0] * (N - 1)]), "numbers-odd",
            "1 of 200 rows has a number in 'p' that no float of 32 bits holds ('1e+200'), left out; correct it",
            id="a huge prediction",
        ),
        pytest.param(
            ("regression", [-1.7e308, 1e308, *[1.0] * (N - 2)], [1.0] * N), "numbers-odd",
            "2 of 200 rows have a number in 'y' that no float of 32 bits holds ('-1.7e+308', '1e+308'), left out",
            id="huge labels",
        ),
        pytest.param(
            ("text", ["a", "b"] * N, ['[{"role": "user", "content": "a"}]'] * 2 * N), "texts-unreadable",
            "no text in 400 of 400 rows of column 'p' (a chat in JSON) left out", id="a chat as text",
        ),
        pytest.param(
            ("ranking", ["item_1", "item_2"] * N, [["1", "2"]] * 2 * N), "classes-differ",
            "no ranked item (1, 2) is one of the true ones (item_1, item_2); write both alike", id="items",
        ),
        pytest.param(
            ("ranking", ["a", "b"] * N, [["a"], [{"item": "a"}]] * N), "lists-unreadable",
            "200 of 400 rows of column 'p', such as '[{\"item\": \"a\"}]', left out; log a list of item ids",
            id="objects",
        ),
        pytest.param(
            ("text", ["a", "b"] * N, [b"a", "b"] * N), "texts-unreadable",
            "no text in 200 of 400 rows of column 'p' (bytes) left out; log the text alone", id="bytes",
        ),
        pytest.param(
            ("text", [[{"role": "user", "content": "secret"}]] * N, ["b"] * N), "texts-unreadable",
            "no text in 200 of 200 rows of column 'y' (list) left out; log the text alone", id="chat messages",
        ),
    ],
)  # fmt: skip
def test_reported(given: tuple[Any, ...], code: str, words: str) -> None:
    more = EVEN if BY_CLASS in given else {}
    messages = found(*given, **more)
    assert messages.keys() == {code}
    assert words in messages[code]
    assert "\n" not in messages[code]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(("classification", THREE, THREE, BY_CLASS), id="declared classes"),
        pytest.param(("classification", [0, 1] * N, [1, 0] * N), id="0 and 1"),
        pytest.param(("classification", ["True", "False"] * N, [True, False] * N), id="flags in words"),
        pytest.param(("classification", [0] * N, [1] * 19 + [0] * (N - 19)), id="one of them"),
        pytest.param(("classification", ["x"] * 100 + THREE[100:], THREE), id="a common class that is missed"),
        pytest.param(("classification", [*map(str, range(50))] * 4, ["1", "2"] * 100), id="many rare classes"),
        pytest.param(("classification", ["yes", "no", "x"], ["yes", "no", "no"]), id="too few rows"),
        pytest.param(("classification", THREE, [None] * 3 * N), id="no answers"),
        pytest.param(("classification", ["a"] * 99 + ["b"], ["b"] * 100), id="a model that answers one rare class"),
        pytest.param(("classification", ["a"] * 100, ["b"] * 97 + ["a"] * 3), id="a day of one class"),
        pytest.param(
            ("classification", ["no"] * N, ["no"] * N, ", positive: 'yes'"), id="a day without the positive one"
        ),
        pytest.param(("regression", [1e30] * N, [float("nan"), *[-1e38] * (N - 1)]), id="large numbers"),
        pytest.param(("text", ['{"city": "Oslo"}'] * N, ['{"city": "Rome"}'] * N), id="answers in JSON"),
        pytest.param(("ranking", ["[A]", "B"] * N, [["[A]", "[B]"], ["B"]] * N), id="items in brackets"),
        pytest.param(("ranking", [1, 2] * N, [[1, 5]] * 2 * N), id="items that meet"),
        pytest.param(("ranking", ["a"] * 19, [["b"]] * 19), id="too few lists"),
        pytest.param(("regression", [1.0] * N, [2.0] * N), id="numbers"),
        pytest.param(("text", ["a"] * N, ["b"] * N), id="texts"),
        pytest.param(("text", [1, 2.5] * N, [None, "b"] * N), id="numbers as texts"),
    ],
)
def test_silent(given: tuple[Any, ...]) -> None:
    assert found(*given, **(EVEN if BY_CLASS in given else {})) == {}


def test_scores_that_do_not_add_up() -> None:
    scores = {name: np.array(column) for name, column in EVEN.items()}
    for column in scores.values():
        column[:4] = 0.5
    messages = found("classification", THREE, THREE, BY_CLASS, **scores)
    assert messages == {
        "scores-outside": "day: scores of 4 of 600 rows add up to 1.5 to 1.5, not 1; "
        "log the probabilities of all classes"
    }


def test_labels_that_are_no_numbers() -> None:
    [finding] = unusable_labels({"n/a": 3, "inf": 1}, monitor_of("regression"), "day")
    assert "4 rows have a label in 'y' that is no finite number, such as 'n/a', 'inf'" in finding.message
    assert [*unusable_labels({}, monitor_of("regression"), "day")] == []
