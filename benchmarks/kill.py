"""Kills at random: a run that requests a retraining, or a rollback, dies at some moment and is started again.

Each trial copies a small project, kills the process at a moment drawn evenly over the time that the work takes, and
starts it again. The last line is JSON: trials whose promotion or message never came (`lost`), those with more than one
promotion, messages that came twice, and histories that are not those of an undisturbed run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from storage.history import database, open_history
from storage.history.promotions import promotions
from storage.history.query import dump
from storage.project.folder import Project
from tests.flows import loop_world
from tests.flows.loop_world import DAY, ROLLBACK_DAY, one_run
from tests.flows.processes import forked
from tests.receivers import Receiver, http_receiver


@dataclass(frozen=True)
class Scene:
    """A project just before a run, the day of that run, the titles of its messages, and the history without a kill."""

    origin: Path
    day: date
    titles: set[str]
    seconds: float
    record: dict[str, list[Any]]

    @classmethod
    def of(cls, origin: Path, day: date, titles: set[str]) -> Scene:
        """Run the window undisturbed."""
        with tempfile.TemporaryDirectory() as name:
            project = Project.open(shutil.copytree(origin, Path(name) / "world"))
            begun = time.perf_counter()
            assert ended(forked(lambda: one_run(project, day))) == 0
            return cls(origin, day, titles, time.perf_counter() - begun, record_of(project))


def record_of(project: Project) -> dict[str, list[Any]]:
    """All that is recorded, but how windows stand: the fingerprints of their files hold paths and times."""
    return {name: rows for name, rows in dump(open_history(project)).items() if name != "evaluation"}


def ended(child: int) -> int:
    """Wait for a process; returns its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def trial(scene: Scene, wait: float, receiver: Receiver) -> Counter[str]:
    """Kill a run after a while and start it again; returns what came of it, empty where the run was quicker."""
    with tempfile.TemporaryDirectory() as name:
        project = Project.open(shutil.copytree(scene.origin, Path(name) / "world"))
        before, seen = len(promotions(open_history(project), "turning")), len(receiver.got)
        open_history(project).engine.dispose()
        child = forked(lambda: one_run(project, scene.day))
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
        if ended(child) == 0:
            return Counter()
        assert ended(forked(lambda: one_run(project, scene.day))) == 0
        database._ENGINES.clear()
        promoted = len(promotions(open_history(project), "turning")) - before
        messages = Counter(content["title"] for _, content in receiver.got[seen:])
        return Counter(
            kills=1,
            lost=promoted == 0 or not scene.titles <= set(messages),
            double_promotions=promoted > 1,
            double_messages=sum(count - 1 for count in messages.values()),
            other_histories=record_of(project) != scene.record,
        )


def main() -> None:
    """Kill as often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    drawn = random.Random(arguments.seed)
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name, http_receiver() as receiver:
        base = Path(name)
        loop_world.eve(base / "turned", f"notify: json://{receiver.url}\n", adopted=True)
        loop_world.worsen(Project.open(shutil.copytree(base / "turned", base / "worsened")))
        scenes = [
            Scene.of(base / "turned", DAY, {"turning: accuracy-below fails", "turning: retraining promoted"}),
            Scene.of(base / "worsened", ROLLBACK_DAY, {"turning: probation rolled back"}),
        ]
        while total["kills"] < arguments.kills:
            scene = scenes[total["kills"] % 2]
            total.update(trial(scene, drawn.uniform(0, scene.seconds), receiver))
    names = ("kills", "lost", "double_promotions", "double_messages", "other_histories")
    print(json.dumps({name: total[name] for name in names}))


if __name__ == "__main__":
    main()
