"""Whether the keys of a check fit together, and fit the windows and the columns of the monitor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.core.monitor import Check, parse
from lamplighter.core.monitor.soundness import column_problems
from lamplighter.errors import MonitorError

MONITOR = """\
model: m
kind: classification
every: {every}
predictions: {{parquet: p.parquet, time: t, prediction: y, id: i, score: s{more}}}
labels: {{parquet: l.parquet, target: z}}
segments: [plan]
{keys}
checks:
  - {{metric: f1, {check}}}
"""


def parsed(check: str, every: str = "1d", more: str = "", keys: str = "") -> Check:
    text = MONITOR.format(check=check, every=every, more=more, keys=keys)
    return parse("m.yaml", text, environ={}).checks[0]


@pytest.mark.parametrize(
    ("check", "every", "message"),
    [
        ("falls: 5%, versus: {mean: 12h}", "1d", "12h holds no whole window of 1d; give a longer time"),
        ("falls: 5%, versus: {mean: 5d}, same: weekday", "1d", "5d holds no whole window of 1d of the same weekday"),
        ("below: {quantile: 0.05, of: 2d}", "1d", "2d holds 2 windows, and 3 are needed at least"),
        ("slope: -0.1 per day, over: 2d", "1d", "2d holds 2 windows, and 3 are needed at least"),
        ("slope: -0.1 per day, over: 60d", "1h", "60d holds 1,440 windows, more than a slope is taken over; give 500h"),
        ("outside: {sigmas: 3, of: 7d}, minimum_windows: 9", "1d", "minimum_windows 9 is more than the 7 windows"),
        ("below: 1, minimum_windows: 9", "1d", "minimum_windows is for a limit that is computed from the past"),
        ("below: 1, same: weekday", "1d", "same is for a limit that is computed from the past; leave it out"),
        ("falls: 5%, versus: {mean: 28d}, same: hour", "1d", "windows of 1d have no hour in common; write weekday"),
        ("falls: 5%, versus: {mean: 28w}, same: weekday", "1w", "windows of 1w have no weekday in common; leave it"),
        ("below: 1, for: 2 of 3 hours", "1d", "windows of 1d are counted in days, not in hours; write 2 of 3 days"),
        ("below: 1, for: 2 of 3 days", "1h", "windows of 1h are counted in hours, not in days; write 2 of 3 hours"),
        ("slope: -0.1 per day, over: 7d, minimum_windows: 1", "1d", "a slope needs 3 windows at least"),
        ("slope: -0.1 per day, over: 4d, surely: true", "1d", "4d holds 4 windows, and 5 are needed at least"),
        ("missing: 5d, segment: plan=*", "1d", "a segment that is missing cannot be seen among all; name one"),
        ("falls: 150%, versus: {mean: 7d}", "1d", "metric 'f1' cannot fall by more than 100 %; write less"),
        ("below: 1, ignore_below: 0.1", "1d", "ignore_below is for above, rises and outside, not for below"),
        ("missing: 5d, surely: true", "1d", "missing reads no value that has an interval; leave surely out"),
        ("falls: 5%, versus: reference", "1d", "this monitor has no reference; add one, or compare with the past"),
        ("below: 1, version: 2", "1d", "does not say which column holds the version; give predictions.version"),
        ("falls: 5%, versus: {version: 2}", "1d", "does not say which column holds the version"),
    ],
)
def test_keys_that_do_not_fit(check: str, every: str, message: str) -> None:
    with pytest.raises(MonitorError) as found:
        parsed(check, every)
    assert str(found.value).startswith("m.yaml:9: ")
    assert message in str(found.value)


def test_versions_that_do_not_fit() -> None:
    named = ", version: v"
    assert parsed("falls: 5%, versus: {version: 2}", more=named).versus is not None
    for check, message in (
        ("falls: 5%, version: 2, versus: {version: 2}", "version '2' cannot be compared with itself"),
        ("below: 1, version: 2, segment: plan=pro", "segments are measured over all versions"),
    ):
        with pytest.raises(MonitorError) as found:
            parsed(check, more=named)
        assert message in str(found.value)


def test_what_all_checks_share() -> None:
    shared = "check_defaults: {severity: critical, for: 2 of 3 days, clears: 4, minimum_rows: 50}"
    keys = f"{shared}\nquality: {{judge: interval}}"
    check = parsed("below: 1", keys=keys)
    assert (check.severity.value, check.persists, check.clears) == ("critical", (2, 3, "days"), 4)
    assert (check.minimum_rows, check.surely) == (50, True)
    own = parsed("below: 1, severity: warning, for: 1 of 1 days, clears: 1, surely: false", keys=keys)
    assert (own.severity.value, own.persists[:2], own.clears, own.surely) == ("warning", (1, 1), 1, False)
    assert parsed("missing: 5d", keys=keys).surely is None


def test_rows_are_asked_for_where_a_metric_is_measured_on_some() -> None:
    """A fleet's minimum of rows silences no check of how many rows there are, and none of drift."""
    text = MONITOR.format(check="below: 1", every="1d", more="", keys="check_defaults: {minimum_rows: 50}")
    monitor = parse("m.yaml", f"{text}  - {{metric: rows, below: 9}}\n", environ={})
    assert [check.minimum_rows for check in monitor.checks] == [50, 1]
    with pytest.raises(MonitorError, match="'rows' is not measured on labelled rows, so minimum_rows says nothing"):
        parse("m.yaml", f"{text}  - {{metric: rows, below: 9, minimum_rows: 5}}\n", environ={})


def test_a_trailing_reference_is_a_past_like_any_other() -> None:
    check = parsed("falls: 5%, versus: reference", keys="reference: {trailing: 28d}")
    assert check.versus is not None
    assert (check.versus.mean, check.versus.reference) == (timedelta(days=28), False)
    check = parsed("falls: 5%, versus: reference", keys="reference: {parquet: r.parquet}")
    assert check.versus is not None
    assert check.versus.reference


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("check_defaults: {clear: 1}", "m.yaml:7: unknown key 'check_defaults.clear'; did you mean 'clears'?"),
        ("check_defaults: {clears: 0}", "m.yaml:7: check_defaults.clears: should be greater than or equal to 1"),
        ("check_defaults: 3", "m.yaml:7: check_defaults: is not a mapping"),
        ("check_defaults: {for: 2 of 3 hours}", "windows of 1d are counted in days, not in hours"),
        ("quality: {judge: values}", "m.yaml:7: quality.judge: 'values' cannot be chosen; did you mean 'value'?"),
    ],
)
def test_what_all_checks_share_is_malformed(keys: str, message: str) -> None:
    with pytest.raises(MonitorError) as found:
        parsed("below: 1", keys=keys)
    assert message in str(found.value)


def test_checks_of_a_fleet_are_replaced_and_not_joined() -> None:
    """Two files that name a check alike through `extends`: the list of the nearer file counts."""
    shared = "check_defaults: {clears: 3}\nchecks:\n  - {name: low, metric: rows, below: 5}\n"
    text = (
        "extends: fleet.yaml\nmodel: m\nkind: regression\npredictions: {parquet: p.parquet, time: t, prediction: y}\n"
    )
    own = f"{text}checks:\n  - {{name: low, metric: rows, below: 9}}\n"
    (check,) = parse("m.yaml", own, environ={}, read=lambda name: shared).checks
    assert (check.threshold, check.clears) == (9.0, 3)
    twice = f"{own}  - {{name: low, metric: rows, above: 9}}\n"
    with pytest.raises(MonitorError, match=r"m.yaml:7: two checks are named 'low'; give this one another name"):
        parse("m.yaml", twice, environ={}, read=lambda name: shared)


KEYS = sorted(field.alias or name for name, field in Check.model_fields.items())


@settings(max_examples=120)
@given(st.sampled_from([key for key in KEYS if len(key) > 3]), st.integers(0, 30), st.sampled_from("abxyz_"))
def test_a_misspelt_key_is_named_with_the_right_one(key: str, place: int, letter: str) -> None:
    """One letter more anywhere: the message names the key that was meant."""
    place = min(place, len(key))
    wrong = key[:place] + letter + key[place:]
    if wrong in KEYS:
        return
    with pytest.raises(MonitorError) as found:
        parsed(f"below: 1, {wrong}: 1")
    assert f"unknown key 'checks.0.{wrong}'; did you mean '{key}'?" in str(found.value)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("above: 1", "f1 is at least 0 and at most 1, so the check never fails; give another limit"),
        ("below: 0", "f1 is at least 0 and at most 1, so the check never fails"),
        ("below: 1.4", "f1 is at least 0 and at most 1, so the check always fails"),
        ("above: -1", "f1 is at least 0 and at most 1, so the check always fails"),
        (
            "below: {sigmas: 4, of: 7d}, for: 2 of 3 days",
            "after 1 window beyond it the limit of 4 deviations of 7 windows is out of reach, so that no change fails",
        ),
        ("below: {sigmas: 4, of: 28d}, for: 2 of 3 days", None),
        ("below: {sigmas: 4, of: 7d}", None),
        ("below: 1, segment: plan=p*", "the * in 'plan=p*' stands for itself; write plan=* for every segment"),
        ("below: 1", None),
        ("above: 0", None),
        ("below: 0.4, segment: plan=*", None),
        ("above: {quantile: 0.9, of: 30d}", None),
    ],
)
def test_limits_that_say_nothing_are_a_warning(check: str, message: str | None) -> None:
    text = MONITOR.format(check=check, every="1d", more="", keys="")
    monitor = parse("m.yaml", text, environ={})
    table = {"t": "time", "y": "number", "i": "text", "s": "number", "plan": "text"}
    found = [problem for problem in column_problems(monitor, table) if problem.at[0] == "checks"]
    assert all(problem.is_warning for problem in found)
    assert len(found) == (message is not None)
    assert message is None or message in found[0].message
