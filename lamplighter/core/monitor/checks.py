"""The parts of a monitor file that say how drift is measured and when something is wrong."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from lamplighter.core.monitor.check_forms import FORMS, Form, Fraction, Limits
from lamplighter.core.monitor.fields import NO_FLAG, ClassLabel, Duration, Name, Section, fault


class Severity(StrEnum):
    """How severe a failed check is."""

    WARNING = "warning"
    CRITICAL = "critical"


def _runs(value: Any) -> Any:
    match = re.fullmatch(r"\s*(\d{1,4})\s+of\s+(\d{1,4})\s+days\s*", value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{value!r} is not a count of days; write 2 of 3 days")
    return int(match[1]), int(match[2])


Runs = Annotated[tuple[int, int], BeforeValidator(_runs)]
Windows = Annotated[int, Field(ge=0, le=1000), NO_FLAG]


class Versus(Section):
    """What a fall or rise is measured against: one summary of the metric's own past."""

    mean: Duration | None = Field(default=None, description="the mean of this much of the past")
    median: Duration | None = Field(default=None, description="the median of this much of the past")

    @model_validator(mode="after")
    def _one(self) -> Versus:
        if (self.mean is None) == (self.median is None):
            raise ValueError("give either mean or median, such as mean: 7d")
        return self


class Subject(Section):
    """What a check is about: its name, and the metric that it reads."""

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


class Check(Limits, Subject):
    """A limit on one metric.

    Its name is made of the metric and the form, such as ``f1-below``, unless it is given one.
    """

    versus: Versus | None = Field(default=None, description="what falls and rises are measured against")
    over: Duration | None = Field(default=None, description="over how long the slope is taken")
    persists: Runs | None = Field(
        default=None, alias="for", description="on how many of the last days it must fail; not there yet"
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, dict) and not value.get("name") and isinstance(value.get("metric"), str):
            key = next((key for key in FORMS if key in value), "")
            parts = (value["metric"], value.get("feature"), value.get("class", ""), value.get("segment"), key)
            name = "-".join(str(part) for part in parts if part not in ("", None)).lower()
            value = {**value, "name": re.sub(r"[^a-z0-9_.=-]", "-", name).lstrip("_.=-")[:63] or "check"}
        return value

    @model_validator(mode="after")
    def _one_form(self) -> Check:
        given = [key for key in FORMS if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"a check has one limit, not {len(given)}; give above or below, such as below: 0.4")
        needed, example = FORMS[given[0]].beside or ("", "")
        if needed and getattr(self, needed) is None:
            raise fault(f"{given[0]} needs {needed}, such as {needed}: {example}", given[0])
        for key in dict.fromkeys(form.beside[0] for form in FORMS.values() if form.beside):
            if key != needed and getattr(self, key) is not None:
                wanting = " and ".join(form.key for form in FORMS.values() if form.beside[:1] == (key,))
                raise fault(f"{key} belongs to {wanting}, not to {given[0]}; leave it out", key)
        return self

    @property
    def form(self) -> Form:
        """The form of its limit."""
        return next(form for key, form in FORMS.items() if getattr(self, key) is not None)

    @property
    def threshold(self) -> float:
        """The number that a value is compared with.

        Raises
        ------
        ValueError
            If nothing computes it yet; the reader of monitor files refuses such a check.

        Examples
        --------
        >>> Check.model_validate({"metric": "mae", "above": 3}).threshold
        3.0
        """
        threshold = self.form.threshold(getattr(self, self.form.key))
        if threshold is None:
            raise ValueError(f"check {self.name!r} has no number as its limit")
        return threshold

    def unsupported_form(self) -> str | None:
        """The key of a form that is understood but not judged yet, or None."""
        if self.form.threshold(getattr(self, self.form.key)) is None:
            return self.form.key
        return "for" if self.persists else None


DATA_CHECK = Check.model_validate({"name": "data", "metric": "data_breaks", "above": 0, "severity": Severity.CRITICAL})
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
