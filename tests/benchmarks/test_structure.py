"""The figures of the structure, on a tree that is counted by hand, and on this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.structure import ROOT, lines_to_replace, measure

TREE = {
    "lamplighter/__init__.py": "",
    "lamplighter/core/__init__.py": "",
    "lamplighter/core/time/__init__.py": "",
    "lamplighter/core/time/window.py": "from .day import Day\n",
    "lamplighter/core/time/day.py": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .window import Due\n"
    ),
    "storage/__init__.py": "",
    "storage/history/__init__.py": "",
    "storage/history/query.py": (
        'import lamplighter.core.time.day\n\ndef newest():\n    """The newest.\n\n    >>> newest()\n    1\n    """\n'
        "    from storage import settings\n    return 1\n\ndef _oldest():\n    return 0\n"
    ),
    "storage/settings.py": "def home():\n    return 'a night'\n",
    "README.md": "Rows of the night of the 3rd.\nRows that are due.\n",
    "docs/adr/0001.md": "Nobody was told.\n",
}


def tree(folder: Path) -> Path:
    """The tree, written into a folder."""
    for name, text in TREE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_small_tree_is_counted_as_by_hand(tmp_path: Path) -> None:
    figures = measure(tree(tmp_path))
    assert figures["files"] == 9
    assert figures["lines"] == 1 + 3 + 13 + 2
    assert figures["functions"] == 3
    # core/time, storage, storage/history, and what lies at the top of lamplighter and of core.
    assert figures["subpackages"] == 5
    assert figures["imports_inside_subpackages"] == 2
    assert figures["imports_between_subpackages"] == 2
    assert (figures["arrows_between_subpackages"], figures["arrows_inside_a_layer"]) == (2, 1)
    assert (figures["import_cycles"], figures["files_in_cycles"]) == (1, 2), "an import for types counts"
    assert (figures["examples_storage"], figures["examples_percent"]) == ("1/2", 50.0)


def test_words_count_everywhere_and_names_in_code_alone(tmp_path: Path) -> None:
    found = [(path.as_posix(), number) for path, number, _ in lines_to_replace(tree(tmp_path))]
    assert found == [("lamplighter/core/time/day.py", 3), ("storage/settings.py", 2), ("README.md", 1)]


@pytest.mark.long
def test_the_code_has_no_import_cycle_and_its_functions_have_examples() -> None:
    figures = measure(ROOT)
    assert figures["import_cycles"] == 0, "imports for types alone count"
    assert float(figures["examples_percent"]) >= 60
