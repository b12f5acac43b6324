"""What a run leaves on its page in Prefect's UI, of names that a stranger wrote."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from lamplighter.core.drift import ColumnDrift
from tasks.artifacts import drift_rows


@pytest.mark.parametrize(
    "name", ["![x](http://evil.example/a.png)", "__index_level_0__", "[x](javascript:y)", "<b>x", "a|b"]
)
def test_names_in_the_drift_table_are_shown_and_not_obeyed(name: str) -> None:
    drift = [ColumnDrift(column=name, reason=f"no values of {name}")]
    outcome: Any = SimpleNamespace(drift=SimpleNamespace(features=drift))
    (row,) = drift_rows(outcome)
    for cell, text in ((row["feature"], name), (row["drifted"], f"no values of {name}")):
        shown = MarkdownIt("commonmark").render(cell).strip().removeprefix("<p>").removesuffix("</p>")
        assert shown.replace("\u200b", "").replace("&lt;", "<").replace("&gt;", ">") == text
