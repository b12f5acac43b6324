"""What the closed loop earns: the flights of 2013, predicted by a frozen champion, by monthly refits, by an adaptive
learner, and by the champions that the loop's own decisions made. The last line is JSON.
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
from examples.flights.replay import Service, run_loop, trainings
from examples.flights.serve import write_labels
from examples.flights.train import train_champions
from storage.project.folder import Project

FLIGHTS = Path(contest.__file__).parent
APRIL = dt.date(2013, 4, 1)


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
        project = Project.open(folder)
        train_champions(folder / "data" / "models")
        write_labels(APRIL, arguments.to, folder / "data")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
            others = beside.submit(contest.other_ways, folder / "data", arguments.to)
            run_loop(Service(project, arguments.to), APRIL, arguments.to, tell=print)
            started = trainings(project)
            results = {**others.result(), "loop": contest.loop(folder / "data", len(started), arguments.to)}
    for entry in started:
        print(entry.known_on.date(), entry.status.value, entry.gained, f"({entry.cause})", entry.reason)
    for name, found in contest.as_json(results).items():
        print(f"{name:9s} {found}")
    summary = {
        "gain_share": round(contest.gain_share(results), 3),
        "retrainings": len(started),
        "roc_auc": {name: round(found.roc_auc, 4) for name, found in results.items()},
        "f1": {name: round(found.f1, 4) for name, found in results.items()},
        "seconds": round(time.perf_counter() - begun),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
