"""`lamplighter doctor`: files and folders of a set-up that look as if they were there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lamplighter.core.evaluation.gauges import Sample
from storage.project.folder import Project
from storage.sinks.gauges import publish
from tests.lamplighter.cli import looked_world
from tests.lamplighter.cli.test_doctor import Broken, Env, assert_named, history, wrong

made, world = looked_world.made, looked_world.world


def _settings(text: str) -> Callable[[Path, Env], None]:
    def write(world: Path, env: Env) -> None:
        (world / "lamplighter.toml").write_text(f"{text}\n")
        (world / "lamplighter.toml").chmod(0o644)

    return write


def _unmounted(world: Path, env: Env) -> None:
    shutil.rmtree(world / ".lamplighter")
    (world / ".lamplighter").symlink_to(world / "disk" / "home")


def _history_a_folder(world: Path, env: Env) -> None:
    (world / ".lamplighter" / "history.db").unlink()
    (world / ".lamplighter" / "history.db").mkdir()


def _cut_short(world: Path, env: Env) -> None:
    for number, path in enumerate((world / ".lamplighter" / "profiles").rglob("*.arrow")):
        path.write_bytes(path.read_bytes()[: 100 * number])


def _textfile_gone(world: Path, env: Env) -> None:
    env.setenv("LAMPLIGHTER_TEXTFILE_DIR", "collected")
    publish(Project.open(world), "churn", [Sample("lamplighter_data_rows", 3.0)])
    assert wrong(world) == []
    (world / "collected" / "lamplighter-churn.prom").unlink()


BROKEN: dict[str, Broken] = {
    "a relay's URL that others read": (
        _settings("[relay]\nreceivers = {default = 'json://jo:s3cret@alerts'}"),
        "fault",
        "modes",
        "lamplighter.toml: others than its owner may read it",
    ),
    "a log that is a folder": (
        _settings("log_file = 'log'"),
        "fault",
        "disk",
        "is a folder; name a file that the user of",
    ),
    "a home on a disk that is not mounted": (
        _unmounted,
        "fault",
        "disk",
        "which is not there; make it, or mount its disk",
    ),
    "a history that is a folder": (_history_a_folder, "fault", "history", "history.db: is no file; move it away"),
    "a table that is gone": (
        lambda world, env: history(world, "DROP TABLE measurement"),
        "fault",
        "history",
        "lacks tables: measurement; restore a back-up",
    ),
    "a history without a version": (
        lambda world, env: history(world, "DELETE FROM alembic_version"),
        "fault",
        "history",
        "has tables, and alembic_version says no version; restore a back-up",
    ),
    "profiles that are cut short": (
        _cut_short,
        "warning",
        "profiles",
        "3 of 3 profiles that the history names are cut",
    ),
    "a textfile that is gone": (_textfile_gone, "fault", "gauges", "has no gauges of it, which a run published at "),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_broken_set_up_is_named(world: Path, monkeypatch: Env, case: str) -> None:
    assert_named(world, monkeypatch, BROKEN[case])
