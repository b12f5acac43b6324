"""The forms of checks, their names and their limits."""

from __future__ import annotations

import pytest

from lamplighter.core.monitor import Check
from tests.lamplighter.core.monitor.files import monitor_text, refusal


@pytest.mark.parametrize(
    ("check", "message"),
    [
        pytest.param("falls: 5%", "falls needs versus, such as versus: {median: 28d}", id="falls without versus"),
        pytest.param("falls: 5, versus: {mean: 7d}", "5 is not a percentage; write 5%", id="a number that falls"),
        pytest.param("rises: 5 %%, versus: {mean: 7d}", "'5 %%' is not a percentage; write 5%", id="percent percent"),
        pytest.param("falls: 5%, versus: {}", "give one of mean, median, reference and version", id="empty"),
        pytest.param("falls: 5%, versus: {mean: 7d, median: 7d}", "give one of mean, median", id="both"),
        pytest.param("falls: 5%, versus: {mean: week}", "'week' is not a length of time; write 90m", id="of a week"),
        pytest.param(
            "falls: 5%, versus: {men: 7d}", "unknown key 'checks.0.versus.men'; did you mean 'mean'?", id="men"
        ),
        pytest.param("below: 1, versus: {mean: 7d}", "versus belongs to falls and rises, not to below", id="alone"),
        pytest.param("slope: -1, over: 7d", "-1 is not a slope; write -0.01 per day", id="slope without unit"),
        pytest.param("slope: -1 per day", "slope needs over, such as over: 7d", id="slope without over"),
        pytest.param("below: 1, over: 7d", "over belongs to slope, not to below; leave it out", id="over alone"),
        pytest.param(
            "above: {quantile: 2, of: 30d}", "checks.0.above.quantile: should be less than 1", id="quantile 2"
        ),
        pytest.param("above: {quantile: 0.9}", "'checks.0.above.of' is missing", id="quantile of nothing"),
        pytest.param(
            "above: {quantil: 0.9, of: 9d}", "did you mean 'quantile'? known: quantile, of, sigmas", id="quantil"
        ),
        pytest.param("above: 1, for: 3 days", "'3 days' is not a count of windows; write 2 of 3 days", id="for 3 days"),
        pytest.param("above: 1, for: 4 of 3 days", "'4 of 3 days' is not a count of windows", id="4 of 3"),
        pytest.param("above: 1, for: 0 of 3 days", "'0 of 3 days' is not a count of windows", id="0 of 3"),
        pytest.param("above: 1, for: 9 of 200 days", "looks at more than 100 windows; write fewer", id="of 200"),
        pytest.param("below: {sigma: 3, of: 7d}", "did you mean 'sigmas'? known: quantile, of, sigmas", id="sigma"),
        pytest.param("below: {sigmas: 3}", "'checks.0.below.of' is missing", id="sigmas of nothing"),
        pytest.param("falls: {bye: 1}, versus: {mean: 7d}", "did you mean 'by'? known: by", id="bye"),
        pytest.param("falls: {by: 0}, versus: {mean: 7d}", "falls.by: should be greater than 0", id="by nothing"),
        pytest.param("falls: 5%, versus: refrence", "'refrence' is nothing to compare with; write {median", id="word"),
        pytest.param("slope: 0 per day, over: 7d", "'0 per day' is not a slope; write -0.01 per day", id="no slope"),
        pytest.param("outside: 3", "checks.0.outside: is not a mapping", id="outside a number"),
        pytest.param("missing: 5", "checks.0.missing: '5' is not a length of time", id="missing 5"),
        pytest.param("missing: 0d", "checks.0.missing: no time at all", id="missing at once"),
        pytest.param("above: 1, clears: 0", "checks.0.clears: should be greater than or equal to 1", id="clears 0"),
        pytest.param("above: low", "checks.0.above: is not a number", id="a word"),
        pytest.param("above: true", "checks.0.above: true is not a number", id="true"),
        pytest.param("above: .nan", "checks.0.above: is not a finite number", id="NaN"),
        pytest.param("above: .inf", "checks.0.above: is not a finite number", id="infinite"),
        pytest.param("above: ~", "a check has one limit, not 0; give above or below", id="null"),
        pytest.param("above: 1, below: 2", "a check has one limit, not 2; give above or below", id="two limits"),
        pytest.param("severity: warning", "a check has one limit, not 0; give above or below", id="no limit"),
        pytest.param("above: 1, severity: hi", "'hi' cannot be chosen; known: warning, critical", id="severity"),
        pytest.param("above: 1, name: A B", "checks.0.name: is not of the right form; write at most 63 of", id="name"),
        pytest.param("belw: 1", "unknown key 'checks.0.belw'; did you mean 'below'?", id="belw"),
    ],
)
def test_a_check_that_is_malformed(check: str, message: str) -> None:
    found = refusal(monitor_text(f"checks:\n  - {{metric: f1, {check}}}\n"))
    assert found.startswith(":6: ")
    assert message in found


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"metric": "f1", "below": 1}, "f1-below"),
        ({"metric": "f1", "class": 0, "below": 1}, "f1-0-below"),
        ({"metric": "f1", "segment": "origin=JFK", "above": 1}, "f1-origin=jfk-above"),
        ({"metric": "missing_ratio", "feature": "Größe (cm)", "above": 1}, "missing_ratio-gr--e--cm--above"),
        ({"metric": "f1", "name": "mine", "below": 1}, "mine"),
        ({"metric": "x" * 80, "below": 1}, "x" * 63),
    ],
)
def test_the_name_of_a_check(values: dict[str, object], name: str) -> None:
    assert Check.model_validate(values).name == name
