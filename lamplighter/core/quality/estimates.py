"""A metric of every group at once, and the measurements that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamplighter.core.quality.arrays import Bools, Floats, Ints
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import Interval, none, student
from lamplighter.core.records.measurement import OVERALL, Measurement, State

NO_ROWS = "no labelled rows"
NOT_FINITE = "the result is not a finite number"

Case = tuple[Bools, str | Sequence[str]]
"""Groups, and why their value is undefined: one text for all of them, or one for each group."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """One metric of every group of a grouping.

    Attributes
    ----------
    value : array of shape (n_groups,)
        NaN where undefined.
    n : array of shape (n_groups,)
        Rows that the value is computed from.
    interval : pair of arrays of shape (n_groups,)
        Lower and upper bounds, NaN where there are none.
    undefined : tuple of cases
        Why values are undefined; the first case that holds for a group is reported.
    """

    value: Floats
    n: Ints
    interval: Interval
    undefined: tuple[Case, ...] = ()

    @property
    def reasons(self) -> list[str]:
        """Why a value is missing, per group; empty where it is not."""
        unknown = np.where(self.n == 0, NO_ROWS, NOT_FINITE)
        texts = np.where(np.isfinite(self.value), "", unknown).astype(object)
        for groups, words in reversed(self.undefined):
            texts[groups] = words if isinstance(words, str) else np.array(words, object)[groups]
        reasons: list[str] = texts.tolist()
        return reasons

    def measurements(
        self,
        metric: str,
        grouping: Grouping,
        state: State,
        *,
        klass: str = OVERALL,
        method: str = OVERALL,
        only: Bools | None = None,
    ) -> list[Measurement]:
        """One measurement per group; with ``only``, of the groups for which it is true."""
        bounds = (np.where(np.isfinite(bound), bound, np.nan).tolist() for bound in self.interval)
        columns = zip(self.value.tolist(), self.n.tolist(), *bounds, self.reasons, strict=True)
        found = []
        for group, (value, n, lower, upper, reason) in enumerate(columns):
            if only is not None and not only[group]:
                continue
            segment, version = grouping.key(group)
            bounded = not reason and lower == lower and upper == upper
            found.append(
                Measurement(
                    metric=metric,
                    segment=segment,
                    version=version,
                    klass=klass,
                    method=method,
                    value=None if reason else value,
                    n=n,
                    lower=lower if bounded else None,
                    upper=upper if bounded else None,
                    state=state,
                    reason=reason,
                )
            )
        return found


def mean(values: Floats, grouping: Grouping, lowest: float = -np.inf, highest: float = np.inf) -> Estimates:
    """Mean of a number that every row has, with Student's interval.

    Parameters
    ----------
    values : array of shape (n_rows,)
        Finite numbers.
    grouping : Grouping
        Of the same rows.
    lowest, highest : float
        What a row cannot go beyond; the interval is cut there.

    Examples
    --------
    >>> mean(np.array([1.0, 2.0, 3.0]), Grouping.overall(3)).measurements("mae", Grouping.overall(3), State.FINAL)
    [Measurement(metric='mae', ..., value=2.0, n=3, lower=-0.4841, upper=4.4841, ...)]
    """
    n = grouping.count
    value = grouping.mean(values)
    error = np.sqrt(grouping.variance(values) / np.maximum(n, 1))
    return Estimates(value, n, student(value, error, n, lowest, highest))


def undefined(grouping: Grouping, reason: str) -> Estimates:
    """No value for any group, for one reason that holds for all.

    Examples
    --------
    >>> found = undefined(Grouping.overall(4), "no row has a score")
    >>> found.value, found.n, found.reasons
    (array([nan]), array([4]), ['no row has a score'])
    """
    groups = len(grouping.names)
    return Estimates(np.full(groups, np.nan), grouping.count, none(groups), ((np.ones(groups, bool), reason),))
