"""In how many windows a check fails, when its incident closes, and what a stricter limit means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.core.checks.decide import Verdict
from lamplighter.core.checks.outcome import outcome_at
from lamplighter.core.checks.series import Point
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement
from tests.lamplighter.core.checks.series_of import check_of, judged, series_of

BAD, GOOD, NONE = 0.3, 0.5, None


@pytest.mark.parametrize(
    ("values", "for_", "verdict"),
    [
        ([BAD], "1 of 1 days", Verdict.FAILED),
        ([BAD], "2 of 3 days", Verdict.PASSED),
        ([BAD, BAD], "2 of 3 days", Verdict.FAILED),
        ([BAD, GOOD, BAD], "2 of 3 days", Verdict.FAILED),
        ([BAD, BAD, GOOD], "2 of 3 days", Verdict.FAILED),
        ([BAD, GOOD, GOOD, BAD], "2 of 3 days", Verdict.PASSED),
        ([BAD, NONE, BAD], "2 of 3 days", Verdict.FAILED),
        ([BAD, NONE, NONE, BAD], "2 of 3 days", Verdict.PASSED),
        ([BAD, BAD, NONE], "2 of 3 days", Verdict.UNDECIDED),
        ([BAD, BAD, BAD], "3 of 3 windows", Verdict.FAILED),
        ([BAD, GOOD, BAD], "3 of 3 windows", Verdict.PASSED),
    ],
)
def test_how_many_windows_fail(values: list[Any], for_: str, verdict: Verdict) -> None:
    assert judged(check_of(below=0.4, for_=for_), values).decision().verdict is verdict


def test_days_are_those_of_the_calendar() -> None:
    """Of two bad days with a week without a run between them only one is of the last three."""
    series = series_of([BAD, *[GOOD] * 7, BAD])
    thinned = series.points[:1] + series.points[-1:]  # type: ignore[operator]
    check = check_of(below=0.4, for_="2 of 3 days")
    decision = type(judged(check, [GOOD]))(check, type(series)("m", series.grain, "UTC", thinned)).decision()
    assert (decision.verdict, decision.value) == (Verdict.PASSED, BAD)
    assert decision.reason == "beyond its limit in 1 of the last 3 days; it fails from 2 on"


@pytest.mark.parametrize(
    ("values", "clears", "over"),
    [
        ([BAD, GOOD], 1, True),
        ([BAD, GOOD], 2, False),
        ([BAD, GOOD, GOOD], 2, True),
        ([BAD, GOOD, NONE, GOOD], 2, True),
        ([BAD, GOOD, NONE], 2, False),
        ([BAD, GOOD, BAD, GOOD], 2, False),
        ([BAD], 1, False),
        ([NONE], 1, False),
        ([NONE, GOOD], 2, True),
    ],
)
def test_when_an_incident_may_close(values: list[Any], clears: int, over: bool) -> None:
    assert judged(check_of(below=0.4, clears=clears), values).clears() is over


def test_a_metric_that_is_seldom_defined_closes_too() -> None:
    weekly = [BAD, *([NONE] * 6 + [GOOD]) * 10]
    assert judged(check_of(below=0.4, clears=10), weekly).clears()
    assert judged(check_of(below=0.4, clears=100), [BAD, *[GOOD] * 100]).clears()


def test_broken_windows_count_neither_way() -> None:
    finding = Finding(Code.SCALE_CHANGED, "amount", "in cents")
    broken = Point(datetime(2013, 4, 1, tzinfo=UTC), Measurement(metric="f1", value=BAD, n=9), (finding,))
    check = check_of(below=0.4, for_="2 of 3 days")
    assert judged(check, [broken, broken, BAD]).decision().verdict is Verdict.PASSED
    assert judged(check_of(below=0.4), [BAD, GOOD, broken, GOOD]).clears()


values = st.lists(st.floats(-2, 2).map(lambda value: round(value, 3)), min_size=8, max_size=30)
FAMILIES = {
    "below": ("below", lambda t: t, -1),
    "above": ("above", lambda t: t, 1),
    "falls": ("falls", lambda t: f"{abs(t) * 100:.3f}%", 1),
    "rises": ("rises", lambda t: f"{abs(t) * 100:.3f}%", 1),
    "sigmas": ("outside", lambda t: {"sigmas": abs(t) + 0.001, "of": "7d"}, 1),
    "high quantile": ("above", lambda t: {"quantile": 0.001 + 0.499 * min(abs(t), 2), "of": "7d"}, 1),
    "low quantile": ("below", lambda t: {"quantile": 0.001 + 0.499 * min(abs(t), 2), "of": "7d"}, -1),
    "slope": ("slope", lambda t: f"{-abs(t) - 0.001:.4f} per day", 1),
}
"""How a number becomes a limit, and whether a larger one is looser: 1, or stricter: -1."""
BESIDE = {"falls": {"versus": {"mean": "7d"}}, "rises": {"versus": {"median": "7d"}}, "slope": {"over": "7d"}}


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60)
@given(values, st.tuples(st.floats(-2, 2), st.floats(-2, 2)).map(lambda pair: sorted(pair, key=abs)), st.booleans())
def test_a_looser_limit_fails_nowhere_else(
    family: str, values: list[float], thresholds: list[float], surely: bool
) -> None:
    """Whatever fails a limit fails a stricter one too, with and without `for` and `surely`."""
    key, given_, direction = FAMILIES[family]
    ordered = sorted(thresholds) if key in ("above", "below") and "quantile" not in family else thresholds
    loose, strict = ordered[::-1] if direction > 0 else ordered
    for for_ in ("1 of 1 days", "2 of 3 days"):
        verdicts = []
        for threshold in (strict, loose):
            check = check_of(**{key: given_(threshold)}, **BESIDE.get(key, {}), for_=for_, surely=surely)
            verdicts.append(judged(check, values, width=0.1).decision().verdict)
        if verdicts[1] is Verdict.FAILED:
            assert verdicts[0] is Verdict.FAILED


@settings(max_examples=60)
@given(values, st.integers(1, 3), st.integers(0, 2))
def test_for_counts_as_a_plain_loop_does(values: list[float], failing: int, more: int) -> None:
    windows = failing + more
    check = check_of(falls="5%", versus={"mean": "7d"}, for_=f"{failing} of {windows} days")
    series = series_of(values)
    outcomes = [outcome_at(check, series, place).verdict for place in range(len(values))]
    expected = outcomes[-1]
    if expected is not Verdict.UNDECIDED:
        beyond = sum(it is Verdict.FAILED for it in outcomes[-windows:])
        expected = Verdict.FAILED if beyond >= failing else Verdict.PASSED
    assert judged(check, values).decision().verdict is expected
