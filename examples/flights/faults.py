"""What breaks in real life, done to a day of the flights: feeds, units, deliveries, nulls and joins.

Each takes the folder of the log, that of the labels, and a day, and changes the files of that day.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from examples.flights.features import WEATHER
from examples.flights.table import table

KILOMETRES = 1.609344
ONE_DAY = dt.timedelta(days=1)


def freeze_weather(log: Path, labels: Path, day: dt.date) -> None:
    """The weather of each airport stays what it was when the day before ended."""
    last = _read(log, day - ONE_DAY).sort_values("predicted_at").groupby("origin")[WEATHER].last()
    rows = _read(log, day)
    _write(log, day, rows.assign(**{name: rows["origin"].map(last[name]) for name in WEATHER}))


def miles_to_kilometres(log: Path, labels: Path, day: dt.date) -> None:
    """Distances come in another unit."""
    rows = _read(log, day)
    _write(log, day, rows.assign(distance=rows["distance"] * KILOMETRES))


def yesterday_again(log: Path, labels: Path, day: dt.date) -> None:
    """The file of the day before is delivered in place of the day's own."""
    for path in _folder(log, day).glob("*.parquet"):
        path.unlink()
    for path in _folder(log, day - ONE_DAY).glob("*.parquet"):
        shutil.copy(path, _folder(log, day) / path.name)


def a_tenth_null(log: Path, labels: Path, day: dt.date) -> None:
    """A tenth of the humidities are lost."""
    rows = _read(log, day)
    lost = np.random.default_rng(0).random(len(rows)) < 0.1
    _write(log, day, rows.assign(humid=rows["humid"].mask(lost)))


def labels_of_another_day(log: Path, labels: Path, day: dt.date) -> None:
    """The truth that arrives on the day is joined to the flights of the day after the right one."""
    rows = _read(labels, day)
    # An id begins with the day of the flight.
    dates = pd.to_datetime(rows["request_id"].str[:10]) + ONE_DAY
    shifted = rows.assign(request_id=dates.dt.strftime("%Y-%m-%d") + rows["request_id"].str[10:])
    _write(labels, day, shifted)


FAULTS: dict[str, Callable[[Path, Path, dt.date], None]] = {
    "a weather feed that freezes": freeze_weather,
    "miles turned kilometres": miles_to_kilometres,
    "yesterday's file delivered again": yesterday_again,
    "a tenth of a column null": a_tenth_null,
    "labels shifted by a day": labels_of_another_day,
}


def _folder(place: Path, day: dt.date) -> Path:
    return place / f"day={day}"


def _read(place: Path, day: dt.date) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted(_folder(place, day).glob("*.parquet"))])


def _write(place: Path, day: dt.date, rows: pd.DataFrame) -> None:
    (path,) = _folder(place, day).glob("*.parquet")
    pq.write_table(table(rows), path)
