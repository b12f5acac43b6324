"""Labels that were joined or coded wrongly open an incident; what they contradict themselves in is unknown."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from lamplighter.core.evaluation.class_coding import recoded
from lamplighter.core.profiles.one_class import is_odd
from storage.history import open_history
from storage.history.query import Filter, measurements
from storage.project.folder import Project
from tests.flows import small_world
from tests.flows.conftest import Prepared
from tests.flows.loop_world import call
from tests.flows.small_world import FIRST, MONITOR, incidents, rows, run
from tests.long_cases import long_but_for

APART = MONITOR.replace(
    "labels: {same_row: true, target: truth, mature_after: 1h}",
    'labels: {parquet: "truth/day={day}.parquet", target: truth, time: labelled_at, mature_after: 1d}',
)

Frame = pd.DataFrame


def truth_of(number: int) -> Frame:
    """The truth of a day, an hour after each prediction."""
    known = rows(number, 60)
    return known[["id", "truth"]].assign(labelled_at=known["at"] + pd.Timedelta("1h"))


def context(
    project: Project, number: int, change: Callable[[Frame], Frame], log: Callable[[Frame], Frame] = lambda f: f
):
    """Log a day and its truth, changed, and run it."""
    folder = project.root / "truth"
    folder.mkdir(exist_ok=True)
    labels = change(truth_of(number))
    labels.to_parquet(folder / f"day={FIRST + timedelta(days=number)}.parquet", index=False)
    return run(project, number, log(rows(number, 60)))


def as_it_is(frame: Frame) -> Frame:
    return frame


@pytest.fixture
def sound(prepared: Prepared) -> Callable[[str], Project]:
    """A model after four sound days."""

    def after_four_days(monitor: str) -> Project:
        def make(folder: Path) -> Project:
            project = small_world.make(folder, monitor)
            assert [context(project, number, as_it_is).findings for number in range(4)] == [[]] * 4
            return project

        return prepared(("labels", monitor), make)

    return after_four_days


def contradicted(count: int) -> Callable[[Frame], Frame]:
    return lambda frame: pd.concat([frame, frame.head(count).assign(truth=1 - frame["truth"].head(count))])


def one_class(frame: Frame) -> Frame:
    return frame.assign(truth=0)


def coverage(project: Project) -> list[float]:
    return [row["value"] for row in measurements(open_history(project), "m", Filter(metric="labels_coverage"))]


@pytest.mark.parametrize(("count", "code"), [(3, "labels-ambiguous"), (20, "labels-contradictory")])
def test_labels_that_contradict_each_other_are_unknown(tmp_path: Path, count: int, code: str) -> None:
    project = small_world.make(tmp_path / "world", APART)
    context(project, 0, as_it_is)
    outcome = context(project, 1, contradicted(count))
    (found,) = outcome.findings
    assert found.code == code
    assert f"{count} ids have labels that contradict each other at one instant, such as id '1-" in found.message
    assert coverage(project)[-1] == pytest.approx(1 - count / 60, abs=0.051)
    context(project, 2, as_it_is)
    expected = [("data", 1, 2)] if code == "labels-contradictory" else []
    assert incidents(project) == expected


def test_of_a_private_id_none_is_named(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", f"{APART}private: [id]\n")
    (found,) = context(project, 0, contradicted(30)).findings
    assert "30 ids have labels that contradict each other at one instant, and count as unlabelled" in found.message


@pytest.mark.parametrize("monitor", [APART, MONITOR], ids=["apart", "same row"])
def test_labels_of_one_class(sound: Callable[[str], Project], monitor: str) -> None:
    project = sound(monitor)
    same_row = monitor == MONITOR
    outcomes = [context(project, n, one_class, one_class if same_row else as_it_is) for n in range(4, 7)]
    late = 0 if same_row else 1
    output = "all 60 labels of 2025-03-07 are of class '0', and the windows before had several; are they joined"
    assert any(output in found.message for found in outcomes[late].findings)
    assert incidents(project) == [("data", 4 + late, None)]
    for number in range(7, 9):
        context(project, number, as_it_is)
    assert incidents(project) == [("data", 4 + late, 7 + late)]


CODINGS: dict[str, tuple[Callable[[pd.Series], pd.Series], str]] = {
    "from one": (lambda truth: truth + 1, "(2), and classes (0)"),
    "signs": (lambda truth: 2 * truth - 1, "(-1), and classes (0)"),
    "words": (lambda truth: truth.map({0: "no", 1: "yes"}), "yes"),
}


@pytest.mark.parametrize("coding", long_but_for(CODINGS, ["signs", "words"]))
@pytest.mark.parametrize("monitor", [APART, MONITOR], ids=["apart", "same row"])
def test_labels_that_are_coded_anew(sound: Callable[[str], Project], monitor: str, coding: str) -> None:
    recode, shown = CODINGS[coding]
    change = lambda frame: frame.assign(truth=recode(frame["truth"]))  # noqa: E731
    project = sound(monitor)
    log = change if monitor == MONITOR else as_it_is
    outcomes = [context(project, number, change, log) for number in range(4, 6)]
    output = [found.message for found in outcomes[0].findings if found.code == "labels-recoded"]
    assert len(output) == 1
    assert shown in output[0]
    assert "of the 60 labels of 2025-03-07 are of classes never seen before" in output[0]
    assert incidents(project) == [("data", 4, None)]
    # Labels that are complete a day later are looked at a day later, too.
    late = 0 if monitor == MONITOR else 1
    for number in range(6, 9):
        context(project, number, as_it_is)
    assert incidents(project) == [("data", 4, 6 + late)]


def test_flags_in_words_are_no_other_coding(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", APART)
    in_words = lambda frame: frame.assign(truth=frame["truth"].map({0: "False", 1: "True"}))  # noqa: E731
    as_flags = lambda frame: frame.assign(answer=frame["answer"].astype(bool))  # noqa: E731
    for number in range(4):
        context(project, number, as_it_is, as_flags)
    found = [code.code for number in range(4, 6) for code in context(project, number, in_words, as_flags).findings]
    assert "labels-recoded" not in found
    assert incidents(project) == []


def test_ids_that_restart_every_day(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", APART.replace("mature_after: 1d", "mature_after: 2d"))
    restart = lambda frame: frame.assign(id=[str(i) for i in range(len(frame))])  # noqa: E731
    for number in range(3):
        context(project, number, restart, restart)
    assert incidents(project) == [("data", 1, None)]
    assert "ids-used-again" in call(project, "history", "m", "--findings")[1]


@pytest.mark.parametrize(("hours", "expected"), [(72, "about 5"), (26, "before the window")])
def test_labels_that_are_dated_before_their_predictions(tmp_path: Path, hours: int, expected: str) -> None:
    project = small_world.make(tmp_path / "world", APART.replace("day={day}.parquet", "*.parquet", 2))
    (project.root / "truth").mkdir()
    log = rows(0, 60)
    for number in range(2):
        log = rows(number, 60)
        early = log[["id", "truth"]].assign(labelled_at=log["at"] - pd.Timedelta(hours=hours))
        early.to_parquet(project.root / "truth" / f"{number}.parquet", index=False)
        outcome = run(project, number, log)
        (found,) = [it for it in outcome.findings if it.code == "labels-early"]
        assert f"ids of 2025-03-0{3 + number} are dated before their predictions, about" in found.message
        assert expected in found.message
    assert incidents(project) == [("data", 0, None)]


def dated(shift: str) -> Callable[[Frame], Frame]:
    return lambda frame: frame.assign(labelled_at=frame["labelled_at"] + pd.Timedelta(shift))


@pytest.mark.parametrize(
    ("shift", "code", "expected"),
    [
        ("-50D", "labels-early", "dated before their predictions, about 49d before, the newest 2025-01-1"),
        ("-200D", "labels-early", "dated before their predictions, about 199d before, the newest 2024-08-1"),
        ("-1200D", "labels-early", "dated before their predictions, about 1199d before, the newest 2021-11-"),
        ("-20000D", "labels-early", "dated before their predictions, about 1"),
        ("7300D", "labels-future", "dated after the present, the newest 2045-02-2"),
    ],
)
@pytest.mark.parametrize("source", ["parquet", "sqlite"])
def test_labels_of_whatever_date_are_found(tmp_path: Path, source: str, shift: str, code: str, expected: str) -> None:
    """Nothing else says why no window gets labels; once, as soon as a window should have had some."""
    monitor = APART.replace("day={day}.parquet", "*.parquet", 2)
    if source == "sqlite":
        monitor = monitor.replace('parquet: "truth/*.parquet"', "sql: {url: 'sqlite:///truth.db', table: truth}")
    project = small_world.make(tmp_path / "world", monitor)
    (project.root / "truth").mkdir()
    found = []
    for number in range(2):
        labels = dated(shift)(truth_of(number))
        if source == "sqlite":
            labels["labelled_at"] = labels["labelled_at"].map(lambda moment: moment.isoformat())
            with closing(sqlite3.connect(project.root / "truth.db")) as database:
                labels.to_sql("truth", database, index=False, if_exists="append")
        else:
            labels.to_parquet(project.root / "truth" / f"{number}.parquet", index=False)
        found += [it for it in run(project, number, rows(number, 60)).findings if it.code == code]
    assert "the labels of 60 ids of 2025-03-0" in found[0].message
    assert expected in found[0].message
    # What is dated earlier may be of earlier predictions of the same ids, until labels are overdue.
    assert incidents(project) == [("data", 0 if code == "labels-future" else 1, None)]


@pytest.mark.parametrize("days", [3, 9])
def test_labels_that_are_dated_some_days_early_from_one_day_on(sound: Callable[[str], Project], days: int) -> None:
    """The windows before have labels, so that only their absence today shows it."""
    project = sound(APART.replace("day={day}.parquet", "*.parquet", 2))
    assert incidents(project) == []
    context(project, 4, dated(f"-{days}D"))
    assert incidents(project) == [("data", 4, None)]


def test_a_label_of_last_year_is_none_of_this_year(tmp_path: Path) -> None:
    """Who is scored once a year has a label of a year ago, which is dated rightly."""
    project = small_world.make(tmp_path / "world", APART.replace("day={day}.parquet", "*.parquet", 2))
    customers = lambda frame: frame.assign(id=[f"c{i}" for i in range(len(frame))])  # noqa: E731
    context(project, 0, customers, customers)
    for number in range(200, 203):
        outcome = context(project, number, lambda frame: customers(frame).head(0), customers)
        assert [found.code for found in outcome.findings if found.code.startswith("labels")] == []


def test_an_id_that_is_scored_every_day_has_no_early_label(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", APART)
    again = lambda frame: frame.assign(id=[f"c{i}" for i in range(len(frame))])  # noqa: E731
    context(project, 0, again, again)
    outcome = context(project, 1, lambda frame: again(frame).head(0), again)
    assert [found.code for found in outcome.findings] == []


@pytest.mark.parametrize(
    ("counts", "past", "odd"),
    [
        ({"0": 200}, [{"0": 100, "1": 100}] * 3, True),
        ({"0": 200}, [{"0": 100, "1": 100}] * 2, False),
        ({"0": 200}, [{"0": 199, "1": 1}] * 9, False),
        ({"0": 200}, [{"0": 200}, *[{"0": 100, "1": 100}] * 5], False),
        ({"a": 60}, [{"a": 20, "b": 20, "c": 20}] * 4, True),
    ],
)
def test_one_class_is_odd_where_it_is_no_accident(counts: dict, past: list, odd: bool) -> None:
    assert is_odd(counts, past) is odd


FOUR = [{"a": 30, "b": 30, "c": 30, "d": 10}] * 5


@pytest.mark.parametrize(
    ("counts", "past", "found"),
    [
        ({"1": 55, "2": 45}, [{"0": 55, "1": 45}] * 3, True),
        ({"1": 190, "2": 10}, [{"0": 190, "1": 10}] * 3, True),
        ({"-1": 30, "1": 170}, [{"0": 30, "1": 170}] * 4, True),
        ({"0": 55, "1": 40, "2": 5}, [{"0": 55, "1": 45}] * 3, False),
        ({"0": 30, "1": 20, "2": 50}, [{"0": 55, "1": 45}] * 3, False),
        ({"1": 100}, [{"0": 55, "1": 45}] * 3, False),
        ({"1": 55, "2": 45}, [{"0": 55, "1": 45}] * 2, False),
        ({"1": 9, "2": 8}, [{"0": 9, "1": 8}] * 9, False),
        ({"a": 30, "b": 30, "c": 30, "e": 10}, FOUR, False),
        ({"A": 30, "B": 30, "c": 30, "d": 10}, FOUR, True),
        ({"w": 25, "x": 25, "y": 25, "z": 25}, FOUR, True),
        ({"z": 50}, [{name: 50} for name in "abcdefg"], False),
        ({f"{n}": 1 for n in range(100, 140)}, [{f"{n}": 1 for n in range(40)}] * 5, True),
    ],
)
def test_classes_that_take_the_place_of_others(counts: dict, past: list, found: bool) -> None:
    assert bool(recoded(counts, past)) is found
