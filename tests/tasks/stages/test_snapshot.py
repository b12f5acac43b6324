"""Which windows a data fault inhibits, and which it keeps out of the past that others are compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lamplighter.core.checks.decide import Verdict
from lamplighter.core.monitor import Check, Monitor
from lamplighter.core.records.finding import Code
from lamplighter.core.time.window import Grain, Window
from storage.history import History, open_history, tables
from storage.history.acceptances import Acceptance, accept
from storage.history.check_history import CheckHistory
from storage.project.folder import Project
from storage.project.settings import Settings
from tasks.stages.decisions import judgements
from tasks.stages.snapshot import Snapshot
from tests.storage.history.recorded import day, found, measured, write

DECLARED = {
    "model": "m",
    "kind": "classification",
    "predictions": {"parquet": "p/*.parquet", "time": "t", "id": "i", "prediction": "y", "version": "v"},
    "labels": {"parquet": "l/*.parquet", "target": "truth", "mature_after": "2d"},
    "features": {"numeric": ["amount", "count"]},
    "reference": {"trailing": "5d"},
    "segments": ["plan"],
}
PAST = {"falls": {"by": 0.1}, "versus": {"mean": "9d"}}
CHECKS = {
    "f1": {"metric": "f1"},
    "share": {"metric": "drift_share"},
    "amount": {"metric": "missing_ratio", "feature": "amount"},
    "count": {"metric": "missing_ratio", "feature": "count"},
    "rows": {"metric": "rows"},
    "answers": {"metric": "null_prediction_ratio"},
    "late": {"metric": "labels_late"},
}
LAST = 9
FAULT = 5


def window(number: int) -> Window:
    return Window.of("m", Grain.DAY, "UTC", day(number))


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Ten days on which everything was measured."""
    opened = open_history(Project(tmp_path, Settings()))
    for number in range(LAST + 1):
        row = {"model": "m", "window_start": day(number), "grain": "1d", "known_on": day(number + 1)}
        state = {"window_end": day(number + 1), "timezone": "UTC", "rows": 10, "labelled": 10, "state": "final"}
        write(opened, tables.evaluation, [row | state | {"predictions": "", "labels": ""}])
        for check in CHECKS.values():
            key = {"metric": check["metric"], "feature": check.get("feature", "")}
            write(opened, tables.measurement, [measured(number, number + 1, **key)])
    return opened


def monitor(*checks: dict[str, Any]) -> Monitor:
    return Monitor.model_validate(DECLARED | {"checks": [*checks]})


def snapshot(history: History, declared: Monitor, number: int = LAST) -> Snapshot:
    whole = CheckHistory.whole(history, declared, declared.checks)
    return Snapshot(whole, window(number), window(number), day(20))


def left_out(history: History, check: dict[str, Any]) -> set[int]:
    """The days that are kept out of the past of a check."""
    declared = monitor({**check, **PAST})
    series = snapshot(history, declared).series(declared.checks[0], window(LAST))
    return {(point.start - day(0)).days for point in series.points if not point.is_past}


@pytest.mark.parametrize(
    ("code", "subject", "spoilt"),
    [
        (Code.SCALE_CHANGED, "amount", {"f1", "share", "amount", "answers"}),
        (Code.WINDOW_EMPTY, "", {"f1", "share", "amount", "count", "rows", "answers"}),
        (Code.IDS_REPEATED, "", {"f1", "share", "amount", "count", "rows", "answers"}),
        (Code.LABELS_UNREADABLE, "", {"late"}),
        (Code.REFERENCE_UNREADABLE, "", set()),
        (Code.PUBLISH_FAILED, "", set()),
    ],
)
def test_what_a_fault_keeps_out_of_the_past(history: History, code: Code, subject: str, spoilt: set[str]) -> None:
    write(history, tables.finding, [found(FAULT, FAULT + 1, code=code.value, subject=subject)])
    assert {name for name, check in CHECKS.items() if left_out(history, check) == {FAULT}} == spoilt
    assert {name for name, check in CHECKS.items() if left_out(history, check)} == spoilt


def test_labels_without_a_prediction_spoil_all_that_awaited_labels_then(history: History) -> None:
    write(history, tables.finding, [found(FAULT, FAULT + 1, code=Code.LABELS_FOREIGN.value)])
    assert left_out(history, CHECKS["f1"]) == {FAULT - 2, FAULT - 1, FAULT}
    assert left_out(history, CHECKS["rows"]) == set()


def test_once_a_change_is_accepted_what_came_before_is_of_another_column(history: History) -> None:
    for number in (FAULT, FAULT + 1):
        write(history, tables.finding, [found(number, number + 1, code=Code.SCALE_CHANGED.value, subject="amount")])
    accepted = Acceptance("m", "1d", Code.SCALE_CHANGED, "amount", day(FAULT), day(FAULT + 1), day(FAULT + 2))
    with history.writing() as connection:
        accept(connection, [accepted])
    for name in ("f1", "share", "amount"):
        assert left_out(history, CHECKS[name]) == set(range(FAULT + 2)), name
    for name in ("count", "rows", "late"):
        assert left_out(history, CHECKS[name]) == set(), name


def test_a_fault_inhibits_what_reads_the_broken_window(history: History) -> None:
    write(history, tables.finding, [found(LAST, LAST + 1, code=Code.SCALE_CHANGED.value, subject="amount")])
    declared = monitor(*({**check, "below": 0.1, "name": name} for name, check in CHECKS.items()))
    shot = snapshot(history, declared)
    inhibited = {check.name for check in declared.checks if shot.inhibiting(check, window(LAST))}
    assert inhibited == {"f1", "share"}
    assert [it.subject for it in shot.broken] == ["amount"]
    data = judgements(shot, declared.judged[0])[0]
    assert (data.decision.verdict, data.decision.value, data.clears) == (Verdict.FAILED, 1.0, False)


def test_segments_are_judged_each_by_itself_and_close_when_they_vanish(history: History) -> None:
    for number in range(LAST + 1):
        plans = {"basic": 0.5, "pro": 0.05} if number < 6 else {"basic": 0.5}
        for plan, value in plans.items():
            write(history, tables.measurement, [measured(number, number + 1, segment=f"plan={plan}", value=value)])
    declared = monitor({"metric": "f1", "segment": "plan=*", "below": 0.1, "name": "low"})
    (check,) = declared.checks

    def found_on(number: int, open_names: set[str]) -> dict[str, tuple[str, str]]:
        made = judgements(snapshot(history, declared, number), check, open_names)
        return {it.decision.check.name: (it.decision.verdict.value, it.vanished) for it in made}

    name = "low[plan=pro]"
    assert found_on(5, set()) == {"low[plan=basic]": ("passed", ""), name: ("failed", "")}
    assert found_on(6, {name}) == {"low[plan=basic]": ("passed", ""), name: ("undecided", "")}
    gone = "plan=pro had no row in the last 3 windows"
    assert found_on(8, {name, f"{name}:undecided"})[name] == ("undecided", gone)
    assert found_on(8, set()) == {"low[plan=basic]": ("passed", "")}


def test_small_segments_are_quiet_while_another_can_be_decided(history: History) -> None:
    """A segment without a value opens no incident of its own; a check of which no segment has one does."""
    for number, (pro, basic) in enumerate([(0.5, None), (None, None)], LAST - 1):
        for plan, value in {"pro": pro, "basic": basic}.items():
            row = measured(number, number + 1, segment=f"plan={plan}", value=value, reason="" if value else "one class")
            write(history, tables.measurement, [row])
    declared = monitor({"metric": "f1", "segment": "plan=*", "below": 0.1, "name": "low"})
    (check,) = declared.checks
    some, none = (judgements(snapshot(history, declared, number), check) for number in (LAST - 1, LAST))
    assert not any(it.decision.is_undecided_by_data for it in some)
    assert [it.decision.check.name for it in none if it.decision.is_undecided_by_data] == ["low"]
    assert none[-1].decision.reason == "no segment could be decided, such as plan=basic: one class"


def test_no_segment_at_all_is_reported(history: History) -> None:
    declared = monitor({"metric": "f1", "segment": "plan=*", "below": 0.1, "name": "low"})
    (made,) = judgements(snapshot(history, declared), declared.checks[0])
    assert (made.decision.check.name, made.decision.verdict.value) == ("low", "undecided")
    assert made.decision.is_undecided_by_data


def test_versions(history: History) -> None:
    for number in range(LAST + 1):
        for version, value in {"1": 0.8, "2": 0.5}.items():
            if (version, number) != ("1", LAST):
                write(history, tables.measurement, [measured(number, number + 1, version=version, value=value)])
    checks: list[dict[str, Any]] = [
        {"metric": "f1", "version": 2, "falls": "5%", "versus": {"version": 1}, "name": "worse"},
        {"metric": "f1", "version": 1, "below": 0.9, "name": "gone"},
    ]
    declared = monitor(*checks)
    before = [judgements(snapshot(history, declared, LAST - 1), check)[0].decision for check in declared.checks]
    assert [(it.verdict.value, it.value) for it in before] == [("failed", 0.5), ("failed", 0.8)]
    assert before[0].compared == "5 % below 0.8, the value of version 1 in the same window"
    worse, gone = (judgements(snapshot(history, declared), check)[0].decision for check in declared.checks)
    assert worse.reason == "version '1' has no f1 in 2025-03-10; name a version that is served, or remove the check"
    assert gone.is_undecided_by_data


def test_a_deadline(history: History) -> None:
    check: Check = monitor({"metric": "brier", "missing": "3d"}).checks[0]
    declared = monitor({"metric": "brier", "missing": "3d"}, {"metric": "f1", "missing": "3d"})
    whole = CheckHistory.whole(history, declared, declared.checks)
    shot = Snapshot(whole, window(LAST), None, day(LAST + 1))
    missing, there = (judgements(shot, it)[0].decision for it in declared.checks)
    assert (missing.verdict.value, missing.compared) == ("failed", "of 2025-03-07, 3d after its end")
    assert there.verdict.value == "passed"
    early = Snapshot(whole, window(1), None, day(2))
    assert judgements(early, check)[0].decision.verdict.value == "undecided"
