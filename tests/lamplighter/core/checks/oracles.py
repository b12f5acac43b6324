"""What the limit of every form is by another way: by hand, by numpy, or by a plain sum."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np

from lamplighter.core.monitor.check_forms import Basis, By, Quantile, Sigmas

MONTH = timedelta(days=30)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


PAST = [0.81, 0.79, 0.83, 0.80, 0.77, 0.82, 0.80]
DEVIATION = math.sqrt(sum((value - mean(PAST)) ** 2 for value in PAST) / 6)

ORACLES = {
    "below": [
        (0.4, Basis(), (0.4, None)),
        (Quantile(quantile=0.25, of=MONTH), Basis(PAST), (0.795, None)),
        (Quantile(quantile=0.5, of=MONTH), Basis(PAST, many=5), (float(np.quantile(PAST, 0.1)), None)),
        (Sigmas(sigmas=2, of=MONTH), Basis(PAST), (mean(PAST) - 2 * DEVIATION, None)),
    ],
    "above": [
        (3.0, Basis(), (None, 3.0)),
        (Quantile(quantile=0.95, of=MONTH), Basis(PAST), (None, float(np.quantile(PAST, 0.95)))),
        (Sigmas(sigmas=2, of=MONTH), Basis(PAST), (None, mean(PAST) + 2 * DEVIATION)),
    ],
    "outside": [
        (Sigmas(sigmas=3, of=MONTH), Basis(PAST), (mean(PAST) - 3 * DEVIATION, mean(PAST) + 3 * DEVIATION)),
        (Sigmas(sigmas=3, of=MONTH), Basis([0.0, 0.0, 0.0]), (0.0, 0.0)),
    ],
    "falls": [
        (0.05, Basis(summary=0.8), (0.76, None)),
        (0.05, Basis(summary=-0.8), (-0.84, None)),
        (0.05, Basis(summary=0.0), (0.0, None)),
        (By(by=0.02), Basis(summary=0.8), (0.78, None)),
    ],
    "rises": [
        (0.05, Basis(summary=20.0), (None, 21.0)),
        (0.05, Basis(summary=0.0), (None, 0.0)),
        (2.5, Basis(summary=-2.0), (None, 3.0)),
        (By(by=0.5), Basis(summary=20.0), (None, 20.5)),
    ],
    "slope": [(-0.01, Basis(), (-0.01, None)), (0.01, Basis(), (None, 0.01))],
    "missing": [(timedelta(days=5), Basis(), (None, 0.0))],
}
"""For each form what a check gives, what it is compared with, and the low and the high bound."""
