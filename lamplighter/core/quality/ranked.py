"""Rows in the order of their scores: what ROC-AUC and average precision are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamplighter.core.quality.arrays import Bools, Floats, Ints, divide
from lamplighter.core.quality.grouping import Grouping


@dataclass(frozen=True, eq=False)
class Ranked:
    """Rows of every group, sorted by score; rows of a group with equal scores share a run.

    Attributes
    ----------
    rows : array of shape (n_sorted,)
        Row numbers, by group and then ascending score; rows in no group are left out.
    answer, run : arrays of shape (n_sorted,)
        Whether each of them is of the class asked for, and its run.
    group : array of shape (n_runs,)
        The group of each run.
    positives, negatives : arrays of shape (n_runs,)
        Rows of the run that are of the class asked for, and that are not.
    positives_below, negatives_below : arrays of shape (n_runs,)
        The same of all lower runs of the group.
    all_positives, all_negatives : arrays of shape (n_groups,)
        The same of the whole group.
    """

    rows: Ints
    answer: Bools
    run: Ints
    group: Ints
    positives: Ints
    negatives: Ints
    positives_below: Ints
    negatives_below: Ints
    all_positives: Ints
    all_negatives: Ints

    @classmethod
    def of(cls, score: Floats, answer: Bools, grouping: Grouping, order: Ints) -> Ranked:
        """Sort the rows.

        Parameters
        ----------
        score, answer : arrays of shape (n_rows,)
            The score of the class asked for, finite, and whether the row is of that class.
        grouping : Grouping
            Of the same rows.
        order : array of shape (n_rows,)
            The argsort of the score, made once for all groupings.
        """
        rows = grouping.order(order)
        group, value = grouping.codes[rows], score[rows]
        first = np.ones(len(rows), bool)
        first[1:] = (group[1:] != group[:-1]) | (value[1:] != value[:-1])
        starts = np.flatnonzero(first)

        before = np.concatenate([[0], np.cumsum(answer[rows])])
        positives = np.diff(before[starts], append=before[-1:])
        negatives = np.diff(starts, append=len(rows)) - positives
        all_positives = grouping.total(answer).astype(np.int64)
        all_negatives = grouping.count - all_positives
        earlier_positives = (np.cumsum(all_positives) - all_positives)[group[starts]]
        earlier_negatives = (np.cumsum(all_negatives) - all_negatives)[group[starts]]
        return cls(
            rows=rows,
            answer=answer[rows],
            run=np.cumsum(first) - 1,
            group=group[starts],
            positives=positives,
            negatives=negatives,
            positives_below=before[starts] - earlier_positives,
            negatives_below=starts - before[starts] - earlier_negatives,
            all_positives=all_positives,
            all_negatives=all_negatives,
        )

    def area(self) -> tuple[Floats, Floats]:
        """Area under the ROC curve, and DeLong's structural component of every row.

        Returns
        -------
        auc : array of shape (n_groups,)
            The chance that a positive row scores above a negative one, ties half; in [0, 1], best 1. NaN if a group
            lacks either.
        component : array of shape (n_sorted,)
            For a positive row the share of negatives below it, for a negative one the share of positives above it,
            ties half. Their means over either kind are the area.

        References
        ----------
        DeLong, DeLong and Clarke-Pearson 1988, "Comparing the areas under two or more correlated ROC curves".
        Sun and Xu 2014, "Fast implementation of DeLong's algorithm", for midranks.

        Examples
        --------
        >>> score, answer = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
        >>> Ranked.of(score, answer, Grouping.overall(4), np.argsort(score)).area()
        (array([0.75]), array([1. , 0.5, 0.5, 1. ]))
        """
        won = divide(self.negatives_below + self.negatives / 2, self.all_negatives[self.group])
        lost = divide(self.positives_below + self.positives / 2, self.all_positives[self.group])
        pairs = np.bincount(self.group, self.positives * won, len(self.all_positives))
        return divide(pairs, self.all_positives), np.where(self.answer, won[self.run], 1 - lost[self.run])

    def average_precision(self) -> Floats:
        """Mean precision at the thresholds of the positive rows, of shape (n_groups,), in [0, 1], best 1.

        The area under the stepwise precision-recall curve: the sum over thresholds of the gain in recall times the
        precision there. NaN if a group has no positive row.

        Examples
        --------
        >>> score, answer = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
        >>> Ranked.of(score, answer, Grouping.overall(4), np.argsort(score)).average_precision()
        array([0.8333])
        """
        found = self.all_positives[self.group] - self.positives_below
        false = self.all_negatives[self.group] - self.negatives_below
        gained = np.bincount(self.group, self.positives * divide(found, found + false), len(self.all_positives))
        return divide(gained, self.all_positives)
