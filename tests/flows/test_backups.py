"""Back-up and restoration of a home: made while runs go on, whole or not at all, and run on afterwards."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result

from lamplighter.errors import BackupError
from storage.history import model_lock, open_history, tables
from storage.history.query import dump
from storage.history.unchanged import damages, unchanged_history
from storage.project.folder import Project
from storage.upkeep.backup import back_up
from storage.upkeep.restore import restore
from tasks.retraining.adopt import adopt
from tests.flows import small_world
from tests.flows.conftest import Prepared
from tests.flows.runs import recorded
from tests.flows.small_world import run_days
from tests.lamplighter.cli.called import mistake, run
from tests.storage.full_disk import full_disk

MONITOR = small_world.MONITOR + "private: [plan]\nchecks: [{metric: accuracy, falls: 5%, versus: {mean: 3d}}]\n"
DAYS = 5


@pytest.fixture
def world(prepared: Prepared) -> Project:
    """A model after some days, with a private column, and a champion."""

    def make(folder: Path) -> Project:
        project = small_world.make(folder, MONITOR)
        (folder / "model").mkdir()
        (folder / "model" / ".hidden").write_text("of the trainer")
        (folder / "model" / "weights.txt").write_text("0.5")
        run_days(project, range(DAYS))
        adopt(project, project.monitor("m"), folder / "model", "v1", small_world.day(0), small_world.day(1))
        report = project.home / "reports" / "m" / "2025-03-03.html"
        report.parent.mkdir(parents=True)
        report.write_text("<html></html>")
        return project

    return prepared("backed up", make)


def emptied(world: Project, folder: Path) -> Project:
    """The project as on another machine: its monitors and its data, and no home."""
    shutil.copytree(world.root, folder, ignore=shutil.ignore_patterns(".lamplighter*"))
    return Project.open(folder)


def call(project: Project, *arguments: object) -> Result:
    return run("-C", project.root, *arguments)


def test_a_restored_home_runs_on_as_the_first_would_have(world: Project, tmp_path: Path) -> None:
    file, other = tmp_path / "home.tar.gz", emptied(world, tmp_path / "other")
    made = call(world, "backup", file)
    assert (made.exit_code, made.stderr) == (0, "")
    assert "m: runs until the window of 2025-03-07" in made.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    done = call(other, "restore", file)
    assert (done.exit_code, done.stderr) == (0, "")
    assert dump(open_history(other)) == dump(open_history(world))
    assert call(other, "history", "m", "--csv").stdout == call(world, "history", "m", "--csv").stdout
    assert {stat.S_IMODE(path.stat().st_mode) for path in other.home.rglob("*")} == {0o600, 0o700}
    version = other.home / "models" / "m" / "v1"
    assert {path.name for path in version.iterdir()} == {".hidden", "weights.txt"}
    assert (other.home / "private.key").read_bytes() == (world.home / "private.key").read_bytes()
    assert not (other.home / "reports").exists()
    assert "v1 is champion, and its files are those that were registered" in call(other, "doctor").stdout

    for project in (world, other):
        run_days(project, range(DAYS, DAYS + 2))
    assert recorded(other) == recorded(world)


def test_reports_go_along_if_asked_for(world: Project, tmp_path: Path) -> None:
    back_up(world, tmp_path / "home.tar", reports=True)
    other = emptied(world, tmp_path / "other")
    restore(other, tmp_path / "home.tar")
    assert (other.home / "reports" / "m" / "2025-03-03.html").read_text() == "<html></html>"


def test_it_is_made_while_runs_go_on(world: Project, tmp_path: Path) -> None:
    days = range(DAYS, DAYS + 4)
    runs = threading.Thread(target=run_days, args=(world, days))
    files = []
    runs.start()
    while runs.is_alive():
        files.append(tmp_path / f"{len(files)}.tar")
        assert back_up(world, files[-1]).lost == []
    runs.join()
    wanted = recorded(world)
    assert len(files) > 2
    for number, file in enumerate({files[0], files[len(files) // 2], files[-1]}):
        other = emptied(world, tmp_path / f"other-{number}")
        restore(other, file)
        found = unchanged_history(other)
        assert found is not None
        assert damages(found) == []
        run_days(other, days)
        # What was known of a day is known again, though the day was run twice.
        assert recorded(other) == wanted


def _flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    place = content.index(b"0.5" + bytes(100))
    content[place : place + 3] = b"0.7"
    file.write_bytes(content)


def _cut(file: Path) -> None:
    with tarfile.open(file) as tar:
        last = tar.getmember("manifest.json")
    os.truncate(file, last.offset)


def _cut_anywhere(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _with_member(name: str, **changed: object) -> Callable[[Path], None]:
    def add(file: Path) -> None:
        with tarfile.open(file, "a") as tar:
            member = tarfile.TarInfo(name)
            for key, value in changed.items():
                setattr(member, key, value)
            tar.addfile(member, io.BytesIO())

    return add


def _flipped_head(file: Path) -> None:
    with tarfile.open(file) as tar:
        place = tar.getmembers()[1].offset + 2
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (_flipped, "models/m/v1/weights.txt is not what was backed up; take another back-up"),
    "a byte of the head of a file": (_flipped_head, "of what it holds no file begins, where one should; take another"),
    "the end": (_cut, "breaks off before its checksums; take another back-up"),
    "the second half": (_cut_anywhere, "take another back-up"),
    "all of it": (lambda file: file.write_text("no tar"), "cannot be read: "),
    "the file": (Path.unlink, "no such file; give the one that `lamplighter backup` wrote"),
    "a path that leads out": (_with_member("../evil"), "holds '../evil', which is no file of a home"),
    "an absolute path": (_with_member("/tmp/evil"), "which is no file of a home"),
    "a link": (_with_member("models/x", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "which is no file of a home"),
    "one file more": (_with_member("models/x"), "models/x is not what was backed up"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_spoiled_one_restores_nothing(world: Project, tmp_path: Path, case: str) -> None:
    spoil, said = SPOILED[case]
    file, other = tmp_path / "home.tar", emptied(world, tmp_path / "other")
    back_up(world, file)
    spoil(file)
    line = mistake("-C", other.root, "restore", file)
    assert line.startswith(f"lamplighter: {file}: ")
    assert said in line
    assert [path.name for path in other.root.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_spoiled_compressed_one(world: Project, tmp_path: Path, place: float) -> None:
    file, other = tmp_path / "home.tgz", emptied(world, tmp_path / "other")
    back_up(world, file)
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    file.write_bytes(content)
    assert mistake("-C", other.root, "restore", file).endswith("; take another back-up")
    assert not other.home.exists()


def schema(project: Project, version: str) -> None:
    with closing(sqlite3.connect(project.home / "history.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [version])


def test_a_newer_one_is_refused(world: Project, tmp_path: Path) -> None:
    schema(world, "9998")
    back_up(world, tmp_path / "home.tar")
    other = emptied(world, tmp_path / "other")
    with pytest.raises(BackupError, match=r"was made by a newer Lamplighter .*; install that one"):
        restore(other, tmp_path / "home.tar")
    assert not other.home.exists()


def test_what_is_there_stays_unless_it_may_be_replaced(world: Project, tmp_path: Path) -> None:
    file = tmp_path / "home.tar"
    back_up(world, file)
    before = dump(open_history(world))
    run_days(world, range(DAYS, DAYS + 1))
    later = dump(open_history(world))
    line = mistake("-C", world.root, "restore", file)
    assert (
        "holds runs of 1 model until 2025-03-08, and the back-up runs of 1 model until 2025-03-07; add --repl" in line
    )
    with model_lock("run", "m", open_history(world).engine, world.home / "locks", 0):
        assert "another run of this model is at work" in mistake("-C", world.root, "restore", file, "--replace")
    assert dump(open_history(world)) == later

    done = restore(world, file, replace=True)
    assert done.aside is not None
    assert dump(open_history(world)) == before
    assert (done.aside / "history.db").is_file()
    aside = emptied(world, tmp_path / "aside")
    shutil.copytree(done.aside, aside.home)
    assert dump(open_history(aside)) == later


def test_homes_that_are_moved_aside_in_one_second_have_names_of_their_own(world: Project, tmp_path: Path) -> None:
    file = tmp_path / "home.tar"
    back_up(world, file)
    aside = [restore(world, file, replace=True).aside for _ in range(4)]
    assert len({*aside}) == 4
    assert [it for it in aside if it] == sorted(world.root.glob(".lamplighter.before-*"))


@pytest.mark.parametrize("step", ["os.sync", "pathlib.Path.rename"])
def test_one_that_is_interrupted_leaves_what_is_there(
    world: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    back_up(world, tmp_path / "home.tar")
    run_days(world, range(DAYS, DAYS + 1))
    before = dump(open_history(world))
    rename = Path.rename

    def interrupted(*arguments: Path) -> Path:
        # The home goes aside, and then something happens.
        if (arguments and arguments[0] == world.home) or ".before-" in str(arguments[:1]):
            return rename(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            restore(world, tmp_path / "home.tar", replace=True)
    assert dump(open_history(world)) == before
    assert [path.name for path in world.root.iterdir() if ".lamplighter" in path.name] == [".lamplighter"]


def test_a_damaged_home_is_replaced(world: Project, tmp_path: Path) -> None:
    file, before = tmp_path / "home.tar", dump(open_history(world))
    back_up(world, file)
    open_history(world).engine.dispose()
    (world.home / "history.db").write_bytes(b"\0" * 5000)
    assert restore(world, file, replace=True).aside
    assert dump(open_history(world)) == before


def test_a_home_that_holds_other_things_is_left_alone(world: Project, tmp_path: Path) -> None:
    back_up(world, tmp_path / "home.tar")
    (world.home / "thesis.txt").write_text("mine")
    with pytest.raises(BackupError, match=r"holds other things too, such as thesis\.txt; set LAMPLIGHTER_HOME"):
        restore(world, tmp_path / "home.tar", replace=True)


def test_a_full_disk_leaves_the_last_one(world: Project, tmp_path: Path) -> None:
    file = tmp_path / "home.tar"
    back_up(world, file)
    before = file.read_bytes()
    with full_disk(), pytest.raises(BackupError, match="history cannot be copied"):
        back_up(world, file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_damaged_history_is_not_backed_up(world: Project, tmp_path: Path) -> None:
    file = tmp_path / "home.tar"
    back_up(world, file)
    before = file.read_bytes()
    open_history(world).engine.dispose()
    with (world.home / "history.db").open("r+b") as history:
        for page in range(4, 40, 3):
            history.seek(page * 4096)
            history.write(b"\xa7" * 2048)
    line = mistake("-C", world.root, "backup", file)
    assert "history.db: is damaged: " in line
    assert line.endswith("; restore an earlier back-up")
    assert file.read_bytes() == before


def test_a_folder_that_is_not_there(world: Project, tmp_path: Path) -> None:
    assert mistake("-C", world.root, "backup", tmp_path / "none" / "home.tar") == (
        f"lamplighter: {tmp_path / 'none'}: no such folder; make it, or name another"
    )


def test_nothing_is_backed_up_where_nothing_is_recorded(world: Project, tmp_path: Path) -> None:
    other = emptied(world, tmp_path / "other")
    assert "nothing to back up" in mistake("-C", other.root, "backup", tmp_path / "home.tar")
    assert not (tmp_path / "home.tar").exists()


def test_postgresql_is_left_to_its_own_tools(
    world: Project, postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, of_sqlite, other = tmp_path / "home.tar", tmp_path / "sqlite.tar", emptied(world, tmp_path / "other")
    back_up(world, of_sqlite)
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", postgresql_url)
    server = Project.open(other.root)
    run_days(server, range(1))
    made = call(server, "backup", file)
    assert "the history is in postgresql" in made.stdout
    assert "pg_dump backs up" in made.stdout
    assert "names another one; unset it for the restoration" in mistake("-C", other.root, "restore", of_sqlite)
    before = recorded(server)
    profiles = {path.name for path in server.home.rglob("*.arrow")}
    shutil.rmtree(server.home)
    assert "restore that too (pg_restore)" in call(server, "restore", file).stdout
    assert {path.name for path in server.home.rglob("*.arrow")} == profiles
    run_days(server, range(1))
    assert recorded(server) == before
    monkeypatch.delenv("LAMPLIGHTER_HISTORY_URL")
    shutil.rmtree(server.home)
    assert "holds no history, since that was in another database" in mistake("-C", other.root, "restore", file)


def test_of_a_history_that_two_projects_share_each_backs_up_its_own(
    world: Project, postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", postgresql_url)
    first, second = (Project.open(emptied(world, tmp_path / name).root) for name in ("first", "second"))
    run_days(first, range(1))
    run_days(second, range(2, 4))
    with open_history(second).writing() as connection:
        # The day that the second ran is of its own model.
        for table in (tables.run, tables.profile):
            of_second = table.c.window_start >= datetime.combine(small_world.day(2), datetime.min.time(), UTC)
            connection.execute(sa.update(table).where(of_second).values(model="theirs"))
    made = call(first, "backup", tmp_path / "first.tar")
    assert (made.exit_code, made.stderr) == (0, "")
    assert "m: runs until the window of 2025-03-03\n" in made.stdout
    assert "the history holds theirs too, with no monitor and no file here; if" in made.stdout
    assert "theirs: runs" not in made.stdout
    (row,) = [it for it in json.loads(call(first, "status", "--json").stdout) if it["model"] == "theirs"]
    assert row["status"] == "no monitor here"

    # One that was retired here has files here, and what is lost of them is said.
    (second.root / "monitors" / "m.yaml").unlink()
    lost = sorted(second.home.glob("profiles/??/*.arrow"))[0]
    lost.unlink()
    made = call(second, "backup", tmp_path / "second.tar")
    assert "theirs: runs until the window of 2025-03-06\n" in made.stdout
    assert made.stderr.startswith(f"1 files that the history names are gone from {second.home}, such as profiles/")
    assert made.stderr.endswith("says whose they are\n")
