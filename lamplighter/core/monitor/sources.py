"""The parts of a monitor file that say where predictions, labels and the reference are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from lamplighter.core.monitor.fields import (
    NO_FLAG,
    ClassLabel,
    Duration,
    Flag,
    Name,
    Names,
    Number,
    Paths,
    Section,
    Zone,
    fault,
)
from lamplighter.core.monitor.places import PLACES, Place, Places, names_a_day


class TimeUnit(StrEnum):
    """What a time that is written as a number counts since 1970."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"


class Source(Places):
    """Rows in Parquet or CSV files, or behind a SQL URL."""

    timezone: Zone | None = Field(default=None, description="zone of timestamps that carry none")
    time_unit: TimeUnit | None = Field(default=None, description="unit of times that are numbers since 1970")

    @model_validator(mode="after")
    def _somewhere(self) -> Source:
        if len(self._given) != 1 or (self.place.of_labels and not self._holds_labels):
            raise ValueError(f"give either {' or '.join(self._places)}")
        return self

    @property
    def _holds_labels(self) -> bool:
        return False

    @property
    def _places(self) -> list[str]:
        return [key for key, place in PLACES.items() if self._holds_labels or not place.of_labels]

    @property
    def _given(self) -> list[Place]:
        return [place for place in PLACES.values() if getattr(self, place.key)]

    @property
    def place(self) -> Place:
        """Where the rows are, of those that are known."""
        return self._given[0]

    @property
    def given(self) -> Any:
        """What the file says of that place."""
        return getattr(self, self.place.key)

    @property
    def paths(self) -> tuple[str, ...]:
        """Where files are delivered; none where rows are found otherwise."""
        return tuple(path for place in self._given for path in place.paths(getattr(self, place.key)))

    def located(self, locate_url: Callable[[str], str]) -> Self:
        """The same source with each URL as it is found from the project."""
        found = {place.key: place.located(getattr(self, place.key), locate_url) for place in self._given}
        return self.model_copy(update=found)


class BoxFormat(StrEnum):
    """What the four numbers of a box are, in pixels."""

    XYXY = "xyxy"
    XYWH = "xywh"
    CXCYWH = "cxcywh"


BOX_FORMATS = "two corners (`xyxy`), a corner and the size (`xywh`), or the middle and the size (`cxcywh`), in pixels"

Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), NO_FLAG]


class Duplicates(StrEnum):
    """Which of several rows with one id and version counts."""

    FIRST = "first"
    LAST = "last"
    ERROR = "error"


class Predictions(Source):
    """What the model saw and answered."""

    time: Name = Field(description="column of the instant of the prediction")
    id: Names = Field(default=(), description="column or columns that labels are joined on")
    prediction: Name | None = Field(
        default=None, description="column of the answer: a label, a number, a ranked list or a text"
    )
    score: Name | dict[ClassLabel, Name] | None = Field(
        default=None, description="column of the score, or one per class"
    )
    classes: Name | None = Field(
        default=None, description="column of the classes of the boxes, a list; of kind detection"
    )
    confidence: Confidence | None = Field(
        default=None, description="score from which the service acts on a box; of kind detection"
    )
    box_format: BoxFormat = Field(default=BoxFormat.XYXY, description=BOX_FORMATS)
    version: Name | None = Field(default=None, description="column of the model's version")
    positive: ClassLabel | None = Field(default=None, description="the class that is looked for")
    duplicates: Duplicates = Field(
        default=Duplicates.FIRST, description="which of several rows with one id and version counts"
    )
    unsure: tuple[Number, Number] | None = Field(
        default=None, description="band of scores that count as unsure, bounds included"
    )

    @model_validator(mode="after")
    def _band(self) -> Predictions:
        if self.unsure and self.unsure[0] > self.unsure[1]:
            raise fault(f"unsure ends before it begins: {list(self.unsure)}; swap its bounds", "unsure")
        if self.unsure and not isinstance(self.score, str):
            raise fault("unsure is a band of one score; name its column as score", "unsure")
        return self

    @property
    def boxes(self) -> tuple[str, ...]:
        """The columns that boxes stand in: the boxes, their classes, their scores."""
        beside = (self.prediction, self.classes, self.score if isinstance(self.score, str) else None)
        return tuple(name for name in beside if name) if self.classes else ()

    @property
    def scores(self) -> tuple[str, ...]:
        """The columns that hold a score a row; the scores of boxes are lists, and columns of `boxes`."""
        if self.score is None or self.classes:
            return ()
        return (self.score,) if isinstance(self.score, str) else tuple(self.score.values())


class Labels(Source):
    """Where the truth is, and when it counts as complete."""

    same_row: Flag = Field(default=False, description="the truth is a column of the predictions")
    id: Names = Field(default=(), description="column or columns that hold the id; by default those of the predictions")
    target: Name = Field(
        description="column of the truth; in the rows of a trainer and in a reference `true_` stands before its name "
        "where the log has a column of that name"
    )
    classes: Name | None = Field(
        default=None, description="column of the classes of the true boxes, a list; of kind detection"
    )
    box_format: BoxFormat = Field(default=BoxFormat.XYXY, description=BOX_FORMATS)
    time: Name | None = Field(default=None, description="column of the instant at which a label arrived")
    mature_after: Duration = Field(
        default=timedelta(days=3), description="how long after its window a label may arrive and still count"
    )
    min_coverage: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False), NO_FLAG] | None = Field(
        default=None, description="share of labels from which provisional quality is judged"
    )

    @model_validator(mode="after")
    def _somewhere(self) -> Labels:
        if not self.same_row:
            return super()._somewhere()  # type: ignore[operator, no-any-return]  # pydantic wraps it
        for key in (*PLACES, "timezone", "time_unit", "id", "time"):
            if getattr(self, key):
                what = "same_row takes the truth from the prediction's own row, whenever it was written"
                raise fault(f"{what}; leave out {key}", key)
        return self

    @property
    def _holds_labels(self) -> bool:
        return True

    @property
    def dated(self) -> bool:
        """Whether it is known when a label arrived: by a time of its own, or by the day in its file's path."""
        return self.time is not None or bool(self.paths and all(names_a_day(path) for path in self.paths))


def _days(value: Any) -> Any:
    if isinstance(value, tuple):
        return value
    first, _, last = str(value).partition("..")
    try:
        return date.fromisoformat(first.strip()), date.fromisoformat(last.strip())
    except ValueError:
        raise ValueError(f"{str(value)!r} is not a range of days; write 2013-01-01..2013-03-31") from None


Days = Annotated[tuple[date, date] | None, BeforeValidator(_days)]


class Reference(Section):
    """What the current window is compared with: files, a fixed range of days, or the days before the window."""

    parquet: Paths = Field(default=(), description="paths, folders or globs of files")
    days: Days = Field(default=None, description="a fixed range of days of the predictions")
    trailing: Duration | None = Field(default=None, description="the days before the window")

    @model_validator(mode="after")
    def _one(self) -> Reference:
        if sum((bool(self.parquet), self.days is not None, self.trailing is not None)) != 1:
            raise ValueError("give one of parquet, days and trailing")
        if self.days and self.days[0] > self.days[1]:
            raise fault(f"the days end before they begin: {self.days[0]}..{self.days[1]}; swap them", "days")
        if self.trailing == timedelta():
            raise fault("a trailing reference of no time holds nothing; write 28d", "trailing")
        for i, path in enumerate(self.parquet):
            if "{" in path:
                raise fault(f"{path!r}: the files of a reference take no {{day}}; write a glob", "parquet", i)
        return self


def _auto(value: Any) -> Any:
    return {"auto": True} if value == "auto" else value


class Features(Section):
    """Which columns are the model's inputs: names or patterns such as ``wind_*``; ``auto`` takes what is left.

    With ``auto``, numbers are numeric and strings and booleans categorical; other types are left out.
    """

    auto: Flag = Field(default=False, description="take every column that has no other role")
    numeric: Names = Field(default=(), description="names or patterns such as `wind_*`")
    categorical: Names = Field(default=(), description="names or patterns")
    exclude: Names = Field(default=(), description="names or patterns of columns that are no features")

    @model_validator(mode="after")
    def _of_one_kind(self) -> Features:
        if twice := sorted(set(self.numeric) & set(self.categorical)):
            raise fault(f"feature {twice[0]!r} is named as numeric and as categorical; choose one", "categorical")
        return self


OptionalFeatures = Annotated[Features, BeforeValidator(_auto)]
