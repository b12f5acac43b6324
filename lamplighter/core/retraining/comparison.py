"""Champion against challenger: how much better one is than the other on the same rows, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.core.evaluation.labelled import Labelled, factorized
from lamplighter.core.evaluation.quality import evaluate, values_of
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.retrain import Accept
from lamplighter.core.numbers import number_text
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.records.catalogue import QUALITY_METRICS
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.retraining.policy import FEWEST_COMPARED
from lamplighter.core.values.key_name import column_key, key_name

RESAMPLES = 200
"""Enough that a bound at 90 % moves by a tenth of the interval with another seed."""

SEED = 0

ROWS_AT_A_TIME = 400_000
"""Resampled rows that are measured in one go: it bounds the memory."""

MOST_UNDEFINED = 0.5
"""Share of the draws in which a metric may be undefined, as where a class is rare, before it has no bounds."""


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
        Share of rows that champion and challenger left without a prediction or a score.
    """

    metric: str
    gain: Gain | None
    segments: dict[str, Gain] = field(default_factory=dict)
    nulls: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ComparedRows:
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
    monitor: Monitor, accept: Accept, rows: ComparedRows, champion: pd.DataFrame, challenger: pd.DataFrame
) -> Comparison:
    """Compare two models on the same rows by a paired bootstrap.

    The windows, and within each its rows, are drawn with replacement, the same for both models (Davison and Hinkley
    1997, section 3.8, for the two stages); the bounds are percentiles of the gain. Of a single window they tell how
    much its rows vary, and not how much windows do.

    Parameters
    ----------
    monitor : Monitor
        Names the columns, and the kind.
    accept : Accept
        Names the metric and the confidence.
    rows : ComparedRows
    champion, challenger : DataFrame of shape (n_rows, n_answers)
        Prediction and scores under the names of the log.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> rows = ComparedRows(pd.Series([1.0, 2.0] * 50), {}, pd.Series(["2026-03-06", "2026-03-07"] * 50))
    >>> old, new = pd.DataFrame({"y": [2.0, 3.0] * 50}), pd.DataFrame({"y": [1.0, 2.5] * 50})
    >>> compare(parse("m.yaml", text, environ={}), Accept(metric="mae"), rows, old, new).gain
    Gain(value=0.75, lower=0.5, upper=1.0, n=100)
    """
    both = [labelled_as(monitor, rows, answers) for answers in (champion, challenger)]
    # A score that is missing takes its row out of metrics of ranks, as hard rows would like.
    answered = [name for name in (monitor.predictions.prediction, *monitor.predictions.scores) if name]
    nulls = tuple(float(answers[answered].isna().any(axis=1).mean()) for answers in (champion, challenger))
    groups = [Group.whole(len(rows.y_true)), *(Group.of(name, values) for name, values in rows.segments.items())]
    gains = _gains(monitor, accept.metric, both, groups, [np.arange(len(rows.y_true)), *_draws(rows.blocks, RESAMPLES)])
    values, drawn = gains[0], gains[1:]
    names = [name for group in groups for name in group.names]
    sizes = [size for group in groups for size in group.sizes]
    found = {}
    for i, name in enumerate(names):
        spread = drawn[np.isfinite(drawn[:, i]), i]
        if np.isfinite(values[i]) and len(spread) >= RESAMPLES * (1 - MOST_UNDEFINED):
            lower, upper = np.quantile(spread, [1 - accept.confidence, accept.confidence])
            found[name] = Gain(float(values[i]), float(lower), float(upper), sizes[i])
    overall = found.pop("", None)
    return Comparison(accept.metric, overall, found, (nulls[0], nulls[1]))


def measured_on(monitor: Monitor, rows: ComparedRows, answers: pd.DataFrame) -> list[Measurement]:
    """Every metric of one model on the rows of a comparison, with its interval; segments and classes left out.

    Parameters
    ----------
    answers : DataFrame of shape (n_rows, n_answers)
        Prediction and scores under the names of the log.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> rows = ComparedRows(pd.Series([1.0, 2.0]), {}, pd.Series(["2026-03-07"] * 2))
    >>> measured = measured_on(parse("m.yaml", text, environ={}), rows, pd.DataFrame({"y": [1.5, 2.5]}))
    >>> [it.value for it in measured if it.metric == "mae"]
    [0.5]
    """
    measured, _ = evaluate(labelled_as(monitor, rows, answers), monitor, State.FINAL)
    return [it for it in measured if not it.klass and not it.segment]


def refusal(comparison: Comparison, accept: Accept) -> str:
    """Why a challenger does not replace the champion; empty where it does.

    Examples
    --------
    >>> accept = Accept(metric="f1", gain=0.01)
    >>> refusal(Comparison("f1", Gain(0.05, 0.02, 0.08, n=5000)), accept)
    ''
    >>> refusal(Comparison("f1", Gain(0.02, -0.01, 0.05, n=5000)), accept)
    'f1 gains +0.02, at 90% at least -0.01, and more than +0.01 is asked for'
    """
    gain, (before, after) = comparison.gain, comparison.nulls
    if after > before:
        return f"null answers rise from {before:.2%} to {after:.2%} of the rows"
    if gain is None or undecided(comparison):
        return undecided(comparison)
    if gain.lower <= accept.gain:
        value, lower, wanted = (number_text(it, sign=True) for it in (gain.value, gain.lower, accept.gain))
        what = f"{comparison.metric} gains {value}, at {accept.confidence:.0%} at least {lower}"
        return f"{what}, and more than {wanted} is asked for"
    worst = min(comparison.segments, key=lambda name: comparison.segments[name].upper, default="")
    if worst and comparison.segments[worst].upper < -accept.floor:
        lost, floor = number_text(-comparison.segments[worst].value), number_text(accept.floor)
        return f"{worst} loses {lost} of {comparison.metric}, surely more than {floor}"
    return ""


def undecided(comparison: Comparison) -> str:
    """Why a comparison proves nothing, neither for the challenger nor against it; empty where it does.

    Examples
    --------
    >>> undecided(Comparison("f1", Gain(0.05, 0.02, 0.08, n=5000)))
    ''
    >>> undecided(Comparison("f1", Gain(0.05, 0.02, 0.08, n=10)))
    '10 labelled rows prove nothing; 100 are needed, so wait or raise accept.days'
    """
    if comparison.gain is None:
        return f"{comparison.metric} is not defined on the rows of the comparison"
    n = comparison.gain.n
    if n < FEWEST_COMPARED:
        return f"{n} labelled rows prove nothing; {FEWEST_COMPARED} are needed, so wait or raise accept.days"
    return ""


def is_surely_worse(comparison: Comparison) -> bool:
    """Whether the challenger is worse than the champion, at the confidence that was asked for.

    Examples
    --------
    >>> [is_surely_worse(Comparison("f1", Gain(-0.02, -0.05, upper, n=5000))) for upper in (-0.01, 0.01)]
    [True, False]
    """
    return comparison.gain is not None and comparison.gain.upper < 0


def labelled_as(
    monitor: Monitor, rows: ComparedRows, answers: pd.DataFrame, *, with_segments: bool = False
) -> Labelled:
    """The rows of a comparison with the answers of one model, as its kind measures them.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> rows = ComparedRows(pd.Series([1.0, 2.0]), {}, pd.Series(["2026-03-07"] * 2))
    >>> labelled_as(parse("m.yaml", text, environ={}), rows, pd.DataFrame({"y": [1.5, 2.5]})).y_pred.tolist()
    [1.5, 2.5]
    """
    predictions = monitor.predictions
    assert predictions.prediction is not None
    scores = {name: answers[name] for name in predictions.scores}
    segments = rows.segments if with_segments else {}
    return Labelled(rows.y_true, answers[predictions.prediction], scores, segments, None)


@dataclass(frozen=True, slots=True)
class Group:
    """One way to cut the rows: not at all, or by a segment column.

    Attributes
    ----------
    names : list of str
    codes : array of shape (n_rows,)
        Index into the names; -1 for a row in none.
    """

    names: list[str]
    codes: npt.NDArray[np.intp]

    @classmethod
    def whole(cls, rows: int) -> Group:
        """All rows."""
        return cls([""], np.zeros(rows, np.intp))

    @classmethod
    def of(cls, column: str, values: pd.Series[Any]) -> Group:
        """The rows by the values of a column that are frequent enough to be a reason."""
        codes, distinct = factorized(values)
        kept = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(distinct)) >= FEWEST_COMPARED)
        renumbered = np.full(len(distinct) + 1, -1)
        renumbered[kept] = np.arange(len(kept))
        return cls([f"{column_key(column)}={key_name(distinct[code])}" for code in kept], renumbered[codes])

    @property
    def sizes(self) -> list[int]:
        """Rows of each."""
        sizes: list[int] = np.bincount(self.codes + 1, minlength=len(self.names) + 1)[1:].tolist()
        return sizes


def _draws(blocks: pd.Series[Any], number: int) -> list[npt.NDArray[np.intp]]:
    """Rows drawn with replacement: first windows, then rows of each that was drawn."""
    random = np.random.default_rng(SEED)
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
    groups: Sequence[Group],
    draws: Sequence[npt.NDArray[np.intp]],
) -> npt.NDArray[np.float64]:
    """The gain of each draw (down) in each part of each group (across), NaN where the metric is not defined."""
    step = max(1, ROWS_AT_A_TIME // max(len(draws[0]), 1))
    batches = [draws[begin : begin + step] for begin in range(0, len(draws), step)]
    before, after = (
        np.vstack(
            [
                np.hstack([np.reshape(values, (len(batch), -1)) for values in by_group])
                for batch, by_group in zip(batches, measured, strict=True)
            ]
        )
        for measured in (values_of(labelled, monitor, metric, _cut(batches, groups)) for labelled in both)
    )
    gained: npt.NDArray[np.float64] = before - after if QUALITY_METRICS[metric].better == "lower" else after - before
    return gained


def _cut(
    batches: Iterable[Sequence[npt.NDArray[np.intp]]], groups: Sequence[Group]
) -> Iterator[tuple[npt.NDArray[np.intp], list[Grouping]]]:
    """The rows of the draws of each batch together, and how they are cut."""
    for batch in batches:
        places = np.concatenate(batch)
        draw = np.repeat(np.arange(len(batch)), [len(rows) for rows in batch])
        yield places, [_by_draw(group, places, draw, len(batch)) for group in groups]


def _by_draw(group: Group, places: npt.NDArray[np.intp], draw: npt.NDArray[np.intp], draws: int) -> Grouping:
    """The parts of a group in each of some draws, draw by draw."""
    codes, parts = group.codes[places], len(group.names)
    names = [f"{number} {name}" for number in range(draws) for name in group.names]
    return Grouping(names, np.where(codes < 0, -1, draw * parts + codes))
