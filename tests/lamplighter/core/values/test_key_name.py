"""Names of values in the history: no two values have one, each can be read, and every database takes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.core.values.key_name import MOST_BYTES, column_key, key_name

READS_AS_ELSE = [
    "null",
    "other",
    "",
    " ",
    "\t",
    " a",
    "a ",
    "a\u00a0",
    "a\0",
    "a\x1b",
    "\ud800",
    "\u202ea",
    "\ue000",
    '"a"',
    '""',
]


@pytest.mark.parametrize("value", READS_AS_ELSE, ids=ascii)
def test_what_would_read_as_something_else_is_quoted(value: str) -> None:
    name = key_name(value)
    assert name[0] == name[-1] == '"'
    assert name.isprintable()
    assert len(name) > 1


@pytest.mark.parametrize("value", ["JFK", "1", "new york", "größe", "лампа", "a\\nb", "Null", "other ways", 'a"b'])
def test_others_are_written_as_they_are(value: str) -> None:
    assert key_name(value) == column_key(value) == value


LONG = st.integers(300, 1200).flatmap(lambda n: st.text(st.sampled_from("aä漢\0\U000e0041"), min_size=n, max_size=n))
VALUES = st.one_of(st.none(), st.text(), st.sampled_from(READS_AS_ELSE), LONG)


@given(VALUES, VALUES)
def test_no_two_values_have_one_name(one: str | None, other: str | None) -> None:
    names = [key_name(one), key_name(other)]
    assert (names[0] == names[1]) == (one == other)
    for name in names:
        assert name.isprintable()
        assert 0 < len(name.encode()) <= MOST_BYTES
    for column in (one or "a", other or "b"):
        assert 0 < len(column_key(column).encode()) <= MOST_BYTES


def test_long_values_differ_by_what_is_not_shown() -> None:
    assert len({key_name("x" * 3000 + end) for end in ("", "a", "b")}) == 3
    assert key_name("x" * 200) == "x" * 200
