"""Champion against challenger: how much better one is than the other on the same rows, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.core.evaluation import Labelled, factorized, values_of
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.retrain import Accept
from lamplighter.core.quality import METRICS, Grouping

RESAMPLES = 200
"""Enough that a bound at 90 % moves by a tenth of the interval with another seed."""

ROWS_AT_A_TIME = 400_000
"""Resampled rows that are measured in one go: it bounds the memory."""

FEWEST_OF_A_SEGMENT = 100
"""Rows below which a segment is too small to be a reason."""


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better the challenger is; above zero is better, whichever way the metric goes.

    Attributes
    ----------
    value : float
        On the rows as they are.
    lower, upper : float
        One-sided bounds at the confidence that was asked for.
    n : int
        Rows.
    """

    value: float
    lower: float
    upper: float
    n: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison came to.

    Attributes
    ----------
    metric : str
    gain : Gain or None
        None where the metric is not defined on the rows.
    segments : dict of str to Gain
        Those of enough rows.
    nulls : tuple of float
        Share of rows that champion and challenger gave no answer to.
    """

    metric: str
    gain: Gain | None
    segments: dict[str, Gain] = field(default_factory=dict)
    nulls: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows on which two models are compared.

    Attributes
    ----------
    y_true : Series of shape (n_rows,)
        None of them null.
    segments : dict of str to Series
    blocks : Series of shape (n_rows,)
        The window of each row: rows of one window are drawn together, as they resemble each other.
    """

    y_true: pd.Series[Any]
    segments: Mapping[str, pd.Series[Any]]
    blocks: pd.Series[Any]


def compare(
    monitor: Monitor, accept: Accept, rows: Rows, champion: pd.DataFrame, challenger: pd.DataFrame, seed: int = 0
) -> Comparison:
    """Compare two models on the same rows by a paired bootstrap.

    The windows, and within each its rows, are drawn with replacement, the same for both models (Davison and Hinkley
    1997, section 3.8, for the two stages); the bounds are percentiles of the gain.

    Parameters
    ----------
    monitor : Monitor
        Names the columns, and the kind.
    accept : Accept
        Names the metric and the confidence.
    rows : Rows
    champion, challenger : DataFrame of shape (n_rows, n_answers)
        Prediction and scores under the names of the log.
    seed : int
    """
    both = [_labelled(monitor, rows, answers) for answers in (champion, challenger)]
    prediction = monitor.predictions.prediction or ""
    nulls = tuple(float(answers[prediction].isna().mean()) for answers in (champion, challenger))
    groups = _groups(rows)
    as_they_are = [np.arange(len(rows.y_true))]
    values = _gains(monitor, accept.metric, both, groups, as_they_are)[0]
    draws = _draws(rows.blocks, RESAMPLES, seed)
    drawn = _gains(monitor, accept.metric, both, groups, draws)
    found = {}
    for i, name in enumerate(groups):
        spread = drawn[np.isfinite(drawn[:, i]), i]
        if np.isfinite(values[i]) and len(spread) > RESAMPLES // 2:
            lower, upper = np.quantile(spread, [1 - accept.confidence, accept.confidence])
            found[name] = Gain(float(values[i]), float(lower), float(upper), len(groups[name]))
    overall = found.pop("", None)
    return Comparison(accept.metric, overall, found, (nulls[0], nulls[1]))


def refusal(comparison: Comparison, accept: Accept) -> str:
    """Why a challenger does not replace the champion; empty where it does."""
    gain, (before, after) = comparison.gain, comparison.nulls
    if after > before:
        return f"null predictions rise from {before:.2%} to {after:.2%} of the rows"
    if gain is None:
        return f"{comparison.metric} is not defined on the rows of the comparison"
    if gain.lower <= accept.gain:
        told = f"{comparison.metric} gains {gain.value:+.4f}, at {accept.confidence:.0%} at least {gain.lower:+.4f}"
        return f"{told}, and {accept.gain:+.4f} is asked for"
    worst = min(comparison.segments, key=lambda name: comparison.segments[name].upper, default="")
    if worst and comparison.segments[worst].upper < -accept.floor:
        lost = comparison.segments[worst]
        return f"{worst} loses {-lost.value:.4f} of {comparison.metric}, surely more than {accept.floor:g}"
    return ""


def is_surely_worse(comparison: Comparison) -> bool:
    """Whether the challenger of a comparison is worse than the champion, at the confidence that was asked for."""
    return comparison.gain is not None and comparison.gain.upper < 0


def _labelled(monitor: Monitor, rows: Rows, answers: pd.DataFrame) -> Labelled:
    predictions = monitor.predictions
    assert predictions.prediction is not None
    scores = {name: answers[name] for name in predictions.scores}
    return Labelled(rows.y_true, answers[predictions.prediction], scores, {}, None)


def _groups(rows: Rows) -> dict[str, npt.NDArray[np.intp]]:
    """All rows, and the segments that are large enough, by name."""
    groups = {"": np.arange(len(rows.y_true))}
    for column, values in rows.segments.items():
        codes, names = factorized(values)
        for code, name in enumerate(names):
            members = np.flatnonzero(codes == code)
            if len(members) >= FEWEST_OF_A_SEGMENT:
                groups[f"{column}={name}"] = members
    return groups


def _draws(blocks: pd.Series[Any], number: int, seed: int) -> list[npt.NDArray[np.intp]]:
    """Rows drawn with replacement: first windows, then rows of each that was drawn."""
    random = np.random.default_rng(seed)
    codes, names = factorized(blocks)
    members = [np.flatnonzero(codes == code) for code in range(len(names))]
    drawn = []
    for _ in range(number):
        chosen = random.integers(0, len(members), len(members))
        drawn.append(np.concatenate([random.choice(members[block], len(members[block])) for block in chosen]))
    return drawn


def _gains(
    monitor: Monitor,
    metric: str,
    both: Sequence[Labelled],
    groups: Mapping[str, npt.NDArray[np.intp]],
    draws: Sequence[npt.NDArray[np.intp]],
) -> npt.NDArray[np.float64]:
    """The gain of each draw (down) in each group (across), NaN where the metric is not defined."""
    sign = -1.0 if METRICS[metric].better == "lower" else 1.0
    membership = np.zeros((len(both[0].y_true), len(groups)), dtype=bool)
    for i, members in enumerate(groups.values()):
        membership[members, i] = True
    gains = np.full((len(draws), len(groups)), np.nan)
    step = max(1, ROWS_AT_A_TIME // max(len(draws[0]), 1))
    for begin in range(0, len(draws), step):
        some = draws[begin : begin + step]
        places = np.concatenate(some)
        draw = np.repeat(np.arange(len(some)), [len(rows) for rows in some])
        names = [str(number) for number in range(len(some))]
        groupings = [Grouping(names, np.where(membership[places, i], draw, -1)) for i in range(len(groups))]
        before, after = (values_of(_taken(labelled, places), monitor, metric, groupings) for labelled in both)
        gains[begin : begin + len(some)] = sign * (np.array(after) - np.array(before)).T
    return gains


def _taken(labelled: Labelled, places: npt.NDArray[np.intp]) -> Labelled:
    scores = {name: values.iloc[places] for name, values in labelled.scores.items()}
    return Labelled(labelled.y_true.iloc[places], labelled.y_pred.iloc[places], scores, {}, None)
