"""A retraining or a rollback that is killed between any two steps, or done by two at once, ends as one undisturbed."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flows.run_retraining import RetrainStages, bring_to_end
from storage.history import model_lock, open_history
from storage.history.promotions import promotions
from storage.history.query import dump
from storage.project.folder import Project
from storage.registry.versions import Registry
from tasks.retraining import roll_back
from tasks.retraining.job import Retraining
from tasks.retraining.request import request_retraining
from tests.flows.conftest import Templates
from tests.flows.loop_world import DAY, ROLLBACK_DAY, call, ledger, logical_date, one_run
from tests.flows.processes import die, forked, in_child
from tests.long_cases import long_but_for

SCENES = {
    "retraining": ("turned_template", DAY, "2025-03-23"),
    "rollback": ("worsened_template", ROLLBACK_DAY, "first"),
}
TABLES = ("decision", "incident", "retraining", "promotion", "model_version", "measurement")

Scene = tuple[Project, Project, date, str]


@pytest.fixture(params=long_but_for(SCENES, ["retraining"]))
def scene(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Scene:
    """A project just before it, the same after an undisturbed run, the day of that run, and its champion."""
    name, day, version = SCENES[request.param]
    template = request.getfixturevalue(name)

    def undisturbed(folder: Path) -> Project:
        project = Project.open(shutil.copytree(template, folder))
        one_run(project, day)
        return project

    project = Project.open(shutil.copytree(template, tmp_path / "disturbed"))
    return project, Project.open(templates(("undisturbed", name), undisturbed)), day, version


def assert_alike(project: Project, undisturbed: Project, version: str) -> None:
    """The same history, and a pointer to the champion, whose files are whole."""
    found, wanted = dump(open_history(project)), dump(open_history(undisturbed))
    for name in TABLES:
        assert found[name] == wanted[name], name
    pointer = json.loads((project.home / "models" / "turning" / "champion.json").read_text())
    assert pointer["version"] == version
    Registry(project.home, open_history(project), "turning").verified(version)
    assert not list((project.home / "spool").glob("*.*"))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", long_but_for(["train", "challenge", "promote"], ["promote"]))
def test_killed_at_a_step(scene: Scene, step: str, moment: str) -> None:
    project, undisturbed, day, version = scene
    one_run(project, day, with_retraining=False)
    request_retraining(logical_date(project, day))
    plain = RetrainStages.plain()

    def deadly(argument: Any) -> Any:
        if moment == "after":
            getattr(plain, step)(argument)
        return die()

    def work() -> None:
        work_on = Retraining.of(project, project.monitor("turning"), ledger(project)[-1])
        bring_to_end(work_on, replace(plain, **{step: deadly}))

    assert in_child(work) == signal.SIGKILL
    one_run(project, day)
    assert_alike(project, undisturbed, version)


@pytest.mark.parametrize("statement", long_but_for(range(1, 13, 2), [5]))
def test_killed_before_a_statement_of_the_database(scene: Scene, statement: int) -> None:
    project, undisturbed, day, version = scene
    one_run(project, day, with_retraining=False)
    assert in_child(lambda: counted_out(statement, lambda: one_run(project, day, is_present=False))) == signal.SIGKILL
    one_run(project, day)
    assert_alike(project, undisturbed, version)


def counted_out(statement: int, work: Callable[[], object]) -> None:
    """Do some work, and die before a statement that writes."""

    def count_down(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        nonlocal statement
        statement -= sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "BEGIN"))
        if not statement:
            die()

    sa.event.listen(sa.Engine, "before_cursor_execute", count_down)
    work()


def test_two_at_once_end_as_one(scene: Scene) -> None:
    project, undisturbed, day, version = scene
    children = [forked(lambda: one_run(project, day)) for _ in range(2)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    assert_alike(project, undisturbed, version)


def test_by_hand_while_another_process_is_at_it(turned: Project) -> None:
    """A person's retraining does not wait: it says that one is under way."""
    one_run(turned, with_retraining=False)
    request_retraining(logical_date(turned))
    engine = open_history(turned).engine
    with model_lock("retraining", "turning", engine, turned.home / "locks", 0):
        code, output = call(turned, "retrain", "turning", "--now", "2025-03-23T09:00")
    assert (code, output) == (2, "turning: nothing is retrained: the retraining of 2025-03-23 is under way\n")
    assert len(ledger(turned)) == 1


@pytest.mark.parametrize(("moment", "done"), [("promote", False), ("repair_pointer", True)])
def test_a_rollback_by_hand_that_is_killed_is_done_or_not(worsened: Project, moment: str, done: bool) -> None:
    before = len(promotions(open_history(worsened), "turning"))

    def work() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(roll_back if moment == "promote" else Registry, moment, die)
            call(worsened, "rollback", "turning")

    assert in_child(work) == signal.SIGKILL
    assert len(promotions(open_history(worsened), "turning")) == before + done
    assert (call(worsened, "rollback", "turning")[0] == 0) is not done
    one_run(worsened, ROLLBACK_DAY)
    pointer = json.loads((worsened.home / "models" / "turning" / "champion.json").read_text())
    assert pointer["version"] == "first"
