"""ROC-AUC and average precision: whether scores put the right rows first."""

from __future__ import annotations

import numpy as np

from lamplighter.core.quality.arrays import Floats
from lamplighter.core.quality.estimates import Estimates
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import none, on_logit
from lamplighter.core.quality.ranked import Ranked
from lamplighter.core.quality.scores import Scores


def discrimination(scores: Scores, grouping: Grouping) -> dict[str, Estimates]:
    """Measure both in every group, from one sort of each class's scores.

    With several classes each is measured against the rest, and the metric is the plain mean over the classes.

    Parameters
    ----------
    scores : Scores
        Of the rows with scores.
    grouping : Grouping
        Of the same rows.

    Returns
    -------
    dict of str to Estimates
        ``roc_auc`` with DeLong's interval, taken on the log-odds; ``pr_auc`` with the logit interval of Boyd, Eng and
        Page 2013 ("Area under the precision-recall curve: point estimates and confidence intervals") if one class is
        measured against the rest. No interval is known for a mean over classes that share their rows.

    Examples
    --------
    >>> from lamplighter.core.quality.class_codes import ClassCodes
    >>> labels = ClassCodes.of(["0", "0", "1", "1"], ["0", "0", "0", "1"])
    >>> scores = Scores.of(np.array([0.1, 0.4, 0.35, 0.8]), labels)
    >>> found = discrimination(scores, Grouping.overall(4))
    >>> found["roc_auc"].value, found["pr_auc"].value
    (array([0.75]), array([0.8333]))
    """
    classes, groups = len(scores.classes), len(grouping.names)
    auc, precision = np.zeros(groups), np.zeros(groups)
    influence = np.zeros(len(scores.values))
    for score, answer, order in zip(scores.values.T, scores.answers.T, scores.orders, strict=True):
        ranked = Ranked.of(score, answer, grouping, order)
        area, component = ranked.area()
        group = grouping.codes[ranked.rows]
        alike = np.where(ranked.answer, ranked.all_positives[group], ranked.all_negatives[group])
        influence[ranked.rows] += component / np.maximum(alike, 1) / classes
        auc += area / classes
        precision += ranked.average_precision() / classes

    positives = np.maximum(grouping.total(scores.answers[:, 0]), 1)
    boyd = on_logit(precision, np.sqrt(precision * (1 - precision) / positives))
    return {
        "roc_auc": Estimates(
            auc,
            grouping.count,
            on_logit(auc, _delong_error(influence, scores, grouping)),
            scores.class_cases(grouping, both=True),
        ),
        "pr_auc": Estimates(
            precision,
            grouping.count,
            boyd if scores.is_binary else none(groups),
            scores.class_cases(grouping, both=False),
        ),
    }


def _delong_error(influence: Floats, scores: Scores, grouping: Grouping) -> Floats:
    """Standard error of the mean area under the ROC curves, given how many labels each class has.

    Rows of one class are alike and independent, so the variance is the sum over classes of the rows of the class
    times the sample variance of their influence. For one class and the rest this is DeLong's. For several it holds
    their covariance, because the influence of a row is summed over all curves first.

    Parameters
    ----------
    influence : array of shape (n_scored,)
        What each row adds to the mean area: its structural component over the number of rows like it, summed over
        the curves.
    scores : Scores
        Of the same rows; holds their classes.
    grouping : Grouping
        Of the same rows.

    Returns
    -------
    array of shape (n_groups,)
        NaN where a class has a single row.
    """
    kinds = max(2, len(scores.classes))
    inside = grouping.codes >= 0
    strata = Grouping(
        [""] * (len(grouping.names) * kinds),
        np.where(inside, grouping.codes * kinds + scores.kind, -1),
    )
    variance = strata.count * strata.variance(influence)
    error: Floats = np.sqrt(np.sum(variance.reshape(-1, kinds), axis=1))
    return error
