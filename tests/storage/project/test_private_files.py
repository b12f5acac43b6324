"""What lies in the home is its owner's alone, whatever the umask is, also in a home that was made before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.history.database import open_history
from storage.history.lock import model_lock
from storage.profiles.store import ProfileStore
from storage.project.folder import Project
from storage.project.private_files import close_home, make_folder, open_private, write_private
from storage.project.private_key import home_key
from storage.sinks.gauges import publish
from storage.sinks.reports import write_report


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    found = [folder, *folder.rglob("*")]
    return [f"{path.relative_to(folder)} {stat.filemode(path.lstat().st_mode)}" for path in found if _is_open(path)]


def _is_open(path: Path) -> bool:
    return bool(path.lstat().st_mode & 0o077) and not path.is_symlink()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "monitors").mkdir()
    return Project.open(tmp_path)


def fill(project: Project) -> None:
    """Have each part of the home written as a run does."""
    history = open_history(project)
    with history.writing() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert {path.name for path in project.home.iterdir()} >= {"history.db", "history.db-wal", "history.db-shm"}
        assert open_to_others(project.home) == []
    with model_lock("run", "m", history.engine, project.home / "locks", 0):
        pass
    home_key(project.home)
    ProfileStore(project.home).cache("reference", {})
    publish(project, "m", [])
    write_report(project.home / "reports" / "m" / "2026-03-02.html", "<p>")
    history.engine.dispose()


def test_a_new_home(project: Project) -> None:
    fill(project)
    assert len(list(project.home.rglob("*"))) > 10
    assert open_to_others(project.home) == []


def test_an_older_home_is_closed_at_the_next_start(project: Project) -> None:
    fill(project)
    (project.home / "models" / "m" / "v1").mkdir(parents=True)
    (project.home / "models" / "m" / "v1" / "run.sh").touch()
    (project.root / ".env").write_text("PASSWORD=x")
    outside = project.root / "outside"
    outside.touch()
    (project.home / "models" / "link").symlink_to(outside)
    for path in [project.home, project.root / ".env", outside, *project.home.rglob("*")]:
        path.chmod(0o755 if not path.is_symlink() else path.stat().st_mode)
    assert len(open_to_others(project.home)) > 10
    open_history(project)
    assert open_to_others(project.home) == []
    assert not _is_open(project.root / ".env")
    assert _is_open(outside)
    assert (project.home / "models" / "m" / "v1" / "run.sh").stat().st_mode & 0o777 == 0o700


def test_a_database_outside_of_the_home(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", "sqlite:///kept/history.sqlite")
    (project.root / "kept").mkdir(mode=0o755)
    with open_history(Project.open(project.root)).writing() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert len(list((project.root / "kept").iterdir())) == 3
        assert [path for path in (project.root / "kept").iterdir() if _is_open(path)] == []


def test_a_home_among_other_things_leaves_them_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name in ("notes.txt", "history.db"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    close_home(tmp_path)
    assert [_is_open(tmp_path / name) for name in ("notes.txt", "history.db", "")] == [True, False, True]


def test_the_folder_of_a_textfile_collector_stays_readable(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_TEXTFILE_DIR", "collected")
    publish(Project.open(project.root), "m", [])
    assert (project.root / "collected" / "lamplighter-m.prom").stat().st_mode & 0o777 == 0o644


def test_a_file_is_never_open_while_it_is_written(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    with open_private(tmp_path / "a" / "b" / "x") as file:
        file.write(b"1")
        assert open_to_others(tmp_path / "a") == []
    write_private(tmp_path / "a" / "c" / "y", b"1")
    assert open_to_others(tmp_path / "a") == []
