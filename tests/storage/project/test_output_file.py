"""What a command that writes a file refuses to replace."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lamplighter.errors import LamplighterError
from storage.project.folder import Project
from storage.project.output_file import refuse_output
from tests.lamplighter.cli.called import mistake


def test_neither_the_history_nor_a_device_is_replaced(tmp_path: Path) -> None:
    project = Project.open(tmp_path)
    project.home.mkdir()
    (tmp_path / "link").symlink_to(project.home)
    os.mkfifo(tmp_path / "pipe")
    with closing(sqlite3.connect(tmp_path / "elsewhere.db")) as connection:
        connection.execute("CREATE TABLE run (id INTEGER)")
    for path, what in (
        (project.home / "history.db", "lies in the home"),
        (tmp_path / "link" / "models" / "b.tar", "lies in the home"),
        (tmp_path / "elsewhere.db", "is a database"),
        (tmp_path / "pipe", "is no regular file"),
        (Path(), "is no regular file"),
    ):
        with pytest.raises(LamplighterError, match=what):
            refuse_output(project, path)
    refuse_output(project, tmp_path / "home.tar")


@pytest.mark.parametrize("command", [("backup",), ("export", "openmetrics", "churn", "--output")])
def test_commands_say_so_in_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / ".lamplighter" / "history.db"
    assert mistake("-C", tmp_path, *command, path) == (
        f"lamplighter: {path}: lies in the home, whose files are Lamplighter's; name a file elsewhere"
    )
    assert "is no regular file" in mistake("-C", tmp_path, *command, "")
