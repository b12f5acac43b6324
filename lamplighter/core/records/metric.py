"""What is known of a measurement before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Family(StrEnum):
    """What a measurement belongs to; a run records each family of a window as a whole, labels with quality.

    ``data`` and ``drift`` are of the window that a run is about, ``arrivals`` of the labels that arrived during it,
    ``labels`` and ``quality`` of every window whose labels are awaited.
    """

    DATA = "data"
    DRIFT = "drift"
    LABELS = "labels"
    ARRIVALS = "arrivals"
    QUALITY = "quality"


Better = Literal["higher", "lower", "zero", "neither"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A row of the catalogue.

    Attributes
    ----------
    name : str
    family : Family
    help : str
        One line for people.
    lower, upper : float or None
        What its value and its interval cannot go beyond; None where they can.
    better : {"higher", "lower", "zero", "neither"}
        Where the best value lies.
    kinds : frozenset of str
        Kinds of model that it is measured for; None for every kind.
    labels : tuple of str
        What there is a value of beside the whole window: features, methods, classes, segments.
    gauge : str
        The gauge that shows it; empty where none does.
    interval : str
        How the 95 % interval is made, or ``none``.
    formula : str
        How it is computed, or by whose definition.
    of_versions : bool
        Whether it is recorded for each version and not over all of them: a version has a reference of its own. Where
        one number is wanted, such as by a check or a gauge, the version with the most rows speaks.

    Examples
    --------
    >>> rows = Metric("rows", Family.DATA, "rows of the window", lower=0)
    >>> rows.is_of("detection"), rows.is_ratio
    (True, False)
    """

    name: str
    family: Family
    help: str
    lower: float | None = None
    upper: float | None = None
    better: Better = "neither"
    kinds: frozenset[str] | None = None
    labels: tuple[str, ...] = ()
    gauge: str = ""
    interval: str = "none"
    formula: str = ""
    of_versions: bool = False

    def is_of(self, kind: str) -> bool:
        """Whether it is measured for a kind of model, by its name."""
        return self.kinds is None or kind in self.kinds

    @property
    def is_ratio(self) -> bool:
        """Whether it lies between 0 and 1."""
        return (self.lower, self.upper) == (0, 1)
