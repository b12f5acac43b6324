"""Recording: repeatable, in any order of dates, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.errors import HistoryError
from storage.history import open_history
from storage.history.database import HEAD, History, upgrade
from storage.history.newest import newest
from storage.history.record import record
from storage.history.tables import measurement, metadata
from storage.project.folder import Project
from storage.project.settings import Settings

DAY = datetime(2025, 3, 1, tzinfo=UTC)
SCOPE = {"model": "m", "window_start": DAY, "grain": "1d", "family": "quality"}
GONE = {"n": 0, "state": "final", "reason": "gone"}


def logical_date(number: int) -> datetime:
    return DAY + timedelta(days=number)


def row(metric: str, value: float | None) -> dict[str, Any]:
    key = {"metric": metric, "segment": "", "version": "", "feature": "", "class": "", "method": ""}
    return key | {"value": value, "n": 1, "lower": None, "upper": None, "state": "final", "reason": ""}


def known(history: History, as_of: datetime) -> dict[str, float | None]:
    """What was known at a date: the newest row of each key that is not gone."""
    with history.reading() as connection:
        rows = connection.execute(newest(measurement, measurement.c.model == "m", as_of=as_of)).mappings().all()
    return {found["metric"]: found["value"] for found in rows if found["reason"] != "gone"}


def write(history: History, number: int, values: dict[str, float]) -> None:
    with history.writing() as connection:
        rows = [row(metric, value) for metric, value in values.items()]
        record(connection, measurement, SCOPE, logical_date(number), rows, gone=GONE)


@pytest.fixture(params=["sqlite", "postgresql"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    opened = open_history(Project(tmp_path, Settings(history_url=url)))
    yield opened
    with opened.writing() as connection:
        connection.execute(sa.delete(measurement))


def test_a_run_writes_only_what_is_new(history: History) -> None:
    write(history, 1, {"f1": 0.5, "recall": 0.6})
    write(history, 2, {"f1": 0.5, "recall": 0.7})
    with history.reading() as connection:
        rows = connection.execute(sa.select(measurement.c.metric, measurement.c.known_on)).all()
    assert sorted(rows) == [("f1", logical_date(1)), ("recall", logical_date(1)), ("recall", logical_date(2))]


def test_what_vanished_is_known_to_be_gone(history: History) -> None:
    write(history, 1, {"f1": 0.5, "recall": 0.6})
    write(history, 2, {"f1": 0.5})
    assert known(history, logical_date(2)) == {"f1": 0.5}
    assert known(history, logical_date(1)) == {"f1": 0.5, "recall": 0.6}


def dates_with_rows(history: History) -> set[int]:
    with history.reading() as connection:
        return {(known_on - DAY).days for known_on in connection.scalars(sa.select(measurement.c.known_on))}


STATES = st.dictionaries(st.sampled_from("abc"), st.sampled_from([0.1, 0.2]), max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logical_dates=st.lists(st.tuples(st.integers(1, 4), STATES), min_size=1, max_size=7))
def test_each_run_keeps_what_it_knew(history: History, logical_dates: list[tuple[int, dict[str, float]]]) -> None:
    """Runs recorded in any order, some of them again: each then knows what it wrote last itself."""
    with history.writing() as connection:
        connection.execute(sa.delete(measurement))
    for number, values in logical_dates:
        # A later run that found nothing new wrote nothing, and knows what the runs before it know.
        before = {later: known(history, logical_date(later)) for later in dates_with_rows(history) if later > number}
        write(history, number, values)
        assert known(history, logical_date(number)) == values
        for later, state in before.items():
            assert known(history, logical_date(later)) == state


def test_the_migration_makes_the_tables_of_the_code(history: History) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with history.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == HEAD


def test_a_history_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    history = open_history(Project(tmp_path, Settings()))
    with history.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(HistoryError, match="version 9999, which this Lamplighter does not know; upgrade Lamplighter"):
        upgrade(history)


def test_the_view_shows_the_newest(history: History) -> None:
    write(history, 1, {"f1": 0.5})
    write(history, 3, {"f1": 0.7})
    with history.reading() as connection:
        assert connection.execute(sa.text("SELECT value FROM latest")).scalars().all() == [0.7]


def test_a_failed_transaction_leaves_nothing(history: History) -> None:
    def fail() -> None:
        with history.writing() as connection:
            record(connection, measurement, SCOPE, logical_date(1), [row("f1", 0.5)], gone=GONE)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fail()
    assert known(history, logical_date(9)) == {}
