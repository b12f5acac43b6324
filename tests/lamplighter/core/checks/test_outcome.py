"""What a check comes to in one window, with every odd past."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lamplighter.core.checks.decide import Cause, Verdict
from lamplighter.core.checks.outcome import Outcome, outcome_at
from lamplighter.core.checks.series import Point
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.window import Grain
from tests.lamplighter.core.checks.series_of import check_of, series_of

FALL = {"falls": "5%", "versus": {"mean": "7d"}}
BROKEN = Finding(Code.SCALE_CHANGED, "amount", "column 'amount' is in cents")


def outcome(values: list[Any], keys: dict[str, Any], **more: Any) -> Outcome:
    return outcome_at(check_of(**keys), series_of(values, **more), len(values) - 1)


@pytest.mark.parametrize(
    ("keys", "value", "verdict"),
    [
        pytest.param({"below": 0.4}, 0.39, Verdict.FAILED, id="below"),
        pytest.param({"below": 0.4}, 0.4, Verdict.PASSED, id="on the limit"),
        pytest.param({"above": 3}, 3.1, Verdict.FAILED, id="above"),
        pytest.param({"above": 0}, 0.0, Verdict.PASSED, id="a limit of 0"),
        pytest.param({"above": 0}, 1e-9, Verdict.FAILED, id="just above 0"),
        pytest.param({"below": -1}, -2.0, Verdict.FAILED, id="a negative limit"),
        pytest.param({"above": 3, "ignore_below": 5}, 4.0, Verdict.PASSED, id="ignored"),
    ],
)
def test_a_plain_number(keys: dict[str, Any], value: float, verdict: Verdict) -> None:
    found = outcome([value], keys)
    assert (found.verdict, found.value, found.compared, found.reason) == (verdict, value, "", "")


@pytest.mark.parametrize(
    ("values", "keys", "failing", "compared"),
    [
        pytest.param(
            [0.8] * 7 + [0.75], FALL, True, "5 % below 0.8, the mean of 7 windows from 2013-04-01", id="falls"
        ),
        pytest.param([0.8] * 7 + [0.77], FALL, False, "5 % below 0.8", id="falls a little"),
        pytest.param([0.8] * 20 + [0.2] * 7 + [0.2], FALL, False, "5 % below 0.2", id="the past moves on"),
        pytest.param(
            [0.1, *[0.8] * 6, 0.75], {"falls": "5%", "versus": {"median": "7d"}}, True, "the median of 7", id="median"
        ),
        pytest.param(
            [0.8] * 7 + [0.77], {"falls": {"by": 0.02}, "versus": {"mean": "7d"}}, True, "0.02 below 0.8", id="by"
        ),
        pytest.param(
            [*range(1, 31), 31.0], {"above": {"quantile": 0.95, "of": "30d"}}, True, "the 0.95 quantile of 30", id="q"
        ),
        pytest.param(
            [1.0, 2.0, 3.0, 8.0],
            {"outside": {"sigmas": 3, "of": "3d"}},
            True,
            "3 standard deviations of 1 from",
            id="s",
        ),
        pytest.param(
            [0.9, 0.88, 0.86, 0.84, 0.82], {"slope": "-0.01 per day", "over": "5d"}, True, "Theil-Sen slope", id="slope"
        ),
        pytest.param(
            [0.9, 0.9, 0.9, 0.9, 0.1],
            {"slope": "-0.01 per day", "over": "5d"},
            False,
            "over 5 windows",
            id="one bad day",
        ),
        pytest.param([None], {"missing": "5d"}, True, "of 2013-04-01, 5d after its end", id="missing"),
        pytest.param([0.3], {"missing": "5d"}, False, "of 2013-04-01", id="not missing"),
    ],
)
def test_every_form(values: list[Any], keys: dict[str, Any], failing: bool, compared: str) -> None:
    found = outcome([value if value is None else float(value) for value in values], keys)
    assert found.verdict is (Verdict.FAILED if failing else Verdict.PASSED)
    assert compared in found.compared


@pytest.mark.parametrize(
    ("values", "keys", "failing"),
    [
        pytest.param([0.5] * 28 + [0.5], {"outside": {"sigmas": 3, "of": "28d"}}, False, id="one value, the same"),
        pytest.param([0.5] * 28 + [0.51], {"outside": {"sigmas": 3, "of": "28d"}}, True, id="one value, another"),
        pytest.param([0.1] * 28 + [0.1], {"above": {"quantile": 0.9, "of": "28d"}}, False, id="one value, quantile"),
        pytest.param([0.0] * 7 + [0.0], {"rises": "5%", "versus": {"mean": "7d"}}, False, id="zero stays zero"),
        pytest.param([0.0] * 7 + [0.01], {"rises": "5%", "versus": {"mean": "7d"}}, True, id="a rise from zero"),
        pytest.param(
            [0.0] * 7 + [0.01], {"rises": "5%", "versus": {"mean": "7d"}, "ignore_below": 0.02}, False, id="a tiny rise"
        ),
        pytest.param(
            [0.0] * 7 + [0.2], {"rises": "5%", "versus": {"mean": "7d"}, "ignore_below": 0.02}, True, id="no tiny rise"
        ),
        pytest.param([-2.0] * 7 + [-2.2], FALL, True, id="a fall below a negative past"),
        pytest.param([-2.0] * 7 + [-2.05], FALL, False, id="a small one"),
    ],
)
def test_odd_pasts(values: list[float], keys: dict[str, Any], failing: bool) -> None:
    assert outcome(values, keys).verdict is (Verdict.FAILED if failing else Verdict.PASSED)


@pytest.mark.parametrize(
    ("values", "keys", "more", "reason", "cause"),
    [
        pytest.param([None], {"below": 0.4}, {}, "one class only", Cause.DATA, id="undefined"),
        pytest.param(
            [Point(datetime(2013, 4, 1, tzinfo=UTC), None)], {"below": 1}, {}, "no such measurement", Cause.DATA,
            id="none",
        ),
        pytest.param(
            [0.3], {"below": 0.4, "minimum_rows": 200}, {}, "2013-04-01 has 100 rows, fewer than minimum_rows 200",
            Cause.DATA, id="few rows",
        ),
        pytest.param(
            [0.8, 0.8, 0.7], FALL, {}, "2 windows have a value, and 4 are needed; it can be decided from 2013-04-05 on",
            Cause.WAITING, id="warm-up",
        ),
        pytest.param(
            [0.8] * 9, {**FALL, "versus": {"mean": "28d"}, "same": "weekday"}, {},
            "1 window of the same weekday has a value, and 3 are needed; it can be decided from 2013-04-23 on",
            Cause.WAITING, id="warm-up of a weekday",
        ),
        pytest.param(
            [None] * 7 + [0.8], FALL, {},
            "0 windows have a value, and 4 are needed: one class only; give a longer time",
            Cause.DATA, id="a past of nulls",
        ),
        pytest.param(
            [0.8, 0.7], FALL, {"oldest": datetime(2012, 1, 1, tzinfo=UTC)},
            "1 window has a value, and 4 are needed; give",
            Cause.DATA, id="a past with gaps",
        ),
        pytest.param(
            [0.3], {"below": 0.4, "surely": True}, {}, "f1 of 2013-04-01 has no interval", Cause.DATA, id="no interval"
        ),
        pytest.param(
            [0.3], {"falls": "5%", "versus": "reference"}, {}, "the reference has no f1; add the labels to its rows",
            Cause.DATA, id="no reference value",
        ),
        pytest.param(
            [0.3], {"metric": "image_brightness", "falls": "5%", "versus": "reference"}, {},
            "the reference has no image_brightness; add the paths of its images to its rows", Cause.DATA,
            id="a reference without images",
        ),
        pytest.param(
            [0.3], {"falls": "5%", "versus": {"version": "2"}}, {}, "version '2' has no f1 in 2013-04-01", Cause.DATA,
            id="no version",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_decided(
    values: list[Any], keys: dict[str, Any], more: dict[str, Any], reason: str, cause: Cause
) -> None:
    found = outcome(values, keys, **more)
    assert (found.verdict, found.cause) == (Verdict.UNDECIDED, cause)
    assert reason in found.reason


def test_the_date_from_which_it_can_be_decided_is_right() -> None:
    """At the window that the reason names it is decided, and in the one before it is not."""
    for keys, date in (
        (FALL, 4),
        ({"outside": {"sigmas": 3, "of": "28d"}}, 14),
        ({"slope": "1 per day", "over": "9d"}, 4),
    ):
        values = [0.8] * (date + 1)
        assert outcome(values, keys).verdict is Verdict.PASSED
        before = outcome(values[:-1], keys)
        assert before.verdict is Verdict.UNDECIDED
        named = before.reason.rpartition("from ")[2].removesuffix(" on")
        assert named == f"2013-04-{date + 1:02d}"


def test_faults_are_left_out_of_the_past() -> None:
    spoilt = Point(datetime(2013, 4, 1, tzinfo=UTC), Measurement(metric="f1", value=0.1, n=100), is_past=False)
    values = [0.8, 0.8, spoilt, spoilt, 0.8, 0.8, 0.8, 0.75]
    found = outcome(values, FALL)
    assert found.verdict is Verdict.FAILED
    assert "the mean of 5 windows" in found.compared
    all_spoilt = outcome([spoilt] * 7 + [0.75], FALL)
    assert "a data fault covers the others" in all_spoilt.reason


def test_a_fault_inhibits() -> None:
    broken = Point(datetime(2013, 4, 1, tzinfo=UTC), Measurement(metric="f1", value=0.1, n=100), (BROKEN,))
    found = outcome([broken], {"below": 0.4})
    assert (found.verdict, found.cause) == (Verdict.UNDECIDED, Cause.INHIBITED)
    assert found.reason == "not judged while the data are broken: scale-changed amount"
    assert found.limit.low == 0.4


@pytest.mark.parametrize(("width", "failing"), [(0.02, True), (0.2, False)])
def test_surely(width: float, failing: bool) -> None:
    found = outcome([0.35], {"below": 0.4, "surely": True}, width=width)
    assert found.verdict is (Verdict.FAILED if failing else Verdict.PASSED)


def test_surely_of_many_segments_needs_more() -> None:
    keys = {"below": 0.4, "surely": True, "segment": "plan=*"}
    assert outcome([0.35], keys, width=0.04).verdict is Verdict.FAILED
    assert outcome([0.35], keys, width=0.04, many=16).verdict is Verdict.PASSED


def test_surely_of_a_slope() -> None:
    steep = [0.9 - 0.05 * day for day in range(9)]
    noisy = [0.6, 0.5, 0.7, 0.4, 0.65, 0.45, 0.62, 0.35, 0.55]
    keys = {"slope": "-0.01 per day", "over": "9d", "surely": True}
    assert outcome(steep, keys).verdict is Verdict.FAILED
    assert outcome(noisy, keys | {"surely": False}).verdict is Verdict.FAILED
    assert outcome(noisy, keys).verdict is Verdict.PASSED


def test_the_reference_and_versions() -> None:
    reference = Measurement(metric="f1", value=0.8, n=900)
    keys = {"falls": "5%", "versus": "reference"}
    found = outcome([0.75], keys, reference=reference)
    assert found.verdict is Verdict.FAILED
    assert found.compared == "5 % below 0.8, the value of the reference, 900 rows"
    days = (datetime(2013, 4, 1, tzinfo=UTC), datetime(2013, 4, 4, tzinfo=UTC))
    found = outcome([0.8, 0.82, 0.81, 0.2, 0.75], keys, reference_days=days)
    assert (found.verdict, round(found.limit.low or 0, 4)) == (Verdict.FAILED, 0.7695)
    assert "3 windows from 2013-04-01 to 2013-04-03, the reference" in found.compared
    versions = {datetime(2013, 4, 1, tzinfo=UTC): Measurement(metric="f1", value=0.8, n=50)}
    keys = {"falls": "5%", "versus": {"version": "2"}}
    found = outcome([0.75], keys, versions=versions)
    assert found.compared == "5 % below 0.8, the value of version 2 in the same window"
    gone = outcome([0.75, 0.75], keys, versions=versions)
    assert gone.reason == "version '2' has no f1 in 2013-04-02; name a version that is served, or remove the check"


def test_hours_over_a_clock_change() -> None:
    """A span of whole days reaches back to the same hour of the local day: over 23 or 25 windows."""
    keys = {"falls": "5%", "versus": {"mean": "24h"}}
    for first, windows in ((datetime(2013, 3, 30, tzinfo=UTC), 23), (datetime(2013, 10, 26, tzinfo=UTC), 25)):
        found = outcome([0.8] * 38, keys, grain=Grain.HOUR, timezone="Europe/Berlin", first=first)
        assert f"the mean of {windows} windows" in found.compared
    weekday = outcome(
        [0.8] * 24 * 15, keys | {"versus": {"mean": "14d"}, "same": "hour of week"}, grain=Grain.HOUR,
        timezone="Europe/Berlin", first=datetime(2013, 3, 20, tzinfo=UTC),
    )  # fmt: skip
    assert "the mean of 2 windows of the same hour of week" in weekday.compared


def test_a_value_within_its_limit_passes_without_an_interval() -> None:
    assert outcome([0.9], {"below": 0.4, "surely": True}).verdict is Verdict.PASSED


@pytest.mark.parametrize(("value", "failing"), [(6.0, True), (90.0, True), (260.0, True), (200.0, False)])
def test_what_is_ignored_when_it_is_high_is_not_when_it_is_low(value: float, failing: bool) -> None:
    past = [200.0, 201.0, 199.0, 200.0, 200.0, 202.0, 198.0]
    found = outcome([*past, value], {"outside": {"sigmas": 3, "of": "7d"}, "ignore_below": 100})
    assert found.verdict is (Verdict.FAILED if failing else Verdict.PASSED)


def test_months_are_those_of_the_calendar() -> None:
    """A past of 90 days is three months in every month, whatever their lengths."""
    check = check_of(above={"quantile": 0.95, "of": "90d"})
    for months in range(4, 20):
        series = series_of([float(number) for number in range(months)], grain=Grain.MONTH)
        found = outcome_at(check, series, months - 1)
        assert found.verdict is Verdict.FAILED
        assert "of 3 windows" in found.compared


def test_a_past_of_one_weekday_of_hours_can_be_decided_from_when_it_says() -> None:
    keys = {"falls": "5%", "versus": {"mean": "14d"}, "same": "weekday"}
    values = [0.8] * (24 * 7 * 3)
    undecided = outcome(values[:40], keys, grain=Grain.HOUR)
    assert undecided.cause is Cause.WAITING
    named = undecided.reason.rpartition("from ")[2].removesuffix(" on")
    series = series_of(values, grain=Grain.HOUR)
    verdicts = {
        series.label(point.start): outcome_at(check_of(**keys), series, place).verdict
        for place, point in enumerate(series.points)
        if point.start.weekday() == series.points[39].start.weekday() and place > 39
    }
    assert next(label for label, verdict in verdicts.items() if verdict is Verdict.PASSED) == named
