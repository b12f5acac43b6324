"""A project of the flights that is ready to be served: monitors, a first champion, and some days that were evaluated.

``python -m examples.flights.prepare FOLDER``
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from examples.flights.demo import prepared
from examples.flights.replay import LOOP, TRAINED, Service, run_loop
from examples.flights.rows import predicted
from examples.flights.serve import write_labels
from examples.flights.train import VERSION, train
from storage.project.folder import Project

FIRST, LAST = date(2013, 4, 1), date(2013, 4, 7)
"""Days that are evaluated before the service begins, so that there is something to show beside it."""

SERVED = date(2013, 4, 14)
"""The last day whose flights are answered; what comes after `LAST` waits for runs by hand."""


def prepare(folder: Path, first: date = FIRST, last: date = LAST) -> Project:
    """Train the first champion, take it into the registry, serve and evaluate some days; done before is not repeated.

    Parameters
    ----------
    folder : Path
        Becomes a project folder.
    first, last : date
        Days in New York.
    """
    project = prepared(folder, LOOP)
    late = folder / "data" / "models" / "late"
    if not (late / "reference.parquet").exists():
        train(predicted(*TRAINED), late, VERSION)
    write_labels(first, max(last, SERVED), folder / "data")
    run_loop(Service(project, max(last, SERVED)), first, last, print)
    return project


def main() -> None:
    """Prepare the folder that is named."""
    parser = argparse.ArgumentParser(description="Prepare a project of the flights to serve.")
    parser.add_argument("folder", type=Path)
    project = prepare(parser.parse_args().folder.resolve())
    print(f"{project.root}: ready; its champion is in {project.home / 'models' / LOOP}")


if __name__ == "__main__":
    main()
