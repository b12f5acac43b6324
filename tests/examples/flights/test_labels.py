"""The truth arrives as declared: after days, partly never, sometimes wrong at first."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from examples.flights.labels import DAYS, NEVER, WRONG, labels
from examples.flights.rows import local_day, predicted


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return predicted(dt.date(2013, 10, 1), dt.date(2013, 12, 31))  # over the night in which the clock goes back


@pytest.fixture(scope="module")
def joined(rows: pd.DataFrame) -> pd.DataFrame:
    both = labels(rows).merge(rows, on="request_id", suffixes=("", "_true"), validate="m:1")
    return both.assign(days=(local_day(both["labelled_at"]) - local_day(both["predicted_at"])).dt.days)


def newest(joined: pd.DataFrame) -> pd.DataFrame:
    return joined.sort_values("labelled_at").drop_duplicates("request_id", keep="last")


def test_the_newest_label_is_the_truth(joined: pd.DataFrame) -> None:
    last = newest(joined)
    assert (last["was_late"] == last["was_late_true"]).all()
    assert (last["arrival_delay"] == last["arrival_delay_true"]).all()
    assert (last["was_late"] == (last["arrival_delay"] > 15)).all()


def test_flights_that_never_landed_and_one_in_a_hundred_have_none(rows: pd.DataFrame, joined: pd.DataFrame) -> None:
    landed = rows[rows["was_late"].notna()]
    assert set(joined["request_id"]) <= set(landed["request_id"])
    assert 1 - joined["request_id"].nunique() / len(landed) == pytest.approx(NEVER, abs=0.002)


def test_labels_arrive_after_the_declared_days(joined: pd.DataFrame) -> None:
    first = joined.drop_duplicates("request_id")
    shares = first["days"].value_counts(normalize=True)
    assert set(shares.index) == set(DAYS)
    for days, share in DAYS.items():
        assert shares[days] == pytest.approx(share, abs=0.005)


def test_no_label_arrives_before_the_landing_or_at_night(joined: pd.DataFrame) -> None:
    assert (joined["labelled_at"] >= joined["landed_at"] + pd.Timedelta(hours=1)).all()
    hours = joined["labelled_at"].dt.tz_convert("America/New_York").dt.hour
    assert hours.between(6, 22).mean() > 0.999  # the rest had just landed
    assert hours.nunique() >= 17


def test_corrections_come_a_day_later_and_in_time(joined: pd.DataFrame) -> None:
    amended = joined[joined.duplicated("request_id", keep=False)]
    pairs = amended.groupby("request_id")
    assert (pairs.size() == 2).all()
    assert (pairs["was_late"].nunique() == 2).all()
    assert (pairs["labelled_at"].max() - pairs["labelled_at"].min() == pd.Timedelta(days=1)).all()
    assert amended["days"].max() == 3
    assert len(pairs) / joined["request_id"].nunique() == pytest.approx(WRONG * (DAYS[1] + DAYS[2]), abs=0.001)


def test_labels_depend_on_the_flight_alone(rows: pd.DataFrame) -> None:
    some = rows.sample(frac=0.1, random_state=0)
    expected = labels(rows)
    expected = expected[expected["request_id"].isin(some["request_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(labels(some), expected)


def test_there_may_be_none(rows: pd.DataFrame) -> None:
    cancelled = rows[rows["was_late"].isna()]
    assert len(cancelled) > 1000
    assert labels(cancelled).empty
    assert np.array_equal(labels(cancelled).columns, labels(rows.head()).columns)
