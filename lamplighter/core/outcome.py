"""What the stages of a night hand to the one that records."""

from __future__ import annotations

from dataclasses import dataclass, field

from lamplighter.core.finding import Finding
from lamplighter.core.measurement import Measurement, State
from lamplighter.core.quality import Confusion
from lamplighter.core.window import Window


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the columns of a window came to: its profile, its data checks, its drift, and what was broken."""

    window: Window
    profile_hash: str
    data: list[Measurement]
    drift: list[Measurement]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The labels that arrived during the night's own window, and what was wrong with them."""

    measurements: list[Measurement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the labels of a window came to.

    ``predictions`` and ``labels`` tell whether either has changed since.
    """

    window: Window
    state: State
    rows: int
    labelled: int
    predictions: str
    labels: str
    measurements: list[Measurement] = field(default_factory=list)
    confusion: list[Confusion] = field(default_factory=list)
