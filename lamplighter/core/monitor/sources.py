"""The parts of a monitor file that say where predictions, labels and the reference are."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from lamplighter.core.duration import parse_duration


class Section(BaseModel):
    """A part of a monitor file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}; write one such as UTC or America/New_York") from None
    return name


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def class_label(value: object) -> str:
    """A class label as text, so that True, 1 and 1.0 are one class whatever stored them.

    Examples
    --------
    >>> class_label(True), class_label(1.0), class_label("late")
    ('1', '1', 'late')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(int(value)) if isinstance(value, bool) else str(value)


Zone = Annotated[str, AfterValidator(_zone)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
ClassLabel = Annotated[str, BeforeValidator(class_label)]


class Sql(Section):
    """A table or a query behind any SQLAlchemy URL.

    A query may use the bound parameters ``:start`` and ``:end``; without them it is wrapped and its rows are chosen
    by the time column.
    """

    url: SecretStr
    table: str | None = None
    query: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Sql:
        if (self.table is None) == (self.query is None):
            raise ValueError("give either table or query")
        return self


class Source(Section):
    """Rows in Parquet files or behind a SQL URL."""

    parquet: Annotated[Names, Field(description="paths or globs; {day} stands for the local day")] = ()
    sql: Sql | None = None
    timezone: Annotated[Zone | None, Field(description="zone of timestamps that carry none")] = None

    @model_validator(mode="after")
    def _somewhere(self) -> Source:
        if bool(self.parquet) == (self.sql is not None):
            raise ValueError("give either parquet or sql")
        for path in self.parquet:
            try:
                path.format(day=date(2000, 1, 1))
            except (KeyError, IndexError, ValueError):
                raise ValueError(f"{path!r} cannot be filled in; only {{day}} may stand in braces") from None
        return self


class Duplicates(StrEnum):
    """Which of several rows with one id and version counts."""

    FIRST = "first"
    LAST = "last"
    ERROR = "error"


class Predictions(Source):
    """What the model saw and answered."""

    time: Annotated[str, Field(description="column of the instant of the prediction")]
    id: Annotated[Names, Field(description="column or columns that labels are joined on")] = ()
    prediction: str | None = None
    score: Annotated[
        str | dict[ClassLabel, str] | None, Field(description="column of the score, or one per class")
    ] = None
    version: Annotated[str | None, Field(description="column of the model's version")] = None
    positive: Annotated[ClassLabel | None, Field(description="the class that is looked for")] = None
    duplicates: Duplicates = Duplicates.FIRST
    unsure: Annotated[
        tuple[float, float] | None, Field(description="band of scores that count as unsure, bounds included")
    ] = None

    @property
    def scores(self) -> tuple[str, ...]:
        """The score columns."""
        if self.score is None:
            return ()
        return (self.score,) if isinstance(self.score, str) else tuple(self.score.values())


class Labels(Source):
    """Where the truth is, and when it counts as complete."""

    same_row: Annotated[bool, Field(description="the truth is a column of the predictions")] = False
    id: Names = ()
    target: Annotated[str, Field(description="column of the truth")]
    time: Annotated[str | None, Field(description="column of the instant at which a label arrived")] = None
    mature_after: Annotated[
        Duration, Field(description="how long after its window a label may arrive and still count")
    ] = timedelta(days=3)
    min_coverage: Annotated[
        float | None, Field(gt=0, le=1, description="share of labels from which provisional quality is judged")
    ] = None

    @model_validator(mode="after")
    def _somewhere(self) -> Labels:
        if not self.same_row:
            super()._somewhere()  # type: ignore[operator]
        elif self.parquet or self.sql or self.id:
            raise ValueError("same_row takes the truth from the predictions; leave out parquet, sql and id")
        return self


def _days(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    first, dots, last = value.partition("..")
    if not dots:
        raise ValueError(f"{value!r} is not a range of days; write 2013-01-01..2013-03-31")
    return first, last


class Reference(Section):
    """What the current window is compared with: files, a fixed range of days, or the days before the window."""

    parquet: Names = ()
    days: Annotated[tuple[date, date] | None, BeforeValidator(_days)] = None
    trailing: Duration | None = None

    @model_validator(mode="after")
    def _one(self) -> Reference:
        if sum((bool(self.parquet), self.days is not None, self.trailing is not None)) != 1:
            raise ValueError("give one of parquet, days and trailing")
        if self.days and self.days[0] > self.days[1]:
            raise ValueError(f"the range ends before it begins: {self.days[0]}..{self.days[1]}")
        return self


def _auto(value: Any) -> Any:
    return {"auto": True} if value == "auto" else value


class Features(Section):
    """Which columns are the model's inputs: names or patterns such as ``wind_*``; ``auto`` takes what is left.

    With ``auto``, numbers are numeric and strings and booleans categorical; other types are left out.
    """

    auto: bool = False
    numeric: Names = ()
    categorical: Names = ()
    exclude: Names = ()


OptionalFeatures = Annotated[Features, BeforeValidator(_auto)]
