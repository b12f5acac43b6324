"""The reference page of checks: every form is described, and what the page says is what checks do."""

from __future__ import annotations

import pytest
import yaml

from lamplighter.cli.reference_checks import EXAMPLES, FORMULAS, NOTES, checks_page
from lamplighter.core.checks.decide import Cause, Verdict
from lamplighter.core.checks.outcome import outcome_at
from lamplighter.core.monitor import Check
from lamplighter.core.monitor.check_forms import FORMS, Form
from lamplighter.core.monitor.check_limits import sigmas_of_many
from lamplighter.core.time.window import Grain
from tests.lamplighter.core.checks.oracles import ORACLES
from tests.lamplighter.core.checks.series_of import FIRST, check_of, judged, series_of


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.key)
def test_every_form_has_a_section_a_doctest_and_an_oracle(form: Form) -> None:
    assert f"\n### {form.key}\n" in checks_page()
    assert all(form.key in described for described in (EXAMPLES, FORMULAS, NOTES))
    assert ">>> " in (form.limit.__doc__ or "")
    assert ORACLES[form.key]


@pytest.mark.parametrize("key", EXAMPLES)
def test_examples_are_checks(key: str) -> None:
    assert Check.model_validate(yaml.safe_load(EXAMPLES[key])).form.key == key


MEAN = {"falls": "5%", "versus": {"mean": "5d"}}


@pytest.mark.parametrize(
    ("keys", "values", "verdict"),
    [
        ({"below": 0.4}, [0.4], Verdict.PASSED),
        (MEAN, [-2.0] * 5 + [-2.1001], Verdict.FAILED),
        (MEAN, [-2.0] * 5 + [-2.0999], Verdict.PASSED),
        ({"rises": "50%", "versus": {"mean": "5d"}}, [0.0] * 5 + [1e-9], Verdict.FAILED),
        ({"rises": "50%", "versus": {"mean": "5d"}, "ignore_below": 0.01}, [0.0] * 5 + [1e-9], Verdict.PASSED),
        ({"outside": {"sigmas": 3, "of": "5d"}}, [0.8] * 5 + [0.8001], Verdict.FAILED),
        ({"above": {"quantile": 0.95, "of": "5d"}, "minimum_windows": 1}, [0.8, 0.81], Verdict.FAILED),
        ({"below": 0.4, "for_": "2 of 3 days"}, [0.3, 0.3, 0.5], Verdict.FAILED),
        ({"below": 0.4, "for_": "2 of 3 days"}, [0.3, None, 0.3], Verdict.FAILED),
        ({"below": 0.4, "for_": "2 of 3 days"}, [0.3, 0.3, None], Verdict.UNDECIDED),
        ({"below": 0.4, "surely": True}, [0.3], Verdict.UNDECIDED),
    ],
)
def test_what_the_page_says_of_verdicts(keys: dict[str, object], values: list[float | None], verdict: Verdict) -> None:
    assert judged(check_of(**keys), values).decision().verdict is verdict


def test_what_the_page_says_of_warming_up_and_clearing() -> None:
    check = check_of(falls="5%", versus={"mean": "28d"})
    young, empty = judged(check, [0.8] * 5).decision(), judged(check, [None] * 29 + [0.8]).decision()
    assert (young.cause, empty.cause) == (Cause.WAITING, Cause.DATA)
    assert "it can be decided from 2013-04-15 on" in young.reason
    assert judged(check, [0.8] * 15).decision().verdict is Verdict.PASSED
    assert judged(check_of(below=0.4), [0.3, 0.5, None, 0.5]).clears()
    assert not judged(check_of(below=0.4), [0.3, 0.5]).clears()


def test_what_the_page_says_of_many_segments() -> None:
    assert f"{sigmas_of_many(3.0, 16):.2f} for 16 segments" in " ".join(checks_page().split())
    surely = check_of(below=0.4, surely=True)
    verdicts = [judged(surely, [0.28], width=0.1, many=many).decision().verdict for many in (1, 16)]
    assert verdicts == [Verdict.FAILED, Verdict.PASSED]
    limits = [judged(check_of(**MEAN), [0.8] * 6, many=many).decision().limit for many in (1, 16)]
    assert limits[0] == limits[1]


@pytest.mark.parametrize(
    ("timezone", "month", "place", "windows"),
    [
        ("UTC", 3, 13, 168),
        ("America/New_York", 3, 13, 167),
        ("America/New_York", 11, 8, 169),
    ],
)
def test_seven_days_over_a_change_of_the_clock(timezone: str, month: int, place: int, windows: int) -> None:
    first = FIRST.replace(month=month, day=1)
    series = series_of([0.8] * 24 * 14, grain=Grain.HOUR, timezone=timezone, first=first)
    outcome = outcome_at(check_of(falls="5%", versus={"mean": "7d"}), series, 24 * place)
    assert f"mean of {windows} windows" in outcome.compared
