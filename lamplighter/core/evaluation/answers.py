"""What is odd about labels and answers side by side; it is no reason to lose the rows that are sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.quality import Labelled, class_labels, comparable_classes, numbers, scores_of
from lamplighter.core.monitor import Kind, Monitor
from lamplighter.core.quality.classifiers import classes_of
from lamplighter.core.quality.items import read_lists
from lamplighter.core.quality.labels import BINARY, Labels
from lamplighter.core.quality.probabilities import improper
from lamplighter.core.quality.regressors import BEYOND
from lamplighter.core.quality.scores import Scores
from lamplighter.core.quality.texts import read_text
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.values.identity import identity
from lamplighter.core.values.key_name import key_name
from lamplighter.core.values.meeting import hardly_meet, items_hardly_meet

FEWEST_TO_COMPARE = 20
"""Labelled rows from which it is no accident that no answer is one of the true classes."""

RARE = 0.01
"""Share of labels up to which classes that are never predicted are mistakes rather than classes of the model."""

MOST_SHOWN = 3
"""Values that a message names; classes that are never predicted are no mistakes where there are more of them."""

Oddities = Iterator[tuple[Code, str]]


def answer_findings(labelled: Labelled, monitor: Monitor, window: str) -> Iterator[Finding]:
    """What is odd in the labelled rows of a window.

    Parameters
    ----------
    labelled : Labelled
    monitor : Monitor
    window : str
        What the window is called; findings are about it, and begin with it where it has a name.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: classification, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> rows = Labelled(pd.Series(["yes", "no"] * 50), pd.Series(["1", "0"] * 50), {}, {}, None)
    >>> [it.code.value for it in answer_findings(rows, parse("m.yaml", text, environ={}), "2026-03-07")]
    ['classes-differ']
    """
    for code, what in CHECKED_AS[monitor.kind](labelled, monitor):
        yield Finding(code, window, f"{window}: {what}" if window else what)


def unusable_labels(values: Mapping[str, int], monitor: Monitor, window: str) -> Iterator[Finding]:
    """Labels of a window that are no numbers where numbers are meant, and how many rows each has.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y, id: i}, "
    >>> monitor = parse("m.yaml", text + "labels: {parquet: l.parquet, target: z}}", environ={})
    >>> [it.message for it in unusable_labels({"n/a": 2}, monitor, "2026-03-07")]
    ["2026-03-07: 2 rows have a label in 'z' that is no finite number, such as 'n/a'; left out; correct them, or
     deliver no label"]
    """
    if values:
        assert monitor.labels is not None
        count = counted(sum(values.values()), "row has", "rows have")
        what = f"{count} a label in {monitor.labels.target!r} that is no finite number"
        cure = "left out; correct them, or deliver no label"
        message = f"{window}: {what}, such as {_listed(values)}; {cure}"
        yield Finding(Code.LABELS_UNUSABLE, window, message)


def _of_classes(labelled: Labelled, monitor: Monitor) -> Oddities:
    true, pred = comparable_classes(labelled.y_true, labelled.y_pred)
    score = scores_of(labelled, monitor)
    labels = Labels.of(true, pred, monitor.predictions.positive, classes_of(score))
    counts, answers = Counter(true.tolist()), Counter(value for value in pred.tolist() if value is not None)
    if len(true) >= FEWEST_TO_COMPARE and answers and hardly_meet(counts, answers):
        yield Code.CLASSES_DIFFER, _never_meet("predicted class", answers, counts)
    elif labels.known:
        what = _unknown(labels.known, counts, answers)
        if what:
            yield Code.CLASSES_ODD, what
    elif what := _never_predicted(counts, answers, monitor.predictions.positive):
        yield Code.CLASSES_ODD, what
    if what := _no_positive(counts, answers, monitor):
        yield Code.CLASSES_ODD, what
    if isinstance(score, dict):
        yield from _sums(score, labels)


def _no_positive(counts: Mapping[str, int], answers: Mapping[str, int], monitor: Monitor) -> str:
    """A positive class that is never seen; where one other is, it may be a window without any of it."""
    positive, seen = monitor.predictions.positive, {*counts, *answers}
    declared = isinstance(monitor.predictions.score, dict) and positive in monitor.predictions.score
    if positive is None or positive in seen or declared or len(seen) < 2 or sum(counts.values()) < FEWEST_TO_COMPARE:
        return ""
    what = f"the positive class {_listed({positive: 1})} is neither labelled nor predicted"
    return f"{what}; classes are {_names(sorted(seen))}; give predictions.positive one of them"


def _unknown(known: frozenset[str], counts: Mapping[str, int], answers: Mapping[str, int]) -> str:
    odd = [{name: n for name, n in side.items() if name not in known} for side in (counts, answers)]
    parts = []
    if odd[0]:
        parts.append(f"{_rows(sum(odd[0].values()))} labelled {_listed(odd[0])} left out of scores and averages")
    if odd[1]:
        parts.append(f"{_rows(sum(odd[1].values()))} predicted {_listed(odd[1])} counted as wrong")
    cure = "correct them, or give predictions.positive" if known == BINARY else "correct them, or give each a score"
    return f"not of the classes {_names(sorted(known))}: {' and '.join(parts)}; {cure}" if parts else ""


def _never_predicted(counts: Mapping[str, int], answers: Mapping[str, int], positive: str | None) -> str:
    """Labels of a few rows that the model never answers: a macro average counts each as much as a whole class."""
    rows = sum(counts.values())
    if rows < FEWEST_TO_COMPARE or len(answers) < 2:
        return ""
    odd = {name: n for name, n in counts.items() if name not in answers and name != positive and name not in BINARY}
    if not odd or len(odd) > MOST_SHOWN or sum(odd.values()) > max(1, RARE * rows):
        return ""
    what = f"{counted(sum(odd.values()), f'of {_rows(rows)} is', f'of {_rows(rows)} are')}"
    what = f"{what} labelled {_listed(odd)}, which the model never predicts"
    return f"{what}; correct them, or name the classes of the model in predictions.score"


def _sums(score: dict[str, Any], labels: Labels) -> Oddities:
    """Scores that do not add up to 1; those outside 0 to 1 are a finding about their column."""
    scores = Scores.of(score, labels)
    if scores is None or scores.is_binary:
        return
    apart = improper(scores)[1]
    if apart.any():
        total = np.sum(scores.values[apart], axis=1)
        what = (
            f"scores of {apart.sum():,} of {_rows(len(apart))} add up to {total.min():.4g} to {total.max():.4g}, not 1"
        )
        yield Code.SCORES_OUTSIDE, f"{what}; log the probabilities of all classes"


def _of_lists(labelled: Labelled, monitor: Monitor) -> Oddities:
    cells = [class_labels(side).tolist() for side in (labelled.y_true, labelled.y_pred)]
    read = read_lists(*cells)
    if what := _unreadable(cells, read, monitor):
        yield Code.LISTS_UNREADABLE, f"no list of items in {what} left out; log a list of item ids"
    true, ranked = (Counter(item for items in side if items for item in items) for side in read)
    if len(cells[0]) >= FEWEST_TO_COMPARE and true and ranked and items_hardly_meet(true, ranked):
        yield Code.CLASSES_DIFFER, _never_meet("ranked item", ranked, true)


def _of_texts(labelled: Labelled, monitor: Monitor) -> Oddities:
    cells = [side.tolist() for side in (labelled.y_true, labelled.y_pred)]
    read = [[read_text(cell) for cell in side] for side in cells]
    if what := _unreadable(cells, read, monitor):
        yield Code.TEXTS_UNREADABLE, f"no text in {what} left out; log the text alone"


def _unreadable(cells: Sequence[list[Any]], read: Sequence[list[Any]], monitor: Monitor) -> str:
    """In which columns how many values could not be read, with one of each; empty where all could."""
    assert monitor.labels is not None
    parts = []
    for column, side, values in zip((monitor.labels.target, monitor.predictions.prediction), cells, read, strict=True):
        broken = [cell for cell, value in zip(side, values, strict=True) if value is None]
        if broken:
            parts.append(f"{len(broken)} of {_rows(len(side))} of column {column!r}{_example(broken[0], monitor)}")
    return " and in ".join(parts)


def _example(value: Any, monitor: Monitor) -> str:
    """A value that a message may show; what stands in a text is a person's, of it the type alone."""
    if monitor.kind is Kind.TEXT:
        return " (a chat in JSON)" if isinstance(value, str) else f" ({type(value).__name__})"
    example = identity(value) or ""
    shown = example if len(example) <= LONGEST_SHOWN else f"{example[:LONGEST_SHOWN]}..."
    return f", such as {shown!r},"


def _of_numbers(labelled: Labelled, monitor: Monitor) -> Oddities:
    """Predictions that are no numbers, and numbers beside which no other counts."""
    assert monitor.labels is not None
    columns = monitor.labels.target, monitor.predictions.prediction
    read = [numbers(side) for side in (labelled.y_true, labelled.y_pred)]
    odd = labelled.y_pred[np.isnan(read[1]) & labelled.y_pred.notna().to_numpy() & ~_is_nan(labelled.y_pred)]
    if len(odd):
        first = odd.iloc[0]
        # Beside numbers of other files bytes are a text.
        kind = "bytes" if str(first).startswith("bytes ") else type(first).__name__
        what = f"no number in {len(odd):,} of {_rows(len(read[1]))} of column {columns[1]!r} ({kind}), left out"
        yield Code.NUMBERS_ODD, f"{what}; log numbers"
    for column, side in zip(columns, read, strict=True):
        huge = side[np.isfinite(side) & (np.abs(side) >= BEYOND)]
        if len(huge):
            rows = f"{counted(len(huge), f'of {_rows(len(side))} has', f'of {_rows(len(side))} have')}"
            left_out = "left out" if 2 * len(huge) < len(side) else "so that sums have no value"
            values = _listed(Counter(f"{value:.4g}" for value in huge.tolist()))
            what = f"{rows} a number in {column!r} that no float of 32 bits holds ({values}), {left_out}"
            yield Code.NUMBERS_ODD, f"{what}; correct it, or log null"


def _is_nan(values: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Which values are NaN, or the text of it."""
    return np.array([value != value or str(value).strip().lower() == "nan" for value in values.tolist()], dtype=bool)


CHECKED_AS: dict[Kind, Callable[[Labelled, Monitor], Oddities]] = {
    Kind.CLASSIFICATION: _of_classes,
    Kind.RANKING: _of_lists,
    Kind.REGRESSION: _of_numbers,
    Kind.TEXT: _of_texts,
}
"""By kind: what is looked at."""

LONGEST_SHOWN = 60
"""Characters of a value that a message shows."""


def _never_meet(what: str, answers: Mapping[str, int], true: Mapping[str, int]) -> str:
    """Labels and predictions that are written differently agree nowhere, and no metric says why."""
    apart = [side.keys() - other.keys() for side, other in ((answers, true), (true, answers))]
    few = "no" if len(apart[0]) == len(answers) else "hardly a"
    shown = [_names(sorted(names) or sorted(side)) for names, side in zip(apart, (answers, true), strict=True)]
    return f"{few} {what} ({shown[0]}) is one of the true ones ({shown[1]}); write both alike"


def _names(values: list[str]) -> str:
    return ", ".join(map(key_name, values[:MOST_SHOWN]))


def _listed(values: Mapping[str, int]) -> str:
    """The values of the most rows."""
    most = sorted(values, key=lambda value: (-values[value], value))[:MOST_SHOWN]
    shown = ", ".join(name if (name := key_name(value)).startswith('"') else f"'{name}'" for value in most)
    return shown if len(values) == len(most) else f"{shown} and {len(values) - len(most)} others"


def _rows(count: int) -> str:
    return counted(count, "row")
