"""A history that several processes open at once."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

from storage.history import open_history
from storage.history.database import HEAD, version_of
from storage.project.folder import Project


def test_a_file_that_another_process_makes_meanwhile_is_waited_for(tmp_path: Path) -> None:
    """SQLite refuses to begin a log of a file of which another connection is about to write the first page."""
    project = Project.open(tmp_path)
    project.home.mkdir()

    def opened() -> str | None:
        with open_history(project).reading() as connection:
            return version_of(connection)

    with closing(sqlite3.connect(project.home / "history.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(opened)
            wait([waiting], timeout=0.2)
            other.execute("COMMIT")
            assert waiting.result() == HEAD
