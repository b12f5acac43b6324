"""How high the sun stands, and how much light that leaves."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np

TIMEZONE = "Europe/Berlin"
LATITUDE, LONGITUDE = 52.5, 13.4

HEIGHTS = (-18.0, -12.0, -6.0, -4.0, -2.0, 0.0, 5.0, 15.0, 30.0, 60.0)
LUX = (0.001, 0.008, 3.4, 20.0, 110.0, 400.0, 4_000.0, 15_000.0, 40_000.0, 90_000.0)
"""Light of the sky under few clouds, about as tables of illuminance have it for these heights of the sun."""


def sun_height(when: dt.datetime) -> float:
    """Degrees of the sun above the horizon, right to about half a degree.

    Parameters
    ----------
    when : datetime
        With a zone.

    Examples
    --------
    >>> round(sun_height(dt.datetime(2025, 6, 21, 11, 8, tzinfo=dt.UTC)))  # 90 - 52.5 + 23.4
    61
    >>> -1.5 < sun_height(dt.datetime(2025, 10, 26, 15, 48, tzinfo=dt.UTC)) < 0.5  # when almanacs say that it sets
    True
    """
    utc = when.astimezone(dt.UTC)
    day = utc.timetuple().tm_yday + (utc.hour - 12) / 24
    turn = 2 * math.pi * (day - 1) / 365
    tilt = math.radians(-23.44) * math.cos(2 * math.pi * (day + 10) / 365)
    # How far a sundial and a clock are apart, in minutes.
    sundial = 229.2 * (
        0.000075
        + 0.001868 * math.cos(turn)
        - 0.032077 * math.sin(turn)
        - 0.014615 * math.cos(2 * turn)
        - 0.040849 * math.sin(2 * turn)
    )
    minutes = utc.hour * 60 + utc.minute + utc.second / 60 + sundial + 4 * LONGITUDE
    hour = math.radians(minutes / 4 - 180)
    latitude = math.radians(LATITUDE)
    return math.degrees(
        math.asin(math.sin(latitude) * math.sin(tilt) + math.cos(latitude) * math.cos(tilt) * math.cos(hour))
    )


def sky_lux(height: float, cloud: float = 0.0) -> float:
    """Light of the sky on the ground.

    Parameters
    ----------
    height : float
        Degrees of the sun above the horizon.
    cloud : float
        From 0, a few, to 1, overcast, which leaves about a fifth.
    """
    clear = 10 ** float(np.interp(height, HEIGHTS, np.log10(LUX)))
    return float(clear * 0.2**cloud)
