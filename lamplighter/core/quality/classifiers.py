"""Quality of class labels and their scores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lamplighter.core.counts import LARGEST
from lamplighter.core.quality.averages import AVERAGES
from lamplighter.core.quality.class_codes import ClassCodes, Column
from lamplighter.core.quality.confusion import Cells, Confusion
from lamplighter.core.quality.discrimination import discrimination
from lamplighter.core.quality.estimates import Estimates, undefined
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.precision_recall_f1 import RATIOS, accuracy
from lamplighter.core.quality.probabilities import calibration
from lamplighter.core.quality.scores import NO_CLASS, Scores, YScore
from lamplighter.core.records.catalogue import OF_EACH_CLASS
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.values.key_name import key_name

NO_POSITIVE = "no positive class is declared (predictions.positive)"
RANKED = ("roc_auc", "pr_auc")
SCORED = (*RANKED, "log_loss", "brier")


def classification(
    y_true: Column,
    y_pred: Column,
    y_score: YScore | None,
    *,
    groupings: Sequence[Grouping],
    positive: str | None,
    state: State,
    only: str = "",
) -> tuple[list[Measurement], list[Confusion]]:
    """Measure a classifier on rows whose labels are known.

    The positive class is the declared one, or ``"1"`` if every class seen is ``"0"`` or ``"1"``, but for a few rows
    that then count as odd: as labels of no class of the model they are left out as above. Precision, recall
    and F1 are about it, against all the rest; so is a single score, and so are the scores of exactly two classes of
    which it is one. Without a positive class these metrics say so if at most two classes are seen, and with more are
    not given. Scores of more classes are measured one class against the rest and averaged. Accuracy and the averages
    over classes need no positive class.

    Parameters
    ----------
    y_true, y_pred : sequences of shape (n_rows,)
        Identities of classes. A null prediction (None, NaN) is a wrong answer: it counts in ``n``, in accuracy and in
        recall, and, as it is a prediction of no class, in no class's precision.
    y_score : array of shape (n_rows,), dict of such arrays by class, or None
        Scores. A row with a null score is left out of the metrics of scores, and ``n`` shows it. Scores
        by class say which classes the model has: a row labelled as another one is left out of the metrics of scores
        and of the averages over classes, and such a prediction is a wrong answer.
    groupings : sequence of Grouping
        Ways to cut the same rows. Metrics of single classes (``klass``) are given for the window and for versions
        only, and for the 50 classes that occur most.
    positive : str or None
        The declared positive class.
    state : State
        Passed on to the measurements.
    only : str
        A metric that is enough, with what it is made of in each class; by default all are measured.

    Returns
    -------
    measurements : list of Measurement
        For every group the metrics of METRICS; a value that is undefined is None, with a reason.
    confusion : list of Confusion
        The nonzero counts of every group.

    Examples
    --------
    >>> found, confusion = classification(
    ...     ["0", "1", "1", "0"], ["0", "1", "0", None], None,
    ...     groupings=[Grouping.overall(4)], positive=None, state=State.FINAL,
    ... )
    >>> {m.metric: m.value for m in found if not m.klass and "_" not in m.metric}
    {'accuracy': 0.5, 'precision': 1.0, 'recall': 0.5, 'f1': 0.6667}
    >>> confusion[1]
    Confusion(segment='', version='', y_true='0', y_pred='', n=1)
    """
    if isinstance(y_score, Mapping) and not y_score:
        y_score = None
    labels = ClassCodes.of(y_true, y_pred, positive, classes_of(y_score))
    scores = None if y_score is None else Scores.of(y_score, labels)
    found: list[Measurement] = []
    confusion: list[Confusion] = []
    of_counts, of_scores = only not in SCORED, only in ("", *SCORED)
    for grouping in groupings:
        measured: dict[str, Estimates] = {}
        if of_counts:
            cells = Cells.count(labels, grouping)
            confusion += cells.listed(grouping)
            measured |= _counted(cells, labels, grouping)
        if of_scores and scores is not None:
            measured |= _scored(scores, grouping, only)
        elif of_scores and y_score is not None:
            measured |= {name: undefined(grouping, NO_POSITIVE) for name in SCORED}
        for name, estimates in measured.items():
            found += estimates.measurements(name, grouping, state) if only in ("", name) else []
        if grouping.is_whole and (not only or only in OF_EACH_CLASS):
            found += _per_class(cells, grouping, state, OF_EACH_CLASS.get(only, ""))
    return found, confusion


def classes_of(y_score: YScore | None) -> Collection[str]:
    """The classes of a model, where several of them have a score of their own.

    Examples
    --------
    >>> classes_of({"cat": np.array([0.2]), "dog": np.array([0.8])}), classes_of(np.array([0.8]))
    ({'cat': array([0.2]), 'dog': array([0.8])}, ())
    """
    return y_score if isinstance(y_score, Mapping) and len(y_score) > 1 else ()


def _counted(cells: Cells, labels: ClassCodes, grouping: Grouping) -> dict[str, Estimates]:
    """Metrics of confusion counts."""
    found = {"accuracy": accuracy(cells)}
    if labels.positive is not None:
        klass = labels.classes.index(labels.positive)
        found |= {name: ratio.of_class(cells, klass) for name, ratio in RATIOS.items()}
    elif labels.seen <= 2:
        found |= {name: undefined(grouping, NO_POSITIVE) for name in RATIOS}
    return found | _averaged(cells, labels, grouping)


def _averaged(cells: Cells, labels: ClassCodes, grouping: Grouping) -> dict[str, Estimates]:
    """Averages over the classes that the model has."""
    if not labels.strange.any():
        return {name: average(cells) for name, average in AVERAGES.items()}
    cells = Cells.count(labels.without_strange(), grouping.rows(~labels.odd))
    case = ((grouping.count > 0) & (cells.rows == 0), NO_CLASS)
    found = {name: average(cells) for name, average in AVERAGES.items()}
    return {name: replace(it, undefined=(case, *it.undefined)) for name, it in found.items()}


def _scored(scores: Scores, labelled: Grouping, only: str = "") -> dict[str, Estimates]:
    """Metrics of scores, by one sort and by one mean; the half that the one that is enough is of."""
    grouping = labelled.rows(scores.scored)
    cases = scores.cases(labelled, grouping)
    ranked = discrimination(scores, grouping) if only in ("", *RANKED) else {}
    found = ranked if only in RANKED else ranked | calibration(scores, grouping)
    return {name: Estimates(it.value, it.n, it.interval, (*cases, *it.undefined)) for name, it in found.items()}


def _per_class(cells: Cells, grouping: Grouping, state: State, only: str) -> Iterator[Measurement]:
    """Precision, recall and F1 of the classes that occur most, in the groups in which they occur.

    If one is enough, of classes that are labelled there: of another one it says nothing about a model.
    """
    ratios = {name: ratio for name, ratio in RATIOS.items() if only in ("", name)}
    occurs = cells.labelled if only else cells.labelled + cells.predicted
    largest = np.argsort(-np.sum(occurs, axis=0), kind="stable")[:LARGEST]
    for klass in sorted(largest.tolist()):
        for name, ratio in ratios.items():
            estimates = ratio.of_class(cells, klass)
            yield from estimates.measurements(
                name, grouping, state, klass=key_name(cells.classes[klass]), only=occurs[:, klass] > 0
            )
