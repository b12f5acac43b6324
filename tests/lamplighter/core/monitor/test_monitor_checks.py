"""The forms of checks, their names and their limits."""

from __future__ import annotations

import pytest

from lamplighter.core.monitor import Check
from tests.lamplighter.core.monitor.files import monitor_text, refusal


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param(
            "  - {metric: accuracy, falls: 5%, versus: {mean: 7d}}", "'falls' of check 'accuracy-falls'", id="falls"
        ),
        pytest.param("  - {metric: accuracy, rises: 5%, versus: {median: 7d}}", "'rises' of", id="rises"),
        pytest.param(
            "  - {metric: f1, above: {quantile: 0.95, of: 30d}}", "'above' of check 'f1-above'", id="quantile"
        ),
        pytest.param("  - {metric: recall, slope: -0.01 per day, over: 7d}", "'slope' of", id="slope"),
        pytest.param("  - {metric: f1, below: 0.3, for: 2 of 3 days}", "'for' of check 'f1-below'", id="for"),
        pytest.param("  - {metric: f1, falls: 0%, versus: {mean: 7d}}", "'falls' of check 'f1-falls'", id="no fall"),
    ],
)
def test_forms_of_checks_that_are_understood_and_not_there_yet(line: str, shown: str) -> None:
    message = refusal(monitor_text(f"checks:\n{line}\n"))
    assert message.startswith(f":6: the form {shown}")
    cure = "leave it out" if "for:" in line else "use above or below with a number"
    assert message.endswith(f"is not there yet; {cure}")


@pytest.mark.parametrize(
    ("check", "message"),
    [
        pytest.param("falls: 5%", "falls needs versus, such as versus: {mean: 7d}", id="falls without versus"),
        pytest.param("falls: 5, versus: {mean: 7d}", "5 is not a percentage; write 5%", id="a number that falls"),
        pytest.param("rises: 5 %%, versus: {mean: 7d}", "'5 %%' is not a percentage; write 5%", id="percent percent"),
        pytest.param("falls: 5%, versus: {}", "give either mean or median, such as mean: 7d", id="empty versus"),
        pytest.param("falls: 5%, versus: {mean: 7d, median: 7d}", "give either mean or median", id="both"),
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
        pytest.param("above: {quantil: 0.9, of: 9d}", "did you mean 'quantile'? known: quantile, of", id="quantil"),
        pytest.param("above: 1, for: 3 days", "'3 days' is not a count of days; write 2 of 3 days", id="for 3 days"),
        pytest.param("above: 1, for: 4 of 3 days", "'4 of 3 days' is not a count of days", id="4 of 3"),
        pytest.param("above: 1, for: 0 of 3 days", "'0 of 3 days' is not a count of days", id="0 of 3"),
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


@pytest.mark.parametrize(
    ("limit", "value", "fails"),
    [
        pytest.param({"below": 0.4}, 0.39, True, id="below"),
        pytest.param({"below": 0.4}, 0.4, False, id="on the limit"),
        pytest.param({"above": 3}, 3.1, True, id="above"),
        pytest.param({"above": 3}, 3.0, False, id="on the upper limit"),
        pytest.param({"above": 0}, 0.0, False, id="a limit of 0"),
        pytest.param({"above": 0}, 1e-9, True, id="just above 0"),
        pytest.param({"below": "0.4"}, 0.3, True, id="a number out of the environment"),
    ],
)
def test_the_limit_of_a_check(limit: dict[str, float | str], value: float, fails: bool) -> None:
    check = Check.model_validate({"metric": "f1"} | limit)
    assert check.threshold == float(next(iter(limit.values())))
    assert check.form.fails(value, check.threshold) is fails


@pytest.mark.parametrize(
    "form",
    [{"above": {"quantile": 0.9, "of": "9d"}}, {"falls": "5%", "versus": {"mean": "7d"}}],
    ids=["above", "falls"],
)
def test_a_form_that_is_not_judged_yet_has_no_limit(form: dict[str, object]) -> None:
    check = Check.model_validate({"metric": "f1"} | form)
    with pytest.raises(ValueError, match="has no number as its limit"):
        _ = check.threshold
