"""A check as one line of YAML, which is parsed to an equal check again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.core.monitor import Check, parse
from lamplighter.core.monitor.check_text import check_text
from lamplighter.core.monitor.checks import CheckDefaults
from lamplighter.core.monitor.parse import _load

MONITOR = """\
model: m
kind: classification
predictions: {{parquet: p.parquet, time: t, prediction: y, version: v}}
labels: {{same_row: true, target: z}}
features: {{numeric: [a, "b: c", "true"]}}
segments: [plan, "x y"]
reference: {{trailing: 28d}}
check_defaults: {defaults}
checks: [{check}]
"""
SPANS = st.sampled_from(["12d", "4w", "400h", "91d"])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
# A percentage and a slope are written without an exponent.
DECIMALS = st.decimals(min_value=0, max_value=10**6, allow_nan=False, places=5).map(lambda number: f"{number:f}")
LEVELS = (
    NUMBERS
    | st.builds(
        lambda share, of: {"quantile": share, "of": of},
        st.floats(0, 1, exclude_min=True, exclude_max=True),
        SPANS,
    )
    | st.builds(lambda sigmas, of: {"sigmas": sigmas, "of": of}, POSITIVE, SPANS)
)
CHANGES = DECIMALS.map(lambda percent: f"{percent}%") | POSITIVE.map(lambda by: {"by": by})
LIMITS: dict[str, st.SearchStrategy[Any]] = {
    "below": LEVELS,
    "above": LEVELS,
    "outside": st.builds(lambda sigmas, of: {"sigmas": sigmas, "of": of}, POSITIVE, SPANS),
    "falls": CHANGES,
    "rises": CHANGES,
    "slope": st.builds(lambda sign, it: f"{sign}{it} per day", st.sampled_from(["-", "+", ""]), DECIMALS).filter(
        lambda text: float(text.split()[0]) != 0
    ),
    "missing": st.sampled_from(["90m", "36h", "5d"]),
}
VERSUS = st.sampled_from(
    ["reference", {"mean": "7d"}, {"median": "4w"}, {"version": "2"}, {"version": "null"}, {"version": "1e5"}]
)
TEXTS = st.text(min_size=1, max_size=8).filter(lambda text: "${" not in text)


@st.composite
def written(draw: st.DrawFn) -> dict[str, Any]:
    """A check as a file has it, of every form, with any of the options."""
    form = draw(st.sampled_from([*LIMITS]))
    beside = {"falls": {"versus": VERSUS}, "rises": {"versus": VERSUS}, "slope": {"over": SPANS}}.get(form, {})
    optional: dict[str, st.SearchStrategy[Any]] = {
        "name": st.from_regex(r"[a-z0-9][a-z0-9_.=-]{0,9}", fullmatch=True).filter(lambda name: name != "data"),
        "feature": TEXTS,
        "segment": st.sampled_from(["plan=*", "plan=pro", "x y=é: #1", "plan=\x7f\u2028\U0001f600"]),
        "class": TEXTS | st.booleans() | st.integers() | st.just(0.5),
        "version": TEXTS,
        "severity": st.sampled_from(["warning", "critical"]),
        "undecided_after": st.integers(0, 9),
        "same": st.sampled_from(["weekday", "hour", "hour of week"]),
        "minimum_windows": st.integers(1, 9),
        "for": st.sampled_from(["2 of 3 days", "1 of 1 day", "3 of 9 windows"]),
        "clears": st.integers(1, 9),
        "surely": st.booleans(),
        "minimum_rows": st.integers(1, 10**9),
        "ignore_below": POSITIVE,
    }
    metric = st.sampled_from(["f1", "mae", "null"]) | TEXTS
    return draw(
        st.fixed_dictionaries({"metric": metric, form: LIMITS[form], **beside}, optional=optional)  # type: ignore[arg-type]
    )


@settings(max_examples=300, deadline=None)
@given(written())
def test_it_is_parsed_to_an_equal_check(written: dict[str, Any]) -> None:
    check = Check.model_validate(written)
    text = check_text(check)
    assert "\n" not in text
    values, _ = _load("m.yaml", f"checks: [{text}]")
    assert Check.model_validate(values["checks"][0]) == check


CASES = [
    ({"metric": "f1", "below": 0.4}, "{metric: f1, below: 0.4}"),
    ({"metric": "mae", "above": 1e-7}, "{metric: mae, above: 1.0e-07}"),
    (
        {"metric": "f1", "class": "1", "falls": "7.1%", "versus": {"version": 2}},
        '{metric: f1, class: "1", falls: 7.1%, versus: {version: "2"}}',
    ),
    (
        {"name": "slow", "metric": "f1", "slope": "-0.00001 per day", "over": "14d", "severity": "critical"},
        "{name: slow, metric: f1, slope: -0.00001 per day, over: 2w, severity: critical}",
    ),
]


@pytest.mark.parametrize(("written", "text"), CASES)
def test_it_reads_as_a_person_writes_it(written: dict[str, Any], text: str) -> None:
    assert check_text(Check.model_validate(written)) == text


def test_what_the_defaults_of_its_monitor_say_is_left_out_and_what_differs_is_not() -> None:
    defaults = "{severity: critical, for: 2 of 3 days, clears: 4}"
    check = "{metric: f1, falls: 5%, versus: {mean: 4w}, clears: 2, segment: plan=*}"
    monitor = parse("m.yaml", MONITOR.format(defaults=defaults, check=check), environ={})
    text = check_text(monitor.checks[0], monitor.check_defaults)
    assert text == '{metric: f1, segment: "plan=*", falls: 5%, versus: {mean: 4w}, clears: 2}'
    again = parse("m.yaml", MONITOR.format(defaults=defaults, check=text), environ={})
    assert again.checks == monitor.checks
    assert check_text(monitor.checks[0], CheckDefaults()).endswith("for: 2 of 3 days, severity: critical}")
