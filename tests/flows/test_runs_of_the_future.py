"""A clock that was wrong once: every run says so, and a command leaves the history as if it had been right."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from lamplighter.core.records.finding import Code
from storage.history import open_history, tables
from storage.history.query import dump
from storage.project.folder import Project
from storage.registry.versions import Registry
from tests.flows import small_world
from tests.flows.conftest import Prepared
from tests.flows.loop_world import call
from tests.flows.processes import die, in_child
from tests.flows.small_world import FIRST, MONITOR, Change, incidents, rows, run, run_days
from tests.storage.history.recorded import write

CHECK = "checks: [{metric: accuracy, below: 0.5, clears: 1}]\n"
AHEAD = (datetime.now(UTC).date() - FIRST).days + 90
"""The day that a clock three months ahead takes for yesterday."""
WRONG: Change = lambda frame: frame.assign(truth=1 - frame["answer"])  # noqa: E731
BROKEN_LABELS: Change = lambda frame: frame.assign(truth=0)  # noqa: E731


def test_a_clock_that_was_ahead(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", MONITOR + CHECK)
    run_days(project, range(2))
    run_days(project, range(2, 3), WRONG)
    before = dump(open_history(project))
    run(project, AHEAD, rows(AHEAD))
    assert dump(open_history(project)) != before
    assert incidents(project) == [("accuracy-below", 2, AHEAD)]
    output = [found for found in run(project, 3, rows(3)).findings if found.code is Code.RUNS_OF_THE_FUTURE]
    until = FIRST + timedelta(days=AHEAD + 1)
    assert f"the history holds runs of the future, up to {until}; until then" in output[0].message
    assert output[0].message.endswith("remove them by `lamplighter prune m`")
    assert incidents(project) == [("accuracy-below", 2, AHEAD)]

    code, shown = call(project, "prune", "m")
    assert (code, "decision 2" in shown, "add --yes" in shown) == (1, True, True)
    assert incidents(project) == [("accuracy-below", 2, AHEAD)]
    assert call(project, "prune", "m", "--after", f"{FIRST + timedelta(days=3)}T12:00", "--yes")[0] == 0
    assert dump(open_history(project)) == before
    assert "nothing is removed" in call(project, "prune", "m", "--yes")[1]
    (outcome,) = run_days(project, range(3, 4))
    assert (outcome.message, incidents(project)) == ("completed", [("accuracy-below", 2, 3)])


@pytest.mark.parametrize(("fault", "check"), [(BROKEN_LABELS, "data"), (WRONG, "accuracy-below")])
def test_what_was_run_in_between_takes_its_effect(tmp_path: Path, fault: Change, check: str) -> None:
    """Decisions are made once; incidents of a time that a run of the future hid are opened by running it again."""
    project = small_world.make(tmp_path / "world", MONITOR + CHECK)
    straight = small_world.make(tmp_path / "straight", MONITOR + CHECK)
    for each in (project, straight):
        run_days(each, range(4))
    run(project, AHEAD, rows(AHEAD))
    run_days(project, range(4, 5), fault)
    run_days(straight, range(4, 5), fault)
    assert incidents(project) == []
    assert call(project, "prune", "m", "--yes")[0] == 0
    run(project, 4)
    assert incidents(project) == incidents(straight) == [(check, 4, None)]
    after = dump(open_history(project))
    # Files are known by where they lie, which is elsewhere.
    assert {**after, "evaluation": []} == {**dump(open_history(straight)), "evaluation": []}
    run(project, 4)
    assert dump(open_history(project)) == after


def test_status_says_that_the_future_hides_the_present(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", MONITOR + CHECK)
    run_days(project, range(2))
    run(project, AHEAD, rows(AHEAD))
    until = FIRST + timedelta(days=AHEAD)
    output = f"runs of the future, up to {until}, which hide the present; if a clock was wrong, remove them by"
    for arguments in ((), ("m",)):
        _, shown = call(project, "status", *arguments)
        assert "runs of the future" in shown
        assert "lamplighter prune m" in shown
        assert "backfill" not in shown
    assert output in call(project, "status")[1]
    assert call(project, "prune", "m", "--yes")[0] == 0
    assert "future" not in call(project, "status")[1]


def test_models_of_the_future_go_with_their_folders(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", MONITOR)
    run_days(project, range(2))
    history, folder = open_history(project), project.home / "models" / "m"
    later = datetime.now(UTC) + timedelta(days=50)
    kept = datetime.combine(FIRST, datetime.min.time(), UTC)
    for version, known_on in (("kept", kept), ("ahead", later), ("early", later)):
        (folder / version).mkdir(parents=True)
        (folder / version / "model.json").write_text(version)
        card = {"model": "m", "version": version, "known_on": known_on, "checksum": "", "card": {}}
        write(history, tables.model_version, [{**card, "trained_since": kept, "trained_until": kept}])
    for number, (version, known_on) in enumerate((("kept", kept), ("ahead", later)), 1):
        promoted = {"model": "m", "number": number, "version": version, "previous": "", "known_on": known_on}
        write(history, tables.promotion, [{**promoted, "cause": ""}])
    Registry(project.home, history, "m").repair_pointer()
    code, shown = call(project, "prune", "m", "--yes")
    assert (code, "removed the folders of the versions ahead, early" in shown) == (0, True)
    assert sorted(path.name for path in folder.iterdir()) == ["champion.json", "kept"]
    assert '"version": "kept"' in (folder / "champion.json").read_text()


def test_other_models_stay(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", MONITOR)
    run(project, AHEAD, rows(AHEAD))
    later = datetime.now(UTC) + timedelta(days=50)
    mute = {"model": "m", "check_name": "data", "until": later, "reason": ""}
    other = {"model": "n", "number": 1, "version": "v", "previous": "", "known_on": later, "cause": ""}
    write(open_history(project), tables.mute, [mute])
    write(open_history(project), tables.promotion, [other])
    assert call(project, "prune", "m", "--yes")[0] == 0
    left = {name: len(rows) for name, rows in dump(open_history(project)).items() if rows}
    assert left == {"mute": 1, "promotion": 1}


def ahead(root: Path) -> Project:
    """Three days, a run of the future, and a model that it trained and promoted."""
    project = small_world.make(root, MONITOR + CHECK)
    run_days(project, range(3), {2: WRONG})
    run(project, AHEAD, rows(AHEAD))
    history, later = open_history(project), datetime.now(UTC) + timedelta(days=50)
    folder = project.home / "models" / "m" / "ahead"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text("ahead")
    card = {"model": "m", "version": "ahead", "known_on": later, "checksum": "", "card": {}}
    write(history, tables.model_version, [{**card, "trained_since": later, "trained_until": later}])
    promoted = {"model": "m", "number": 1, "version": "ahead", "previous": "", "known_on": later, "cause": ""}
    write(history, tables.promotion, [promoted])
    Registry(project.home, history, "m").repair_pointer()
    return project


@pytest.mark.parametrize("statement", [2, 15, 16, 20, 29, 30])
def test_a_prune_that_is_killed_is_completed_by_the_next(prepared: Prepared, statement: int) -> None:
    project = prepared("a clock that was ahead", ahead)
    open_history(project).engine.dispose()

    def work() -> None:
        sa.event.listen(sa.Engine, "before_cursor_execute", counting_down(statement))
        call(project, "prune", "m", "--yes")

    assert in_child(work) == signal.SIGKILL
    call(project, "prune", "m", "--yes")
    left = dump(open_history(project))
    assert left["model_version"] == left["promotion"] == []
    assert [name for name, *_ in incidents(project)] == ["accuracy-below"]
    assert incidents(project)[0][2] is None
    assert not list((project.home / "models" / "m").iterdir())
    assert call(project, "prune", "m", "--yes")[1].endswith("nothing is removed\n")


def counting_down(statement: int) -> Callable[..., None]:
    """What ends the process before a statement of the database."""
    left = iter(range(statement - 1, -1, -1))

    def count(*_: object) -> None:
        if not next(left):
            die()

    return count


@pytest.mark.parametrize("statement", [2, 4, 6, 7])
def test_an_acceptance_that_is_killed_can_be_made_again(sound: Callable[..., Project], statement: int) -> None:
    project = sound(8)
    run_days(project, range(8, 9), lambda frame: frame.assign(amount=frame["amount"] * 100))
    before = dump(open_history(project))
    open_history(project).engine.dispose()

    def work() -> None:
        sa.event.listen(sa.Engine, "before_cursor_execute", counting_down(statement))
        call(project, "incidents", "accept", "m", "--by", "jo")

    assert in_child(work) == signal.SIGKILL
    assert dump(open_history(project)) == before
    assert call(project, "incidents", "accept", "m", "--by", "jo")[0] == 0
    after = dump(open_history(project))
    assert len(after["acceptance"]) == 1
    assert {**after, "acceptance": []} == before
