"""Values of a reference: written where they changed, read as they were known."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from lamplighter.core.records.measurement import Measurement
from storage.history import History, open_history, tables
from storage.history.reference_values import record_reference, reference_content, reference_values
from storage.project.folder import Project
from storage.project.settings import Settings
from tests.storage.history.recorded import day

ROWS = Measurement(metric="rows", value=9.0, n=9)


@pytest.fixture(params=["sqlite", "postgresql"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    return open_history(Project(tmp_path, Settings(history_url=url)))


def keep(history: History, known: int, content: str, *measured: Measurement) -> None:
    with history.writing() as connection:
        record_reference(connection, "m", day(known), content, measured)


def written(history: History) -> int:
    with history.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(tables.reference_value)) or 0


def test_a_file_that_holds_the_same_rows_is_one_row_more(history: History) -> None:
    shares = [Measurement(metric="missing_ratio", feature=f"x{number}", value=0.5, n=9) for number in range(20)]
    keep(history, 1, "first", ROWS, *shares)
    keep(history, 2, "second", ROWS, *shares)
    assert written(history) == 22
    assert [reference_content(history, "m", day(number)) for number in range(4)] == ["", "first", "second", "second"]
    assert len(reference_values(history, "m")) == 21


def test_what_is_measured_no_more_is_gone_and_may_come_back(history: History) -> None:
    f1 = Measurement(metric="f1", value=0.5, n=9, lower=0.25, upper=0.75)
    for known, measured in enumerate(([ROWS, f1], [ROWS], [], [ROWS, f1])):
        keep(history, known, f"content {known}" if measured else "", *measured)
    found = [[it.metric for it in reference_values(history, "m", day(known))] for known in range(4)]
    assert found == [["f1", "rows"], ["rows"], [], ["f1", "rows"]]
    assert reference_content(history, "m", day(2)) == ""
    assert reference_values(history, "m", day(0)) == reference_values(history, "m") == [f1, ROWS]


def test_in_whatever_order_runs_come_the_history_is_one(history: History) -> None:
    keep(history, 2, "b", Measurement(metric="rows", value=8.0, n=8))
    keep(history, 1, "a", ROWS)
    keep(history, 3, "b", Measurement(metric="rows", value=8.0, n=8))
    assert [reference_values(history, "m", day(known))[0].value for known in (1, 2, 3)] == [9.0, 8.0, 8.0]
    assert written(history) == 2


def test_names_that_are_too_long_for_an_index_are_cut_as_those_of_windows_are(history: History) -> None:
    feature = "long name " * 300
    keep(history, 1, "a", ROWS, Measurement(metric="missing_ratio", feature=feature, value=0.0, n=9, reason="a\0b"))
    found = reference_values(history, "m")[0]
    assert (len(found.feature.encode()) < 500, found.reason) == (True, "a\\x00b")
