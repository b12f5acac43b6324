"""How the truth of a flight arrives: days later, sometimes wrong at first, sometimes never."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pandas as pd

from examples.flights.data import TIMEZONE
from examples.flights.rows import LATE, local_day

DAYS = {1: 0.598, 2: 0.300, 3: 0.100, 5: 0.002}
"""Share of labels by the days after the prediction on which they arrive; five are later than the monitors wait."""

NEVER = 0.01
"""Share of the flights that landed and whose label gets lost."""

WRONG = 0.005
"""Share of labels that are wrong at first and corrected a day later."""


def labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of flights in the order in which they arrive; the same flights have the same labels, always.

    Returns
    -------
    DataFrame
        ``request_id``, ``labelled_at`` (UTC), ``was_late`` (0 or 1), ``arrival_delay`` (minutes). A corrected flight
        has two rows. Flights that never landed where they should have none.
    """
    landed = rows[rows["was_late"].notna()]
    lost, day, second, wrong = _draws(landed["request_id"]).T
    truth = pd.DataFrame(
        {
            "request_id": landed["request_id"],
            "labelled_at": _arrivals(landed, day, second),
            "was_late": landed["was_late"].astype("int64"),
            "arrival_delay": landed["arrival_delay"],
        }
    )

    # What arrives on the third day stays as it is, so that every correction comes while the monitors still wait.
    kept = lost >= NEVER
    amended = kept & (wrong < WRONG) & (day < DAYS[1] + DAYS[2])
    right = truth[amended]
    mistaken = right.assign(was_late=1 - right["was_late"], arrival_delay=(1 - right["was_late"]) * 3.0 * LATE)
    corrected = right.assign(labelled_at=right["labelled_at"] + pd.Timedelta(days=1))

    arrived: pd.DataFrame = pd.concat([truth[kept & ~amended], mistaken, corrected])
    return arrived.sort_values(["labelled_at", "request_id"], ignore_index=True)


def _arrivals(landed: pd.DataFrame, day: np.ndarray, second: np.ndarray) -> pd.Series:
    """Return when labels arrive: from 6 to 23 o'clock in New York, and at the earliest an hour after the landing."""
    later = np.array(list(DAYS))[np.searchsorted(np.cumsum(list(DAYS.values()))[:-1], day, side="right")]
    wall = local_day(landed["predicted_at"]) + pd.to_timedelta(later, unit="D") + pd.Timedelta(hours=6)
    wall += pd.to_timedelta((second * 17 * 3600).astype("int64"), unit="s")
    arrival: pd.Series = wall.dt.tz_localize(TIMEZONE).dt.tz_convert("UTC").dt.as_unit("us")
    soonest = landed["landed_at"] + pd.Timedelta(hours=1)
    return arrival.where(arrival >= soonest, soonest)


def _draws(ids: pd.Series) -> np.ndarray:
    """Return four numbers of [0, 1) for each id, that look random and depend on nothing but the id."""
    digests = b"".join(blake2b(name.encode(), digest_size=16).digest() for name in ids)
    return np.frombuffer(digests, dtype=">u4").reshape(-1, 4) / 2.0**32
