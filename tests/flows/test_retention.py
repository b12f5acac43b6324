"""`lamplighter prune --retention`: what goes, what stays, and that what is left is judged the same."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from lamplighter.core.checks.messages import Message
from lamplighter.core.monitor import Reference, Severity
from storage.history import model_lock, open_history, tables
from storage.history.outbox import DeliveryStatus, mark, put, waiting
from storage.history.query import dump
from storage.profiles.store import ProfileStore
from storage.project.folder import Project
from storage.upkeep.retention import expired, remove
from tests.flows import small_world
from tests.flows.conftest import Prepared
from tests.flows.small_world import day, incidents, run_days
from tests.lamplighter.cli.called import run as call
from tests.storage.history.recorded import WINDOW, decided, measured, ran, write
from tests.storage.history.recorded import day as number_of

CHECKED = (
    small_world.MONITOR
    + """
checks:
  - {metric: accuracy, falls: 5%, versus: {mean: 3d}}
  - {metric: f1, below: {quantile: 0.05, of: 5d}, for: 2 of 3 days}
  - {metric: missing_ratio, feature: amount, above: {quantile: 0.9, of: 5d}}
"""
)
DAYS = 38
NOW = datetime.combine(day(DAYS + 1), datetime.min.time(), UTC)


@pytest.fixture(autouse=True)
def _short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that look back over fewer windows, so that something may go of five weeks."""
    monkeypatch.setattr("storage.history.windows.RECENT_WINDOWS", 6)
    for module in ("storage.history.baselines", "storage.upkeep.needed"):
        monkeypatch.setattr(f"{module}.USUAL_WINDOWS", 6)
        monkeypatch.setattr(f"{module}.SAME_PHASE_WINDOWS", 1)
    monkeypatch.setattr("storage.history.baselines.PAST_WINDOWS", 5)
    for module in ("lamplighter.core.checks.judging", "storage.history.check_history"):
        monkeypatch.setattr(f"{module}.clearing_windows", lambda check: 4)


@pytest.fixture
def long(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The model after five weeks, all of which may go that is not read any longer."""

    def make(folder: Path) -> Project:
        project = small_world.make(folder, CHECKED)
        run_days(project, range(DAYS), {3: worse})
        return project

    monkeypatch.setenv("LAMPLIGHTER_KEEP_HISTORY_DAYS", "1")
    monkeypatch.setenv("LAMPLIGHTER_KEEP_PROFILES_DAYS", "1")
    return prepared("long", make)


def worse(frame: pd.DataFrame) -> pd.DataFrame:
    """Answers that are wrong."""
    return frame.assign(answer=1 - frame["answer"], score=1 - frame["score"])


def nulls(frame: pd.DataFrame) -> pd.DataFrame:
    """A column that is half empty."""
    return frame.assign(amount=frame["amount"].where(frame.index % 2 == 0))


def grow_old(home: Path) -> None:
    """Make every file of profiles as old as it will be some days later."""
    for path in (home / "profiles").rglob("*.arrow"):
        os.utime(path, (0, 0))


def prune(project: Project) -> None:
    grow_old(project.home)
    history = open_history(project)
    found = expired(project, history, [project.monitor("m")], NOW)
    assert found.rows["m"].keys() >= {"measurement", "evaluation", "profile", "run", "decision"}
    assert found.profiles
    remove(project, history, found)
    again = expired(project, history, [project.monitor("m")], NOW)
    assert (again.rows, again.profiles) == ({}, [])


def later(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    """Run some more days, of which some are bad; what is recorded of them."""
    run_days(project, range(DAYS, DAYS + 6), {DAYS + 1: nulls, DAYS + 2: worse, DAYS + 3: worse, DAYS + 4: worse})
    history, found = open_history(project), {}
    for name, column in {"measurement": "window_start", "decision": "known_on", "finding": "window_start"}.items():
        table = tables.metadata.tables[name]
        query = sa.select(table).where(table.c[column] >= NOW - timedelta(days=1))
        with history.reading() as connection:
            found[name] = sorted((tuple(row) for row in connection.execute(query)), key=repr)
    return found | {"incident": [it for it in incidents(project) if it[1] >= DAYS]}


@pytest.mark.long
def test_what_was_measured_of_images_goes_with_the_profiles_of_its_day_unless_it_is_a_reference(long: Project) -> None:
    kept = long.home / "image-statistics" / "m" / "v1"
    for number in (0, 1, DAYS - 1):
        (kept / str(day(number))).mkdir(parents=True)
    history, monitor = open_history(long), long.monitor("m")
    assert expired(long, history, [monitor], NOW).images == [kept / str(day(0)), kept / str(day(1))]
    fixed = monitor.model_copy(update={"reference": Reference.model_validate({"days": f"{day(3)}..{day(4)}"})})
    assert expired(long, history, [fixed], NOW).images == [kept / str(day(0)), kept / str(day(1))]
    own = monitor.model_copy(update={"reference": Reference.model_validate({"days": f"{day(1)}..{day(4)}"})})
    assert expired(long, history, [own], NOW).images == []
    remove(long, history, expired(long, history, [monitor], NOW))
    assert [path.name for path in kept.iterdir()] == [str(day(DAYS - 1))]


def test_what_is_left_is_judged_the_same(long: Project, tmp_path: Path) -> None:
    pruned = Project.open(shutil.copytree(long.root, tmp_path / "pruned"))
    prune(pruned)
    with open_history(pruned).reading() as connection:
        first = connection.scalar(sa.select(sa.func.min(tables.measurement.c.window_start)))
    assert day(0) < first.date() <= day(8)

    wanted, found = later(long), later(pruned)
    assert {row[8] for row in wanted["decision"]} >= {"passed", "failed"}
    assert found == wanted
    assert len(wanted["incident"]) > 1


def test_one_that_is_killed_is_done_again(long: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    grow_old(long.home)
    history, monitors = open_history(long), [long.monitor("m")]
    found = expired(long, history, monitors, NOW)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            remove(long, history, found)
    left = expired(long, history, monitors, NOW)
    assert (left.rows, left.profiles) == ({}, found.profiles)
    remove(long, history, left)
    assert not expired(long, history, monitors, NOW)
    with history.reading() as connection:
        named = set(connection.scalars(sa.select(tables.profile.c.content_hash)))
    assert {path.stem for path in long.home.glob("profiles/??/*.arrow")} >= named - {""}


def test_what_an_open_incident_is_about_stays(long: Project) -> None:
    history = open_history(long)
    with history.writing() as connection:
        closed = {"closed_on": None, "ending": ""}
        connection.execute(sa.update(tables.incident).where(tables.incident.c.check_name != "data").values(**closed))
    assert incidents(long)[0][2] is None
    found = expired(long, history, [long.monitor("m")], NOW)
    assert "incident" not in found.rows.get("m", {})
    assert found.rows.get("m", {}).get("measurement", 0) == 0


def test_the_settings_keep_the_history_by_default(long: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HISTORY", "PROFILES"):
        monkeypatch.delenv(f"LAMPLIGHTER_KEEP_{name}_DAYS")
    project = Project.open(long.root)
    grow_old(project.home)
    assert not expired(project, open_history(project), [project.monitor("m")], NOW)


def test_postgresql_forgets_the_same(postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", postgresql_url)
    monkeypatch.setenv("LAMPLIGHTER_KEEP_HISTORY_DAYS", "1")
    project = small_world.make(tmp_path)
    history = open_history(project)
    write(history, tables.measurement, [measured(start, start + 1) for start in range(200)])
    write(history, tables.decision, [decided(known) for known in range(1, 200)])
    state = {"rows": 9, "labelled": 9, "state": "final", "predictions": "", "labels": ""}
    evaluated = [
        {
            **WINDOW,
            **state,
            "window_start": number_of(start),
            "window_end": number_of(start + 1),
            "known_on": number_of(start + 1),
        }
        for start in range(200)
    ]
    write(history, tables.evaluation, evaluated)
    put_on = number_of(1)
    with history.writing() as connection:
        put(connection, put_on, [Message("m", "f1", "opened", Severity.WARNING, "f1", "")], ["a", "b"])
    mark(history, waiting(history, "m")[0], DeliveryStatus.DELIVERED, put_on)
    found = expired(project, history, [project.monitor("m")], number_of(201))
    counts = found.rows["m"]
    assert counts["outbox"] == counts["delivery"] == 1
    assert 100 < counts["measurement"] == counts["evaluation"] < 195
    remove(project, history, found)
    assert not expired(project, history, [project.monitor("m")], number_of(201))
    assert len(dump(history)["measurement"]) == 200 - counts["measurement"]
    assert len(waiting(history, "m")) == 1


# Through the command.


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project with reports, and what a killed run left."""
    small_world.make(tmp_path / "reported")
    home = tmp_path / "reported" / ".lamplighter"
    for name in ("m/2024-01-01.html", "m/2024-01-02.html", "m/2024-01-03.html", "m/2024-01-04.html", "m/new.html"):
        (home / "reports" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "reports" / name).write_text("x" * 1000)
    (home / "spool" / "run-1").mkdir(parents=True)
    (home / "spool" / "run-1" / "rows.parquet").write_text("x" * 3000)
    (home / "spool" / "run-2").mkdir()
    old = [*(home / "reports" / "m").glob("2024*"), home / "spool" / "run-1" / "rows.parquet", home / "spool" / "run-1"]
    for path in old:
        os.utime(path, (0, 0))
    return home


def test_old_reports_and_spools_go(home: Path) -> None:
    project = Project.open(home.parent)
    history = open_history(project)
    message = Message("m", "f1", "opened", Severity.WARNING, "m: f1 fails", "", "reports/m/2024-01-02.html")
    with history.writing() as connection:
        put(connection, NOW, [message], ["team"])
        start = datetime(2024, 1, 3, tzinfo=UTC)
        values = {"model": "m", "check_name": "f1", "opened_on": NOW, "severity": "warning", "window_start": start}
        connection.execute(sa.insert(tables.incident).values(**values))
    options = ("-C", home.parent, "prune", "--retention")
    shown = call(*options)
    assert (shown.exit_code, shown.stdout.splitlines()) == (
        1,
        ["spool: 1, 3.0 kB", "reports: 2, 2.0 kB", "nothing is removed yet, add --yes to remove it"],
    )
    assert call(*options, "--yes").exit_code == 0
    assert sorted(path.name for path in (home / "reports" / "m").iterdir()) == [
        "2024-01-02.html", "2024-01-03.html", "new.html",
    ]  # fmt: skip
    assert [path.name for path in (home / "spool").iterdir()] == ["run-2"]
    again = call(*options)
    assert (again.exit_code, again.stdout.startswith("nothing is older than keep_spool_days")) == (0, True)


def test_of_one_model_only_what_is_its_own_goes(long: Project, home: Path) -> None:
    """Reports, profiles and rows of others stay, and what killed runs left."""
    shutil.copytree(home / "reports", long.home / "reports")
    shutil.copytree(home / "spool", long.home / "spool")
    for name in ("n", "gone"):
        shutil.copytree(home / "reports" / "m", long.home / "reports" / name)
    monitor = (long.root / "monitors" / "m.yaml").read_text()
    (long.root / "monitors" / "n.yaml").write_text(monitor.replace("model: m\n", "model: n\n"))
    (long.home / "profiles" / "00").mkdir(exist_ok=True)
    (long.home / "profiles" / "00" / "00of-none.arrow").write_text("left of a killed run")
    grow_old(long.home)
    before = _state(long)

    assert call("-C", long.root, "prune", "n", "--retention", "--yes").exit_code == 0
    after = _state(long)
    assert before - after == {f"reports/n/2024-01-0{number}.html" for number in (1, 2, 3, 4)}

    assert call("-C", long.root, "prune", "m", "--retention", "--yes").exit_code == 0
    gone = after - _state(long)
    assert {name.split("/")[0] for name in gone} == {"reports", "profiles", "evaluation", "measurement"}
    assert {name.split("/")[1] for name in gone if name.startswith("reports")} == {"m"}
    assert "profiles/00/00of-none.arrow" not in gone

    assert call("-C", long.root, "prune", "--retention", "--yes").exit_code == 0
    left = _state(long)
    assert not {"spool/run-1/rows.parquet", "profiles/00/00of-none.arrow", "reports/gone/2024-01-01.html"} & left


def _state(project: Project) -> set[str]:
    """The files of a home, and the windows that the history has values of."""
    recorded = dump(open_history(project))
    rows = {f"{name}/{row}" for name in ("measurement", "evaluation") for row in recorded[name]}
    files = {path.relative_to(project.home).as_posix() for path in project.home.rglob("*.*") if path.is_file()}
    return rows | {name for name in files if name.split("/")[0] in ("reports", "profiles", "spool")}


@pytest.mark.parametrize("has_monitor", [True, False])
def test_reports_of_open_incidents_stay_also_of_a_model_without_a_monitor(home: Path, has_monitor: bool) -> None:
    project = Project.open(home.parent)
    history = open_history(project)
    start = datetime(2024, 1, 3, tzinfo=UTC)
    values = {"model": "m", "check_name": "f1", "opened_on": NOW, "severity": "warning", "window_start": start}
    write(history, tables.incident, [values])
    write(history, tables.run, [ran(0, window_start=start)])
    other = (project.root / "monitors" / "m.yaml").read_text().replace("model: m\n", "model: other\n")
    (project.root / "monitors" / "other.yaml").write_text(other)
    if not has_monitor:
        (project.root / "monitors" / "m.yaml").unlink()
    assert call("-C", project.root, "prune", "--retention", "--yes").exit_code == 0
    assert {path.name for path in (home / "reports" / "m").iterdir()} == {"2024-01-03.html", "new.html"}


def test_messages_that_wait_stay_and_settled_ones_go(long: Project) -> None:
    history = open_history(long)
    messages = [Message("m", name, "opened", Severity.WARNING, name, "") for name in ("settled", "waits", "refused")]
    at = datetime.combine(day(1), datetime.min.time(), UTC)
    with history.writing() as connection:
        put(connection, at, messages, ["team"])
    entries = {it.message.subject: it for it in waiting(history, "m")}
    mark(history, entries["settled"], DeliveryStatus.DELIVERED, at)
    mark(history, entries["refused"], DeliveryStatus.FAILED, at, "no")
    prune(long)
    with history.reading() as connection:
        assert set(connection.scalars(sa.select(tables.outbox.c.subject))) == {"waits", "refused"}
        assert set(connection.scalars(sa.select(tables.delivery.c.subject))) == {"refused"}


def test_a_run_is_waited_for(long: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_WAIT_SECONDS", "0")
    history = open_history(long)
    with model_lock("run", "m", history.engine, long.home / "locks", 0):
        refused = call("-C", long.root, "prune", "--retention", "--yes")
    assert (refused.exit_code, "another run of this model is at work" in refused.stderr) == (2, True)
    assert dump(history)["measurement"]


def test_a_profile_that_is_written_again_stays(long: Project) -> None:
    grow_old(long.home)
    history, store = open_history(long), ProfileStore(long.home)
    found = expired(long, history, [long.monitor("m")], NOW)
    name = found.profiles[0].stem
    store.save(store.load(name))
    assert name not in {path.stem for path in expired(long, history, [long.monitor("m")], NOW).profiles}


def test_a_broken_monitor_removes_nothing(home: Path) -> None:
    (home.parent / "monitors" / "m.yaml").write_text("model: m\nkin: text\n")
    refused = call("-C", home.parent, "prune", "--retention", "--yes")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert len([*(home / "reports" / "m").iterdir()]) == 5


@pytest.mark.parametrize("arguments", [(), ("--retention", "--after", "2025-01-01", "m")])
def test_what_the_command_does_not_take(home: Path, arguments: tuple[str, ...]) -> None:
    assert call("-C", home.parent, "prune", *arguments).exit_code == 2
