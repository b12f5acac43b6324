"""The user's own functions, and reports."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lamplighter.errors import MonitorError, ReportError
from storage.project.folder import Project
from storage.project.user_code import load_function
from storage.sinks.reports import write_report
from tests.storage.full_disk import full_disk

METRIC = """
from __future__ import annotations
from dataclasses import dataclass
import pickle

@dataclass
class Cost:
    late: float = 2.0

def cost(y_true, y_pred, y_score=None):
    return pickle.loads(pickle.dumps(Cost())).late * sum(t != p for t, p in zip(y_true, y_pred))

NUMBER = 7
"""


def test_a_function_is_loaded_by_path(project: Project) -> None:
    """With what a module of one's own may do: dataclasses and pickles look it up by name."""
    (project.root / "metrics").mkdir()
    (project.root / "metrics/own.py").write_text(METRIC)
    assert load_function(project.root, "metrics/own.py:cost")([1, 0], [1, 1]) == 2.0


def test_a_name_of_another_package_is_no_trouble(project: Project) -> None:
    (project.root / "json.py").write_text("def loads(text): return 'mine'")
    before = sys.modules.get("json")
    assert load_function(project.root, "json.py:loads")("{}") == "mine"
    assert sys.modules.get("json") is before


@pytest.mark.parametrize(
    ("code", "reference", "message"),
    [
        (
            None,
            "own.py:cost",
            "{root}/own.py: no such file; own.py:cost names a Python file of the project and a function",
        ),
        ("x = 1", "own.py:cost", "{root}/own.py: no function 'cost'; define it, or name another"),
        ("cost = 1", "own.py:cost", "{root}/own.py: no function 'cost'; define it, or name another"),
        ("import no_such_module", "own.py:cost", "{root}/own.py: cannot be run: ModuleNotFoundError: No module named"),
        ("def cost(:", "own.py:cost", "{root}/own.py: cannot be run: SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "own.py:cost", "{root}/own.py: cannot be run: SystemExit: 3"),
        ("raise ValueError('a\\nb')", "own.py:cost", "{root}/own.py: cannot be run: ValueError: a b"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_one_line(project: Project, code, reference: str, message: str) -> None:
    if code is not None:
        (project.root / "own.py").write_text(code)
    modules = set(sys.modules)
    with pytest.raises(MonitorError) as raised:
        load_function(project.root, reference)
    assert str(raised.value).startswith(message.format(root=project.root))
    assert "\n" not in str(raised.value)
    broken = {name for name in set(sys.modules) - modules if name.startswith("lamplighter_user_")}
    assert not broken or code in ("x = 1", "cost = 1")


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "m" / "2013-06-01.html"
    assert write_report(path, "<p>é") == path
    assert write_report(path, "<p>2") == path
    assert [entry.name for entry in path.parent.iterdir()] == ["2013-06-01.html"]
    assert path.read_text() == "<p>2"


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("in the way")
    with pytest.raises(ReportError) as raised:
        write_report(tmp_path / "m" / "2013-06-01.html", "<p>")
    assert str(raised.value).startswith(f"{tmp_path}/m/2013-06-01.html: cannot be written: ")
    assert "\n" not in str(raised.value)


def test_a_full_disk_leaves_the_old_report(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    write_report(path, "old")
    with full_disk(), pytest.raises(ReportError, match="File too large"):
        write_report(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.html"]
