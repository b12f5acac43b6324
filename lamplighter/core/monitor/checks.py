"""A check: the metric that it reads, its limit, and when a value beyond the limit counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from lamplighter.core.monitor.check_forms import FORMS, Basis, Form, Limits, Quantile, Sigmas
from lamplighter.core.monitor.check_limits import NO_LIMIT, Limit
from lamplighter.core.monitor.fields import NO_FLAG, ClassLabel, Flag, Lasting, Name, Section, fault


class Severity(StrEnum):
    """How severe a failed check is."""

    WARNING = "warning"
    CRITICAL = "critical"


class Persistence(NamedTuple):
    """In how many of the newest windows a check must fail.

    Attributes
    ----------
    failing, windows : int
    unit : str
        How the windows are called.
    """

    failing: int = 1
    windows: int = 1
    unit: str = "windows"

    @property
    def text(self) -> str:
        """As it is written."""
        return f"{self.failing} of {self.windows} {self.unit}"


UNITS = ("windows", "hours", "days", "weeks", "months")

LONGEST_FOR = 100
"""Windows: what was three months of days ago is no news."""


def _persistence(value: Any) -> Any:
    if isinstance(value, Persistence):
        return value
    pattern = rf"\s*(\d{{1,3}})\s+of\s+(\d{{1,3}})\s+({'|'.join(f'{unit}?' for unit in UNITS)})\s*"
    match = re.fullmatch(pattern, value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{value!r} is not a count of windows; write 2 of 3 days")
    if int(match[2]) > LONGEST_FOR:
        raise ValueError(f"{value!r} looks at more than {LONGEST_FOR} windows; write fewer")
    return Persistence(int(match[1]), int(match[2]), match[3].rstrip("s") + "s")


Persisting = Annotated[Persistence, BeforeValidator(_persistence)]
Windows = Annotated[int, Field(ge=0, le=1000), NO_FLAG]
AtLeastOne = Annotated[int, Field(ge=1, le=100), NO_FLAG]
Rows = Annotated[int, Field(ge=1), NO_FLAG]
Phase = Literal["weekday", "hour", "hour of week"]

REFERENCE = "reference"


class Versus(Section):
    """What a fall or rise is measured against."""

    mean: Lasting | None = Field(default=None, description="the mean of this much of the past")
    median: Lasting | None = Field(default=None, description="the median of this much of the past")
    reference: Flag = Field(default=False, description="true: the metric's value in the reference")
    version: ClassLabel = Field(default="", description="the value of this model version in the same window")

    @model_validator(mode="after")
    def _one(self) -> Versus:
        if sum(map(bool, (self.mean, self.median, self.reference, self.version))) != 1:
            raise ValueError("give one of mean, median, reference and version, such as median: 28d")
        return self


def _versus(value: Any) -> Any:
    if value == REFERENCE:
        return {REFERENCE: True}
    if not isinstance(value, dict | Versus):
        raise ValueError(f"{value!r} is nothing to compare with; write {{median: 28d}}, {{mean: 28d}} or {REFERENCE}")
    return value


OptionalVersus = Annotated[Versus, BeforeValidator(_versus)]


class FailureRules(Section):
    """When a value beyond a limit counts: what checks may share."""

    severity: Severity = Field(default=Severity.WARNING, description="how severe a failure is")
    persists: Persisting = Field(
        default=Persistence(), alias="for", description="in how many of the newest windows it must fail, as 2 of 3 days"
    )
    clears: AtLeastOne = Field(default=2, description="how many windows in a row must pass until its incident closes")
    minimum_rows: Rows = Field(default=1, description="rows that a window must have; of fewer it is undecided")


class CheckDefaults(FailureRules):
    """What the checks of a monitor, or of a fleet through `extends`, have in common."""


class Subject(FailureRules):
    """What a check is about: its name, and the metric that it reads."""

    name: str = Field(
        default="", pattern=r"^[a-z0-9][a-z0-9_.=-]{0,62}$", description="at most 63 of a-z, 0-9 and _.=-"
    )
    metric: Name = Field(description="the name of a metric, such as f1")
    feature: str = Field(default="", description="the column, for a metric of columns")
    segment: str = Field(
        default="", description="column=value; column=* for every segment, each with its own incident; empty: all rows"
    )
    klass: ClassLabel = Field(default="", alias="class", description="the class, for a metric of classes")
    version: ClassLabel = Field(default="", description="the model version; empty: all versions together")
    undecided_after: Windows | None = Field(
        default=None, description="how many windows in a row it may stay undecided; default that of the monitor"
    )


def name_by_keys(written: Mapping[str, Any]) -> str:
    """The name of a check that is given none.

    Examples
    --------
    >>> name_by_keys({"metric": "f1", "class": "late", "below": 0.4})
    'f1-late-below'
    """
    key = next((key for key in FORMS if key in written), "")
    parts = (written["metric"], *(written.get(part) for part in ("feature", "class", "version", "segment")), key)
    name = "-".join(str(part) for part in parts if part not in ("", None)).lower()
    return re.sub(r"[^a-z0-9_.=-]", "-", name).lstrip("_.=-")[:63] or "check"


EVERY = "*"
"""The value of a segment that stands for all values of its column."""


class Check(Limits, Subject):
    """A limit on one metric.

    Its name is made of the metric and the form, such as ``f1-below``, unless it is given one.
    """

    versus: OptionalVersus | None = Field(
        default=None,
        description="what falls and rises are measured against: {median: 28d}, {mean: 28d}, reference, {version: 2}",
    )
    over: Lasting | None = Field(default=None, description="over how long the slope is taken")
    same: Phase | None = Field(
        default=None, description="only windows of the past with the same weekday, hour or hour of the week count"
    )
    minimum_windows: AtLeastOne | None = Field(
        default=None, description="values that the past must have; default half of its windows, at least 3"
    )
    surely: Flag | None = Field(default=None, description="fails only when the whole 95 % interval is beyond the limit")
    ignore_below: Annotated[float, Field(gt=0, allow_inf_nan=False), NO_FLAG] | None = Field(
        default=None, description="smaller values pass, whatever they are compared with; for above and rises"
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, dict) and not value.get("name") and isinstance(value.get("metric"), str):
            value = {**value, "name": name_by_keys(value)}
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
    def given(self) -> Any:
        """What stands at the key of its form: a number, a quantile, a percentage."""
        return getattr(self, self.form.key)

    @property
    def threshold(self) -> float | None:
        """The number that values are compared with, where the check gives it itself.

        Examples
        --------
        >>> Check.model_validate({"metric": "mae", "above": 3}).threshold
        3.0
        >>> Check.model_validate({"metric": "mae", "above": {"quantile": 0.95, "of": "30d"}}).threshold is None
        True
        """
        return self.given if self.form.key in ("above", "below") and isinstance(self.given, float) else None

    @property
    def plain_limit(self) -> Limit:
        """The limit where it is a plain number; no bounds where the history gives it."""
        return NO_LIMIT if self.threshold is None else self.form.limit(self.given, Basis())

    @property
    def span(self) -> timedelta | None:
        """How much of the past it reads to compute its limit; None where it reads none.

        Examples
        --------
        >>> Check.model_validate({"metric": "mae", "above": {"quantile": 0.95, "of": "30d"}}).span.days
        30
        >>> Check.model_validate({"metric": "mae", "above": 3}).span is None
        True
        """
        if isinstance(self.given, Quantile | Sigmas):
            return self.given.of
        return self.over or (self.versus and (self.versus.mean or self.versus.median)) or None

    @property
    def is_of_every_segment(self) -> bool:
        """Whether each segment of its column is judged by itself."""
        return self.segment.endswith(f"={EVERY}")

    def of_segment(self, segment: str) -> Check:
        """The same check of one segment, with the name of its incident.

        Examples
        --------
        >>> every = Check.model_validate({"metric": "f1", "segment": "plan=*", "below": 0.4, "name": "f1-low"})
        >>> every.of_segment("plan=pro").name
        'f1-low[plan=pro]'
        """
        return self.model_copy(update={"segment": segment, "name": f"{self.name}[{segment}]"})


DATA_CHECK = Check.model_validate(
    {"name": "data", "metric": "data_breaks", "above": 0, "severity": Severity.CRITICAL, "clears": 1}
)
"""What every monitor is judged by, declared or not: while data are broken, other checks of them mean nothing."""
