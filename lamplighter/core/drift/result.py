"""What was found out about a column, or about quality: the seam between measuring and showing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from lamplighter.core.checks.decide import Decision
from lamplighter.core.checks.incidents import Incident
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.records.measurement import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """How far one column has drifted from its reference, or the reason why that is unknown.

    Attributes
    ----------
    column : str
        Name of the column.
    method : str
        The statistic, in snake case: ``wasserstein_normed``, ``jensen_shannon``, ``ks``, ``chi_square``, ``z_test``.
    score : float or None
        The statistic, or its p-value where ``is_p_value``; None when undecided.
    threshold : float or None
        What the score was held against.
    is_p_value : bool
        Whether a small score means drift (a p-value) or a large one (a distance).
    drifted : bool or None
        The verdict; None when undecided.
    reason : str
        Why there is no score, in plain words without any value of the data; empty when there is one.
    n_reference, n_current : int
        Rows that hold a value, on either side. Nulls are ignored, so 40 % of them may leave the score at 0.

    Examples
    --------
    >>> ColumnDrift(column="distance", method="ks", score=0.01, threshold=0.05, is_p_value=True, drifted=True).decided
    True
    >>> ColumnDrift(column="distance", reason="not in the reference").decided
    False
    """

    column: str
    method: str = ""
    score: float | None = None
    threshold: float | None = None
    is_p_value: bool = False
    drifted: bool | None = None
    reason: str = ""
    n_reference: int = 0
    n_current: int = 0

    @property
    def decided(self) -> bool:
        """Whether there is a score."""
        return self.score is not None


def most_drifted_first(drifts: Iterable[ColumnDrift]) -> list[ColumnDrift]:
    """Drifted columns, then those that could not be compared, then the others; each by how far beyond its limit.

    Examples
    --------
    >>> ks = ColumnDrift(column="a", method="ks", score=0.2, threshold=0.05, is_p_value=True, drifted=False)
    >>> far = ColumnDrift(column="b", method="wasserstein_normed", score=0.3, threshold=0.1, drifted=True)
    >>> [drift.column for drift in most_drifted_first([ks, ColumnDrift(column="c", reason="no rows"), far])]
    ['b', 'c', 'a']
    """
    return sorted(drifts, key=lambda drift: (RANKS[drift.drifted], -_beyond(drift), drift.column))


RANKS = {True: 0, None: 1, False: 2}
"""By verdict: which columns a reader wants first."""


def _beyond(drift: ColumnDrift) -> float:
    """How many times its limit a score is, so that a distance and a p-value stand in one order."""
    if drift.score is None or not drift.threshold:
        return 0.0
    return drift.threshold / max(drift.score, 1e-300) if drift.is_p_value else drift.score / drift.threshold


@dataclass(frozen=True, slots=True)
class Quality:
    """What is recorded of the quality of one window, all its segments and versions together.

    Attributes
    ----------
    window : str
        Name of the window, which is seldom the one that drift is shown of: labels come later.
    measurements : sequence of Measurement
        A value or a reason for each metric, and for metrics of classes one for each class; all of one state, and in
        the order in which they are shown.
    confusion : sequence of Confusion
        Empty but for classification.
    segments : sequence of Measurement
        The same metrics by segment, none of single classes.
    """

    window: str
    measurements: Sequence[Measurement]
    confusion: Sequence[Confusion] = ()
    segments: Sequence[Measurement] = ()


@dataclass(frozen=True, slots=True)
class Checks:
    """What a run decided, and what is open after it.

    Attributes
    ----------
    decisions : sequence of Decision
    incidents : sequence of Incident
        The open ones.
    labels : mapping of datetime to str
        How a reader names the windows and days that both mention.
    """

    decisions: Sequence[Decision]
    incidents: Sequence[Incident] = ()
    labels: Mapping[datetime | None, str] = field(default_factory=dict)


class ReportSection(NamedTuple):
    """A part of a report: results of Evidently's metrics by their identifiers, and the widgets that show them."""

    metric_results: dict[str, Any]
    widgets: list[Any]
