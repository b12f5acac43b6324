"""Decisions of every kind of model are explained: which answer is followed, and what of its truth can be said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.flows.loop_world import call
from tests.flows.test_loops_of_all_kinds import project_of


def explained(folder: Path, name: str) -> tuple[pd.Series, dict[str, Any]]:
    """The first row that was answered by the first rule, and what is said of it."""
    project = project_of(folder, name, version="version")
    path = project.root / "data" / "log.parquet"
    pd.read_parquet(path).assign(version="first").to_parquet(path)
    monitor = project.root / "monitors" / "turning.yaml"
    reference = {"reference": {"days": "2025-01-06..2025-01-07"}}
    monitor.write_text(json.dumps(json.loads(monitor.read_text()) | reference))
    model = project.root / "first"
    model.mkdir()
    (model / "model.json").write_text("0")
    span = ("--from", "2024-12-01", "--to", "2024-12-31")
    assert call(project, "adopt", "turning", str(model), "--version", "first", *span)[0] == 0
    code, output = call(project, "explain", "1", "--json")
    assert code == 0, output
    return pd.read_parquet(path).iloc[1], json.loads(output)


def test_of_a_number_the_answer_itself_is_followed(tmp_path: Path) -> None:
    row, found = explained(tmp_path / "world", "numbers")
    (x,) = found["inputs"]
    assert found["moves"]["output"] == "answer"
    assert x["change"] == pytest.approx(10 * (x["typical"] - row["x"]))
    assert found["truth"]["error"] == pytest.approx(row["answer"] - found["truth"]["value"])
    assert found["truth"]["is_right"] is None


def test_of_several_scores_the_highest_is_followed(tmp_path: Path) -> None:
    row, found = explained(tmp_path / "world", "scores")
    (x,) = found["inputs"]
    output, sign = ("p_yes", 1) if row["p_yes"] > row["p_no"] else ("p_no", -1)
    assert found["moves"]["output"] == output
    assert x["change"] == pytest.approx(sign * (x["typical"] - row["x"]))


@pytest.mark.parametrize("name", ["classes", "lists", "texts"])
def test_of_other_answers_it_is_shown_what_they_would_be(tmp_path: Path, name: str) -> None:
    row, found = explained(tmp_path / "world", name)
    (x,) = found["inputs"]
    logged = list(row["answer"]) if name == "lists" else row["answer"]
    assert found["moves"]["answer"] == found["moves"]["logged"] == logged
    assert found["moves"]["is_same"]
    assert x["change"] is None
    assert x["answer"] is not None
