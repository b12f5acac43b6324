"""What the stages of a run pass to the stage that records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.records.finding import Finding
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.time.window import Window


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the columns of a window came to: its profile, its data checks, its drift, and what was broken."""

    window: Window
    profile_hash: str
    data: list[Measurement]
    drift: list[Measurement]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the labels of a window came to.

    Attributes
    ----------
    window : Window
    state : State
    rows, labelled : int
    predictions, labels : str
        Tell whether either has changed since.
    measurements : list of Measurement
    confusion : list of Confusion
    relabelled_until : datetime or None
        Labels that arrived before it count, although the window was final; None where that was not asked for.
    """

    window: Window
    state: State
    rows: int
    labelled: int
    predictions: str
    labels: str
    measurements: list[Measurement] = field(default_factory=list)
    confusion: list[Confusion] = field(default_factory=list)
    relabelled_until: datetime | None = None
