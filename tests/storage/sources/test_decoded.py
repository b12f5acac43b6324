"""A column is decoded once in a run, as long as what is kept fits."""

from __future__ import annotations

import pyarrow as pa

from storage.sources.decoded import Decoded
from storage.sources.files import File


def column(values: list[float]) -> pa.ChunkedArray:
    return pa.chunked_array([values])


def test_the_columns_that_were_used_last_are_kept_up_to_a_number_of_bytes() -> None:
    decoded, read = Decoded(most=40), list[str]()

    def ask(name: str, values: list[float]) -> list[float]:
        found = decoded.column((File("a", "1"), 0, name, False), lambda: read.append(name) or column(values))
        return found.to_pylist()

    for name in ("a", "b", "a", "c", "a", "b"):
        assert ask(name, [1.0, 2.0]) == [1.0, 2.0]
    assert read == ["a", "b", "c", "b"]
    for _ in range(2):
        assert ask("large", [1.0] * 9) == [1.0] * 9
    assert read[4:] == ["large", "large"]


def test_a_file_that_changed_is_decoded_again() -> None:
    decoded = Decoded()
    before = decoded.column((File("a", "1"), 0, "x", False), lambda: column([1.0]))
    after = decoded.column((File("a", "2"), 0, "x", False), lambda: column([2.0]))
    assert (before.to_pylist(), after.to_pylist()) == ([1.0], [2.0])
