"""One column, one role; and the few that it may have at once."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
import yaml

from tests.lamplighter.core.monitor.files import monitor_text, read, refusal

ROLES: dict[str, dict[str, Any]] = {
    "the time": {"predictions": {"time": "x"}},
    "the id": {"predictions": {"id": "x"}},
    "part of the id": {"predictions": {"id": ["i", "x"]}},
    "the prediction": {"predictions": {"prediction": "x"}},
    "a score": {"predictions": {"score": "x"}},
    "the version": {"predictions": {"version": "x"}},
    "a segment": {"segments": ["a", "x"]},
    "the path of an image": {"images": {"path": "x"}},
    "the truth": {"labels": {"target": "x"}},
    "a feature": {"features": {"numeric": ["a", "x"]}},
    "private": {"private": ["b", "x"]},
}
"""What gives column x each role, in the order in which roles are looked at."""

TOGETHER = {
    ("the time", "part of the id"),
    ("the time", "private"),
    ("the id", "the path of an image"),
    ("the id", "private"),
    ("part of the id", "the version"),
    ("part of the id", "a segment"),
    ("part of the id", "a feature"),
    ("part of the id", "the path of an image"),
    ("part of the id", "private"),
    ("the prediction", "a segment"),
    ("the version", "a segment"),
    ("a segment", "a feature"),
    ("a feature", "private"),
}

PAIRS = [pair for pair in combinations(ROLES, 2) if pair != ("the id", "part of the id")]


def file_with(*roles: str) -> str:
    """A file in which column x has some roles, and the truth stands in the row of the prediction."""
    values = {
        "model": "m",
        "kind": "classification",
        "predictions": {"parquet": "p", "time": "t", "id": "i", "prediction": "y"},
        "labels": {"same_row": True, "target": "z"},
    }
    for role in roles:
        for section, value in ROLES[role].items():
            values[section] = values[section] | value if isinstance(values.get(section), dict) else value
    return yaml.safe_dump(values, sort_keys=False)


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_roles_of_one_column(pair: tuple[str, str]) -> None:
    text = file_with(*pair)
    if pair in TOGETHER:
        read(text)
        return
    cure = "leave it out" if pair[1] in ("a segment", "a feature", "private") else "name another column"
    line, _, output = refusal(text)[1:].partition(": ")
    assert output == f"column 'x' is {pair[0]} and cannot be {pair[1]} too; {cure}"
    assert "x" in text.splitlines()[int(line) - 1]


@pytest.mark.parametrize("role", ROLES)
def test_one_role_of_one_column(role: str) -> None:
    read(file_with(role))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            monitor_text(labels="id: z"), ":4: column 'z' is the id and cannot be the truth too; name another", id="id"
        ),
        pytest.param(
            monitor_text().replace("target: z", "target: i"),
            ":4: column 'i' is the id and cannot be the truth too",
            id="the id by default",
        ),
        pytest.param(
            monitor_text(labels="time: z"),
            ":4: column 'z' is the truth and cannot be the time too; name another column",
            id="time",
        ),
        pytest.param(
            monitor_text(labels="time: j, id: j"), ":4: column 'j' is the id and cannot be the time too", id="both"
        ),
        pytest.param(
            monitor_text("private: [z]\n"), ":5: column 'z' is the truth and cannot be private too", id="private"
        ),
    ],
)
def test_roles_in_the_table_of_labels(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


def test_tables_of_predictions_and_labels_may_name_their_columns_alike() -> None:
    labels = read(monitor_text("segments: [z]\n", labels="time: t").replace("target: z", "target: y")).labels
    assert labels is not None
    assert (labels.target, labels.time) == ("y", "t")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            monitor_text().replace("id: i", "id: [i, i]"),
            ":3: column 'i' is named twice as part of the id; name another column",
            id="id",
        ),
        pytest.param(
            monitor_text(predictions="score: {a: s, b: s}"),
            ":3: column 's' is named twice as a score; name another column",
            id="scores",
        ),
        pytest.param(
            monitor_text("segments:\n  - a\n  - a\n"),
            ":7: column 'a' is named twice as a segment; leave it out",
            id="segments",
        ),
        pytest.param(
            monitor_text("features:\n  categorical:\n    - a\n    - b\n    - a\n"),
            ":9: column 'a' is named twice as a feature; leave it out",
            id="features",
        ),
        pytest.param(
            monitor_text("private: [a, a]\n"), ":5: column 'a' is named twice as private; leave it out", id="private"
        ),
    ],
)
def test_a_column_that_is_named_twice(text: str, message: str) -> None:
    assert refusal(text) == message


def test_a_segment_and_its_value_are_distinct() -> None:
    output = "segment 'a=b' holds =, which stands between column and value; rename the column, or leave it out"
    assert refusal(monitor_text("segments:\n  - a\n  - a=b\n")) == f":7: {output}"
