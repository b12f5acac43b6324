"""A history to show, and the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lamplighter.cli import cli
from storage.history import History, open_history
from storage.project.folder import Project

Run = Callable[..., Result]


@pytest.fixture
def history(tmp_path: Path) -> History:
    """The history of the project in ``tmp_path``."""
    return open_history(Project.open(tmp_path))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Call the command in the project in ``tmp_path``."""
    return lambda *arguments: CliRunner().invoke(cli, ["-C", str(tmp_path), *map(str, arguments)])


@pytest.fixture
def mistake(run: Run) -> Callable[..., str]:
    """The one line that reports a mistake."""

    def line(*arguments: object) -> str:
        result = run(*arguments)
        assert isinstance(result.exception, SystemExit)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        return str(result.stderr.strip())

    return line
