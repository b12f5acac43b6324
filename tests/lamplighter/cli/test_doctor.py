"""`lamplighter doctor`: a sound set-up, and each that is broken, one by one."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from lamplighter.core.evaluation.gauges import Sample
from storage.history import open_history
from storage.project.folder import Project
from storage.sinks.gauges import publish
from tasks.doctor.checks import CHECKS
from tests.hostile import HTTP, hostile_server
from tests.lamplighter.cli import looked_world
from tests.lamplighter.cli.called import mistake, run
from tests.receivers import http_receiver
from tests.storage.sinks.gateways import free_port, needs_pushgateway, pushgateway

SQL = '  sql: {url: "sqlite:///log.db", table: log}\n  timezone: UTC\n'
Env = pytest.MonkeyPatch
made, world = looked_world.made, looked_world.world


def doctor(world: Path, *options: str) -> Result:
    return run("-C", world, "doctor", *options)


def looked(world: Path, *options: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(doctor(world, "--json", *options).stdout)
    return found


def wrong(world: Path, *options: str) -> list[tuple[str, str, str]]:
    """State, check, and the rest of each thing that is wrong."""
    rows = [it for it in looked(world, *options) if it["state"] in ("fault", "warning")]
    assert all(it["fix"] or ";" in it["what"] for it in rows), rows
    return [(it["state"], it["check"], f"{it['where']}: {it['what']}; {it['fix']}") for it in rows]


Broken = tuple[Callable[[Path, Env], Any], str, str, str]
"""What breaks a set-up, and the state, the check and a part of the line that name it."""


def assert_named(world: Path, env: Env, broken: Broken) -> None:
    """Break a set-up: doctor names it, in a table and as JSON, and no secret."""
    breaks, state, check, said = broken
    breaks(world, env)
    done, found = doctor(world), wrong(world)
    assert any((state, check) == it[:2] and said in it[2] for it in found), found
    assert done.exit_code == (1 if any(it[0] == "fault" for it in found) else 0)
    assert any(line.startswith(f"{state:<8}  {check:<9}  ") for line in done.stdout.splitlines())
    assert "s3cret" not in done.stdout + done.stderr
    assert not any("unexpected" in it[2] for it in found), found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def history(world: Path, *statements: str) -> None:
    """Change the history behind Lamplighter's back."""
    with closing(sqlite3.connect(world / ".lamplighter" / "history.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_sound_set_up(world: Path) -> None:
    done = doctor(world)
    assert (done.exit_code, done.stderr) == (0, "")
    rows = looked(world)
    assert {it["check"] for it in rows} == {check.name for check in CHECKS} | {"labels"}
    assert {it["state"] for it in rows} == {"ok", "not used"}
    assert [it["check"] for it in rows if it["state"] == "not used"] == ["gauges", "prefect", "workers", "schedule"]
    lines = done.stdout.splitlines()
    assert len(lines) == len(rows) + 1
    assert "ok        registry   churn: v1 is champion, and its files are those that were registered" in lines
    assert lines[-1] == f"{len(rows)} looks: {len(rows) - 4} ok, 4 not used"


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("options", [(), ("churn", "--json")])
def test_it_changes_nothing(world: Path, options: tuple[str, ...]) -> None:
    history(world, "UPDATE alembic_version SET version_num = '0007'")
    (world / ".lamplighter").chmod(0o755)
    shutil.rmtree(world / ".lamplighter" / "locks")
    before = tree(world)
    doctor(world, *options)
    assert tree(world) == before


def test_it_makes_nothing_where_there_was_no_run(world: Path) -> None:
    shutil.rmtree(world / ".lamplighter")
    assert [it[:2] for it in wrong(world)] == [("warning", "runs")]
    assert not (world / ".lamplighter").exists()


def test_it_makes_nothing_where_rows_are_streamed(world: Path) -> None:
    shutil.rmtree(world / ".lamplighter")
    with closing(sqlite3.connect(world / "log.db")) as connection, connection:
        connection.execute("CREATE TABLE log (id TEXT, at TEXT, amount REAL, churns INTEGER)")
        connection.execute("INSERT INTO log VALUES ('a', datetime('now', '-1 day'), 1.5, 1)")
    edit(world / "monitors" / "churn.yaml", "  parquet: log/day={day}.parquet\n", SQL)
    assert [it["what"].partition(" of ")[0] for it in looked(world) if it["check"] == "sources"] == ["1 rows"]
    assert not (world / ".lamplighter").exists()


def _feed_gone(world: Path, env: Env) -> None:
    shutil.rmtree(world / "log")


def _feed_stopped(world: Path, env: Env) -> None:
    for path in sorted((world / "log").iterdir())[1:]:
        path.unlink()


def _labels_stopped(world: Path, env: Env) -> None:
    for path in sorted((world / "labels").iterdir())[1:]:
        path.unlink()


def _labels_gone(world: Path, env: Env) -> None:
    shutil.rmtree(world / "labels")


def _labels_not_yet(world: Path, env: Env) -> None:
    history(world, "UPDATE evaluation SET labelled = 0")
    _labels_stopped(world, env)


def _damaged(world: Path, env: Env) -> None:
    with (world / ".lamplighter" / "history.db").open("r+b") as file:
        for page in range(4, 40, 3):
            file.seek(page * 4096)
            file.write(b"\xa7" * 2048)


def _stopped(world: Path, env: Env) -> None:
    history(world, "DELETE FROM run WHERE window_start > (SELECT min(window_start) FROM run)")


def _failed(world: Path, env: Env) -> None:
    history(world, "UPDATE run SET status = 'failed', message = 'the log is not there'")


def _of_the_future(world: Path, env: Env) -> None:
    moment = round((datetime.now(UTC) + timedelta(days=2)).timestamp() * 1e6)
    history(world, f"UPDATE run SET known_on = {moment} WHERE id = (SELECT max(id) FROM run)")


def _pointer(world: Path, env: Env) -> None:
    edit(world / ".lamplighter" / "models" / "churn" / "champion.json", '"version": "v1"', '"version": "v0"')


def _weights(world: Path, env: Env) -> None:
    (world / ".lamplighter" / "models" / "churn" / "v1" / "weights.txt").write_text("0.7")


def _profiles(world: Path, env: Env) -> None:
    shutil.rmtree(world / ".lamplighter" / "profiles")


def _home_a_file(world: Path, env: Env) -> None:
    shutil.rmtree(world / ".lamplighter")
    (world / ".lamplighter").write_text("")


def _left(world: Path, env: Env) -> None:
    left = world / ".lamplighter" / "spool" / "churn-1"
    left.mkdir(parents=True)
    (left / "rows.parquet").write_bytes(b"x" * 5000)
    for path in (left / "rows.parquet", left):
        os.utime(path, (0, 0))


def _refused(world: Path, env: Env) -> None:
    key = "model, subject, event, known_on, target"
    history(
        world,
        f"INSERT INTO outbox ({key}, severity, title, body, report) "
        "VALUES ('churn', 'f1', 'opened', 0, 't', 'warning', 'f1 fails', '', '')",
        f"INSERT INTO delivery ({key}, status, attempts, attempted_at, error) "
        "VALUES ('churn', 'f1', 'opened', 0, 't', 'failed', 2, 0, 'json://... did not take it: refused')",
    )


def _set(name: str, value: str) -> Callable[[Path, Env], None]:
    return lambda world, env: env.setenv(name, value)


def _write(old: str, new: str) -> Callable[[Path, Env], None]:
    return lambda world, env: edit(world / "monitors" / "churn.yaml", old, new)


BROKEN: dict[str, Broken] = {
    "a key that is unknown": (_write("features:", "fetures:"), "fault", "monitors", "churn.yaml:9: unknown key"),
    "the log is gone": (_feed_gone, "fault", "sources", "monitors/churn.yaml:4: log/day={day}.parquet matches no file"),
    "the log stopped": (_feed_stopped, "warning", "sources", "is the log still written?"),
    "a column has another name": (_write("time: at", "time: sent"), "fault", "sources", "churn.yaml:5: "),
    "labels stopped": (_labels_stopped, "fault", "labels", "look at what writes them: earlier windows had labels"),
    "labels that are gone": (_labels_gone, "fault", "labels", "churn.yaml:8: "),
    "labels that never came": (_labels_not_yet, "warning", "labels", "churn.yaml:8: "),
    "labels have another column": (_write("churned", "left"), "fault", "labels", "no column 'left'"),
    "a server that is not there": (
        _set("LAMPLIGHTER_HISTORY_URL", "postgresql+psycopg://jo:s3cret@127.0.0.1:1/history"),
        "fault",
        "history",
        "start the database",
    ),
    "an older schema": (
        lambda world, env: history(world, "UPDATE alembic_version SET version_num = '0007'"),
        "warning",
        "history",
        "is 2 migrations behind; back it up (`lamplighter backup`); the next run migrates it",
    ),
    "a newer schema": (
        lambda world, env: history(world, "UPDATE alembic_version SET version_num = '9998'"),
        "fault",
        "history",
        "was written by a newer Lamplighter",
    ),
    "a damaged file": (_damaged, "fault", "integrity", "restore a back-up"),
    "no runs any longer": (_stopped, "fault", "runs", "was due; start the worker or the timer, then `lamplighter back"),
    "a run that failed": (_failed, "fault", "runs", "the newest run failed: the log is not there"),
    "a clock that was ahead": (_of_the_future, "fault", "clock", "set the clock right, then `lamplighter prune churn`"),
    "a pointer that was changed": (_pointer, "fault", "registry", "names v0, and v1 is champion"),
    "a model that was changed": (_weights, "fault", "registry", "is not what was registered"),
    "profiles that are lost": (_profiles, "warning", "profiles", "3 of 3 profiles that the history names are gone"),
    "a home that others read": (
        lambda world, env: (world / ".lamplighter").chmod(0o755) or (world / ".lamplighter/history.db").chmod(0o644),
        "fault",
        "modes",
        "history.db: others than its owner may read it; chmod -R go= '",
    ),
    "a home that is a file": (_home_a_file, "fault", "disk", "is no folder"),
    "what a killed run left": (_left, "warning", "disk", "spool/churn-1: 5.0 kB that a killed run left"),
    "a URL that apprise does not know": (
        _write("json://", "jsno://"),
        "fault",
        "notify",
        "churn.yaml:11: apprise knows no URL such as the 1. one (jsno://...)",
    ),
    "a message that none took": (_refused, "fault", "messages", "1 message waits that no target took: json://... did"),
    "no Pushgateway": (
        _set("LAMPLIGHTER_PUSHGATEWAY_URL", "127.0.0.1:1"),
        "fault",
        "gauges",
        "start it, or mend LAMPLIGHTER_PUSHGATEWAY_URL",
    ),
    "no folder for textfiles": (_set("LAMPLIGHTER_TEXTFILE_DIR", "none"), "fault", "gauges", "is no folder; make it"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_each_broken_set_up_is_named(world: Path, monkeypatch: Env, case: str) -> None:
    assert_named(world, monkeypatch, BROKEN[case])


def test_the_command_that_mends_runs_that_stopped_does(world: Path, monkeypatch: Env) -> None:
    _stopped(world, monkeypatch)
    (fix,) = (it["fix"] for it in looked(world) if it["check"] == "runs")
    command = re.findall("`lamplighter (.+?)`", fix)[0].split()
    assert run("-C", world, *command).exit_code == 0
    assert [it["state"] for it in looked(world) if it["check"] == "runs"] == ["ok"]


def test_a_history_on_a_server(world: Path, postgresql_url: str, monkeypatch: Env) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", postgresql_url)
    shutil.rmtree(world / ".lamplighter")
    assert next(it["what"] for it in looked(world) if it["check"] == "history").endswith("the first run makes them")
    open_history(Project.open(world))
    said = {it["check"]: (it["state"], it["what"]) for it in looked(world)}
    assert said["history"][0] == "ok"
    assert re.fullmatch(r"postgresql\+psycopg://.* is of this version, [\d.]+ MB", said["history"][1])
    assert said["clock"] == ("ok", "agrees with the database")
    assert said["integrity"] == ("not used", "only a SQLite file is looked at; PostgreSQL has pg_amcheck")

    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", f"{postgresql_url}&options=-cdefault_transaction_read_only%3Don")
    [(state, check, line), _] = wrong(world)
    assert (state, check) == ("fault", "history")
    assert line.endswith("cannot be written; it is a standby or read-only; name the primary as LAMPLIGHTER_HISTORY_URL")


def test_a_clock_that_is_wrong_is_said(world: Path, postgresql_url: str, monkeypatch: Env) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", postgresql_url)
    open_history(Project.open(world))
    monkeypatch.setattr("tasks.doctor.of_history.CLOCKS_APART", timedelta(microseconds=-1))
    [(state, _, line)] = [it for it in wrong(world) if it[1] == "clock"]
    assert (state, "the database; have both set by NTP" in line) == ("fault", True)


def test_little_room_is_said(world: Path, monkeypatch: Env) -> None:
    monkeypatch.setattr("tasks.doctor.of_project.SCARCE", 1 << 62)
    assert [it[:2] for it in wrong(world)] == [("warning", "disk")]
    monkeypatch.setattr("tasks.doctor.of_project.GONE", 1 << 62)
    [(state, _, said)] = wrong(world)
    assert (state, "are left; free some" in said) == ("fault", True)


@needs_pushgateway
def test_a_pushgateway_that_forgot(world: Path, monkeypatch: Env) -> None:
    port = free_port()
    monkeypatch.setenv("LAMPLIGHTER_PUSHGATEWAY_URL", f"127.0.0.1:{port}")
    with pushgateway(port=port):
        assert wrong(world) == []
        publish(Project.open(world), "churn", [Sample("lamplighter_data_rows", 3.0)])
        assert wrong(world) == []
        said = [it["what"] for it in looked(world) if it["check"] == "gauges"]
        assert [text.partition(" at ")[0] for text in said] == [
            "the Pushgateway answers",
            "agrees with the Pushgateway",
            "its gauges were published",
        ]
        later = datetime.now(UTC).timestamp() + 3600
        os.utime(world / ".lamplighter" / "gauges" / "churn.prom", (later, later))
        assert "and a run published newer ones" in wrong(world)[0][2]
    with pushgateway(port=port):
        [(state, check, said_of_it)] = wrong(world)
    assert (state, check) == ("fault", "gauges")
    assert "`lamplighter run churn` pushes them; start the Pushgateway with --persistence.file" in said_of_it


def test_what_hangs_does_not_stop_the_others(world: Path, monkeypatch: Env) -> None:
    with hostile_server(HTTP["silent"]) as address:
        monkeypatch.setenv("LAMPLIGHTER_PUSHGATEWAY_URL", address)
        rows = looked(world, "--seconds", "0.7")
    hung = [it for it in rows if it["state"] == "fault"]
    assert [(it["check"], it["what"]) for it in hung] == [("gauges", "no answer within 0.7 s")]
    assert {it["check"] for it in rows} == {check.name for check in CHECKS} | {"labels"}


def test_a_time_that_is_no_number(world: Path) -> None:
    assert "nan is not in the range 0.1<=x<=3600" in mistake("-C", world, "doctor", "--seconds", "nan")


def test_what_a_look_raises_is_its_own_fault(world: Path, monkeypatch: Env) -> None:
    def broken(*_: object) -> None:
        raise KeyError("at")

    monkeypatch.setattr("storage.inspection.source_check.check_sources", broken)
    assert [it[:2] for it in wrong(world)] == [("fault", "sources")]


def test_a_message_is_sent_only_if_asked_for(world: Path) -> None:
    with http_receiver() as receiver:
        edit(world / "monitors" / "churn.yaml", "json://127.0.0.1:1", f"json://{receiver.url}")
        assert (wrong(world), receiver.got) == ([], [])
        assert wrong(world, "--send-test") == []
        assert receiver.titles == ["churn: a test message"]
    assert ("fault", "notify") in [it[:2] for it in wrong(world, "--send-test")]


def test_a_model_that_is_not_there(world: Path) -> None:
    assert mistake("-C", world, "doctor", "chum").startswith("lamplighter: ")
    assert "did you mean 'churn'?" in mistake("-C", world, "doctor", "chum")


def test_one_model_and_many(world: Path) -> None:
    for number in range(20):
        text = looked_world.MONITOR.replace("model: churn", f"model: m{number}")
        (world / "monitors" / f"m{number}.yaml").write_text(
            text.replace("time: at", "time: sent" if number == 7 else "time: at")
        )
    assert {it["model"] for it in looked(world, "m3")} == {"", "m3"}
    lines = [line for line in doctor(world).stdout.splitlines() if " sources " in line]
    assert len(lines) == 2
    assert lines[0].startswith("fault     sources    m7: monitors/m7.yaml:5: ")
    assert lines[1] == "ok        sources    20 models"
    (line,) = [line for line in doctor(world).stdout.splitlines() if " schedule " in line]
    assert line.startswith("not used  schedule   21 models: PREFECT_API_URL is not set; ")


def test_prefect_is_not_imported_without_a_server(world: Path) -> None:
    script = (
        "import sys\nfrom lamplighter.cli import cli\n"
        f"try: cli(['-C', {str(world)!r}, 'doctor'])\n"
        "except SystemExit as end: sys.exit(end.code or 'prefect' in sys.modules or 'evidently' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
