"""What a trainer gets: each value as the log has it, however the files of other days wrote theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.core.time.window import Window
from storage.labelling.training_set import write_labelled
from storage.sources.shared_scans import Scans
from tests.storage.labelled_world import World

BIG, LONG = 2**53, 10**19
PRECISE = "12345678901234.5678901"


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ([BIG + 1, BIG + 3], [1.0, None], [BIG + 1, BIG + 3, 1, None]),
        ([BIG + 1, None], [BIG + 3, 7], [BIG + 1, None, BIG + 3, 7]),
        ([BIG + 1, 2], [0.5, 1.0], [str(BIG + 1), "2", "0.5", "1"]),
        ([Decimal(BIG + 1), Decimal(2)], [Decimal("3.00"), None], [BIG + 1, 2, 3, None]),
        ([Decimal(LONG + 1), Decimal(LONG + 2)], [Decimal("3.00"), None], [str(LONG + 1), str(LONG + 2), "3", None]),
        ([Decimal(BIG + 1), Decimal(BIG)], [Decimal("0.50"), None], [str(BIG + 1), str(BIG), "0.5", None]),
        ([Decimal("0.50"), Decimal("8.81")], [1, None], [0.5, 8.81, 1.0, None]),
        (pa.array([8.81, 0.1], pa.float32()), [8.81, None], [8.81, 0.1, 8.81, None]),
        ([Decimal("8.81"), None], pa.array([8.81, 1.0], pa.float32()), [8.81, None, 8.81, 1.0]),
        ([Decimal(PRECISE), Decimal("8.81")], [1.5, None], [PRECISE, "8.81", "1.5", None]),
        (["a", "b"], [1, None], ["a", "b", "1", None]),
        ([1, 2], [0.5, None], [1.0, 2.0, 0.5, None]),
    ],
    ids=[
        "floats beside a null",
        "nulls",
        "fractions",
        "decimals",
        "long decimals",
        "long ones and fractions",
        "short decimals",
        "floats of 32 bits",
        "decimals and such floats",
        "many digits",
        "text",
        "small numbers",
    ],
)
def test_values_stay_the_same_values(world_of: Callable[..., World], first: list, second: list, joined: list) -> None:
    """Of a segment and of a category alike."""
    world = world_of(segments=["s"], features={"categorical": ["cat*"]})
    days = ("2013-06-01", "2013-06-02")
    for day, values in zip(days, (first, second), strict=True):
        world.predict(day, [f"{day}a", f"{day}b"], s=pa.array(values), category=pa.array(values))
    world.label("2013-06-03", [f"{days[0]}a", f"{days[1]}a"], pa.array([BIG + 1, BIG + 3]), ["2013-06-02T12:30"] * 2)
    windows = [Window.of("m", world.monitor.every, world.monitor.timezone, date.fromisoformat(day)) for day in days]
    path = world.project.root / "out" / "rows.parquet"
    write_labelled(world.project, world.monitor, windows, path, world.project.home / "spool", Scans())
    written = pq.read_table(path)
    assert written["s"].to_pylist() == written["category"].to_pylist() == joined
    assert written["truth"].to_pylist() == [BIG + 1, None, BIG + 3, None]


def test_ids_labels_and_predictions_of_decimals_keep_their_digits(world_of: Callable[..., World]) -> None:
    world, kind = world_of(), pa.decimal128(30, 7)
    ids = pa.array([Decimal(LONG + i) for i in range(2)], kind)
    classes = pa.array([Decimal(PRECISE), Decimal(PRECISE[:-1] + "2")], kind)
    world.predict("2013-06-01", ids, answer=classes)
    world.label("2013-06-03", ids, classes, ["2013-06-02T12:30"] * 2)
    window = Window.of("m", world.monitor.every, world.monitor.timezone, date(2013, 6, 1))
    path = world.project.root / "out" / "rows.parquet"
    write_labelled(world.project, world.monitor, [window], path, world.project.home / "spool", Scans())
    written = pq.read_table(path)
    wanted = [PRECISE, PRECISE[:-1] + "2"]
    assert [written[name].to_pylist() for name in ("id", "answer", "truth")] == [
        [str(LONG), str(LONG + 1)],
        wanted,
        wanted,
    ]


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize(("target", "beside"), [("answer", "true_answer"), ("s", "true_s"), ("f", "true_f")])
def test_the_truth_replaces_no_column_of_the_log(
    world_of: Callable[..., World], kind: str, target: str, beside: str
) -> None:
    """The answers, a segment and a feature stay what was logged, where labels call the truth alike."""
    named = {"segments": ["s"], "features": {"numeric": ["f"]}, "kind": kind}
    world = world_of({"parquet": "labels/day={day}/*.parquet", "target": target, "mature_after": "3d"}, **named)
    logged = {"answer": [0, 1], "s": [5, 6], "f": [0.5, 1.5]}
    world.predict("2013-06-01", ["a", "b"], **logged)
    world.label("2013-06-02", ["a", "b"], ["unused"] * 2, **{target: [1, 0]})
    window = Window.of("m", world.monitor.every, world.monitor.timezone, date(2013, 6, 1))
    path = world.project.root / "out" / "rows.parquet"
    write_labelled(world.project, world.monitor, [window], path, world.project.home / "spool", Scans())
    written = pq.read_table(path)
    assert {name: written[name].to_pylist() for name in logged} == logged
    assert written[beside].to_pylist() == [1, 0]


@pytest.mark.parametrize("empty", [{"2013-05-31"}, {"2013-06-02"}, {"2013-05-30", "2013-05-31", "2013-06-04"}])
def test_windows_without_rows_are_none_of_those_learned_from(world_of: Callable[..., World], empty: set[str]) -> None:
    world = world_of()
    days = ["2013-05-30", "2013-05-31", "2013-06-01", "2013-06-02", "2013-06-03", "2013-06-04"]
    filled = [day for day in days if day not in empty]
    for day in filled:
        world.predict(day, [f"{day}a"])
    world.label("2013-06-03", [f"{filled[1]}a"], pa.array([1]), ["2013-06-02T12:30"])
    windows = [Window.of("m", world.monitor.every, world.monitor.timezone, date.fromisoformat(day)) for day in days]
    path = world.project.root / "out" / "rows.parquet"
    written = write_labelled(world.project, world.monitor, windows, path, world.project.home / "spool", Scans())
    assert [window.label for window in written.windows] == filled
    assert written.rows == len(filled)
