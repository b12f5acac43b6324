"""Evidently at work without telemetry and without chatter."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def quiet() -> Iterator[None]:
    """Import and run Evidently in here: it sends no usage data, and its warnings about its own workings are not shown.

    The environment keeps ``DO_NOT_TRACK=1`` afterwards, because Evidently may look at it at any time; warnings and
    numpy's floating-point errors are handled as before.
    """
    os.environ["DO_NOT_TRACK"] = "1"
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
