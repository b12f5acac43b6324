"""What is known of a flight two hours before: counted by hand, and blind to what comes later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from examples.flights import data
from examples.flights.features import CATEGORICAL, FEATURES, NUMERIC, WEATHER, features

NOW = pd.Timestamp("2013-02-08T17:00Z")
"""Noon of a day on which snow closed the airports: long queues, many flights cancelled."""


@pytest.fixture(scope="module")
def year() -> pd.DataFrame:
    return data.flights()


@pytest.fixture(scope="module")
def flights(year: pd.DataFrame) -> pd.DataFrame:
    days = year["scheduled_at"].between(NOW - pd.Timedelta(days=2), NOW + pd.Timedelta(days=1))
    return year[days].reset_index(drop=True)


@pytest.fixture(scope="module")
def weather() -> pd.DataFrame:
    return data.weather()


def test_every_flight_of_the_year_has_its_own_id(year: pd.DataFrame) -> None:
    assert len(year) == 336_776
    assert year["request_id"].is_unique
    assert (year["scheduled_at"] - year["predicted_at"] == pd.Timedelta(hours=2)).all()


def test_ids_tell_the_local_time_of_departure(year: pd.DataFrame) -> None:
    summer = year[year["request_id"] == "2013-07-04-AA-707-LGA-0600"]
    assert summer["scheduled_at"].tolist() == [pd.Timestamp("2013-07-04T10:00Z")]
    winter = year[year["request_id"] == "2013-01-01-UA-1545-EWR-0515"]
    assert winter["scheduled_at"].tolist() == [pd.Timestamp("2013-01-01T10:15Z")]


def test_every_feature_is_declared_once(flights: pd.DataFrame, weather: pd.DataFrame) -> None:
    table = features(flights, weather)
    assert list(table) == FEATURES
    assert sorted(CATEGORICAL + NUMERIC) == sorted(FEATURES)
    assert all(pd.api.types.is_numeric_dtype(table[column]) for column in NUMERIC)
    assert all(pd.api.types.is_string_dtype(table[column]) for column in CATEGORICAL)


def test_the_future_moves_nothing(flights: pd.DataFrame, weather: pd.DataFrame) -> None:
    predicted = flights["predicted_at"] <= NOW
    before = features(flights, weather)[predicted]

    rng = np.random.default_rng(0)
    other = flights.copy()
    unknown = ~(flights["departed_at"] <= NOW)  # later, or never
    departed = NOW + pd.to_timedelta(rng.integers(1, 600, unknown.sum()), unit="m")
    other.loc[unknown, "departed_at"] = departed
    other.loc[unknown, "departure_delay"] = (departed - other.loc[unknown, "scheduled_at"]).dt.total_seconds() / 60
    other["arrival_delay"] = rng.normal(size=len(other))
    other["landed_at"] = pd.NaT
    storm = weather.copy()
    storm.loc[weather["hour"] + pd.Timedelta(hours=1) > NOW, WEATHER] = rng.normal(size=7)

    changed = features(other, storm)
    pd.testing.assert_frame_equal(changed[predicted], before)
    assert not changed[~predicted].equals(features(flights, weather)[~predicted])  # what was changed does matter


def test_the_queue_is_what_one_would_count(flights: pd.DataFrame, weather: pd.DataFrame) -> None:
    table = features(flights, weather)
    for row in np.random.default_rng(0).choice(np.flatnonzero(flights["predicted_at"] > NOW), 200):
        now = flights["predicted_at"][row]
        since = now - pd.Timedelta(hours=3)
        here = flights[flights["origin"] == flights["origin"][row]]

        left = here[(here["departed_at"] > since) & (here["departed_at"] <= now)]
        overdue = here[(here["scheduled_at"] > since) & (here["scheduled_at"] <= now) & ~(here["departed_at"] <= now)]
        assert table["queue_flights"][row] == len(left)
        assert table["queue_overdue"][row] == len(overdue)
        assert table["queue_delay"][row] == pytest.approx(left["departure_delay"].mean(), nan_ok=True)


def test_weather_is_of_the_last_hour_that_was_over(flights: pd.DataFrame, weather: pd.DataFrame) -> None:
    flight = flights.index[flights["predicted_at"] == pd.Timestamp("2013-02-08T17:59Z")][0]
    here = weather[weather["origin"] == flights["origin"][flight]].set_index("hour")
    expected = here.loc[pd.Timestamp("2013-02-08T16:00Z"), WEATHER]
    assert features(flights, weather).loc[flight, WEATHER].tolist() == pytest.approx(expected.tolist(), nan_ok=True)


def test_a_gap_in_the_weather_stays_a_gap(flights: pd.DataFrame, weather: pd.DataFrame) -> None:
    table = features(flights, weather[weather["origin"] != "JFK"])
    assert table.loc[flights["origin"] == "JFK", WEATHER].isna().all(axis=None)
    assert table.loc[flights["origin"] != "JFK", "temp"].notna().all()
