"""A project folder: which monitors it holds, and what is said about those that cannot be read."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window
from lamplighter.errors import LamplighterError, MonitorError
from storage.project.folder import Project
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan

SOUND = "model: {name}\nkind: text\npredictions: {{parquet: p, time: t}}\n"


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Project:
    (tmp_path / "monitors").mkdir()
    return Project.open(tmp_path)


def write(project: Project, file: str, content: str | bytes) -> None:
    path = project.monitors_folder / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def sound(name: str) -> str:
    return SOUND.format(name=name)


def faults_of(project: Project) -> dict[str, str]:
    return {path.name: str(m) if isinstance(m, LamplighterError) else m.model for path, m in project.monitors()}


def test_where_a_project_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("given", "variable", "working"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "working")
    assert Project.open().root == tmp_path / "working"
    monkeypatch.setenv("LAMPLIGHTER_PROJECT", str(tmp_path / "variable"))
    assert Project.open().root == tmp_path / "variable"
    assert Project.open("../given").root == tmp_path / "given"
    with pytest.raises(MonitorError, match="no such folder; give the one that holds monitors/"):
        Project.open(tmp_path / "nowhere")


def test_paths_of_a_project(project: Project) -> None:
    assert project.home == project.root / ".lamplighter"
    assert project.locate("a/*.parquet") == str(project.root / "a/*.parquet")
    assert project.locate("/a/b.parquet") == "/a/b.parquet"
    assert project.locate("s3://bucket/a") == "s3://bucket/a"


def test_wildcards_of_the_folder_stand_for_themselves(tmp_path: Path) -> None:
    (tmp_path / "a[1]*").mkdir()
    project = Project.open(tmp_path / "a[1]*")
    assert project.locate("b/*.parquet") == f"{tmp_path}/a[[]1][*]/b/*.parquet"
    assert project.locate("/a/[1]/*.parquet") == "/a/[1]/*.parquet"
    assert project.locate("s3://bucket/[1]*") == "s3://bucket/[1]*"


def test_a_project_without_monitors(project: Project) -> None:
    for call in (project.files, project.models, lambda: project.monitor("m"), lambda: list(project.monitors())):
        with pytest.raises(
            MonitorError, match=r"monitors: no monitor files \(\*\.yaml\); `lamplighter init` writes one"
        ):
            call()


def test_which_files_are_monitors(project: Project) -> None:
    for file in ("b.yaml", "a.yml", "_shared.yaml", ".hidden.yaml", "notes.txt"):
        write(project, file, sound(file.split(".")[0]))
    assert [path.name for path in project.files()] == ["a.yml", "b.yaml"]
    assert list(project.models()) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param(sound("m-1"), "m-1", id="plain"),
        pytest.param(sound('"m-1"  # the first'), "m-1", id="in quotes, with a comment"),
        pytest.param("'model': 'm-1'\nkind: text\npredictions: {parquet: p, time: t}\n", "m-1", id="a key in quotes"),
        pytest.param("{kind: text, model: m-1, predictions: {parquet: p, time: t}}", "m-1", id="on one line"),
        pytest.param("  kind: text\n  model: m-1\n  predictions: {parquet: p, time: t}\n", "m-1", id="all indented"),
        pytest.param("tags:\n  model: other\n" + sound("m-1"), "m-1", id="another model further in"),
        pytest.param(sound("${NAME}-1"), "m-1", id="from the environment"),
        pytest.param("\ufeff" + sound("m-1"), "m-1", id="with a byte-order mark"),
        pytest.param(sound("m-1").replace("\n", "\r\n"), "m-1", id="lines as on Windows"),
        pytest.param(sound("m-1").replace("text", "txt"), "m-1", id="broken further on"),
        pytest.param(sound("M_1"), "file", id="a wrong name: it goes by that of its file"),
        pytest.param(sound("m_1"), "file", id="a wrong name that begins well"),
        pytest.param("model: [\n", "file", id="not YAML"),
        pytest.param(sound("${NOPE}"), "file", id="a missing variable"),
        pytest.param(b"\xff\xfe", "file", id="not UTF-8"),
        pytest.param("", "file", id="empty"),
    ],
)
def test_the_model_of_a_file(project: Project, monkeypatch: pytest.MonkeyPatch, text: str | bytes, name: str) -> None:
    monkeypatch.setenv("NAME", "m")
    write(project, "file.yaml", text)
    assert project.models() == {name: project.monitors_folder / "file.yaml"}


def test_a_broken_file_costs_itself_alone(project: Project) -> None:
    write(project, "a.yaml", sound("a"))
    write(project, "b.yaml", "model: [\n")
    assert list(project.models()) == ["a", "b"]
    assert project.monitor("a").model == "a"
    with pytest.raises(MonitorError, match=r"monitors/b\.yaml:2: not YAML"):
        project.monitor("b")


def test_two_monitors_of_one_model_and_a_third_that_goes_on(project: Project) -> None:
    write(project, "a.yaml", sound("same"))
    write(project, "b.yaml", "# the second\n" + sound("same"))
    write(project, "c.yaml", sound("other"))
    message = "monitors/b.yaml:2: model 'same' stands in monitors/a.yaml too; rename one"
    assert faults_of(project) == {"a.yaml": "same", "b.yaml": message, "c.yaml": "other"}
    assert list(project.models()) == ["same", "other"]
    assert project.monitor("other").model == "other"
    with pytest.raises(MonitorError) as caught:
        project.monitor("same")
    assert str(caught.value) == message


def test_a_model_that_is_not_there(project: Project) -> None:
    write(project, "a.yaml", sound("flights"))
    with pytest.raises(MonitorError, match=r"monitors: no model 'flight'; did you mean 'flights'\? known: flights$"):
        project.monitor("flight")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            b"model: a\nkind: caf\xe9\n", "monitors/x.yaml:2: is not UTF-8; save the file as UTF-8", id="Latin-1"
        ),
        pytest.param(b"extends: _l.yaml\nmodel: x\n", "monitors/_l.yaml:1: is not UTF-8; save the", id="Latin-1 above"),
        pytest.param(
            b"extends: _no.yaml\nmodel: x\n", "monitors/x.yaml:1: extends monitors/_no.yaml, which", id="absent"
        ),
        pytest.param(b"extends: ../monitors\n", "monitors/x.yaml:1: extends '../monitors', which is no", id="a folder"),
    ],
)
def test_a_file_that_cannot_be_read(project: Project, content: bytes, message: str) -> None:
    write(project, "_l.yaml", b"# caf\xe9\n")
    write(project, "x.yaml", content)
    assert faults_of(project)["x.yaml"].startswith(message)


def test_a_folder_among_the_files(project: Project) -> None:
    (project.monitors_folder / "x.yaml").mkdir()
    assert faults_of(project) == {"x.yaml": "monitors/x.yaml:1: is no regular file; put a file of text there"}


def test_what_is_shared_is_read_beside_the_file(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    write(project, "_shared.yaml", "timezone: Asia/Kolkata\n")
    write(project, "x.yaml", "extends: _shared.yaml\n" + sound("x"))
    monitor = project.monitor("x")
    assert isinstance(monitor, Monitor)
    assert monitor.timezone == "Asia/Kolkata"


# Databases


@pytest.mark.parametrize(
    ("url", "located"),
    [
        ("sqlite:///log.db", "sqlite:///{root}/log.db"),
        ("sqlite:///data/log.db?timeout=1", "sqlite:///{root}/data/log.db?timeout=1"),
        ("sqlite+pysqlite:///../log.db", "sqlite+pysqlite:///{root}/../log.db"),
        *((url, url) for url in ("sqlite:////log.db", "sqlite://", "sqlite:///", "sqlite:///:memory:")),
        *((url, url) for url in ("sqlite:///file:log.db?uri=true", "sqlite:///?mode=memory", "", "postgresql://h/d")),
    ],
)
def test_the_file_of_a_database_is_relative_to_the_project(project: Project, url: str, located: str) -> None:
    assert project.locate_url(url) == located.format(root=project.root)
    if url.startswith("sqlite"):
        assert sa.make_url(project.locate_url(url)).query == sa.make_url(url).query


def test_a_database_is_found_from_wherever_the_command_runs(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("CREATE TABLE log (at TEXT, id TEXT, y TEXT)")
        connection.execute("INSERT INTO log VALUES ('2013-06-01T05:00:00Z', 'a', '1')")
    connection.close()
    sql = "{url: 'sqlite:///${NAME}', table: log}"
    text = f"model: x\nkind: text\npredictions: {{sql: {sql}, time: at, id: id, prediction: y}}\n"
    write(project, "x.yaml", text + f"labels: {{sql: {sql}, target: y}}\n")
    monkeypatch.setenv("NAME", "log.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monitor = project.monitor("x")
    window = Window.of("x", monitor.every, "UTC", date(2013, 6, 1))
    assert Scan(predictions_of(project, monitor, window, tmp_path / "spool")).count == 1
    assert monitor.labels is not None
    for sql in (monitor.predictions.sql, monitor.labels.sql):
        assert sql is not None
        assert sql.url.get_secret_value() == f"sqlite:///{tmp_path}/log.db"
        assert "log.db" not in repr(sql.url)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(path.relative_to(Path.cwd())))


UNFIT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a device without end": (lambda path: path.symlink_to("/dev/zero"), "is a link that leads out of the project"),
    "a file elsewhere": (lambda path: path.symlink_to("/etc/passwd"), "is a link that leads out of the project"),
    "a link to itself": (lambda path: path.symlink_to(path), "is a link to itself"),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), "cannot be read: No such file"),
    "a pipe": (_fifo, "is no regular file; put a file of text there"),
    "a socket": (_socket, "is no regular file; put a file of text there"),
    "a folder": (Path.mkdir, "is no regular file; put a file of text there"),
    "a large file": (lambda path: path.write_bytes(b"#" * 600_000), "is larger than 512 KiB"),
    "brackets": (lambda path: path.write_text("x: " + "[" * 50_000), "is nested without end"),
    "zeros": (lambda path: path.write_bytes(b"\0" * 1000), "not YAML: it holds a character that is not text"),
    "UTF-16": (lambda path: path.write_bytes("model: x".encode("utf-16")), "is not UTF-8"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_file_that_is_no_monitor_costs_itself_alone(
    project: Project, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    make, message = UNFIT[kind]
    make(project.monitors_folder / "bomb.yaml")
    write(project, "n.yaml", sound("n"))
    write(project, "x.yaml", "extends: bomb.yaml\n" + sound("x"))
    shown = faults_of(project)
    assert shown["n.yaml"] == "n"
    assert message in shown["bomb.yaml"]
    assert shown["bomb.yaml"].startswith("monitors/bomb.yaml:1: ")
    assert message in shown["x.yaml"] or "which cannot be read" in shown["x.yaml"]
    assert "root:" not in "".join(shown.values())
    assert set(project.models()) == {"n", "x", "bomb"}
    assert project.monitor("n").model == "n"
    with pytest.raises(MonitorError):
        project.monitor("bomb")


@pytest.mark.parametrize(
    "named",
    [
        "../../outside.yaml",
        "/etc/passwd",
        "../../../../../etc/passwd",
        "/etc/hosts.yaml",
        "link.yaml",
        "folder/up.yaml",
        "..",
        "../.env",
        "../lamplighter.toml",
        "a\0.yaml",
        "~/.netrc",
    ],
)
def test_what_is_extended_is_of_the_project(project: Project, named: str) -> None:
    (project.root.parent / "outside.yaml").write_text("topsecretkey: topsecretvalue\n")
    (project.root / ".env").write_text("topsecretkey: topsecretvalue\n")
    (project.monitors_folder / "link.yaml").symlink_to(project.root.parent / "outside.yaml")
    (project.monitors_folder / "folder").symlink_to(project.root.parent)
    (project.root.parent / "up.yaml").write_text("topsecretkey: topsecretvalue\n")
    write(project, "x.yaml", f"extends: {json.dumps(named)}\n" + sound("x"))
    shown = faults_of(project)["x.yaml"]
    assert "no YAML file of the project" in shown or "leads out of the project" in shown
    assert "topsecret" not in shown
    assert shown.isprintable()


def test_a_long_chain_of_files_is_refused(project: Project) -> None:
    for i in range(20):
        write(project, f"_{i}.yaml", f"extends: _{i + 1}.yaml\n")
    write(project, "_20.yaml", sound("x"))
    write(project, "x.yaml", "extends: _0.yaml\n")
    assert "more than 8 files extend one another" in faults_of(project)["x.yaml"]


def test_monitors_that_are_mounted_as_links(project: Project) -> None:
    """As a ConfigMap of Kubernetes is, and a folder of monitors that lies elsewhere."""
    mounted = project.root.parent / "mounted"
    (mounted / "..2026").mkdir(parents=True)
    (mounted / "..2026" / "n.yaml").write_text("extends: _base.yaml\n" + sound("n"))
    (mounted / "..2026" / "_base.yaml").write_text("every: 1h\n")
    (mounted / "..data").symlink_to("..2026")
    for name in ("n.yaml", "_base.yaml"):
        (mounted / name).symlink_to(f"..data/{name}")
    project.monitors_folder.rmdir()
    project.monitors_folder.symlink_to(mounted)
    assert project.monitor("n").every.value == "1h"
