"""How drift is measured, how quality is judged, and custom metrics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lamplighter.core.monitor.check_forms import Fraction
from lamplighter.core.monitor.fields import NO_FLAG, Section


class QualityJudging(Section):
    """How quality is judged."""

    judge: Literal["value", "interval"] = Field(
        default="value",
        description="`interval`: checks of quality are `surely: true` unless they say otherwise",
    )


class Drift(Section):
    """How drift is measured and who calls it drift."""

    verdict: Literal["evidently", "calibrated"] = Field(
        default="evidently",
        description="`evidently`: its default tests and thresholds; `calibrated` is not there yet",
    )
    false_alarms: Fraction | None = Field(default=None, description="rate of false alarms that `calibrated` keeps to")
    sample: Annotated[int, Field(gt=0, le=5000), NO_FLAG] = Field(
        default=5000, description="rows of the window, and of the reference, that Evidently compares"
    )
    seed: Annotated[int, Field(ge=0), NO_FLAG] = Field(default=0, description="which rows the sample holds")


class CustomMetric(Section):
    """A custom metric: a function of y_true, y_pred and y_score that returns a number."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="at most 63 of a-z, 0-9 and _")
    function: str = Field(pattern=r"^.+\.py:\w+$", description="path.py:function")
