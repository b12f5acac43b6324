"""Errors: three parts and one line, which stay what they are in another process and behind another place."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

# They add a class each to the tree.
import storage.project.text_files
import storage.sinks.pushgateway  # noqa: F401
from lamplighter import errors
from lamplighter.core.monitor.file_cost import TooMuchError
from lamplighter.errors import ColumnError, LamplighterError, ModelError, MonitorError, about, said_of

ROOT = Path(errors.__file__).parent.parent
FLOORS = ("lamplighter", "storage", "tasks", "flows", "dashboards", "prometheus", "examples")


def tree(kind: type[LamplighterError] = LamplighterError) -> Iterator[type[LamplighterError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({}, "w"),
        ({"where": "a.yaml:3"}, "a.yaml:3: w"),
        ({"fix": "do it"}, "w; do it"),
        ({"where": Path("/a"), "fix": "do it"}, "/a: w; do it"),
        ({"where": "a\nb", "fix": "\x1b[31m"}, "a\\nb: w; \\x1b[31m"),
    ],
)
def test_an_error_is_one_line_of_three_parts(parts: dict[str, str], line: str) -> None:
    assert str(LamplighterError("w", **parts)) == line


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_every_error_crosses_a_process_border_whole(kind: type[LamplighterError]) -> None:
    error = kind("what", where="where", fix="fix")
    for again in (pickle.loads(pickle.dumps(error)), pickle.loads(pickle.dumps(error)).within("place")):
        assert type(again) is kind
        assert (again.what, again.fix) == ("what", "fix")
    assert str(pickle.loads(pickle.dumps(error.within("place")))) == "place: where: what; fix"
    assert (str(error), error.where) == ("where: what; fix", "where")


def test_what_an_error_knows_beside_its_line_stays_with_it() -> None:
    column = pickle.loads(pickle.dumps(ColumnError("no column 'at'", "at", missing=True, where="a.parquet")))
    assert (column.column, column.missing, str(column)) == ("at", True, "a.parquet: no column 'at'")
    assert column.within("reference").column == "at"
    assert pickle.loads(pickle.dumps(TooMuchError("too deep", 7))).line == 7


@pytest.mark.parametrize(
    ("error", "said", "line"),
    [
        (ModelError("nothing waits", where="churn", fix="wait"), "nothing waits; wait", "churn: nothing waits; wait"),
        (MonitorError("no", where="churn.yaml:3"), "churn.yaml:3: no", "churn: churn.yaml:3: no"),
        # What begins with the same words is not about the same.
        (ModelError("churn: of a trainer"), "churn: of a trainer", "churn: churn: of a trainer"),
        (ValueError("a\n b"), "a b", "churn: a b"),
        (KeyError(), "KeyError", "churn: KeyError"),
    ],
)
def test_what_an_error_is_about_is_said_once(error: Exception, said: str, line: str) -> None:
    assert (said_of("churn", error), about("churn", error)) == (said, line)


def raised(folder: Path) -> Iterator[tuple[str, ast.Call]]:
    """Each place at which an error of the tree is made, outside its own file."""
    names = {kind.__name__ for kind in tree()}
    for floor in FLOORS:
        for path in sorted((folder / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())) if path != Path(errors.__file__) else ():
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                    yield f"{path.relative_to(folder)}:{node.lineno}", node


def is_joined(call: ast.Call) -> bool:
    """Whether a text joins by hand what has a place of its own: a place in front, or what to do behind."""
    text = call.args[0] if call.args else None
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    if len(parts) > 1 and isinstance(parts[0], ast.FormattedValue):
        place = parts[1]
        if isinstance(place, ast.Constant) and str(place.value).startswith(": "):
            return True
    last = parts[-1] if isinstance(parts[-1], ast.Constant) else None
    return last is not None and "; " in str(last.value) and not any(word.arg == "fix" for word in call.keywords)


def test_no_error_joins_its_parts_by_hand() -> None:
    found = list(raised(ROOT))
    assert len(found) > 150
    assert [place for place, call in found if is_joined(call)] == []
