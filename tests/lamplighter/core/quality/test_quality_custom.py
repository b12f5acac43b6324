"""Custom metrics."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.resampling import custom
from lamplighter.core.records.measurement import State

TRUE = np.arange(200.0)
PRED = TRUE + np.random.default_rng(0).normal(1, 2, 200)
OPTIONS = {"groupings": [Grouping.overall(200)], "state": State.FINAL}


def bias(y_true, y_pred, y_score):
    return np.mean(y_pred - y_true)


def test_its_interval_is_that_of_the_mean():
    (found,) = custom("own_bias", bias, TRUE, PRED, None, resamples=400, **OPTIONS)
    error = (PRED - TRUE).std(ddof=1) / np.sqrt(200)
    assert (found.metric, found.value, found.n) == ("own_bias", pytest.approx((PRED - TRUE).mean()), 200)
    assert (found.upper - found.lower) / 2 == pytest.approx(1.96 * error, rel=0.15)


def test_it_is_the_same_in_every_run_and_whatever_else_is_measured():
    groups = Grouping.of("half", np.where(TRUE < 100, "low", "high"))
    both = custom("own_bias", bias, TRUE, PRED, None, groupings=[OPTIONS["groupings"][0], groups], state=State.FINAL)
    assert custom("own_bias", bias, TRUE, PRED, None, **OPTIONS) == both[:1]
    low = Grouping(["half=low"], np.zeros(100, int))
    alone = custom("own_bias", bias, TRUE[:100], PRED[:100], None, groupings=[low], state=State.FINAL)
    assert alone == [m for m in both if m.segment == "half=low"]


def fails(y_true, y_pred, y_score):
    raise ValueError("needs a positive class\nand more")


def divides(y_true, y_pred, y_score):
    return 1 / 0


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (fails, "ValueError: needs a positive class"),
        (divides, "ZeroDivisionError: division by zero"),
        (lambda *_: np.nan, "the result is not a finite number: nan"),
        (lambda *_: None, "TypeError: float() argument must be a string or a real number, not 'NoneType'"),
    ],
)
def test_its_failure_is_a_reason(function, reason):
    (found,) = custom("own", function, TRUE, PRED, None, **OPTIONS)
    assert (found.value, found.lower, found.upper, found.reason) == (None, None, None, reason)


def test_an_empty_group_is_not_measured():
    grouping = Grouping(["c=a", "c=b"], np.zeros(200, int))
    found = custom("own_bias", bias, TRUE, PRED, None, groupings=[grouping], state=State.FINAL)
    assert [m.reason for m in found] == ["", "no labelled rows"]


def test_it_gets_rows_in_the_shape_they_came_in():
    def shapes(y_true, y_pred, y_score):
        assert isinstance(y_true, list)
        assert set(y_score) == {"a"}
        return len(y_true) + len(y_score["a"]) + len(y_pred)

    (found,) = custom("own", shapes, ["x"] * 200, PRED, {"a": TRUE}, **OPTIONS)
    assert (found.value, found.lower) == (600, None)


def test_measuring_needs_no_heavy_library():
    heavy = "{'sklearn', 'pandas', 'sacrebleu', 'rouge_score', 'scipy.stats'}"
    code = f"import sys, lamplighter.core.quality; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
