"""What requests a retraining, and what forbids it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lamplighter.core.monitor.retrain import Retrain
from lamplighter.core.retraining.policy import BY_HAND, Entry, Facts, Purpose, Status, causes, veto
from lamplighter.core.time.window import Grain, Window

WINDOW = Window.of("m", Grain.DAY, "America/New_York", date(2013, 5, 31))
DATE = WINDOW.end
DAY = timedelta(days=1)


def retrain(**options: Any) -> Retrain:
    base = {"on": ["f1-below", "inputs"], "trainer": "t.py:train", "accept": {"metric": "f1"}}
    return Retrain.model_validate(base | options)


def facts(**known: Any) -> Facts:
    return replace(Facts(WINDOW, DATE, {"f1-below"}, [], final_until=WINDOW.start - 3 * DAY, labelled=100), **known)


def entry(days_ago: int, status: Status = Status.PROMOTED, purpose: Purpose = Purpose.RETRAINING) -> Entry:
    return Entry("m", DATE - days_ago * DAY, purpose, status=status, version="v")


@pytest.mark.parametrize(
    ("options", "known", "found"),
    [
        pytest.param({}, {}, ["check f1-below"], id="a check"),
        pytest.param({}, {"open_checks": {"other"}}, [], id="another check"),
        pytest.param({"age": "30d"}, {"champion_since": DATE - 30 * DAY, "open_checks": ()}, ["age 30 d"], id="age"),
        pytest.param({"age": "30d"}, {"champion_since": DATE - 29 * DAY, "open_checks": ()}, [], id="not so old"),
        pytest.param({"age": "30d"}, {"open_checks": ()}, [], id="no champion and no window"),
        pytest.param(
            {"calendar": "0 6 31 * *"}, {"open_checks": ()}, ["calendar 0 6 31 * *"], id="a date within the window"
        ),
        pytest.param({"calendar": "0 6 1 * *"}, {"open_checks": ()}, [], id="a date after it"),
    ],
)
def test_what_calls_for_it(options: dict[str, Any], known: dict[str, Any], found: list[str]) -> None:
    assert causes(retrain(**options), facts(**known)) == found


@pytest.mark.parametrize(
    ("options", "known", "reason"),
    [
        pytest.param({}, {}, "", id="nothing forbids it"),
        pytest.param({}, {"open_checks": {"data", "f1-below"}}, "a data break is open", id="data"),
        pytest.param(
            {}, {"ledger": [entry(40, Status.TRAINED)]}, "the retraining of 2013-04-22 is under way", id="under way"
        ),
        pytest.param(
            {},
            {"ledger": [entry(40, Status.WAITING)]},
            "version v of 2013-04-22 waits for `lamplighter approve m`",
            id="waits",
        ),
        pytest.param({}, {"ledger": [entry(6)]}, "the cooldown of 1w runs until 2013-06-02", id="cooldown"),
        pytest.param({}, {"ledger": [entry(7)]}, "", id="the cooldown is over"),
        pytest.param(
            {},
            {"labelled": 99},
            "labels are immature: final until 2013-05-28, 99 rows of the comparison have one, and 100 are needed; "
            "wait, or raise accept.days",
            id="few labels",
        ),
        pytest.param({}, {"ledger": [entry(1, Status.FAILED)]}, "", id="after a failure there is none"),
        pytest.param({"cooldown": "0d"}, {"ledger": [entry(1)]}, "", id="no cooldown"),
        pytest.param(
            {"budget": 2, "cooldown": "0d"},
            {"ledger": [entry(20), entry(9, Status.REJECTED)]},
            "",
            id="budget of another month",
        ),
        pytest.param(
            {"budget": 1, "cooldown": "0d"},
            {"ledger": [entry(0, Status.REJECTED)]},
            "the budget of 2013-06 is spent: 1 retrainings",
            id="budget",
        ),
        pytest.param({}, {"final_until": None}, "labels are immature: no window has final ones", id="no labels"),
        pytest.param(
            {},
            {"champion_trained_until": WINDOW.start - 5 * DAY},
            "labels are immature: the champion was trained until 2013-05-26, and they are final until 2013-05-28",
            id="immature",
        ),
        pytest.param({}, {"champion_trained_until": WINDOW.start - 10 * DAY}, "", id="mature"),
        pytest.param({}, {"ledger": [entry(1, Status.CONFIRMED, Purpose.PROBATION)]}, "", id="probation has none"),
    ],
)
def test_what_forbids_it(options: dict[str, Any], known: dict[str, Any], reason: str) -> None:
    assert veto(retrain(**options), facts(**known), ["check f1-below"]) == reason


def test_cooldown_and_budget_do_not_hold_for_a_person() -> None:
    spent = facts(ledger=[entry(0), entry(0, Status.FAILED)])
    assert veto(retrain(budget=1), spent, ["check f1-below"])
    assert veto(retrain(budget=1), spent, [BY_HAND]) == ""


@pytest.mark.parametrize(("failures", "logical_dates"), [(1, 1), (2, 2), (3, 4), (4, 7), (40, 7)])
def test_after_failures_it_is_tried_ever_more_seldom(failures: int, logical_dates: int) -> None:
    def reason(days_before: int) -> str:
        failed = [entry(days_before + ago, Status.FAILED) for ago in range(failures)]
        return veto(retrain(), facts(ledger=[entry(90), *reversed(failed)]), ["check f1-below"])

    assert reason(logical_dates) == ""
    output = f"the last {failures} failed; it is tried again on {(DATE + DAY).date()}"
    assert logical_dates == 1 or reason(logical_dates - 1) == output


def test_a_check_does_not_call_for_a_successor_of_whom_it_has_not_seen() -> None:
    new = facts(promoted_on=WINDOW.start - 3 * DAY)
    options = retrain(cooldown="0d")
    output = "labels are immature: no whole window that the champion of 2013-05-28 answered is final"
    assert veto(options, new, ["check f1-below"]) == output
    assert veto(options, new, ["check f1-below", "age 60 d"]) == ""
    assert veto(options, new, [BY_HAND]) == ""
    mixed = replace(new, final_until=WINDOW.start - 2 * DAY)
    assert veto(options, mixed, ["check f1-below"]) == output
    assert veto(options, replace(new, final_until=WINDOW.start - DAY), ["check f1-below"]) == ""


@pytest.mark.parametrize(
    ("days_after", "ledger", "due"),
    [
        pytest.param(0, [], True, id="on the date"),
        pytest.param(3, [], True, id="when the run of the date is missing"),
        pytest.param(8, [], False, id="when it is long ago"),
        pytest.param(1, [(1, Status.FAILED)], True, id="when it failed"),
        pytest.param(1, [(1, Status.REJECTED)], False, id="when it has been"),
        pytest.param(3, [(4, Status.PROMOTED)], False, id="when it fell into a cooldown"),
        pytest.param(3, [(12, Status.PROMOTED)], True, id="when the cooldown was over"),
    ],
)
def test_when_a_date_is_due(days_after: int, ledger: list[tuple[int, Status]], due: bool) -> None:
    day = (WINDOW.end - (days_after + 1) * DAY).astimezone(WINDOW.zone).day
    known = facts(open_checks=(), ledger=[entry(*it) for it in ledger])
    assert bool(causes(retrain(calendar=f"0 6 {day} * *"), known)) is due


def test_the_cooldown_runs_from_when_a_champion_took_effect() -> None:
    approved = facts(ledger=[entry(9)], promoted_on=DATE - 3 * DAY)
    assert veto(retrain(), approved, ["age 60 d"]) == "the cooldown of 1w runs until 2013-06-05"


def test_days_are_local_days() -> None:
    """On 2013-03-10 New York put its clocks forward: seven days were 167 hours."""
    zone = WINDOW.zone
    final, trained = (datetime(2013, 3, day, tzinfo=zone).astimezone(UTC) for day in (12, 5))
    logical_date = Window.of("m", Grain.DAY, "America/New_York", date(2013, 3, 12))
    known = Facts(
        logical_date,
        logical_date.end,
        {"f1-below"},
        [],
        final_until=final,
        champion_trained_until=trained,
        labelled=100,
    )
    assert veto(retrain(), known, ["check f1-below"]) == ""
    assert veto(retrain(), replace(known, champion_trained_until=trained + DAY), ["check f1-below"])
    ended = Entry("m", datetime(2013, 3, 6, tzinfo=zone).astimezone(UTC), status=Status.PROMOTED)
    assert veto(retrain(), replace(known, ledger=[ended]), ["check f1-below"]) == ""
