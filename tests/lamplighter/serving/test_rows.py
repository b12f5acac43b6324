"""Rows whose columns change: what lists and structures hold, and columns without end."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.errors import ColumnError
from lamplighter.serving import rows as rows_module
from lamplighter.serving.rows import Rows

NOON = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)


def taken(rows: Rows, values: list[Any]) -> list[Any]:
    return [rows.take({"at": NOON, "v": value}) for value in values]


@pytest.mark.parametrize(
    ("odd", "sound", "kind"),
    [
        (["odd"], [1.0], "list<item: double>"),
        ({"a": "odd"}, {"a": 1}, "struct<a: int64>"),
        (Decimal("0." + 70 * "1"), Decimal("123456789.10"), "decimal128(11, 2)"),
    ],
)
def test_a_process_that_begins_with_an_odd_list_or_structure_takes_the_sound_ones(
    odd: Any, sound: Any, kind: str
) -> None:
    rows = Rows("at")
    assert rows.table(taken(rows, [odd]))[0].num_rows == 1
    table, refused = rows.table(taken(rows, 1200 * [sound]))
    assert (table.num_rows, refused, str(table.schema.field("v").type)) == (1200, [], kind)
    assert rows.table(taken(rows, [odd, *20 * [sound]]))[0].num_rows == 20


def test_most_rows_of_a_batch_decide_what_lists_hold() -> None:
    rows = Rows("at")
    table, refused = rows.table(taken(rows, [["odd"], *100 * [[1]]]))
    assert (table["v"].to_pylist(), len(refused)) == (100 * [[1]], 1)
    assert "Field v has incompatible types" in refused[0]


def test_columns_of_ever_new_names_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    write = pq.write_metadata

    def counted(*args: Any) -> None:
        looks.append(args)
        write(*args)

    monkeypatch.setattr(rows_module.pq, "write_metadata", counted)
    rows = Rows("at")
    table, refused = rows.table([rows.take({"at": NOON, f"c{name}": 1.0}) for name in range(300)])
    assert (table.num_rows, table.num_columns, refused) == (300, 301, [])
    assert len(looks) == 1


def test_of_rows_at_odds_only_what_depends_on_content_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    table_of = pa.table

    def counted(columns: Any, *args: Any, **options: Any) -> pa.Table:
        looked_at.extend(columns)
        return table_of(columns, *args, **options)

    rows = Rows("at")
    batch = [rows.take({"at": NOON, "v": it, **{f"c{n}": 1.0 for n in range(50)}}) for it in [["odd"], *99 * [[1]]]]
    monkeypatch.setattr(rows_module.pa, "table", counted)
    assert [rows.table(batch)[0].num_rows, len(looked_at)] == [99, 100 + 2 * 52]


def test_rows_of_thousands_of_columns_become_a_table() -> None:
    rows = Rows("at")
    row = {"at": NOON, **{f"c{name}": 1.0 for name in range(5_000)}}
    for _ in range(2):
        assert rows.table([rows.take(row)])[0].num_columns == 5_001


@pytest.mark.parametrize("seed", range(20))
def test_every_row_is_stored_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    odd = [
        [],
        {},
        [1],
        [1.5],
        ["a"],
        [[1]],
        [None],
        {"a": 1},
        {"a": "b"},
        {"b": [1]},
        None,
        1,
        "x",
        2.5,
        True,
        b"x",
        NOON,
    ]
    odd += [
        [{"a": []}],
        [2**53 + 1],
        2**53 + 1,
        Decimal("1.1"),
        Decimal("NaN"),
        [Decimal("1e20")],
        NOON.date(),
        "\ud800",
    ]
    pool = chance.sample(odd, 5)
    rows = Rows("at")
    for size in (3, 40, 600):
        accepted = []
        for _ in range(size):
            try:
                accepted.append(rows.take({"at": NOON, "v": chance.choice(pool), "w": chance.choice(pool)}))
            except ColumnError:
                continue
        table, refused = rows.table(accepted)
        assert table.num_rows + len(refused) == len(accepted)
        if table.num_rows:
            pq.write_table(table, BytesIO())
