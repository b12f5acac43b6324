"""The parts of a monitor file that say how drift is measured and when something is wrong."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from lamplighter.core.monitor.sources import (
    NO_FLAG,
    ClassLabel,
    Duration,
    Name,
    Number,
    Section,
    fault,
)


class Severity(StrEnum):
    """How severe a failed check is."""

    WARNING = "warning"
    CRITICAL = "critical"


def _percent(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a percentage; write 5%")
    return float(match[1]) / 100


def _slope(value: Any) -> Any:
    match = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s+per\s+day\s*", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a slope; write -0.01 per day")
    return float(match[1])


def _runs(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d{1,4})\s+of\s+(\d{1,4})\s+days\s*", value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{value!r} is not a count of days; write 2 of 3 days")
    return int(match[1]), int(match[2])


Fraction = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False), NO_FLAG]
Percent = Annotated[float, BeforeValidator(_percent)]
Slope = Annotated[float, BeforeValidator(_slope)]
Runs = Annotated[tuple[int, int], BeforeValidator(_runs)]
Windows = Annotated[int, Field(ge=0, le=1000), NO_FLAG]


class Quantile(Section):
    """A quantile of the metric's own past."""

    quantile: Fraction = Field(description="which quantile, such as 0.95")
    of: Duration = Field(description="how much of the past, such as 30d")


class Versus(Section):
    """What a fall or rise is measured against: one summary of the metric's own past."""

    mean: Duration | None = Field(default=None, description="the mean of this much of the past")
    median: Duration | None = Field(default=None, description="the median of this much of the past")

    @model_validator(mode="after")
    def _one(self) -> Versus:
        if (self.mean is None) == (self.median is None):
            raise ValueError("give either mean or median, such as mean: 7d")
        return self


class Check(Section):
    """A limit on one metric.

    Its name is made of the metric and the form, such as ``f1-below``, unless it is given one.
    """

    name: str = Field(
        default="", pattern=r"^[a-z0-9][a-z0-9_.=-]{0,62}$", description="at most 63 of a-z, 0-9 and _.=-"
    )
    metric: Name = Field(description="the name of a metric, such as f1")
    feature: str = Field(default="", description="the column, for a metric of columns")
    segment: str = Field(default="", description="column=value, or empty for all rows")
    klass: ClassLabel = Field(default="", alias="class", description="the class, for a metric of classes")
    severity: Severity = Field(default=Severity.WARNING, description="how severe a failure is")
    undecided_after: Windows | None = Field(
        default=None, description="how many windows in a row it may stay undecided; default that of the monitor"
    )
    above: Number | Quantile | None = Field(
        default=None, description="fails above this value; a quantile of the past is not there yet"
    )
    below: Number | Quantile | None = Field(
        default=None, description="fails below this value; a quantile of the past is not there yet"
    )
    falls: Percent | None = Field(default=None, description="fails when the metric falls by more; not there yet")
    rises: Percent | None = Field(default=None, description="fails when the metric rises by more; not there yet")
    versus: Versus | None = Field(default=None, description="what falls and rises are measured against")
    slope: Slope | None = Field(default=None, description="fails beyond this slope; not there yet")
    over: Duration | None = Field(default=None, description="over how long the slope is taken")
    persists: Runs | None = Field(
        default=None, alias="for", description="on how many of the last days it must fail; not there yet"
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, dict) and not value.get("name") and isinstance(value.get("metric"), str):
            form = next((form for form in cls.forms() if form in value), "")
            parts = (value["metric"], value.get("feature"), value.get("class", ""), value.get("segment"), form)
            name = "-".join(str(part) for part in parts if part not in ("", None)).lower()
            value = {**value, "name": re.sub(r"[^a-z0-9_.=-]", "-", name).lstrip("_.=-")[:63] or "check"}
        return value

    @model_validator(mode="after")
    def _one_form(self) -> Check:
        given = [form for form in self.forms() if getattr(self, form) is not None]
        if len(given) != 1:
            raise ValueError(f"a check has one limit, not {len(given)}; give above or below, such as below: 0.4")
        relative = given[0] in ("falls", "rises")
        if relative and not self.versus:
            raise fault(f"{given[0]} needs versus, such as versus: {{mean: 7d}}", given[0])
        if self.versus and not relative:
            raise fault(f"versus belongs to falls and rises, not to {given[0]}; leave it out", "versus")
        if given[0] == "slope" and self.over is None:
            raise fault("slope needs over, such as over: 7d", "slope")
        if self.over and given[0] != "slope":
            raise fault(f"over belongs to slope, not to {given[0]}; leave it out", "over")
        return self

    @property
    def limit(self) -> float:
        """The number that ``above`` or ``below`` gives.

        Raises
        ------
        ValueError
            If the check is of another form; the reader of monitor files refuses those, as nothing judges them yet.
        """
        limit = self.above if self.above is not None else self.below
        if not isinstance(limit, float):
            raise ValueError(f"check {self.name!r} has no number as its limit")
        return limit

    def fails(self, value: float) -> bool:
        """Whether a value is beyond the limit; one on the limit is not.

        Examples
        --------
        >>> [Check(metric="mae", above=3).fails(value) for value in (2.0, 3.0, 3.1)]
        [False, False, True]
        """
        return value > self.limit if self.above is not None else value < self.limit

    @staticmethod
    def forms() -> tuple[str, ...]:
        """The keys that hold a limit."""
        return ("above", "below", "falls", "rises", "slope")

    def unsupported_form(self) -> str | None:
        """The key of a form that is understood but not judged yet, or None."""
        for form in ("above", "below"):
            if isinstance(getattr(self, form), Quantile):
                return form
        return next((key for key in ("falls", "rises", "slope") if getattr(self, key) is not None), None) or (
            "for" if self.persists else None
        )


DATA_CHECK = Check(name="data", metric="data_breaks", above=0, severity=Severity.CRITICAL)
"""What every monitor is judged by, declared or not: while data are broken, other checks of them mean nothing."""


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
