"""What the sources do not hold yet, or hold on other days alone, is no mistake of a monitor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.storage.inspection.checked_world import (
    LATE,
    TIMES,
    Change,
    both,
    checked,
    column,
    put,
    rows,
)

EMPTY: list[tuple[str, Change, str]] = [
    (
        "labels to come",
        rows("labels", lambda t: t["was_late"] > 2),
        "no prediction of the newest window has a label yet",
    ),
    ("labels of old days alone", rows("labels", lambda t: t["labelled_at"] < "2026-03-04"), "no label arrived since"),
    (
        "no truth beside yet",
        both(column("log", "truth", None), put("labels", {"same_row": True, "target": "truth"})),
        "no prediction of the newest window has a label yet",
    ),
    (
        "no past yet",
        both(put("reference", {"trailing": "2d"}), rows("log", lambda t: t["at"] >= "2026-03-07")),
        "the reference has no rows before 2026-03-07 yet",
    ),
    (
        "what is excluded is not there",
        put("features", {"auto": True, "exclude": ["comment"]}),
        "no column matches 'comment'",
    ),
    (
        "a reference without a feature",
        lambda m, h: h.__setitem__("reference", h["reference"].drop(columns="distance")),
        "the reference has no column 'distance'",
    ),
]


@pytest.mark.parametrize(("change", "message"), [pytest.param(*case[1:], id=case[0]) for case in EMPTY])
def test_what_is_merely_empty_is_a_warning(tmp_path: Path, change: Change, message: str) -> None:
    problems = checked(tmp_path, change).problems
    assert [problem.message for problem in problems if not problem.is_warning] == []
    assert any(message in problem.message for problem in problems), problems


def test_what_is_rare_is_looked_for_in_more_than_one_window(tmp_path: Path) -> None:
    """A class and a segment that the newest day does not have occur on an earlier one."""
    first = TIMES < "2026-03-02"
    change = both(
        column("log", "late", np.where(first, 2, LATE)),
        column("log", "origin", np.where(first, "EWR", "JFK")),
        put(
            "checks",
            [
                {"metric": "precision", "below": 0.1, "class": "2"},
                {"metric": "accuracy", "below": 0.1, "segment": "origin=EWR"},
                {"metric": "accuracy", "below": 0.2, "segment": "origin=*"},
            ],
        ),
    )
    assert checked(tmp_path, change).problems == []


def test_labels_that_take_their_time_are_found_on_an_earlier_window(tmp_path: Path) -> None:
    found = checked(tmp_path, rows("labels", lambda t: t["labelled_at"] < "2026-03-06T06:00"))
    assert (found.window, found.problems) == ("2026-03-07", [])
    assert (found.labelled, found.labelled_rows, found.labelled_window) == (96, 96, "2026-03-05")
