"""A project's `.env`: what it may hold, who wins, and that no value is ever shown."""

from __future__ import annotations

import os
import pickle
import sqlite3
from pathlib import Path

import pytest

from lamplighter.core.monitor import Monitor
from lamplighter.errors import MonitorError
from storage.project.env_file import read_env_file
from storage.project.folder import Project

SECRET = "hunter2"
MONITOR = "model: m\nkind: text\npredictions: {sql: {url: 'sqlite:///${DATABASE}', table: log}, time: t}\n"


def project(folder: Path, text: str | bytes, monitor: str = MONITOR) -> Project:
    (folder / "monitors").mkdir(exist_ok=True)
    (folder / "monitors" / "m.yaml").write_text(monitor)
    (folder / ".env").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Project.open(folder)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# a comment\n\nA=1\n", {"A": "1"}),
        ("export A=1\n  B = two words # a comment\n", {"A": "1", "B": "two words"}),
        ("A='single # no comment'\nB=\"double\\nline\"\n", {"A": "single # no comment", "B": "double\nline"}),
        ("A=p#w\nB=a=b=c\nC=\nD=''\n", {"A": "p#w", "B": "a=b=c", "C": "", "D": ""}),
        ("A=pa$$w${B}d\nB=1\n", {"A": "pa$$w${B}d", "B": "1"}),
        ("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("Ä=1\n".encode(), None),
    ],
)
def test_what_is_read(tmp_path: Path, text: str | bytes, values: dict[str, str] | None) -> None:
    (tmp_path / ".env").write_bytes(text if isinstance(text, bytes) else text.encode())
    if values is None:
        with pytest.raises(MonitorError, match=r"\.env:1: a name is of letters"):
            read_env_file(tmp_path)
        return
    assert dict(read_env_file(tmp_path)) == values


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = project(tmp_path, "DATABASE=a.db\nLAMPLIGHTER_SERIES_PER_MODEL=7\nLAMPLIGHTER_HOME=there\n")
    (tmp_path / "lamplighter.toml").write_text('series_per_model = 9\nwait_seconds = 3.0\nhome = "elsewhere"\n')
    monkeypatch.setenv("LAMPLIGHTER_HOME", "here")
    settings = Project.open(tmp_path).settings
    assert (settings.series_per_model, settings.wait_seconds, settings.home) == (7, 3.0, Path("here"))
    [(_, monitor)] = opened.monitors()
    assert isinstance(monitor, Monitor)
    assert monitor.predictions.sql is not None
    assert monitor.predictions.sql.url.get_secret_value() == f"sqlite:///{tmp_path}/a.db"
    monkeypatch.setenv("DATABASE", "b.db")
    sql = opened.monitor("m").predictions.sql
    assert sql is not None
    assert sql.url.get_secret_value() == f"sqlite:///{tmp_path}/b.db"


def test_values_are_neither_shown_nor_passed_on(tmp_path: Path) -> None:
    opened = project(tmp_path, f"DATABASE={SECRET}\nLAMPLIGHTER_HISTORY_URL=postgresql://u:{SECRET}@h/d\n")
    assert SECRET not in repr(opened) + str(opened) + repr(opened.env_file) + repr(opened.settings)
    assert "DATABASE" not in os.environ
    assert dict(pickle.loads(pickle.dumps(opened)).env_file) == dict(opened.env_file), "a process beside has them"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"A=1\n\n{SECRET} is the password\n", ".env:3: is no NAME=value"),
        (f"# x\n{SECRET}\n", ".env:2: a name stands without a value; write NAME=value"),
        (f"postgresql://u:{SECRET}@h/d\n", ".env:1: a name is of letters, digits and _"),
        (f"A='{SECRET}\n", ".env:1: is no NAME=value; mind the quotes"),
        (f"A: {SECRET}\n", ".env:1: is no NAME=value"),
        (f"1A={SECRET}\n", ".env:1: a name is of letters"),
        (f"A={SECRET}\n\n\nA={SECRET}x\n", ".env:4: A stands on line 1 too; remove one"),
        (b"A=1\nB=\xff\n", ".env:2: is not UTF-8"),
        (b"A=1\nB=\0\n", ".env:2: holds a NUL byte"),
        (b"A=" + b"x" * 70_000, ".env: is larger than 64 kB"),
        (f"LAMPLIGHTER_HISTROY_URL={SECRET}\n", ".env:1: unknown variable LAMPLIGHTER_HISTROY_URL; did you mean"),
        (f"\nLAMPLIGHTER_SERIES_PER_MODEL={SECRET}\n", ".env:2: LAMPLIGHTER_SERIES_PER_MODEL: should be a valid int"),
    ],
)
def test_a_mistake_is_one_line_without_the_value(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(MonitorError) as caught:
        project(tmp_path, text)
    output = str(caught.value)
    assert output.startswith(f"{tmp_path}/{message}")
    assert "\n" not in output
    assert SECRET not in output


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_only_a_regular_file_is_read(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / ".env").mkdir()
    elif kind == "pipe":
        os.mkfifo(tmp_path / ".env")
    else:
        (tmp_path / ".env").symlink_to("/dev/zero")
    with pytest.raises(MonitorError, match=r"\.env: (?:cannot be read|is no regular file)"):
        Project.open(tmp_path)


def test_who_may_read_it_is_known(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    for mode, others in ((0o600, False), (0o640, True), (0o604, True)):
        (tmp_path / ".env").chmod(mode)
        assert read_env_file(tmp_path).is_readable_by_others is others


def test_a_table_is_looked_at_through_a_variable_of_the_file(tmp_path: Path) -> None:
    from storage.inspection.table import inspect_table

    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("CREATE TABLE log (at TEXT, y TEXT)")
        connection.execute("INSERT INTO log VALUES ('2013-06-01T05:00:00Z', '1')")
    connection.close()
    (tmp_path / ".env").write_text("LOG=sqlite:///log.db\n")
    seen = inspect_table(Project.open(tmp_path), "log", "${LOG}", "UTC")
    assert (seen.place["url"], [str(day) for day in seen.days]) == ("${LOG}", ["2013-06-01"])
