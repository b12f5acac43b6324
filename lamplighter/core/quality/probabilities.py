"""Logarithmic loss and Brier score: whether scores are right as probabilities."""

from __future__ import annotations

import numpy as np

from lamplighter.core.quality.arrays import Floats
from lamplighter.core.quality.estimates import Case, Estimates, mean
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.scores import Scores

# Scores logged with two decimals add up to 1 within this.
ROUNDING = 0.01


def log_loss(scores: Scores) -> Floats:
    """Minus the logarithm of the probability given to what happened, of shape (n_scored,), >= 0, best 0.

    Probabilities are first moved away from 0 and 1 by the machine epsilon of the scores, as scikit-learn does.

    Examples
    --------
    >>> from lamplighter.core.quality.labels import Labels
    >>> labels = Labels.of(["0", "1"], ["0", "0"])
    >>> log_loss(Scores.of(np.array([0.25, 0.5]), labels))
    array([0.2877, 0.6931])
    """
    given = scores.values[np.arange(len(scores.values)), 0 if scores.is_binary else scores.kind]
    if scores.is_binary:
        given = np.where(scores.answers[:, 0], given, 1 - given)
    loss: Floats = -np.log(np.clip(given, scores.smallest, 1 - scores.smallest))
    return loss


def brier(scores: Scores) -> Floats:
    """Squared distance of the probabilities from the answer, of shape (n_scored,), in [0, 1], best 0.

    With two classes or one of two it is (p - y) ** 2; with more it is the sum over the classes, in [0, 2].

    References
    ----------
    Brier 1950, "Verification of forecasts expressed in terms of probability".

    Examples
    --------
    >>> from lamplighter.core.quality.labels import Labels
    >>> labels = Labels.of(["0", "1"], ["0", "0"])
    >>> brier(Scores.of(np.array([0.25, 0.5]), labels))
    array([0.0625, 0.25  ])
    """
    distance: Floats = np.sum((scores.values - scores.answers) ** 2, axis=1)
    return distance / 2 if len(scores.classes) == 2 else distance


def calibration(scores: Scores, grouping: Grouping) -> dict[str, Estimates]:
    """Mean ``log_loss`` and ``brier`` of every group, with Student's interval."""
    cases = _not_probabilities(scores, grouping)
    highest = {"log_loss": np.inf, "brier": 1.0 if len(scores.classes) < 3 else 2.0}
    found = {}
    for name, loss in (("log_loss", log_loss), ("brier", brier)):
        measured = mean(loss(scores), grouping, 0.0, highest[name])
        found[name] = Estimates(measured.value, measured.n, measured.interval, cases)
    return found


def _not_probabilities(scores: Scores, grouping: Grouping) -> tuple[Case, ...]:
    """Groups whose scores are no probabilities."""
    outside = ((scores.values < 0) | (scores.values > 1)).any(axis=1)
    cases: tuple[Case, ...] = ((grouping.total(outside) > 0, "scores are not probabilities: some lie outside 0..1"),)
    if scores.is_binary:
        return cases
    apart = np.asarray(np.abs(np.sum(scores.values, axis=1) - 1) > ROUNDING)
    return (*cases, (grouping.total(apart) > 0, "scores are not probabilities: of some rows they do not add up to 1"))
