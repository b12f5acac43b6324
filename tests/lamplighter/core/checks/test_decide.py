"""What a check comes to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lamplighter.core.checks.decide import Verdict, decide
from lamplighter.core.monitor import Check
from lamplighter.core.records.measurement import Measurement

START = datetime(2013, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limit", "value", "verdict"),
    [
        pytest.param({"below": 0.4}, 0.39, Verdict.FAILED, id="below"),
        pytest.param({"below": 0.4}, 0.4, Verdict.PASSED, id="on the limit"),
        pytest.param({"below": 0.4}, 0.9, Verdict.PASSED, id="far above a lower limit"),
        pytest.param({"above": 3}, 3.1, Verdict.FAILED, id="above"),
        pytest.param({"above": 3}, 3, Verdict.PASSED, id="on the upper limit"),
        pytest.param({"above": 0}, 0.0, Verdict.PASSED, id="a limit of 0"),
        pytest.param({"above": 0}, 1e-9, Verdict.FAILED, id="just above 0"),
        pytest.param({"below": -1}, -2.0, Verdict.FAILED, id="a negative limit"),
    ],
)
def test_a_verdict(limit: dict[str, float], value: float, verdict: Verdict) -> None:
    check = Check.model_validate({"metric": "f1"} | limit)
    decision = decide(check, START, Measurement(metric="f1", value=value, n=10))
    assert (decision.verdict, decision.value, decision.reason) == (verdict, value, "")
    assert (decision.threshold, decision.window_start) == (next(iter(limit.values())), START)


@pytest.mark.parametrize(
    ("window_start", "measurement", "reason"),
    [
        pytest.param(None, None, "no window with enough labels yet", id="no window"),
        pytest.param(START, None, "the window has no such measurement", id="no row"),
        pytest.param(START, Measurement(metric="f1", reason="one class"), "one class", id="undefined"),
    ],
)
def test_what_cannot_be_decided(window_start: datetime | None, measurement: Measurement | None, reason: str) -> None:
    decision = decide(Check.model_validate({"metric": "f1", "below": 0.4}), window_start, measurement)
    assert (decision.verdict, decision.value, decision.reason) == (Verdict.UNDECIDED, None, reason)
    assert decision.threshold == 0.4
