"""What a trainer gets: each value as the log has it, however the files of other days wrote theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.core.window import Window
from storage.labelled_rows import write_labelled
from tests.storage.labelled_world import World

BIG = 2**53


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ([BIG + 1, BIG + 3], [1.0, None], [BIG + 1, BIG + 3, 1, None]),
        ([BIG + 1, None], [BIG + 3, 7], [BIG + 1, None, BIG + 3, 7]),
        ([BIG + 1, 2], [0.5, 1.0], [str(BIG + 1), "2", "0.5", "1"]),
        ([Decimal(BIG + 1), Decimal(2)], [Decimal("3.00"), None], [BIG + 1, 2, 3, None]),
        (["a", "b"], [1, None], ["a", "b", "1", None]),
        ([1, 2], [0.5, None], [1.0, 2.0, 0.5, None]),
    ],
    ids=["floats beside a null", "nulls", "fractions", "decimals", "text", "small numbers"],
)
def test_values_stay_the_same_values(world_of: Callable[..., World], first: list, second: list, joined: list) -> None:
    world = world_of(segments=["s"])
    days = ("2013-06-01", "2013-06-02")
    for day, values in zip(days, (first, second), strict=True):
        world.predict(day, [f"{day}a", f"{day}b"], s=pa.array(values))
    world.label("2013-06-03", [f"{days[0]}a", f"{days[1]}a"], pa.array([BIG + 1, BIG + 3]), ["2013-06-02T12:30"] * 2)
    windows = [Window.of("m", world.monitor.every, world.monitor.timezone, date.fromisoformat(day)) for day in days]
    path = world.project.root / "out" / "rows.parquet"
    write_labelled(world.project, world.monitor, windows, path, world.project.home / "spool")
    written = pq.read_table(path)
    assert written["s"].to_pylist() == joined
    assert written["truth"].to_pylist() == [BIG + 1, None, BIG + 3, None]
