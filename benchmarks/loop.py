"""What the closed loop earns: the flights of 2013, predicted by a frozen champion, by monthly refits, by an adaptive
learner, and by whoever the loop's own decisions made champion. The last line is JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from examples.flights import contest
from examples.flights.replay import LOOP, Service, walk_loop
from examples.flights.serve import write_labels
from examples.flights.train import train_champions
from lamplighter.core.retraining import Purpose, Status
from storage.history import open_history
from storage.history.retrainings import entries
from storage.project import Project

FLIGHTS = Path(contest.__file__).parent
APRIL = dt.date(2013, 4, 1)


def play(folder: Path, last: dt.date) -> int:
    """Walk the loop through the year; returns how many models it trained."""
    project = Project.open(folder)
    walk_loop(Service(project, last), APRIL, last, tell=print)
    ledger = [entry for entry in entries(open_history(project), LOOP) if entry.status is not Status.VETOED]
    for entry in ledger:
        night, purpose, status = entry.known_on.date(), entry.purpose.value, entry.status.value
        told = (night, purpose, status, entry.gained, entry.cause, entry.reason)
        print(*(part for part in told if part))
    return sum(entry.purpose is Purpose.RETRAINING for entry in ledger)


def main() -> None:
    """Play and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=dt.date.fromisoformat, default=contest.LAST)
    parser.add_argument("--folder", type=Path, help="keep what is written there")
    arguments = parser.parse_args()
    os.environ["DO_NOT_TRACK"] = "1"
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = (arguments.folder or Path(name)).resolve()
        shutil.copytree(FLIGHTS / "monitors", folder / "monitors", dirs_exist_ok=True)
        shutil.copy(FLIGHTS / "trainer.py", folder / "trainer.py")
        champion = train_champions(folder / "data" / "models").late
        write_labels(contest.BEGIN, arguments.to, folder / "data")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            others = {
                "monthly": pool.submit(contest.monthly, champion, folder / "monthly", arguments.to),
                "adaptive": pool.submit(contest.adapting, arguments.to),
            }
            trainings = play(folder, arguments.to)
            results = {
                "frozen": contest.frozen(champion, arguments.to),
                **{name: future.result() for name, future in others.items()},
                "loop": contest.loop(folder / "data", trainings, arguments.to),
            }
    for name, found in contest.as_json(results).items():
        print(f"{name:9s} {found}")
    told = {
        "gain_share": round(contest.gain_share(results), 3),
        "retrainings": trainings,
        "roc_auc": {name: round(found.roc_auc, 4) for name, found in results.items()},
        "f1": {name: round(found.f1, 4) for name, found in results.items()},
        "seconds": round(time.perf_counter() - begun),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
