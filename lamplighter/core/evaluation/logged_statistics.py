"""Statistics of images that a service logged: whether they are what their table says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamplighter.core.counts import counted
from lamplighter.core.numbers import number_text, range_text
from lamplighter.core.quality.arrays import Bools, Floats
from lamplighter.core.quality.scores import SLACK
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.image_statistics import IMAGE_STATISTICS, LUMINANCE, SHARE

OTHER_SCALES = {LUMINANCE: (255, "0 to 255"), SHARE: (100, "percent")}
"""The largest number and the name of the scale that a unit is often logged in."""

MAY_LACK = ("image_crop_", "image_sharpness")
"""Statistics without a value in any image of a window, such as one without objects or without edges."""


def is_outside(name: str, values: Floats) -> Bools:
    """Which values a statistic cannot have; one that is a little off by rounding is none of them.

    Examples
    --------
    >>> is_outside("image_brightness", np.array([0.5, 120.0, np.nan, 1.000001]))
    array([False,  True, False, False])
    """
    row = IMAGE_STATISTICS[name]
    lowest = -np.inf if row.lower is None else row.lower - SLACK
    highest = np.inf if row.upper is None else row.upper + SLACK
    # Infinite values are named as such.
    outside: Bools = np.isfinite(values) & ((values < lowest) | (values > highest))
    return outside


def logged_findings(name: str, values: Floats) -> Iterator[Finding]:
    """What is wrong with the values of a column.

    Parameters
    ----------
    name : str
        Of the statistic.
    values : array of shape (n_rows,)
        As they were logged.

    Examples
    --------
    >>> for found in logged_findings("image_brightness", np.array([0.5, 120.0, 130.0])):
    ...     print(found.message)
    column 'image_brightness' lies outside 0 to 1 in 2 of 3 rows, from 120 to 130, which count as not measured; divide \
    by 255 what is logged as 0 to 255
    """
    row, outside = IMAGE_STATISTICS[name], is_outside(name, values)
    if count := int(outside.sum()):
        low, high = float(values[outside].min()), float(values[outside].max())
        held = f"below {number_text(row.lower or 0)}"
        if row.upper is not None:
            held = f"outside {range_text(row.lower or 0, row.upper)}"
        what = f"column {name!r} lies {held} in {count:,} of {counted(len(values), 'row')}"
        most, scale = OTHER_SCALES.get(row.unit, (0, ""))
        cure = f"divide by {most} what is logged as {scale}" if low >= 0 and high <= most else "log what its table says"
        message = f"{what}, from {range_text(low, high)}, which count as not measured; {cure}"
        yield Finding(Code.IMAGES_ODD, name, message)
    elif len(values) and np.isnan(values).all() and not name.startswith(MAY_LACK):
        what = f"column {name!r} is logged and has no number in any of {counted(len(values), 'row')}"
        cure = "log it, or leave the column out; with images.path a run measures it"
        yield Finding(Code.IMAGES_ODD, name, f"{what}; {cure}")
