"""Champion against challenger: how much better one is than the other on the same rows, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.core.evaluation.labelled import Labelled, factorized
from lamplighter.core.evaluation.quality import evaluate, measured_again
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.retrain import Accept
from lamplighter.core.numbers import number_text
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.records.catalogue import OF_EACH_CLASS, QUALITY_METRICS
from lamplighter.core.records.measurement import OVERALL, Measurement, State
from lamplighter.core.retraining.policy import FEWEST_COMPARED
from lamplighter.core.retraining.unanswered import unanswered
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
        Rows; in a segment of a detector's images the labelled objects; of a class the rows or boxes that the metric is
        of, in the model that has fewer.
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
    segments, classes : dict of str to Gain
        Those of enough rows or boxes; of a class the gain of `of_each_class`.
    few : dict of str to int
        The others, with their rows or boxes, most first.
    nulls : tuple of float
        Share of rows that champion and challenger left without a prediction or a score that can be measured.
    """

    metric: str
    gain: Gain | None
    segments: dict[str, Gain] = field(default_factory=dict)
    classes: dict[str, Gain] = field(default_factory=dict)
    few: dict[str, int] = field(default_factory=dict)
    nulls: tuple[float, float] = (0.0, 0.0)

    @property
    def of_each_class(self) -> str:
        """The metric that is compared of single classes."""
        return OF_EACH_CLASS.get(self.metric, self.metric)


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
    nulls = tuple(float(unanswered(monitor, labelled).mean()) for labelled in both)
    weight = _weight(monitor, rows.y_true)
    groups = [Group.whole(len(weight)), *(Group.of(name, values, weight) for name, values in rows.segments.items())]
    draws = [np.arange(len(rows.y_true)), *_draws(rows.blocks, RESAMPLES)]
    before, after = (_measured(monitor, accept.metric, labelled, groups, draws) for labelled in both)
    least = {key: min(before[key].n, after[key].n) for key in sorted(before.keys() & after.keys())}
    gains = {key: gain for key in least if (gain := _gain(before[key], after[key], accept, least[key]))}
    sizes = {name: size for group in groups for name, size in zip(group.names, group.sizes, strict=True)}
    parts = {name: replace(gain, n=n) for name, n in sizes.items() if (gain := gains.get((name, OVERALL)))}
    overall = parts.pop(OVERALL, None)
    classes = {name: gain for (_, name), gain in gains.items() if name and gain.n >= FEWEST_COMPARED}
    few = {name: n for group in groups for name, n in group.few.items()}
    few |= {_of_class(name): n for (_, name), n in least.items() if name and n < FEWEST_COMPARED}
    few = dict(sorted(few.items(), key=lambda part: -part[1]))
    return Comparison(accept.metric, overall, parts, classes, few, (nulls[0], nulls[1]))


def _of_class(name: str) -> str:
    return f"class={name}"


def _weight(monitor: Monitor, y_true: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """For how many each row counts: an image of a detector for its labelled objects, which the metrics are of."""
    if monitor.kind.compared_as != "boxes":
        return np.ones(len(y_true), np.int64)
    from lamplighter.core.evaluation.kinds.detection import boxes_of

    return boxes_of(y_true).counts


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
        return f"null or unreadable answers rise from {before:.2%} to {after:.2%} of the rows"
    if gain is None or undecided(comparison):
        return undecided(comparison)
    if gain.lower <= accept.gain:
        value, lower, wanted = (number_text(it, sign=True) for it in (gain.value, gain.lower, accept.gain))
        what = f"{comparison.metric} gains {value}, at {accept.confidence:.0%} at least {lower}"
        return f"{what}, and more than {wanted} is asked for"
    parts = [(name, comparison.metric, of) for name, of in comparison.segments.items()]
    parts += [(_of_class(name), comparison.of_each_class, of) for name, of in comparison.classes.items()]
    for name, metric, of in sorted(parts, key=lambda part: part[2].upper)[:1]:
        if of.upper < -accept.floor:
            lost, floor = number_text(-of.value), number_text(accept.floor)
            return f"{name} loses {lost} of {metric}, surely more than {floor}"
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
    sizes : list of int
        Rows of each, or labelled objects.
    few : dict of str to int
        Parts that have too few to be a reason, and how many they have.
    """

    names: list[str]
    codes: npt.NDArray[np.intp]
    sizes: list[int]
    few: dict[str, int] = field(default_factory=dict)

    @classmethod
    def whole(cls, rows: int) -> Group:
        """All rows."""
        return cls([OVERALL], np.zeros(rows, np.intp), [rows])

    @classmethod
    def of(cls, column: str, values: pd.Series[Any], weight: npt.NDArray[np.int64]) -> Group:
        """The rows by the values of a column that are frequent enough to be a reason."""
        codes, distinct = factorized(values)
        rows = np.bincount(codes[codes >= 0], weight[codes >= 0], len(distinct)).astype(int)
        names = [f"{column_key(column)}={key_name(value)}" for value in distinct]
        kept = np.flatnonzero(rows >= FEWEST_COMPARED)
        renumbered = np.full(len(distinct) + 1, -1)
        renumbered[kept] = np.arange(len(kept))
        few = {names[code]: int(rows[code]) for code in np.flatnonzero(rows < FEWEST_COMPARED)}
        return cls([names[code] for code in kept], renumbered[codes], rows[kept].tolist(), few)


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


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of a model in one part of the rows, or of one class.

    Attributes
    ----------
    values : array of shape (1 + n_draws,)
        On the rows as they are, then in each draw; NaN where it is not defined.
    n : int
        What the first is computed from: rows, or boxes.
    """

    values: npt.NDArray[np.float64]
    n: int = 0


def _measured(
    monitor: Monitor,
    metric: str,
    labelled: Labelled,
    groups: Sequence[Group],
    draws: Sequence[npt.NDArray[np.intp]],
) -> dict[tuple[str, str], Measured]:
    """The metric of each part of the groups and of each class, by their names."""
    found: dict[tuple[str, str], Measured] = {}
    for measured in measured_again(labelled, monitor, metric, _cut(draws, groups)):
        for it in measured:
            number, _, part = it.segment.partition(" ")
            key = part, it.klass
            # What is not there in the rows as they are is in no draw of them.
            if key not in found:
                found[key] = Measured(np.full(len(draws), np.nan), it.n)
            if it.value is not None:
                found[key].values[int(number)] = it.value
    return found


def _gain(before: Measured, after: Measured, accept: Accept, n: int) -> Gain | None:
    """The gain in one part of the rows, or of one class; None where it is not defined."""
    gained = after.values - before.values
    if QUALITY_METRICS[accept.metric].better == "lower":
        gained = -gained
    value, spread = float(gained[0]), gained[1:][np.isfinite(gained[1:])]
    if not np.isfinite(value) or len(spread) < RESAMPLES * (1 - MOST_UNDEFINED):
        return None
    lower, upper = np.quantile(spread, [1 - accept.confidence, accept.confidence])
    return Gain(value, float(lower), float(upper), n)


def _cut(
    draws: Sequence[npt.NDArray[np.intp]], groups: Sequence[Group]
) -> Iterator[tuple[npt.NDArray[np.intp], list[Grouping]]]:
    """The rows of some draws together, then those of others, and how they are cut."""
    step = max(1, ROWS_AT_A_TIME // max(len(draws[0]), 1))
    for begin in range(0, len(draws), step):
        batch = draws[begin : begin + step]
        places = np.concatenate(batch)
        draw = np.repeat(np.arange(len(batch)), [len(rows) for rows in batch])
        numbers = range(begin, begin + len(batch))
        yield places, [_by_draw(group, places, draw, numbers) for group in groups]


def _by_draw(group: Group, places: npt.NDArray[np.intp], draw: npt.NDArray[np.intp], numbers: range) -> Grouping:
    """The parts of a group in each of some draws, draw by draw."""
    codes, parts = group.codes[places], len(group.names)
    names = [f"{number} {name}" for number in numbers for name in group.names]
    by: Literal["segment", "draw"] = "draw" if group.names == [OVERALL] else "segment"
    return Grouping(names, np.where(codes < 0, -1, draw * parts + codes), by)
