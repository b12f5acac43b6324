"""Tables as companies name their columns: what each column is taken for."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.core.suggest import Roles, roles_of
from storage.inspection import inspect_table
from storage.project import Project
from tests.storage.company_tables import HELD_BACK, TUNED, Make

SHORT = {"left out": "out"}


def roles_in(folder: Path, make: Make) -> tuple[Roles, dict[str, str], dict[str, str]]:
    """The guess, and what each column is taken for beside what it is."""
    columns = make()
    pq.write_table(pa.table({name: values for name, (values, _) in columns.items()}), folder / "t.parquet")
    seen = inspect_table(Project.open(folder), "t.parquet", None, "UTC")
    roles = roles_of(seen.columns, seen.sample)
    found = {name: roles.taken_for(name) for name in columns}
    found = {name: SHORT.get(role, role.replace("score of ", "score:")) for name, role in found.items()}
    return roles, found, {name: role for name, (_, role) in columns.items()}


@pytest.mark.parametrize("make", [*TUNED, *HELD_BACK], ids=lambda make: make.__name__)
def test_what_each_column_is_taken_for(tmp_path: Path, make: Make) -> None:
    roles, found, right = roles_in(tmp_path, make)
    wrong = {name: f"{role}, not {right[name]}" for name, role in found.items() if role not in right[name].split("|")}
    assert wrong == {}, roles.left_out
