"""Logarithmic loss and Brier score: whether scores are right as probabilities."""

from __future__ import annotations

import numpy as np

from lamplighter.core.quality.arrays import Bools, Floats
from lamplighter.core.quality.estimates import Case, Estimates, mean
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.scores import Scores

HALF_A_PERCENT = 0.005
"""How far a score of two decimals may be from what the model gave; a sum of scores, as far for each."""


def log_loss(scores: Scores) -> Floats:
    """Minus the logarithm of the probability given to what happened, of shape (n_scored,), >= 0, best 0.

    Probabilities are first moved away from 0 and 1 by the machine epsilon of the scores, as scikit-learn does.

    Examples
    --------
    >>> from lamplighter.core.quality.class_codes import ClassCodes
    >>> labels = ClassCodes.of(["0", "1"], ["0", "0"])
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
    >>> from lamplighter.core.quality.class_codes import ClassCodes
    >>> labels = ClassCodes.of(["0", "1"], ["0", "0"])
    >>> brier(Scores.of(np.array([0.25, 0.5]), labels))
    array([0.0625, 0.25  ])
    """
    distance: Floats = np.sum((scores.values - scores.answers) ** 2, axis=1)
    return distance / 2 if len(scores.classes) == 2 else distance


def calibration(scores: Scores, grouping: Grouping) -> dict[str, Estimates]:
    """Mean ``log_loss`` and ``brier`` of every group, with Student's interval.

    A row whose scores are no probabilities is left out, and ``n`` shows it; a group of which most rows are such has no
    value.

    Examples
    --------
    >>> from lamplighter.core.quality.class_codes import ClassCodes
    >>> labels = ClassCodes.of(["0", "1"], ["0", "0"])
    >>> found = calibration(Scores.of(np.array([0.25, 0.5]), labels), Grouping.overall(2))
    >>> {name: estimates.value for name, estimates in found.items()}
    {'log_loss': array([0.4904]), 'brier': array([0.1562])}
    """
    outside, apart = improper(scores)
    cases = _mostly(outside, apart, grouping)
    keep = ~(outside | apart)
    scores, grouping = scores.proper(keep), grouping.rows(keep)
    highest = {"log_loss": np.inf, "brier": 1.0 if len(scores.classes) < 3 else 2.0}
    found = {}
    for name, loss in (("log_loss", log_loss), ("brier", brier)):
        measured = mean(loss(scores), grouping, 0.0, highest[name])
        found[name] = Estimates(measured.value, measured.n, measured.interval, cases)
    return found


def improper(scores: Scores) -> tuple[Bools, Bools]:
    """Rows, of shape (n_scored,), with a score outside of 0 to 1, and those whose scores do not add up to 1.

    Examples
    --------
    >>> from lamplighter.core.quality.class_codes import ClassCodes
    >>> scores = {"a": np.array([0.5, 0.9, -1.0]), "b": np.array([0.5, 0.9, 2.0])}
    >>> outside, apart = improper(Scores.of(scores, ClassCodes.of(["a", "b", "a"], ["a", "b", "a"])))
    >>> outside, apart
    (array([False, False,  True]), array([False,  True, False]))
    """
    low, high = -scores.slack, 1 + scores.slack
    outside = np.asarray(((scores.values < low) | (scores.values > high)).any(axis=1))
    if scores.is_binary:
        return outside, np.zeros(len(outside), bool)
    total = np.sum(np.where(outside[:, None], 0.0, scores.values), axis=1)
    # A little more, since the sum is rounded too: 0.99 - 1 is beyond -0.01.
    rounding = HALF_A_PERCENT * max(2, len(scores.classes)) + 0.0001
    return outside, ~outside & (np.abs(total - 1) > rounding)


def _mostly(outside: Bools, apart: Bools, grouping: Grouping) -> tuple[Case, ...]:
    """Groups of which most scores are no probabilities."""
    beyond, unequal = grouping.total(outside), grouping.total(apart)
    most = 2 * (beyond + unequal) > grouping.count
    return (
        (most & (beyond >= unequal), "scores are not probabilities: most lie outside 0..1"),
        (most, "scores are not probabilities: of most rows they do not add up to 1"),
    )
