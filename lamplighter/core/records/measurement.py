"""One measured number, and what it is a number of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OVERALL = ""
"""The value of a key part that does not apply: all segments, all versions, no feature, no class, no method."""


class State(StrEnum):
    """How much of the truth behind a value has arrived."""

    ESTIMATED = "estimated"
    PROVISIONAL = "provisional"
    FINAL = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A value with the number of rows behind it, or the reason why there is none.

    Attributes
    ----------
    metric : str
        Name from the catalogue of metrics, such as ``f1`` or ``missing_ratio``.
    segment : str
        ``column=value``, or empty for all rows.
    version : str
        Model version, or empty for all versions.
    feature, klass, method : str
        The column, the class or category, and the statistic it was measured with, where they apply.
    value : float or None
        None when undefined; ``reason`` then says why.
    n : int
        Rows (or items) that the value is computed from.
    lower, upper : float or None
        Bounds of the 95 % interval, where the metric has one.
    state : State
        Whether labels may still change the value.
    reason : str
        Why there is no value; empty when there is one.

    Examples
    --------
    >>> Measurement(metric="accuracy", value=0.9, n=10).key
    ('accuracy', '', '', '', '', '')
    """

    metric: str
    segment: str = OVERALL
    version: str = OVERALL
    feature: str = OVERALL
    klass: str = OVERALL
    method: str = OVERALL
    value: float | None = None
    n: int = 0
    lower: float | None = None
    upper: float | None = None
    state: State = State.FINAL
    reason: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """What the number is of, within its window."""
        return (self.metric, self.segment, self.version, self.feature, self.klass, self.method)
