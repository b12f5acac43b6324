"""The flights as the models meet them: keys, features and, in hindsight, the truth."""

from __future__ import annotations

import datetime as dt
from functools import cache

import pandas as pd

from examples.flights import data
from examples.flights.features import features

LATE = 15
"""A flight that lands more than so many minutes after its time is late, as the US authorities count it."""

KEYS = ["request_id", "predicted_at"]

TRUTH = ["was_late", "arrival_delay", "landed_at"]


def predicted(start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return the flights that are predicted from `start` to `end`, both included, as days in New York.

    Returns
    -------
    DataFrame
        `KEYS`, the features, and `TRUTH`, which is null for flights that never landed where they should.
    """
    day = local_day(_year()["predicted_at"])
    return _year()[(day >= pd.Timestamp(start)) & (day <= pd.Timestamp(end))].reset_index(drop=True)


def local_day(instants: pd.Series) -> pd.Series:
    """Return the day in New York of each instant.

    Examples
    --------
    >>> local_day(pd.Series(pd.to_datetime(["2013-04-02T03:59Z"]))).iloc[0]
    Timestamp('2013-04-01 00:00:00')
    """
    days: pd.Series = instants.dt.tz_convert(data.TIMEZONE).dt.tz_localize(None).dt.normalize()
    return days


@cache
def _year() -> pd.DataFrame:
    flights = data.flights()
    was_late = (flights["arrival_delay"] > LATE).astype("Int64").mask(flights["arrival_delay"].isna())
    return pd.concat(
        [
            flights[KEYS],
            features(flights, data.weather()),
            flights[["arrival_delay", "landed_at"]].assign(was_late=was_late)[TRUTH],
        ],
        axis=1,
    )
