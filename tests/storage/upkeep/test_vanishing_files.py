"""What looks through a home while runs and another `prune` make and remove its files never trips over one that went."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.history import open_history
from storage.project.folder import Project
from storage.project.private_files import close_home, is_open_to_others, own_entries
from storage.upkeep.backup import back_up
from storage.upkeep.retention import Expired, expired, remove
from storage.upkeep.sizes import newest_change, tree_size, unchanged_since

COMES_AND_GOES = """
import shutil, sys
from itertools import count
from pathlib import Path

home = Path(sys.argv[1])
beside, kept, made = home / ".private.key.x", home / "profiles" / "ab", home / "making"
(home / "spool").mkdir()
print("began", flush=True)
for run in count():
    beside.touch(0o644)
    for folder in (made / "part", kept):
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(5):
            (folder / f"{number}.arrow").write_bytes(b"rows")
    left = made.rename(home / "spool" / f"run-{run}")
    beside.unlink()
    shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(kept, ignore_errors=True)
"""
ROUNDS = 400


def pruned(project: Project) -> None:
    """Remove what another process makes and removes, as a second `prune` does."""
    remove(project, None, Expired(spool=unchanged_since(project.home / "spool", 1e12)))


def backed_up(project: Project) -> None:
    target = project.root / "home.tar"
    assert back_up(project, target).lost == []
    with tarfile.open(target) as tar:
        assert "history.db" in tar.getnames()


LOOKS: dict[str, tuple[Callable[[Project], object], int]] = {
    "close_home": (lambda project: close_home(project.home), ROUNDS),
    "is_open_to_others": (lambda project: [is_open_to_others(path) for path in own_entries(project.home)], ROUNDS),
    "tree_size": (lambda project: tree_size(project.home), ROUNDS),
    "newest_change": (lambda project: newest_change(project.home), ROUNDS),
    "unchanged_since": (lambda project: unchanged_since(project.home / "spool", 1e12), ROUNDS),
    "expired": (lambda project: expired(project, open_history(project), [], datetime.now(UTC)), ROUNDS),
    "remove": (pruned, ROUNDS),
    "back_up": (backed_up, 40),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "monitors").mkdir()
    project = Project.open(folder)
    with open_history(project).writing() as connection:
        connection.exec_driver_sql("SELECT 1")
    other = subprocess.Popen([sys.executable, "-c", COMES_AND_GOES, project.home], stdout=subprocess.PIPE)
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"began\n"
        yield project
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


@pytest.mark.parametrize("name", LOOKS)
def test_a_file_that_goes_meanwhile_is_passed_over(project: Project, name: str) -> None:
    look, rounds = LOOKS[name]
    for _ in range(rounds):
        look(project)


def test_a_folder_that_went_is_not_old(tmp_path: Path) -> None:
    assert newest_change(tmp_path / "gone") is None
    assert unchanged_since(tmp_path / "gone", 1e12) == []
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "run-1").touch()
    assert unchanged_since(tmp_path / "spool", 1e12) == [tmp_path / "spool" / "run-1"]
    assert unchanged_since(tmp_path / "spool", 1.0) == []
