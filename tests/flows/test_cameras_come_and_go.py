"""A camera that is added or retired changes the mean of all images, and is no change of the other cameras."""

from __future__ import annotations

from pathlib import Path

from tasks.stages.outcome import Outcome
from tests.flows.image_world import CAMERAS, MONITOR, darker, log_images, measured, world
from tests.flows.small_world import incidents, run

CHECKED = (
    MONITOR
    + """
checks:
  - {name: falls, metric: image_brightness, segment: "camera=*", falls: 20%, versus: {median: 7d}}
  - {name: sigmas, metric: image_brightness, segment: "camera=*", outside: {sigmas: 6, of: 7d}}
  - {name: covered, metric: image_occluded_ratio, segment: "camera=*", rises: {by: 0.3}, versus: {median: 7d}}
"""
)
DAYS, CHANGE = 10, 6


def failed(outcome: Outcome) -> set[str]:
    return {it.check.name for it in outcome.judged.decisions if it.verdict.value == "failed"}


def test_a_dark_camera_that_is_added_is_no_change_of_the_others(tmp_path: Path) -> None:
    project = world(tmp_path, CHECKED)
    outcomes = []
    for number in range(DAYS):
        cameras = CAMERAS if number < CHANGE else (*CAMERAS, "east")
        log_images(project, number, {"east": darker(0.2)}, cameras=cameras)
        outcomes.append(run(project, number))
    assert [failed(it) for it in outcomes] == [set()] * DAYS
    assert incidents(project) == []
    before, after = (measured(project, outcomes[number]) for number in (CHANGE - 1, DAYS - 1))
    # It does change the mean over all cameras, which is why cameras are compared with themselves.
    assert (after["image_brightness", ""] or 0) < 0.9 * (before["image_brightness", ""] or 0)
    assert after["image_brightness", "camera=east"] is not None


def test_a_camera_that_is_retired_is_no_change_of_the_others(tmp_path: Path) -> None:
    project = world(tmp_path, CHECKED)
    outcomes = []
    for number in range(DAYS):
        log_images(project, number, {"west": darker(0.2)}, cameras=CAMERAS if number < CHANGE else CAMERAS[:2])
        outcomes.append(run(project, number))
    assert [failed(it) for it in outcomes] == [set()] * DAYS
    assert incidents(project) == []


def test_one_camera_that_turns_dark_is_found_among_them(tmp_path: Path) -> None:
    """The same checks are not blind."""
    project = world(tmp_path, CHECKED)
    for number in range(DAYS):
        log_images(project, number, {"west": darker(0.2)} if number >= CHANGE else None)
        outcome = run(project, number)
        assert ("falls[camera=west]" in failed(outcome)) == (number >= CHANGE)
