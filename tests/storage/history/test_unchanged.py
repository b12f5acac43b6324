"""Looking at a history without changing it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from lamplighter.errors import HistoryError
from storage.history import open_history
from storage.history.unchanged import damages, migrations_behind, unchanged_history
from storage.project.folder import Project
from storage.project.settings import Settings
from tests.storage.history.recorded import write_run


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mode, path.read_bytes()) for path in folder.iterdir() if path.is_file()}


def test_a_closed_file_stays_alone(project: Project) -> None:
    history = open_history(project)
    write_run(history)
    history.engine.dispose()
    project.home.chmod(0o755)
    before = files(project.home)
    assert [*before] == ["history.db"]
    found = unchanged_history(project)
    assert found is not None
    assert (migrations_behind(found), damages(found)) == (0, [])
    assert files(project.home) == before
    assert project.home.stat().st_mode & 0o777 == 0o755


def test_what_a_writer_has_in_its_log_is_seen(project: Project) -> None:
    history = open_history(project)
    with history.reading():
        write_run(history)
        found = unchanged_history(project)
        assert found is not None
        with found.reading() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM run")) == 1


def test_nothing_can_be_written(project: Project) -> None:
    open_history(project).engine.dispose()
    found = unchanged_history(project)
    assert found is not None
    with pytest.raises(HistoryError, match="readonly"), found.writing() as connection:
        connection.execute(sa.text("DELETE FROM run"))


def test_no_file_no_history(project: Project) -> None:
    assert unchanged_history(project) is None
    assert not project.home.exists()


def test_a_file_without_tables_and_one_of_another_program(project: Project) -> None:
    project.home.mkdir()
    with closing(sqlite3.connect(project.home / "history.db")) as connection, connection:
        connection.execute("CREATE TABLE other (x)")
    found = unchanged_history(project)
    assert found is not None
    assert migrations_behind(found) is None
    with closing(sqlite3.connect(project.home / "history.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES ('a1b2c3')")
    with pytest.raises(HistoryError, match="is of version a1b2c3, which no Lamplighter has made"):
        migrations_behind(found)


def test_postgresql_is_asked(postgresql_url: str, tmp_path: Path) -> None:
    project = Project(tmp_path, Settings(history_url=postgresql_url))
    found = unchanged_history(project)
    assert found is not None
    assert migrations_behind(found) is None
    open_history(project)
    assert (migrations_behind(found), damages(found)) == (0, [])
    assert list(tmp_path.iterdir()) == []
