"""Back-up, restoration and retention that are killed at random moments: what is left is sound, or is named."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from lamplighter.cli.prune_retention import prune_old
from storage.history import model_lock, open_history, tables
from storage.history.query import dump
from storage.history.unchanged import damages, unchanged_history
from storage.project.folder import Project
from storage.upkeep import restore as restoring
from storage.upkeep.backup import back_up
from storage.upkeep.restore import restore
from tasks.retraining.adopt import adopt
from tests.flows import small_world
from tests.flows.conftest import Prepared
from tests.flows.processes import die, forked, in_child
from tests.flows.small_world import run_days
from tests.lamplighter.cli.called import mistake
from tests.lamplighter.cli.called import run as call
from tests.long_cases import long_but_for
from tests.storage.history.recorded import WINDOW, day, measured, write

DAYS, MOMENTS = 4, 6


@pytest.fixture
def world(prepared: Prepared) -> Project:
    """A model after some days, with a champion of some size."""

    def make(folder: Path) -> Project:
        project = small_world.make(folder)
        (folder / "model").mkdir()
        (folder / "model" / "weights").write_bytes(random.Random(0).randbytes(1 << 23))
        run_days(project, range(DAYS))
        adopt(project, project.monitor("m"), folder / "model", "v1", small_world.day(0), small_world.day(1))
        return project

    return prepared("killed upkeep", make)


def killed_after(seconds: float, work: Callable[[], object]) -> None:
    """Begin some work in a process of its own, and kill that."""
    child = forked(work)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def moments(longest: float) -> list[float]:
    """Moments of a work that takes so long, at random and the same each time."""
    return [longest * random.Random(number).random() for number in range(MOMENTS)]


def taken(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    os.waitpid(forked(work), 0)
    return time.monotonic() - begun


@pytest.mark.long
def test_a_backup_that_is_killed_leaves_the_last_one(world: Project, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    file, before = folder / "home.tar.gz", dump(open_history(world))
    seconds = taken(lambda: back_up(world, file))
    for moment in moments(seconds):
        killed_after(moment, lambda: back_up(world, file))
        other = tmp_path / "other"
        shutil.copytree(world.root, other, ignore=shutil.ignore_patterns(".lamplighter*"))
        restore(Project.open(other), file)
        assert dump(open_history(Project.open(other))) == before
        open_history(Project.open(other)).engine.dispose()
        shutil.rmtree(other)
    left = [path for path in folder.iterdir() if path != file]
    said = call("-C", world.root, "backup", file).stderr
    assert [path for path in left if str(path) not in said] == []


@pytest.mark.parametrize("replace", long_but_for([True, False], [True]))
def test_a_restoration_that_is_killed_leaves_one_home_or_the_other(
    world: Project, tmp_path: Path, replace: bool
) -> None:
    file = tmp_path / "home.tar"
    back_up(world, file)
    of_file = dump(open_history(world))
    run_days(world, range(DAYS, DAYS + 1))
    later = dump(open_history(world))
    open_history(world).engine.dispose()
    for number, moment in enumerate(moments(0.3)):
        project = Project.open(shutil.copytree(world.root, tmp_path / f"world-{number}"))
        if not replace:
            shutil.rmtree(project.home)
        killed_after(moment, lambda project=project: restore(project, file, replace=replace))
        history = unchanged_history(project)
        if history is None:
            assert not replace or "a restoration was killed" in mistake("-C", project.root, "status")
            continue
        assert damages(history) == []
        assert dump(history) in ((of_file, later) if replace else (of_file,))
        for path in project.root.glob("..lamplighter.restored-*"):
            assert str(path) in call("-C", project.root, "doctor").stdout


def test_one_that_is_killed_between_its_two_steps_is_named(world: Project, tmp_path: Path) -> None:
    file = tmp_path / "home.tar"
    back_up(world, file)
    before = dump(open_history(world))
    open_history(world).engine.dispose()
    rename = Path.rename

    def killed() -> None:
        Path.rename = lambda path, to: die() if path != world.home else rename(path, to)  # type: ignore[method-assign]
        restore(world, file, replace=True)

    assert in_child(killed) == signal.SIGKILL
    for arguments in (("status",), ("run",), ("history", "m")):
        said = call("-C", world.root, *arguments)
        assert said.exit_code != 0
        assert "is missing: a restoration was killed, or is under way; restore again, or move" in said.stderr
        assert not world.home.exists()
    (aside,) = world.root.glob(".lamplighter.before-*")
    assert aside.name in said.stderr
    rename(aside, world.home)
    assert dump(open_history(world)) == before
    assert "a restoration was killed" in call("-C", world.root, "doctor").stdout


def test_nothing_is_restored_while_a_first_run_is_at_work(world: Project, tmp_path: Path) -> None:
    """It has recorded nothing yet: in the home are its lock and what it streams."""
    file = tmp_path / "home.tar"
    back_up(world, file)
    open_history(world).engine.dispose()
    shutil.rmtree(world.home)
    (world.home / "spool" / "m").mkdir(parents=True)
    with model_lock("run", "m", restoring._engine(world), world.home / "locks", 0):
        assert "m: another run of this model is at work; wait for its end" in mistake(
            "-C", world.root, "restore", file, "--replace"
        )
        assert (world.home / "spool" / "m").is_dir()
    assert restore(world, file).aside is None


def test_retention_that_is_killed_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_KEEP_HISTORY_DAYS", "1")
    project = small_world.make(tmp_path)
    history, reports = open_history(project), project.home / "reports" / "m"
    state = {"rows": 9, "labelled": 9, "state": "final", "predictions": "", "labels": ""}
    for table, row in ((tables.measurement, measured), (tables.evaluation, partial(evaluated, **state))):
        write(history, table, [row(start, start + 1) for start in range(200)])
    reports.mkdir(parents=True)
    for number in range(500):
        (reports / f"2024-{number}.html").write_text("x")
        os.utime(reports / f"2024-{number}.html", (0, 0))
    history.engine.dispose()
    for moment in moments(0.3):
        killed_after(moment, lambda: prune_old(project, None, yes=True))
        looked = unchanged_history(project)
        assert looked is not None
        assert damages(looked) == []
    call("-C", project.root, "prune", "--retention", "--yes")
    assert len([*reports.iterdir()]) == 1
    left = dump(open_history(project))
    assert 50 < len(left["measurement"]) == len(left["evaluation"]) < 150


def evaluated(start: int, known: int, **state: object) -> dict[str, object]:
    """A window whose labels are final."""
    return {**WINDOW, **state, "window_start": day(start), "window_end": day(start + 1), "known_on": day(known)}
