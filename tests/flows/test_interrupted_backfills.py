"""A backfill that a person ends says which windows are done and where to go on; going on repeats nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.fleet import Step, backfill_models
from storage.history import open_history
from storage.history.query import dump
from tests.flows import small_world
from tests.flows.small_world import MONITOR, day, rows
from tests.long_cases import long_but_for


def interrupting(at: str) -> object:
    def tell(step: Step) -> None:
        if step.window == at:
            raise KeyboardInterrupt

    return tell


def of_m(recorded: dict[str, list[tuple]]) -> dict[str, list[tuple]]:
    return {name: [row for row in found if row[0] == "m"] for name, found in recorded.items()}


@pytest.mark.parametrize("place", long_but_for([0, 3], [3]))
def test_it_says_what_is_done_and_how_to_go_on(tmp_path: Path, place: int) -> None:
    project = small_world.make(tmp_path / "world", MONITOR)
    (project.root / "monitors" / "n.yaml").write_text(MONITOR.replace("model: m", "model: n"))
    for number in range(5):
        small_world.log(project, number, rows(number))
    at, options = str(day(place)), {"reports": 0, "processes": 1}
    done = backfill_models(project, ["m", "n"], day(0), day(4), announce=interrupting(at), **options)
    assert [(it.model, it.ran, it.planned) for it in done] == [("m", place, 5), ("n", 0, 0)]
    assert [it.faults for it in done] == [
        [
            f"m: {place} of 5 windows ran, {5 - place} never ran; stopped at {at}: interrupted; "
            f"continue with --from {at}"
        ],
        ["n: not begun, as the backfill was interrupted"],
    ]
    for model in ("m", "n"):
        first = day(place) if model == "m" else day(0)
        (again,) = backfill_models(project, [model], first, day(4), announce=lambda step: None, **options)
        assert again.is_sound
    straight = small_world.make(tmp_path / "straight", MONITOR)
    for number in range(5):
        small_world.log(straight, number, rows(number))
    backfill_models(straight, ["m"], day(0), day(4), announce=lambda step: None, **options)
    ours, theirs = (of_m(dump(open_history(it))) for it in (project, straight))
    # Files are known by where they lie, which is elsewhere.
    assert {**ours, "evaluation": []} == {**theirs, "evaluation": []}
