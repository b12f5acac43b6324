"""What `validate` finds where predictions and labels are tables of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
import yaml

from lamplighter.core.monitor import parse
from storage.inspection.source_check import SourceCheck, check_sources
from storage.project.folder import Project
from tests.storage.inspection.checked_world import NOW, checked, declared, tables


@pytest.fixture(name="database", params=["sqlite", "postgresql"])
def _database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/log.db"
    return str(request.getfixturevalue("postgresql_url"))


def in_database(url: str, root: Path, **changes: Any) -> SourceCheck:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    held = tables()
    held["log"].drop(columns="tags").to_sql("log", engine, index=False, if_exists="replace")
    held["labels"].to_sql("labels", engine, index=False, if_exists="replace")
    monitor = declared()
    monitor["predictions"] |= {"sql": {"url": url, "table": "log"}, "timezone": "UTC"} | changes.get("predictions", {})
    monitor["labels"] |= {"sql": {"url": url, "table": "labels"}, "timezone": "UTC"} | changes.get("labels", {})
    del monitor["predictions"]["parquet"], monitor["labels"]["parquet"]
    monitor["reference"] = changes.get("reference", {"days": "2026-03-01..2026-03-03"})
    return check_sources(Project.open(root), parse("m.yaml", yaml.safe_dump(monitor), environ={}), NOW)


QUERY = "SELECT * FROM log WHERE at >= :start AND at < :end"


@pytest.mark.parametrize(
    ("changes", "at", "message"),
    [
        ({}, None, ""),
        ({"predictions": {"prediction": "lat"}}, "predictions.prediction", "did you mean 'late'?"),
        ({"predictions": {"time": "when"}}, "predictions", "no time column 'when'"),
        ({"labels": {"target": "y"}}, "labels.target", "no column 'y' in the labels"),
        ({"reference": {"days": "2020-01-01..2020-02-01"}}, "reference", "the reference has no rows"),
    ],
)
def test_a_database(database: str, tmp_path: Path, changes: Any, at: str | None, message: str) -> None:
    found = in_database(database, tmp_path, **changes)
    faults = [problem for problem in found.problems if not problem.is_warning]
    if at is None:
        assert (faults, found.window, found.rows, found.labelled) == ([], "2026-03-07", 24, 24)
        return
    assert [".".join(map(str, fault.at)).startswith(at) for fault in faults] == [True], faults
    assert message in faults[0].message


def test_a_query_and_a_table_that_is_not_there(database: str, tmp_path: Path) -> None:
    found = in_database(database, tmp_path, predictions={"sql": {"url": database, "query": QUERY}})
    assert (found.problems, found.window, found.rows) == ([], "2026-03-07", 24)
    [fault] = in_database(database, tmp_path, predictions={"sql": {"url": database, "table": "logs"}}).problems
    assert fault.at == ("predictions", "sql", "table")
    assert "no table 'logs' in the database; did you mean 'log'?" in fault.message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "postgresql+psycopg://u:hunter2@127.0.0.1:1/d",
            "the predictions could not be looked at: postgresql 127.0.0.1/d table log: ",
        ),
        ("sqlite:///{root}/no.db", "no such file; mend the path, or make the database first"),
    ],
)
def test_a_database_that_is_not_there(tmp_path: Path, url: str, message: str) -> None:
    monitor = declared()
    monitor["predictions"] |= {"sql": {"url": url.format(root=tmp_path), "table": "log"}}
    del monitor["predictions"]["parquet"]
    [fault] = check_sources(Project.open(tmp_path), parse("m.yaml", yaml.safe_dump(monitor), environ={}), NOW).problems
    assert message in fault.message
    assert "hunter2" not in fault.message
    assert "\n" not in fault.message


NO_DATABASES = [
    "nourl",
    "",
    "log.db",
    "://x",
    "host=h password=hunter2",
    "sqlite://",
    "sqlite:///{root}/monitors/m.yaml",
]


@pytest.mark.parametrize("url", NO_DATABASES)
@pytest.mark.parametrize("section", ["predictions", "labels"])
def test_a_url_that_leads_to_no_database_is_one_line(tmp_path: Path, section: str, url: str) -> None:
    def change(monitor: dict[str, Any], held: dict[str, pd.DataFrame]) -> None:
        del monitor[section]["parquet"]
        monitor[section]["sql"] = {"url": url.format(root=tmp_path), "table": "log"}

    [fault] = checked(tmp_path, change).problems
    assert (fault.at, fault.is_warning) == ((section, "sql"), False)
    assert "write " in fault.message or "name " in fault.message
    assert "\n" not in fault.message
    assert "hunter2" not in fault.message
