"""Labels that were joined or coded wrongly open an incident; what they contradict themselves in is unknown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from lamplighter.core.one_class import is_odd
from storage.history import open_history
from storage.history.query import Filter, measurements
from storage.project import Project
from tests.flows import small_world
from tests.flows.loop_world import call
from tests.flows.small_world import FIRST, MONITOR, incidents, rows, run

APART = MONITOR.replace(
    "labels: {same_row: true, target: truth, mature_after: 1h}",
    'labels: {parquet: "truth/day={day}.parquet", target: truth, time: labelled_at, mature_after: 1d}',
)

Frame = pd.DataFrame


def truth_of(number: int) -> Frame:
    """The truth of a day, an hour after each prediction."""
    known = rows(number, 60)
    return known[["id", "truth"]].assign(labelled_at=known["at"] + pd.Timedelta("1h"))


def night(project: Project, number: int, change: Callable[[Frame], Frame], log: Callable[[Frame], Frame] = lambda f: f):
    """Log a day and its truth, changed, and run it."""
    folder = project.root / "truth"
    folder.mkdir(exist_ok=True)
    labels = change(truth_of(number))
    labels.to_parquet(folder / f"day={FIRST + timedelta(days=number)}.parquet", index=False)
    return run(project, number, log(rows(number, 60)))


def as_it_is(frame: Frame) -> Frame:
    return frame


def contradicted(count: int) -> Callable[[Frame], Frame]:
    return lambda frame: pd.concat([frame, frame.head(count).assign(truth=1 - frame["truth"].head(count))])


def one_class(frame: Frame) -> Frame:
    return frame.assign(truth=0)


def coverage(project: Project) -> list[float]:
    return [row["value"] for row in measurements(open_history(project), "m", Filter(metric="labels_coverage"))]


@pytest.mark.parametrize(("count", "code"), [(3, "labels-ambiguous"), (20, "labels-contradictory")])
def test_labels_that_contradict_each_other_are_unknown(tmp_path: Path, count: int, code: str) -> None:
    project = small_world.make(tmp_path / "world", APART)
    night(project, 0, as_it_is)
    outcome = night(project, 1, contradicted(count))
    (found,) = outcome.findings
    assert found.code == code
    assert f"m: {count} ids have labels that contradict each other at one instant, such as id '1-" in found.message
    assert coverage(project)[-1] == pytest.approx(1 - count / 60, abs=0.051)
    night(project, 2, as_it_is)
    expected = [("data", 1, 2)] if code == "labels-contradictory" else []
    assert incidents(project) == expected


def test_of_a_private_id_none_is_named(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", f"{APART}private: [id]\n")
    (found,) = night(project, 0, contradicted(30)).findings
    assert "m: 30 ids have labels that contradict each other at one instant, and count as unlabelled" in found.message


@pytest.mark.parametrize("monitor", [APART, MONITOR], ids=["apart", "same row"])
def test_labels_of_one_class(tmp_path: Path, monitor: str) -> None:
    project = small_world.make(tmp_path / "world", monitor)
    same_row = monitor == MONITOR
    for number in range(4):
        night(project, number, as_it_is)
    outcomes = [night(project, n, one_class, one_class if same_row else as_it_is) for n in range(4, 7)]
    late = 0 if same_row else 1
    told = "m: all 60 labels of 2025-03-07 are of class '0', and the windows before had several; are they joined"
    assert any(told in found.message for found in outcomes[late].findings)
    assert incidents(project) == [("data", 4 + late, None)]
    for number in range(7, 9):
        night(project, number, as_it_is)
    assert incidents(project) == [("data", 4 + late, 7 + late)]


def test_ids_that_restart_every_day(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", APART.replace("mature_after: 1d", "mature_after: 2d"))
    restart = lambda frame: frame.assign(id=[str(i) for i in range(len(frame))])  # noqa: E731
    for number in range(3):
        night(project, number, restart, restart)
    assert incidents(project) == [("data", 1, None)]
    assert "ids-used-again" in call(project, "history", "m", "--findings")[1]


@pytest.mark.parametrize(("hours", "told"), [(72, "about 5"), (26, "before the window")])
def test_labels_that_are_dated_before_their_predictions(tmp_path: Path, hours: int, told: str) -> None:
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
        assert told in found.message
    assert incidents(project) == [("data", 0, None)]


def test_an_id_that_is_scored_every_day_has_no_early_label(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", APART)
    again = lambda frame: frame.assign(id=[f"c{i}" for i in range(len(frame))])  # noqa: E731
    night(project, 0, again, again)
    outcome = night(project, 1, lambda frame: again(frame).head(0), again)
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
