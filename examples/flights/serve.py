"""The service, simulated: answers the flights of a day, logs what it answered, and later learns the truth.

::

    folder/predictions/late/day=2013-04-01/part-served.parquet     by the day of the prediction
    folder/predictions/delay/day=2013-04-01/part-served.parquet
    folder/labels/day=2013-04-02/part-truth.parquet                by the day on which the label arrived
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from examples.flights.data import TIMEZONE
from examples.flights.features import FEATURES
from examples.flights.labels import labels
from examples.flights.model import Model, Models
from examples.flights.rows import KEYS, predicted
from examples.flights.table import table
from lamplighter.serving import PredictionLog


def predict_day(day: dt.date, models: Models, folder: Path) -> int:
    """Answer the flights that are predicted on a day in New York; returns their number. Repeating it replaces."""
    return predict_days(day, day, models, folder)


def predict_days(start: dt.date, end: dt.date, models: Models, folder: Path) -> int:
    """Answer the flights of all days from `start` to `end`, as `predict_day` would one by one, but faster."""
    flights = predicted(start, end)
    _log(flights, models.late, folder / "predictions" / "late")
    _log(flights, models.delay, folder / "predictions" / "delay")
    return len(flights)


def predict_late(start: dt.date, end: dt.date, model: Model, folder: Path, log: str) -> int:
    """Answer the flights of some days by one classifier, into a log of its own; returns their number."""
    flights = predicted(start, end)
    _log(flights, model, folder / "predictions" / log)
    return len(flights)


def predict_delay(start: dt.date, end: dt.date, model: Model, folder: Path) -> int:
    """Answer the flights of some days by the regression; returns their number."""
    flights = predicted(start, end)
    _log(flights, model, folder / "predictions" / "delay")
    return len(flights)


def log_reference(model: Model, folder: Path, model_folder: Path, log: str) -> int:
    """Log what a model answered out of fold on the days that it was trained on, as if it had served them."""
    answered = pd.read_parquet(model_folder / "reference.parquet").drop(columns=["was_late"])
    PredictionLog(folder / "predictions" / log, timezone=TIMEZONE).write(table(answered), name="served")
    return len(answered)


def write_labels(start: dt.date, end: dt.date, folder: Path, place: str = "labels") -> int:
    """Write the truth of the flights predicted from `start` to `end`; returns the number of labels.

    One file per day of arrival holds all labels of these flights, so the days of a folder are written in one call.
    """
    truth = labels(predicted(start, end))
    PredictionLog(folder / place, time="labelled_at", timezone=TIMEZONE).write(table(truth), name="truth")
    return len(truth)


def write_year(
    folder: Path,
    models: Models,
    *,
    start: dt.date = dt.date(2013, 4, 1),
    end: dt.date = dt.date(2013, 12, 31),
) -> int:
    """Write the predictions of all days and their truth, as often as you like; returns the number of flights."""
    number = predict_days(start, end, models, folder)
    write_labels(start, end, folder)
    return number


def _log(flights: pd.DataFrame, model: Model, folder: Path) -> None:
    answered = pd.concat([flights[KEYS], model.answer(flights), flights[FEATURES]], axis=1)
    PredictionLog(folder, timezone=TIMEZONE).write(table(answered), name="served")
