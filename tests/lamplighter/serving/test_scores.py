"""Scores that are not of the rows that were predicted."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from lamplighter.serving import ModelInstruments, faults
from tests.lamplighter.serving.exposed_series import value


@pytest.mark.parametrize(
    ("scores", "lines"),
    [
        pytest.param([0.5], 1, id="too few"),
        pytest.param([0.5] * 4, 1, id="too many"),
        pytest.param(iter([0.5, 0.4, 0.3]), 0, id="an iterator"),
        pytest.param([[0.2, 0.8]] * 3, 0, id="one for each class"),
        pytest.param([0.5, None, 0.3], 0, id="a null"),
        pytest.param(None, 0, id="none"),
    ],
)
def test_scores_of_other_rows_are_said_once(
    scores: Any, lines: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "_reported", set())
    instruments = ModelInstruments("churn", "12", unsure=(0.4, 0.6), registry=CollectorRegistry())
    with instruments.inference() as answered:
        answered(iter([1, 2, 3]), scores)
        answered([1, 2, 3], [0.5] if lines else None)
    assert value(instruments.registry, "inference_predictions_total") == 6
    assert len(caplog.messages) == lines
    assert all("3 predictions were given with scores of " in line for line in caplog.messages)
