"""Histories of earlier versions that have rows keep them, on SQLite and PostgreSQL, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from storage.history import database, open_history, tables
from storage.history.database import History, upgrade
from storage.history.decisions import decisions_made
from storage.history.incidents import all_incidents
from storage.history.retrainings import entries
from storage.project.folder import Project
from storage.project.settings import Settings

DAY = datetime(2025, 3, 1, tzinfo=UTC)
DATES = [DAY + timedelta(days=number) for number in range(3)]


def downgrade(history: History, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with history.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


@pytest.fixture(params=["sqlite", "postgresql"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    """A history of the version before retrainings were counted by day, and causes recorded."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    opened = open_history(Project(tmp_path, Settings(history_url=url)))
    downgrade(opened, "0004")
    yield opened
    upgrade(opened)
    with opened.writing() as connection:
        for table in (
            tables.decision,
            tables.incident,
            tables.retraining,
            tables.acceptance,
            tables.finding,
            tables.run,
        ):
            connection.execute(sa.delete(table))


RENAMED = {"told_on": "notified_on"}
"""Columns of older versions, and what they are called now."""


def column_of(table: sa.Table, name: str) -> sa.ColumnClause[Any]:
    """A column under the name that it has in some version."""
    return sa.column(name, table.c[RENAMED.get(name, name)].type)


def insert(history: History, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Write rows of an older version: of the columns that it had."""
    old = sa.table(table.name, *(column_of(table, name) for name in rows[0]))
    with history.writing() as connection:
        connection.execute(sa.insert(old), rows)


def old_rows(model: str) -> dict[str, list[dict[str, Any]]]:
    """Three days of each table that the migrations change."""
    decision = {"model": model, "check_name": "f1-below", "metric": "f1", "severity": "warning", "threshold": 0.4}
    verdict = {"value": 0.3, "verdict": "failed", "reason": ""}
    training = {"model": model, "purpose": "retraining", "cause": "check f1-below", "reason": "", "attempt": 1}
    gains = {"champion": "", "metric": "f1", "gain": 0.1, "lower": 0.0, "upper": 0.2, "n": 2**40}
    return {
        "decision": [{**decision, **verdict, "known_on": on, "window_start": on} for on in DATES],
        "incident": [
            {
                "model": model,
                "check_name": "f1-below",
                "opened_on": on,
                "closed_on": None,
                "told_on": on,
                "severity": "warning",
                "window_start": on,
            }
            for on in DATES
        ],
        "retraining": [
            {**training, **gains, "known_on": on, "status": "promoted", "version": f"v{n}", "ended_on": on}
            for n, on in enumerate(DATES)
        ],
    }


def shown(history: History, names: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """What some columns of some tables hold."""
    found = {}
    with history.reading() as connection:
        for name, columns in names.items():
            table = tables.metadata.tables[name]
            old = sa.table(name, *(column_of(table, column) for column in columns))
            query = sa.select(*old.c)
            found[name] = sorted((tuple(row) for row in connection.execute(query)), key=repr)
    return found


def test_rows_of_an_older_version_stay(history: History) -> None:
    written = {model: old_rows(model) for model in ("m", "n")}
    for rows in written.values():
        for name, found in rows.items():
            insert(history, tables.metadata.tables[name], found)
    columns = {name: list(found[0]) for name, found in written["m"].items()}
    before = shown(history, columns)
    assert {name: len(rows) for name, rows in before.items()} == dict.fromkeys(columns, 6)

    upgrade(history)
    now = {name: [RENAMED.get(column, column) for column in held] for name, held in columns.items()}
    assert shown(history, now) == before
    (model, *_) = written
    assert [entry.asked for entry in entries(history, model)] == [1, 1, 1]
    assert [entry.n for entry in entries(history, model)] == [2**40] * 3
    assert {row["ending"] for row in all_incidents(history, model)} == {""}
    assert decisions_made(history, model, DATES[0], []) == []

    # A second one of a day has a line of its own; the way back keeps the last.
    again = {**written["m"]["retraining"][0], "asked": 2, "version": "v0-2"}
    insert(history, tables.retraining, [again])
    assert len(entries(history, "m")) == 4
    downgrade(history, "0004")
    left = shown(history, columns)
    assert {name: rows for name, rows in left.items() if name != "retraining"} == {
        name: rows for name, rows in before.items() if name != "retraining"
    }
    versions = columns["retraining"].index("version")
    assert sorted(row[versions] for row in left["retraining"]) == ["v0", "v0-2", "v1", "v1", "v2", "v2"]
    upgrade(history)
    assert shown(history, now) == left


FOUND = "completed with findings: "


def test_messages_do_not_begin_with_their_model_any_longer(history: History) -> None:
    """Of models of which one's name ends as the other's, and one whose name begins a part of messages."""
    texts = {
        "churn": [
            (
                "churn: no predictions in 2025-03-01; is the log there?",
                "no predictions in 2025-03-01; is the log there?",
            ),
            ("a.csv: is not UTF-8; save it so", "a.csv: is not UTF-8; save it so"),
            ("churns: no model", "churns: no model"),
            ("churn: churn: twice", "churn: twice"),
            ("", ""),
        ],
        "a": [("data: a: no", "data: a: no"), ("a: größe", "größe")],
    }
    runs = {
        "churn": [
            (FOUND + "churn: one; do it; churn: two; and 3 more", FOUND + "one; do it; two; and 3 more"),
            (FOUND + "a.csv: one; churn: two; data: sound again: x", FOUND + "a.csv: one; two; data: sound again: x"),
            ("churn: the log is not there; deliver it", "the log is not there; deliver it"),
            ("completed; churn: is no finding", "completed; churn: is no finding"),
        ],
        "data": [(FOUND + "data: one; data: sound again: x", FOUND + "data: one; data: sound again: x")],
    }
    window = {"window_start": DAY, "grain": "1d"}
    for model, pairs in texts.items():
        rows = [
            {
                **window,
                "model": model,
                "code": "c",
                "subject": str(n),
                "known_on": DAY,
                "family": "data",
                "message": old,
            }
            for n, (old, _) in enumerate(pairs)
        ]
        insert(history, tables.finding, rows)
        decision = {"check_name": "f1", "metric": "f1", "severity": "warning", "verdict": "undecided"}
        insert(
            history,
            tables.decision,
            [
                {**decision, "model": model, "known_on": DAY + timedelta(days=n), "reason": old}
                for n, (old, _) in enumerate(pairs)
            ],
        )
    missing = {**window, "model": "m", "subject": "", "known_on": DAY, "family": "arrivals", "message": "m: none"}
    insert(history, tables.finding, [{**missing, "code": "nights-missing"}])
    for model, pairs in runs.items():
        times = {"known_on": DAY, "started_at": DAY, "timezone": "UTC", "status": "findings", "seconds": {}}
        insert(history, tables.run, [{**window, **times, "model": model, "message": old} for old, _ in pairs])

    upgrade(history)
    for table, column, given in (
        ("finding", "message", texts),
        ("decision", "reason", texts),
        ("run", "message", runs),
    ):
        found = [row for row in shown(history, {table: ["model", column]})[table] if row[0] in given]
        wanted = [(model, new) for model, pairs in given.items() for _, new in pairs]
        assert sorted(found) == sorted(wanted), table
    assert [row for row in shown(history, {"finding": ["code", "message"]})["finding"] if row[0] != "c"] == [
        ("runs-missing", "none")
    ]
    assert {str(row[0]) for row in shown(history, {"run": ["findings"]})["run"]} == {"[]"}
    downgrade(history, "0006")
    upgrade(history)
    assert len(shown(history, {"finding": ["code"]})["finding"]) == 8
