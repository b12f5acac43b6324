"""Images beside rows of any place, and what a run that is killed leaves of them."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from storage.project.folder import Project
from tests.flows.image_world import CAMERAS, MONITOR, OF_EACH, darker, log_images, measured, world
from tests.flows.small_world import day, run
from tests.long_cases import long_but_for

PARQUET = 'parquet: "data/day={day}.parquet"'
PLACES = {
    "CSV": 'parquet: "data/day={day}.csv"',
    "a database": 'sql: {url: "sqlite:///data/log.db", table: log}, timezone: UTC',
}


def written(project: Project, number: int, place: str) -> None:
    """The log of a day in another place than a Parquet file."""
    rows = log_images(project, number, {"north": darker(0.2)})
    (project.root / "data" / f"day={day(number)}.parquet").unlink()
    if place == "CSV":
        rows.to_csv(project.root / "data" / f"day={day(number)}.csv", index=False)
        return
    with closing(sqlite3.connect(project.root / "data" / "log.db")) as connection:
        rows.assign(at=rows["at"].dt.strftime("%Y-%m-%d %H:%M:%S")).to_sql("log", connection, if_exists="append")


@pytest.mark.parametrize("place", long_but_for(PLACES, ["CSV"]))
def test_rows_of_any_place_have_images(tmp_path: Path, place: str) -> None:
    project = world(tmp_path, MONITOR.replace(PARQUET, PLACES[place]) + "reference: {trailing: 1d}\n")
    for number in range(2):
        written(project, number, place)
        outcome = run(project, number)
        assert not [it for it in outcome.findings if "image" in it.message]
        found = measured(project, outcome)
        assert found["image_brightness", "camera=north"] < 0.2 < found["image_brightness", "camera=south"]
        assert found["image_brightness", "image_hour=7"] is not None
        assert found["image_brightness", "image_light=dark"] < 0.15
    # What a window measured serves the reference that it is a part of.
    assert len(list((project.home / "image-statistics").rglob("*.parquet"))) == 2


SCRIPT = "import sys; from pathlib import Path; from storage.project.folder import Project; "
SCRIPT += "from tests.flows.small_world import run; import storage.sources.measured_images as m; m.PART = 4; "
SCRIPT += "run(Project.open(Path(sys.argv[1])), 0, is_present=False)"


def test_a_run_that_is_killed_leaves_whole_files_and_its_work(tmp_path: Path) -> None:
    project = world(tmp_path)
    log_images(project, 0)
    kept = project.home / "image-statistics"
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(project.root)], cwd=root)
    until = time.monotonic() + 60
    while not list(kept.rglob("*.parquet")) and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = {path: path.read_bytes() for path in kept.rglob("*.parquet")}
    assert before
    outcome = run(project, 0)
    assert measured(project, outcome)["images_missing", ""] == 0
    assert {path: path.read_bytes() for path in before} == before, "what was measured is not measured again"


@pytest.mark.long
def test_images_of_many_row_groups_are_those_of_one(tmp_path: Path) -> None:
    project, parts = world(tmp_path / "whole"), world(tmp_path / "parts")
    for each in (project, parts):
        rows = log_images(each, 0)
    rows.to_parquet(parts.root / "data" / f"day={day(0)}.parquet", index=False, row_group_size=5)
    assert measured(parts, run(parts, 0)) == measured(project, run(project, 0))
    assert len(rows) == OF_EACH * len(CAMERAS)
