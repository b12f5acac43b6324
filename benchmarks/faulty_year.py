"""The flights of April to December 2013 with five faults of the data and one of the model, back-filled once.

A fault is done to the files on the evening before its day is run, so that no earlier run sees it.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from examples.flights.data import TIMEZONE
from examples.flights.faults import FAULTS
from examples.flights.features import FEATURES
from examples.flights.model import Model
from examples.flights.replay import TRAINED
from examples.flights.rows import KEYS, local_day, predicted
from examples.flights.serve import predict_late, write_labels
from examples.flights.table import table
from examples.flights.train import VERSION, train
from flows.fleet import backfill_models
from lamplighter.serving import PredictionLog
from storage.project.folder import Project

FLIGHTS = Path(__file__).parents[1] / "examples" / "flights"
FIRST, LAST = dt.date(2013, 4, 1), dt.date(2013, 12, 31)
MODEL = "flight-delays"
ONE_DAY = dt.timedelta(days=1)
DONE = "year.json"
"""Written last: a folder that has it need not be made again."""


@dataclass(frozen=True)
class Event:
    """Something that goes wrong in the year.

    Attributes
    ----------
    what : str
    first, last : date
        The days whose files it changes; for labels the days on which they arrive.
    is_of_model : bool
        Whether the data stay sound, and only the model becomes worse.
    reaches_back : int
        Days before the first one whose quality it changes: their labels arrive on the days of the event.
    """

    what: str
    first: dt.date
    last: dt.date
    is_of_model: bool = False
    reaches_back: int = 0

    @property
    def windows(self) -> tuple[dt.date, dt.date]:
        """The first and the last window that shows it."""
        return self.first - self.reaches_back * ONE_DAY, self.last

    @property
    def days(self) -> list[dt.date]:
        """Every day of it."""
        return [self.first + number * ONE_DAY for number in range((self.last - self.first).days + 1)]


CHANGE = Event("each day's answers in another order", dt.date(2013, 10, 1), LAST, is_of_model=True)
"""The service sorts the flights of a day by carrier before it asks the model, and does not sort the answers back.

Inputs and answers have the distributions that they had; only the truth shows it. ROC-AUC falls to 0.50.
"""

EVENTS = (
    Event("a weather feed that freezes", dt.date(2013, 5, 14), dt.date(2013, 5, 16)),
    Event("miles turned kilometres", dt.date(2013, 6, 11), dt.date(2013, 6, 13)),
    Event("yesterday's file delivered again", dt.date(2013, 7, 16), dt.date(2013, 7, 16)),
    Event("a tenth of a column null", dt.date(2013, 8, 13), dt.date(2013, 8, 13)),
    Event("labels shifted by a day", dt.date(2013, 9, 3), dt.date(2013, 9, 3), reaches_back=3),
    CHANGE,
)


@dataclass(frozen=True)
class Year:
    """The project with the history of the year.

    Attributes
    ----------
    project : Project
    seconds : float
        How long the back-fill took, whenever it was.
    """

    project: Project
    seconds: float


def faulty_year(folder: Path, say: Callable[[str], None], last: dt.date = LAST) -> Year:
    """The history of the year in a folder, made there unless it is there already.

    Parameters
    ----------
    folder : Path
    say : callable
        Gets a line for each step.
    last : date
        The year may end earlier.

    Raises
    ------
    RuntimeError
        If a day cannot be run.
    """
    project = _project(folder)
    done, wanted = folder / DONE, {"last": str(last), "events": repr(EVENTS)}
    if done.exists() and (kept := json.loads(done.read_text(encoding="utf-8"))).items() >= wanted.items():
        return Year(project, kept["seconds"])
    done.unlink(missing_ok=True)
    shutil.rmtree(project.home, ignore_errors=True)
    shutil.rmtree(folder / "data" / "predictions", ignore_errors=True)
    shutil.rmtree(folder / "data" / "labels", ignore_errors=True)
    _serve(folder / "data", last, say)
    say(f"back-fill {FIRST} to {last}")
    begun = time.perf_counter()
    for begin, end in spans(last):
        for fault in (FAULTS[event.what] for event in EVENTS if not event.is_of_model and begin in event.days):
            fault(folder / "data" / "predictions" / "late", folder / "data" / "labels", begin)
        _back_fill(project, begin, end)
    seconds = time.perf_counter() - begun
    done.write_text(json.dumps({**wanted, "seconds": round(seconds, 1)}), encoding="utf-8")
    return Year(project, seconds)


def _project(folder: Path) -> Project:
    (folder / "monitors").mkdir(parents=True, exist_ok=True)
    for name in ("_defaults.yaml", f"{MODEL}.yaml"):
        shutil.copy(FLIGHTS / "monitors" / name, folder / "monitors" / name)
    return Project.open(folder)


def _serve(data: Path, last: dt.date, say: Callable[[str], None]) -> None:
    """Log what the service answered, and what came true."""
    place = data / "models" / "late"
    if not (place / "reference.parquet").exists():
        say(f"train {MODEL} on January to March")
        train(predicted(*TRAINED), place, VERSION)
    say(f"serve {FIRST} to {last}")
    model = Model.load(place)
    predict_late(FIRST, min(last, CHANGE.first - ONE_DAY), model, data, "late")
    if last >= CHANGE.first:
        _serve_disordered(CHANGE.first, last, model, data / "predictions" / "late")
    write_labels(FIRST, last, data)


def _serve_disordered(first: dt.date, last: dt.date, model: Model, log: Path) -> None:
    """Give each flight of a day the answer to another one."""
    flights = predicted(first, last)
    by_day = flights.assign(day=local_day(flights["predicted_at"]))
    asked = by_day.sort_values(["day", "carrier", "request_id"]).index
    answers = model.answer(flights.loc[asked]).set_axis(flights.index)
    rows = pd.concat([flights[KEYS], answers, flights[FEATURES]], axis=1)
    PredictionLog(log, timezone=TIMEZONE).write(table(rows), name="served")


def spans(last: dt.date) -> list[tuple[dt.date, dt.date]]:
    """The days of the year in spans that begin with the days of faults."""
    days = [day for event in EVENTS if not event.is_of_model for day in event.days]
    starts = sorted({FIRST, *(day for day in days if day <= last)})
    return list(zip(starts, [*(start - ONE_DAY for start in starts[1:]), last], strict=True))


def _back_fill(project: Project, first: dt.date, last: dt.date) -> None:
    [done] = backfill_models(project, [MODEL], first, last, reports=0, processes=1, announce=lambda step: None)
    if not done.is_sound:
        raise RuntimeError("; ".join(done.faults))
