"""What is known of a flight two hours before it should leave: its schedule, the weather, the queue at the airport."""

from __future__ import annotations

import numpy as np
import pandas as pd

from examples.flights.data import TIMEZONE

CATEGORICAL = ["carrier", "origin", "dest", "weekday"]

WEATHER = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]

QUEUE = ["queue_delay", "queue_flights", "queue_overdue"]

NUMERIC = ["distance", "minute_of_day", *WEATHER, *QUEUE]

FEATURES = [*CATEGORICAL, *NUMERIC]

WINDOW = pd.Timedelta(hours=3)
"""How far the queue looks back. One hour is nearly empty in the early morning; half a day has forgotten the morning."""


def features(flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """Return the columns `FEATURES`, one row per flight; nothing that happens after ``predicted_at`` moves them."""
    table = flights[["carrier", "origin", "dest", "distance"]].copy()
    local = flights["scheduled_at"].dt.tz_convert(TIMEZONE)
    table["weekday"] = local.dt.day_name()
    table["minute_of_day"] = (local.dt.hour * 60 + local.dt.minute).astype("int64")
    table[WEATHER] = _weather(flights, weather)
    table[QUEUE] = _queue(flights)
    return table[FEATURES]


def _weather(flights: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """Return the weather at the origin in the last hour that was over when the flight was predicted."""
    hour = flights["predicted_at"].dt.floor("h") - pd.Timedelta(hours=1)
    keys = pd.DataFrame({"origin": flights["origin"], "hour": hour})
    return keys.merge(weather, on=["origin", "hour"], how="left", validate="m:1").set_index(flights.index)[WEATHER]


def _queue(flights: pd.DataFrame) -> pd.DataFrame:
    """Return the state of the queue at the flight's airport, as seen when the flight is predicted.

    ``queue_delay`` and ``queue_flights`` are the mean departure delay and the number of the flights that left in the
    window before; ``queue_overdue`` counts those that should have left in it and still stand there (whether they will
    ever leave is not known yet).
    """
    return pd.concat([_queue_of_airport(group) for _, group in flights.groupby("origin")]).reindex(flights.index)


def _queue_of_airport(flights: pd.DataFrame) -> pd.DataFrame:
    now = _instants(flights["predicted_at"])
    since = now - WINDOW.to_numpy()

    left = flights[flights["departed_at"].notna()].sort_values("departed_at")
    first, last = (np.searchsorted(_instants(left["departed_at"]), edge, side="right") for edge in (since, now))
    number = last - first
    # Delays are whole minutes, so their running sums are exact and so are the differences.
    delays = np.concatenate([[0.0], np.cumsum(left["departure_delay"].to_numpy())])
    mean = np.divide(delays[last] - delays[first], number, out=np.full(len(now), np.nan), where=number > 0)

    # A flight is overdue from its scheduled departure until it leaves or falls out of the window: of such intervals,
    # as many hold an instant as have begun by then, less those that have ended.
    begin = flights["scheduled_at"]
    end = flights["departed_at"].fillna(begin + WINDOW).clip(begin, begin + WINDOW)
    begun, ended = (np.searchsorted(np.sort(_instants(edge)), now, side="right") for edge in (begin, end))

    return pd.DataFrame(dict(zip(QUEUE, (mean, number, begun - ended), strict=True)), index=flights.index)


def _instants(column: pd.Series) -> np.ndarray:
    """Return UTC instants as numpy's, which can be searched."""
    return column.to_numpy("datetime64[us]")
