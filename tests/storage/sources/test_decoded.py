"""A column is decoded once in a run, as long as what is kept fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage.sources.decoded import ENTRY_BYTES, Decoded
from storage.sources.files import File
from storage.sources.parquet import OpenFiles


def column(values: list[float]) -> pa.ChunkedArray:
    return pa.chunked_array([values])


def test_the_columns_that_were_used_last_are_kept_up_to_a_number_of_bytes() -> None:
    decoded, read = Decoded(most=2 * (ENTRY_BYTES + 20)), list[str]()

    def ask(name: str, values: list[float]) -> list[float]:
        found = decoded.column(("a", "1", 0, name), lambda: read.append(name) or column(values))
        return found.to_pylist()

    for name in ("a", "b", "a", "c", "a", "b"):
        assert ask(name, [1.0, 2.0]) == [1.0, 2.0]
    assert read == ["a", "b", "c", "b"]
    for _ in range(2):
        assert ask("large", [1.0] * 400) == [1.0] * 400
    assert read[4:] == ["large", "large"]


def test_a_file_that_changed_is_decoded_again() -> None:
    decoded = Decoded()
    before = decoded.column(("a", "1", 0, "x"), lambda: column([1.0]))
    after = decoded.column(("a", "2", 0, "x"), lambda: column([2.0]))
    assert (before.to_pylist(), after.to_pylist()) == ([1.0], [2.0])


def test_what_a_path_says_of_a_column_is_not_kept_with_the_file(tmp_path: Path) -> None:
    """The values of a key in a path have a type over all files of a search: whole numbers, or text beside a word."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0]}), path)
    decoded = Decoded()

    def held(**more: Any) -> list[Any]:
        file = File(str(path), "1", **more)
        return OpenFiles([file], decoded).read(file.uri, 0, "hour").to_pylist()

    assert held(constants=(("hour", pa.scalar(7)),)) == [7, 7]
    assert held(constants=(("hour", pa.scalar("07")),)) == ["07", "07"]
    assert held(declared=(("hour", "x", pa.float64()),)) == [1.0, 2.0]
    assert held() == [None, None]


def test_only_the_name_inside_a_file_says_which_column_it_is(tmp_path: Path) -> None:
    """The log of a table may name columns anew while the file stays as it is."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"col-1": [1.0, 2.0], "col-2": [30.0, 40.0]}), path)
    decoded = Decoded()
    for declared, amounts in (
        ([("amount", "col-1")], [1.0, 2.0]),
        ([("price", "col-1"), ("amount", "col-2")], [30, 40]),
    ):
        file = File(str(path), "1", declared=tuple((*pair, pa.float64()) for pair in declared))
        assert OpenFiles([file], decoded).read(file.uri, 0, "amount").to_pylist() == amounts
