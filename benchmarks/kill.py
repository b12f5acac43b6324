"""Kills at random: a night that calls for a retraining, or for a rollback, dies at some moment and is started again.

Each trial copies a small project, kills the process at a moment drawn evenly over the time that the work takes, and
starts it again until it ends. The last line is JSON: trials whose promotion or message never came (`lost`), those with
more than one promotion, and messages that came twice.
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
from datetime import date, timedelta
from pathlib import Path

from flows.nights import walk_nights, windows_between
from storage.history import database, open_history
from storage.history.promotions import promotions
from storage.project import Project
from tasks.adopt import adopt
from tests.flows import loop_world
from tests.flows.loop_world import NIGHT, one_night
from tests.flows.processes import forked
from tests.receivers import Receiver, http_receiver

ROLLBACK_NIGHT = NIGHT + timedelta(days=4)
"""When what the new champion answered has matured for as long as it was compared on."""


def made(folder: Path, receiver: Receiver) -> Project:
    """The project on the eve of its retraining."""
    monitor = loop_world.MONITOR.replace("below: 0.6", "below: 0.01")
    project = loop_world.make(folder, f"{monitor}notify: json://{receiver.url}\n")
    first = folder / "first"
    first.mkdir()
    (first / "model.json").write_text('{"sign": 1}')
    adopt(project, project.monitor("turning"), first, "first", date(2025, 2, 1), date(2025, 2, 28))
    walked(project, loop_world.FIRST, NIGHT - timedelta(days=1))
    changed(project, "below: 0.01", "below: 0.6")
    return project


def worsened(folder: Path, origin: Path) -> Project:
    """The same after a promotion that the world has turned back on, on the eve of the rollback."""
    project = Project.open(shutil.copytree(origin, folder))
    one_night(project)
    loop_world.serve(folder, -1, promotions(open_history(project), "turning")[-1].version, NIGHT + timedelta(days=1))
    loop_world.turn_back(folder, NIGHT + timedelta(days=1))
    changed(project, "below: 0.6", "below: 0.01")
    walked(project, NIGHT + timedelta(days=1), ROLLBACK_NIGHT - timedelta(days=1))
    return project


def walked(project: Project, first: date, last: date) -> None:
    """Walk nights that call for nothing."""
    monitor = project.monitor("turning")
    for night in walk_nights(project, monitor, windows_between(monitor, first, last)):
        assert not night.fault, night.fault


def changed(project: Project, old: str, new: str) -> None:
    """Change the monitor."""
    path = project.root / "monitors" / "turning.yaml"
    path.write_text(path.read_text().replace(old, new))


def seconds_of(origin: Path, day: date) -> float:
    """How long the work takes when nobody kills it."""
    with tempfile.TemporaryDirectory() as name:
        project = Project.open(shutil.copytree(origin, Path(name) / "world"))
        begun = time.perf_counter()
        child = forked(lambda: one_night(project, day))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return time.perf_counter() - begun


def trial(origin: Path, day: date, wait: float, receiver: Receiver) -> tuple[bool, int, Counter[str]]:
    """Kill once and start again; returns whether it was killed, the new promotions, and how often each message came."""
    with tempfile.TemporaryDirectory() as name:
        project = Project.open(shutil.copytree(origin, Path(name) / "world"))
        before, seen = len(promotions(open_history(project), "turning")), len(receiver.got)
        open_history(project).engine.dispose()
        child = forked(lambda: one_night(project, day))
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        again = forked(lambda: one_night(project, day))
        assert os.waitstatus_to_exitcode(os.waitpid(again, 0)[1]) == 0
        database._ENGINES.clear()
        new = len(promotions(open_history(project), "turning")) - before
        return killed, new, Counter(content["title"] for _, content in receiver.got[seen:])


def main() -> None:
    """Kill as often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    drawn = random.Random(arguments.seed)
    killed = lost = doubled = twice = 0
    with tempfile.TemporaryDirectory() as name, http_receiver() as receiver:
        base = Path(name)
        made(base / "turned", receiver)
        worsened(base / "worsened", base / "turned")
        scenes = [
            (base / "turned", NIGHT, {"turning: accuracy-below fails", "turning: retraining promoted"}),
            (base / "worsened", ROLLBACK_NIGHT, {"turning: probation rolled back"}),
        ]
        spans = [seconds_of(origin, day) for origin, day, _ in scenes]
        for i in range(arguments.kills):
            origin, day, wanted = scenes[i % 2]
            died, promoted, messages = trial(origin, day, drawn.uniform(0, spans[i % 2]), receiver)
            killed += died
            lost += promoted == 0 or not wanted <= set(messages)
            doubled += promoted > 1
            twice += sum(count - 1 for count in messages.values())
    told = {"kills": killed, "lost": lost, "double_promotions": doubled, "double_messages": twice}
    print(json.dumps(told | {"trials": arguments.kills, "seconds": [round(span, 1) for span in spans]}))


if __name__ == "__main__":
    main()
