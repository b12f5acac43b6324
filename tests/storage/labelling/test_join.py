"""Labels and the predictions they belong to, held against plain Python loops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.core.records.measurement import State
from lamplighter.core.time.window import Grain, Window
from storage.labelling.join import LabelIndex, Seen, truths_of
from storage.sources.labels import Arrived, labels_arrived
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan
from tests.storage.labelled_world import DATED, DAY, HOUR, LABELS, PREDICTIONS, START, World

# Which label counts


def test_labels_count_once_they_have_arrived(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b", "c"])
    world.label("2013-06-02", ["a", "b"], [1, 0], ["2013-06-02T03:00", "2013-06-02T09:00"])
    assert world.known("2013-06-01", "2013-06-02T02:00") == {}
    assert world.known("2013-06-01", "2013-06-02T05:00") == {"a": "1"}
    assert world.known("2013-06-01", "2013-06-02T09:00") == {"a": "1", "b": "0"}


def test_the_newest_label_counts_and_a_different_one_is_a_correction(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b", "c", "d"])
    world.label("2013-06-03", ["a", "b", "c"], [0, 1, 1], ["2013-06-03T01:00"] * 3)
    world.label("2013-06-02", ["a", "b", "c", "x"], [1, 1, 0, 0], ["2013-06-02T01:00"] * 4)
    world.label("2013-06-03", ["x", "c"], [1, 0], ["2013-06-03T01:00", "2013-06-03T02:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-04T00:00")
    assert dict(zip(truth.labelled["id"], truth.y_true, strict=True)) == {"a": "0", "b": "1", "c": "0"}
    # a changed, b was repeated, c changed there and back, and x has no prediction.
    assert truth.corrected == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_labels_that_contradict_each_other_at_one_instant_are_unknown(
    world_of: Callable[..., World], order: tuple
) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b", "c"])
    for i in order:
        world.label("2013-06-02", ["a", "b", "c"], [["x", "y", "x"], ["y", "x", "x"]][i], ["2013-06-02T01:00"] * 3)
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert (truth.labelled["id"].tolist(), truth.y_true.tolist(), truth.corrected) == (["c"], ["x"], 0)
    world.label("2013-06-02", ["b"], ["x"], ["2013-06-02T02:00"])
    assert world.known("2013-06-01", "2013-06-03") == {"b": "x", "c": "x"}


ONE_INSTANT = {"the folder of one day": LABELS, "no date at all": LABELS | {"parquet": "labels/*/*.parquet"}}


@pytest.mark.parametrize("kind", ONE_INSTANT)
def test_what_is_one_instant_where_no_column_tells(world_of: Callable[..., World], kind: str) -> None:
    world = world_of(ONE_INSTANT[kind])
    world.predict("2013-06-01", ["a", "b"])
    world.label("2013-06-02", ["a", "b"], [0, 1])
    world.label("2013-06-02", ["a", "b"], [1, 1])
    assert world.known("2013-06-01", "2013-06-04") == {"b": "1"}


def test_null_labels_and_null_ids_are_no_labels(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b", None])
    world.label("2013-06-02", ["a", "a", "b", None], [1, None, None, 1], ["2013-06-02T01:00", "2013-06-02T02:00"] * 2)
    assert world.known("2013-06-01", "2013-06-03") == {"a": "1"}


def test_a_label_at_the_very_instant_of_maturity_is_late(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    world.label("2013-06-04", ["a"], [1], ["2013-06-04T23:59:59.999999"])
    world.label("2013-06-05", ["b"], [1], ["2013-06-05T00:00"])
    assert world.known("2013-06-01", "2013-06-06") == {"a": "1"}
    assert world.known("2013-06-01", "2013-06-06", relabel=True) == {"a": "1", "b": "1"}


def test_a_late_correction_counts_only_when_relabelled(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a"])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    world.label("2013-06-09", ["a"], [0], ["2013-06-09T01:00"])
    assert world.known("2013-06-01", "2013-06-10") == {"a": "1"}
    assert world.known("2013-06-01", "2013-06-10", relabel=True) == {"a": "0"}


def test_a_path_tells_the_day_where_no_column_does(world_of: Callable[..., World]) -> None:
    world = world_of(LABELS)
    world.predict("2013-06-01", ["a", "b", "c"])
    for day, name, value in (("02", "a", 1), ("03", "a", 0), ("04", "b", 1), ("05", "c", 1)):
        world.label(f"2013-06-{day}", [name], [value])
    assert world.known("2013-06-01", "2013-06-02T05:00") == {}
    assert world.known("2013-06-01", "2013-06-03T00:00") == {"a": "1"}
    assert world.known("2013-06-01", "2013-06-09T05:00") == {"a": "0", "b": "1"}
    assert world.arrived("2013-06-01", "2013-06-09").dated


def test_hourly_windows_see_the_labels_of_their_own_day(world_of: Callable[..., World]) -> None:
    """A path tells no hour: a label in the folder of the day may be of any of its windows."""
    world = world_of(LABELS, every="1h")
    times = pa.array([START + 13 * HOUR], pa.timestamp("us", tz="UTC"))
    world.write(world.project.root / "log/day=2013-06-01/a.parquet", at=times, id=["a"], answer=[0])
    world.label("2013-06-01", ["a"], [1])
    window = Window.of("m", Grain.HOUR, "UTC", START + 13 * HOUR)
    where = predictions_of(world.project, world.monitor, window, world.project.home)
    arrived = labels_arrived(world.project, world.monitor, window.start, START + 24 * HOUR, world.project.home)
    [truth] = truths_of([Seen(Scan(where))], world.monitor, LabelIndex.of(arrived, ("id",)))
    assert truth.y_true.tolist() == ["1"]


def test_labels_in_the_folder_of_a_neighbouring_day_are_found(world_of: Callable[..., World]) -> None:
    """East of Greenwich, a label of the early morning lies in the folder of the UTC day before."""
    world = world_of(timezone="Asia/Tokyo")
    world.predict("2013-06-01", ["a"])  # 21 o'clock in Tokyo
    world.label("2013-05-31", ["a"], [1], ["2013-05-31T16:00"])
    assert world.known("2013-06-01", "2013-06-01T20:00") == {"a": "1"}


def test_labels_without_any_date_count_whenever_they_are_there(world_of: Callable[..., World]) -> None:
    world = world_of(LABELS | {"parquet": "labels/*/*.parquet"})
    world.predict("2013-06-01", ["a", "b"])
    world.label("2013-07-01", ["a"], [1])
    assert world.known("2013-06-01", "2013-06-02") == {"a": "1"}
    assert not world.arrived("2013-06-01", "2013-06-02").dated


@pytest.mark.parametrize(
    ("labels", "dated"), [(LABELS, True), (DATED, True), (LABELS | {"parquet": "labels/*.parquet"}, False)]
)
def test_whether_labels_are_dated_does_not_hang_on_their_being_there(world_of, labels: dict, dated: bool) -> None:
    arrived = world_of(labels).arrived("2013-06-01", "2013-06-02")
    assert (arrived.dated, len(arrived.frame)) == (dated, 0)


def test_a_label_without_a_time_beside_others_that_have_one_counts(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    world.label("2013-06-02", ["a", "a", "b"], [0, 1, 1], [None, "2013-06-02T01:00", None])
    assert world.known("2013-06-01", "2013-06-03") == {"a": "1", "b": "1"}


def test_labels_in_the_same_row(world_of: Callable[..., World]) -> None:
    world = world_of({"same_row": True, "target": "truth", "mature_after": "0h"})
    world.predict("2013-06-01", ["a", "b", "c"], truth=pa.array([1, None, 0]))
    [truth] = world.truths("2013-06-01", now="2013-06-02")
    assert [*zip(truth.labelled["id"], truth.y_true, strict=True)] == [("a", "1"), ("c", "0")]
    assert (truth.corrected, truth.comparable) == (0, True)


def test_labels_in_the_same_row_need_no_ids(world_of: Callable[..., World]) -> None:
    predictions = {name: value for name, value in PREDICTIONS.items() if name != "id"}
    world = world_of({"same_row": True, "target": "truth"}, predictions)
    world.predict("2013-06-01", ["a", "b", "c"], truth=[True, None, False])
    [truth] = world.truths("2013-06-01", now="2013-06-02")
    assert truth.y_true.tolist() == ["1", "0"]
    assert truth.known_as(State.FINAL, world.monitor).startswith("final 2-")


def test_what_arrived_before_the_window_is_not_its_truth(world_of: Callable[..., World]) -> None:
    world = world_of()
    for day in ("2013-06-01", "2013-06-03"):
        world.predict(day, ["a"])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    assert [truth.y_true.tolist() for truth in world.truths("2013-06-03", "2013-06-01", now="2013-06-04")] == [
        [],
        ["1"],
    ]


def test_a_label_without_end_is_no_number(world_of: Callable[..., World]) -> None:
    world = world_of(kind="regression")
    world.predict("2013-06-01", ["a", "b", "c"])
    world.label("2013-06-02", ["a", "b", "c"], [1.5, float("inf"), float("nan")], ["2013-06-02T01:00"] * 3)
    assert world.known("2013-06-01", "2013-06-03") == {"a": 1.5}


@pytest.mark.parametrize("name", ["y_true", "arrived", "key"])
def test_columns_may_have_any_name(world_of: Callable[..., World], name: str) -> None:
    """What is ours is kept apart from the user's columns, so no name of hers means something to us."""
    predictions = PREDICTIONS | {"prediction": name}
    world = world_of(DATED | {"target": "truth"}, predictions)
    world.predict("2013-06-01", ["a"], **{name: [7]})
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert (truth.labelled[name].tolist(), truth.y_true.tolist()) == (["7"], ["1"])
    by_id = world_of(DATED | {"id": name}, PREDICTIONS | {"id": name})
    by_id.predict("2013-06-05", [0], **{name: ["b"]})
    path = by_id.project.root / "labels/day=2013-06-06/named.parquet"
    by_id.write(path, **{name: ["b"], "truth": [1], "labelled_at": ["2013-06-06T01:00:00Z"]})
    [truth] = by_id.truths("2013-06-05", now="2013-06-07")
    assert truth.y_true.tolist() == ["1"]


# Ids


@pytest.mark.parametrize(
    ("predicted", "labelled"),
    [
        ([7, 8], ["7", "8"]),
        (["7", "8"], [7, 8]),
        ([7, None, 8], [7, 8]),
        ([7, 8], pa.array([7.0, None, 8.0])),
        (pa.array([Decimal("7.00"), Decimal("8.00")]), [8, 7]),
        ([2**53, 2**53 + 1, None], [2**53 + 1, 2**53]),
        (pa.array(["7", "8"]).dictionary_encode(), pa.array([7, 8], pa.uint8())),
        (pa.array([b"\x00\xff", b"\x01"]), pa.array([b"\x01", b"\x00\xff"])),
    ],
    ids=["int-text", "text-int", "nulls", "floats", "decimals", "large", "dictionary", "bytes"],
)
def test_ids_that_read_alike_are_one_id(world_of: Callable[..., World], predicted: Any, labelled: Any) -> None:
    world = world_of()
    world.predict("2013-06-01", predicted)
    world.label("2013-06-02", labelled, ["x"] * len(labelled), ["2013-06-02T01:00"] * len(labelled))
    assert len(world.known("2013-06-01", "2013-06-03")) == 2


def test_ids_of_several_columns_under_other_names(world_of: Callable[..., World]) -> None:
    world = world_of(DATED | {"id": ["b", "a"]}, PREDICTIONS | {"id": ["a", "b"]})
    world.predict("2013-06-01", ["-"] * 4, a=["u", "u", "v", None], b=[1, 2, 1, 1])
    world.write(
        world.project.root / "labels/day=2013-06-02/a.parquet",
        b=["u", "v", "u", "w", None],
        a=[2.0, 1.0, None, 1.0, 1.0],
        truth=["u2", "v1", "-", "-", "-"],
        labelled_at=["2013-06-02T01:00:00Z"] * 5,
    )
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert [*zip(truth.labelled["a"], truth.labelled["b"], truth.y_true, strict=True)] == [
        ("u", "2", "u2"),
        ("v", "1", "v1"),
    ]


def test_a_label_belongs_to_every_version_that_predicted_its_id(world_of: Callable[..., World]) -> None:
    world = world_of(DATED, PREDICTIONS | {"version": "version"})
    world.predict("2013-06-01", ["a", "a", "b"], version=["1", "2", "1"])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert sorted(truth.labelled["version"]) == ["1", "2"]


# What is not there


def test_columns_that_quality_needs_and_that_are_not_there(world_of: Callable[..., World]) -> None:
    world = world_of()
    path = world.project.root / "log/day=2013-06-01/a.parquet"
    world.write(path, at=["2013-06-01T05:00:00Z"], id=["a"])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert (len(truth.labelled), truth.comparable) == (1, False)


def test_an_empty_day_has_no_truth(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    [truth] = world.truths("2013-06-01", now="2013-06-03")
    assert (len(truth.labelled), truth.corrected) == (0, 0)
    assert " empty " in truth.known_as(State.FINAL, world.monitor)


# The index against loops


OF_THE_DAY = Window.of("m", Grain.DAY, "UTC", DAY)


IDS = st.sampled_from(["a", "b", "c", "d"])
ARRIVALS = st.one_of(st.none(), st.integers(0, 6))
DRAWN = st.lists(st.tuples(IDS, st.sampled_from([1, 2]), st.integers(0, 3), ARRIVALS), max_size=25)


def slow_truth(labels: list[tuple], before: int | None) -> tuple[dict, dict]:
    """The label of each id that counts, and whether it had others: one label after another."""
    counting = [label for label in labels if before is None or label[3] is None or label[3] < before]
    newest: dict[tuple, tuple] = {}
    seen: dict[tuple, set] = defaultdict(set)
    for a, b, truth, arrived in counting:
        rank = (-1 if arrived is None else arrived, truth)
        seen[a, b].add(truth)
        if (a, b) not in newest or rank[0] > newest[a, b][0]:
            newest[a, b] = rank
        elif rank[0] == newest[a, b][0] and rank[1] != newest[a, b][1]:
            newest[a, b] = (rank[0], None)
    truth = {key: rank[1] for key, rank in newest.items() if rank[1] is not None}
    return truth, {key: len(values) > 1 for key, values in seen.items() if key in truth}


def frame_of(labels: list[tuple]) -> pd.DataFrame:
    arrived = [pd.NaT if hours is None else START + hours * HOUR for *_, hours in labels]
    return pd.DataFrame(
        {
            "key": pd.Series([f"{a}\x1f{b}" for a, b, *_ in labels], dtype=object),
            "y_true": pd.Series([label[2] for label in labels], dtype="int64"),
            "arrived": pd.Series(arrived, dtype="datetime64[us, UTC]"),
        }
    )


@settings(max_examples=150, deadline=None)
@given(
    DRAWN, st.lists(st.tuples(IDS, st.sampled_from([1, 2, 3])), max_size=10), st.one_of(st.none(), st.integers(0, 7))
)
def test_the_index_agrees_with_a_loop(labels: list[tuple], predicted: list[tuple], before: int | None) -> None:
    expected, differing = slow_truth(labels, before)
    predictions = pd.DataFrame(
        {
            "a": pd.Series([a for a, _ in predicted], dtype=object),
            "b": pd.Series([b for _, b in predicted], dtype="int64"),
        }
    ).set_axis(range(10, 10 + len(predicted)))
    index = LabelIndex.of(Arrived(frame_of(labels), True, 1, []), ("a", "b"))
    end = START + (99 if before is None else before) * HOUR
    y_true, corrected = index.look_up(predictions, OF_THE_DAY, end)
    assert y_true.index.equals(predictions.index)
    assert [None if value != value else value for value in y_true] == [expected.get(key) for key in predicted]
    assert corrected == sum(differing.get(key, False) for key in set(predicted))


@settings(max_examples=50, deadline=None)
@given(DRAWN, st.randoms(use_true_random=False))
def test_the_index_does_not_depend_on_the_order_of_files(labels: list[tuple], random: Any) -> None:
    shuffled = random.sample(labels, len(labels))
    ids = pd.DataFrame({"a": list("abcd") * 2, "b": [1] * 4 + [2] * 4})
    one, two = (
        LabelIndex.of(Arrived(frame_of(drawn), True, 1, []), ("a", "b")).look_up(ids, OF_THE_DAY, START + 99 * HOUR)
        for drawn in (labels, shuffled)
    )
    pd.testing.assert_series_equal(one[0], two[0])
    assert one[1] == two[1]


@pytest.mark.parametrize(
    ("first", "second", "contradict"),
    [
        (pa.array([2.35], pa.float32()), pa.array([2.35]), 0),
        (pa.array([12345.678], pa.float32()), pa.array([12345.678]), 0),
        (pa.array([np.float16(0.1)], pa.float16()), pa.array([np.float32(np.float16(0.1))], pa.float32()), 0),
        (pa.array([2.35], pa.float32()), pa.array(["2.35"]), 0),
        (pa.array([2.35], pa.float32()), pa.array([Decimal("2.35")]), 0),
        (pa.array([2.35]), pa.array([Decimal("2.350")]), 0),
        (pa.array([2.35], pa.float32()), pa.array([2.36]), 1),
        (pa.array([2.35]), pa.array([2.3500000001]), 1),
    ],
    ids=["float32", "many digits", "float16", "text", "decimal", "decimal and double", "others", "doubles"],
)
def test_a_label_that_is_delivered_twice_in_two_types_is_one(
    world_of: Callable[..., World], first: pa.Array, second: pa.Array, contradict: int
) -> None:
    world = world_of(kind="regression")
    world.predict("2013-06-01", ["a"], answer=[2.0])
    for label in (first, second):
        world.label("2013-06-02", ["a"], label, ["2013-06-02T12:00"])
    index = LabelIndex.of(world.arrived("2013-06-01", "2013-06-03"), ("id",))
    assert index.contradicted(START)[0].sum() == contradict
    assert len(world.known("2013-06-01", "2013-06-03")) == 1 - contradict
