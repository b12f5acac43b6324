"""Hashes that tell whether labels have changed since a window was evaluated."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pytest

from lamplighter.core.monitor import Monitor
from lamplighter.core.records.measurement import State
from storage.labelling import join as truth_module
from storage.labelling.join import LabelIndex, Seen, content_hash, truths_of
from storage.sources.scan import Scan
from tests.storage.labelled_world import World

ROWS = pd.DataFrame({"id": ["a", "b", "c"], "y_true": [1, 0, 1]})


def hashed(rows: pd.DataFrame) -> str:
    return content_hash(pd.Index(rows["id"]), rows["y_true"])


@pytest.mark.parametrize(
    "same",
    [
        ROWS[::-1],
        ROWS.sample(frac=1, random_state=3),
        ROWS.assign(y_true=[1.0, 0.0, 1.0]),
        ROWS.assign(y_true=[True, False, True]),
        ROWS.assign(y_true=pd.Series([True, False, True], dtype=object)),
        ROWS.assign(id=pd.Series(list("abc"), dtype=object)),
        ROWS.assign(other=7),
    ],
)
def test_a_content_hash_stays_with_order_and_type(same: pd.DataFrame) -> None:
    assert hashed(same) == hashed(ROWS)


OTHERS = [
    ROWS[:2],
    ROWS.assign(y_true=[1, 1, 1]),
    ROWS.assign(y_true=[0, 1, 1]),
    ROWS.assign(y_true=[1, 0, 2]),
    ROWS.assign(id=["a", "b", "d"]),
    pd.concat([ROWS, ROWS[:1]]),
    pd.concat([ROWS, ROWS[:1], ROWS[:1]]),
    ROWS.assign(y_true=[2**60, 2**60 + 1, 2**60]),
    ROWS.assign(y_true=[2**60, 2**60 + 2, 2**60]),
    ROWS.assign(y_true=[1.5, 0.0, 1.0]),
    ROWS.assign(y_true=["1x", "0", "1"]),
    ROWS.assign(y_true=[["p", "q"], ["p"], []]),
    ROWS.assign(y_true=[["q", "p"], ["p"], []]),
    ROWS[:0],
]


@pytest.mark.parametrize("other", OTHERS, ids=range(len(OTHERS)))
def test_a_content_hash_tells_of_every_change(other: pd.DataFrame) -> None:
    assert hashed(other) != hashed(ROWS)


def test_no_two_changes_have_one_hash() -> None:
    assert len({hashed(other) for other in OTHERS}) == len(OTHERS)


def test_what_was_known_stays_the_same_until_something_changes(world_of: Callable[..., World]) -> None:
    world = world_of(segments=["region"])
    world.predict("2013-06-01", [1, 2], region=["n", "s"])
    world.label("2013-06-02", [1], [1], ["2013-06-02T01:00"])

    def known(state: State = State.PROVISIONAL, monitor: Monitor = world.monitor) -> str:
        [truth] = world.truths("2013-06-01", now="2013-06-03")
        return truth.known_as(state, monitor)

    before = known()
    world.label("2013-06-02", [1, 3], pa.array([1.0, 0.0]), ["2013-06-02T02:00"] * 2)
    assert known() == before
    assert known(State.FINAL) != before
    assert known(monitor=world.monitor.model_copy(update={"segments": ()})) != before
    world.label("2013-06-02", [2], [1], ["2013-06-02T02:00"])
    with_another = known()
    world.label("2013-06-02", [2], [0], ["2013-06-02T03:00"])
    assert len({before, with_another, known()}) == 3


def test_windows_are_joined_one_at_a_time(world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many windows are open, one of them is in memory."""
    world = world_of()
    for day in ("2013-06-01", "2013-06-02"):
        world.predict(day, ["a"])
    read = []
    real = truth_module.predictions_with_ids
    monkeypatch.setattr(truth_module, "predictions_with_ids", lambda *given: read.append(1) or real(*given))
    index = LabelIndex.of(world.arrived("2013-06-01", "2013-06-03"), ("id",))
    truths = truths_of([Seen(Scan(where)) for where in world.specs("2013-06-02", "2013-06-01")], world.monitor, index)
    next(iter(truths))
    assert len(read) == 1
