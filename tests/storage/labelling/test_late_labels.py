"""Labels that count for no window, held against plain Python loops."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.core.time.window import Grain, Window
from storage.labelling import late_labels as unmatched_module
from storage.labelling.join import LabelIndex
from storage.labelling.late_labels import UnmatchedLabels, ids_used_again, unmatched_labels
from storage.sources.labels import Arrived, labels_arrived
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan, ScanSpec
from storage.sources.shared_scans import Scans
from tests.storage.labelled_world import DATED, DAY, START, World, at


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    predicted=st.dictionaries(st.sampled_from(list("abcdefgh")), st.integers(0, 9)),
    labels=st.lists(st.tuples(st.sampled_from([*"abcdefgh", "x", "y"]), st.floats(0, 11.9)), max_size=20),
    at_hand=st.integers(1, 4),
)
def test_unmatched_labels_agree_with_a_loop(
    world_of: Callable[..., World], predicted: dict, labels: list, at_hand: int
) -> None:
    """Ten days of predictions, the run for the tenth: its labels are late, without a prediction, or in time."""
    world = world_of()
    ids = {day: [name for name, predicted_on in predicted.items() if predicted_on == day] for day in range(10)}

    def spec_of(day: int) -> ScanSpec:
        window = Window.of("m", Grain.DAY, "UTC", DAY + dt.timedelta(days=day))
        return ScanSpec(window, (), time=None)

    class Fake:
        def __init__(self, where: ScanSpec) -> None:
            self.spec = where
            self.day = (where.window.day - DAY).days

        def frame(self, names: Any, as_text: Any) -> pd.DataFrame:
            return pd.DataFrame({"id": ids.get(self.day, [])}, dtype="str")

    frame = pd.DataFrame(
        {
            "key": pd.Series([name for name, _ in labels], dtype=object),
            "y_true": 1,
            "arrived": pd.Series([START + dt.timedelta(days=days) for _, days in labels], dtype="datetime64[us, UTC]"),
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            unmatched_module,
            "predictions_of",
            lambda project, monitor, window, folder, only: ScanSpec(window, (), None),
        )
        specs = [spec_of(9 - i) for i in range(at_hand)]
        found = unmatched_labels(world.project, world.monitor, specs, Arrived(frame, True, 1, []), Path(), Scans(Fake))

    arrivals = defaultdict(list)
    for name, days in labels:
        moment = START + dt.timedelta(days=days)
        if START + dt.timedelta(days=9) <= moment < START + dt.timedelta(days=10):
            arrivals[name].append(moment)
    unknown = sum(name not in predicted for name in arrivals)
    late = sum(
        any(moment >= START + dt.timedelta(days=predicted[name] + 1 + 3) for moment in moments)
        for name, moments in arrivals.items()
        if name in predicted
    )
    assert found == UnmatchedLabels(late, unknown)


def test_a_label_that_came_after_its_window_was_final_is_late_and_not_unknown(world_of: Callable[..., World]) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a", "b"])
    world.predict("2013-06-08", ["c"])
    world.label("2013-06-08", ["a", "a", "c", "x"], [1] * 4, ["2013-06-08T01:00"] * 4)
    specs = world.specs("2013-06-08", "2013-06-07")
    arrived = world.arrived("2013-06-07", "2013-06-09T05:00")
    assert unmatched_labels(
        world.project, world.monitor, specs, arrived, world.project.home, Scans()
    ) == UnmatchedLabels(late=1, unknown=1)


@pytest.mark.parametrize(("time", "late"), [("2013-06-04T23:59:59", 0), ("2013-06-05T00:00:00", 1)])
def test_a_stray_is_late_from_the_instant_of_maturity(world_of: Callable[..., World], time: str, late: int) -> None:
    world = world_of()
    world.predict("2013-06-01", ["a"])
    world.label(time[:10], ["a"], [1], [time])
    days = [time[:10], "2013-06-01"]
    arrived = world.arrived("2013-06-01", "2013-06-06T05:00")
    assert unmatched_labels(
        world.project, world.monitor, world.specs(*days), arrived, Path(), Scans()
    ) == UnmatchedLabels(late, unknown=0)


def test_windows_beyond_those_at_hand_are_searched(world_of: Callable[..., World]) -> None:
    """Of hourly windows, more are at hand than are searched beyond them; a late label is not unknown all the same."""
    world = world_of(DATED | {"mature_after": "40h"}, every="1h")
    times = pa.array([START], pa.timestamp("us", tz="UTC"))
    world.write(world.project.root / "log/day=2013-06-01/a.parquet", at=times, id=["a"], answer=[0])
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T18:30"])
    own = Window.of("m", Grain.HOUR, "UTC", at("2013-06-02T18:00"))
    windows = own.reaching_back(dt.timedelta(hours=40))
    specs = [predictions_of(world.project, world.monitor, w, world.project.home) for w in windows]
    assert len(specs) > unmatched_module.LOOK_BACK_WINDOWS
    arrived = labels_arrived(world.project, world.monitor, windows[-1].start, own.end, world.project.home)
    found = unmatched_labels(world.project, world.monitor, specs, arrived, world.project.home, Scans())
    assert found == UnmatchedLabels(late=1, unknown=0)


@pytest.mark.parametrize(
    ("days", "labels", "again"),
    [
        (["01", "02"], [("02", "a", 1), ("03", "a", 0), ("02", "b", 1), ("03", "b", 1)], 2),
        (["01", "02"], [("03", "a", 1), ("03", "b", 0)], 0),
        (["01", "02"], [("02", "a", 0), ("03", "a", 1), ("03", "b", 0)], 0),
        (["01"], [("02", "a", 1), ("03", "a", 0), ("02", "b", 1), ("03", "b", 0)], 0),
    ],
    ids=["used again", "scored again", "one of them corrected", "corrected"],
)
def test_ids_that_are_used_again(world_of: Callable[..., World], days: list, labels: list, again: int) -> None:
    world = world_of()
    for day in days:
        world.predict(f"2013-06-{day}", ["a", "b"])
    for day, name, truth in labels:
        world.label(f"2013-06-{day}", [name], [truth], [f"2013-06-{day}T01:00"])
    index = LabelIndex.of(world.arrived("2013-06-01", "2013-06-04"), ("id",))
    specs = world.specs(*(f"2013-06-{day}" for day in days))
    assert ids_used_again(map(Scan, specs), world.monitor, index) == again
