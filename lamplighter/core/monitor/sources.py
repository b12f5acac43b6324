"""The parts of a monitor file that say where predictions, labels and the reference are."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum
from string import Formatter
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from lamplighter.core.secrets import database_fault, without_credentials
from lamplighter.core.time.duration import parse_duration
from lamplighter.core.values.plain import plain_identity


class Section(BaseModel):
    """A part of a monitor file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def fault(message: str, *at: str | int) -> PydanticCustomError:
    """A fault of keys that do not go together; ``at`` leads from the section to the one that it is reported at."""
    return PydanticCustomError("fault", "{message}", {"message": message, "at": at})


def zone(name: str) -> str:
    """The name of a time zone, when there is one of that name.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> zone("Europe/Berlin")
    'Europe/Berlin'
    >>> zone("Mars/Olympus")
    Traceback (most recent call last):
    ...
    ValueError: unknown time zone 'Mars/Olympus'; write one such as UTC or America/New_York
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}; write one such as UTC or America/New_York") from None
    return name


WHOLE_DISK = re.compile(r"(?:file://)?/+(?:\.{1,2}/+)*[^/]*[*?\[]")
"""A pattern whose first folder is a wildcard."""


def sound_path(path: str) -> str:
    """A path that may be looked at: of signs that a path may hold, and of a part of the disk.

    Raises
    ------
    ValueError
        If it may not.

    Examples
    --------
    >>> sound_path("/data/log/**/*.parquet")
    '/data/log/**/*.parquet'
    """
    if odd := next((sign for sign in path if ord(sign) < 32 or ord(sign) == 127 or "\ud800" <= sign <= "\udfff"), None):
        raise ValueError(f"holds {odd!r}, which no path does; remove it")
    without_credentials(path)
    if WHOLE_DISK.match(path):
        raise ValueError(f"{path} looks at the whole disk; begin with the folder that holds the files")
    return path


def listed(value: Any) -> Any:
    """One text where a list is meant, as a list of one.

    Examples
    --------
    >>> listed("id"), listed(["shop", "id"])
    (['id'], ['shop', 'id'])
    """
    return [value] if isinstance(value, str) else value


def _duration(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else parse_duration(str(value))


def _lasting(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("no time at all; write a length such as 12h or 30d")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a number; write one such as 1")
    return value


def _flag(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    # A variable of the environment is a text.
    flags = {"true": True, "false": False}
    if not isinstance(value, str) or value.lower() not in flags:
        raise ValueError("is neither true nor false; write one of them")
    return flags[value.lower()]


def class_label(value: object) -> str:
    """A class label as text, so that True, 1 and 1.0 are one class whatever stored them.

    Examples
    --------
    >>> class_label(True), class_label(1.0), class_label("late")
    ('1', '1', 'late')
    """
    if isinstance(value, str | int):
        return plain_identity(value)
    # A float, or a value of a table: numpy and pyarrow take 0.2 s, and few monitors name a class so.
    from lamplighter.core.values.identity import identity

    return identity(value) or ""


def _label(value: Any) -> str:
    if not isinstance(value, str | int | float) or value != value:
        raise ValueError("is not the label of a class; write a text, a number, true or false")
    return class_label(value)


Zone = Annotated[str, AfterValidator(zone)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(listed)]
Paths = Annotated[tuple[Annotated[Name, AfterValidator(sound_path)], ...], BeforeValidator(listed)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Lasting = Annotated[Duration, AfterValidator(_lasting)]
NO_FLAG = BeforeValidator(_number)
"""Behind the bounds of a number, so that they stand in its schema."""
Number = Annotated[float, Field(allow_inf_nan=False), NO_FLAG]
Flag = Annotated[bool, BeforeValidator(_flag)]
ClassLabel = Annotated[str, BeforeValidator(_label)]


def _database(url: SecretStr) -> SecretStr:
    """The URL of a database, when it is clear which part of it is the password."""
    if what := database_fault(url.get_secret_value()):
        raise ValueError(what)
    return url


class Sql(Section):
    """A table or a query behind any SQLAlchemy URL.

    A query may use the bound parameters ``:start`` and ``:end``; without them it is wrapped and its rows are chosen
    by the time column.
    """

    url: Annotated[SecretStr, AfterValidator(_database)] = Field(
        description="a SQLAlchemy URL, such as ${PREDICTIONS_URL}"
    )
    table: Name | None = Field(default=None, description="a table or view; or give query")
    query: Name | None = Field(default=None, description="a query, which may use :start and :end; or give table")

    @model_validator(mode="after")
    def _one(self) -> Sql:
        if (self.table is None) == (self.query is None):
            raise ValueError("give either table or query")
        return self


class TimeUnit(StrEnum):
    """What a time that is written as a number counts since 1970."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"


class Source(Section):
    """Rows in Parquet or CSV files, or behind a SQL URL."""

    parquet: Paths = Field(
        default=(),
        description="paths, folders or globs of Parquet files, or of CSV ones (.csv, .csv.gz); "
        "{day} stands for the local day",
    )
    sql: Sql | None = Field(default=None, description="a table or query; or give parquet")
    timezone: Zone | None = Field(default=None, description="zone of timestamps that carry none")
    time_unit: TimeUnit | None = Field(default=None, description="unit of times that are numbers since 1970")

    @model_validator(mode="after")
    def _somewhere(self) -> Source:
        if bool(self.parquet) == (self.sql is not None):
            raise ValueError("give either parquet or sql")
        for i, path in enumerate(self.parquet):
            if not _takes_a_day(path):
                raise fault(f"{path!r} cannot be filled in; only {{day}} may stand in braces", "parquet", i)
        return self


def _takes_a_day(path: str) -> bool:
    try:
        # What is no plain {day} is never filled in: a width such as {day.year:>999999999} asks for gigabytes.
        if any(conversion for _, _, _, conversion in Formatter().parse(path)) or not _braced(path) <= {"day"}:
            return False
        path.format(day=date(2000, 1, 1))
    except (LookupError, ValueError, AttributeError, TypeError):
        return False
    return True


def _names_a_day(path: str) -> bool:
    return "day" in _braced(path)


def _braced(path: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(path) if field is not None}


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
    def scores(self) -> tuple[str, ...]:
        """The score columns."""
        if self.score is None:
            return ()
        return (self.score,) if isinstance(self.score, str) else tuple(self.score.values())


class Labels(Source):
    """Where the truth is, and when it counts as complete."""

    same_row: Flag = Field(default=False, description="the truth is a column of the predictions")
    id: Names = Field(default=(), description="column or columns that hold the id; by default those of the predictions")
    target: Name = Field(description="column of the truth")
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
        for key in ("parquet", "sql", "timezone", "time_unit", "id", "time"):
            if getattr(self, key):
                what = "same_row takes the truth from the prediction's own row, whenever it was written"
                raise fault(f"{what}; leave out {key}", key)
        return self

    @property
    def dated(self) -> bool:
        """Whether it is known when a label arrived: by a time of its own, or by the day in its file's path."""
        return self.time is not None or bool(self.parquet and all(_names_a_day(path) for path in self.parquet))


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
