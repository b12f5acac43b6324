"""The places where rows may be: one row for each, read by the parser, the schema, the reference page and each reader.

A new place is a row here, and the module of `storage.sources` that the row names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, create_model, model_validator

from lamplighter.core.monitor.fields import Name, Path, Section, fault, listed
from lamplighter.core.secrets import database_fault


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


def _with_url(sql: Sql, locate_url: Callable[[str], str]) -> Sql:
    return sql.model_copy(update={"url": SecretStr(locate_url(sql.url.get_secret_value()))})


def _fillable(path: str) -> str:
    """A path that takes no more than a day."""
    try:
        # What is no plain {day} is never filled in: a width such as {day.year:>999999999} asks for gigabytes.
        if any(conversion for _, _, _, conversion in Formatter().parse(path)) or not _braced(path) <= {"day"}:
            raise LookupError
        path.format(day=date(2000, 1, 1))
    except (LookupError, ValueError, AttributeError, TypeError):
        raise fault(f"{path!r} cannot be filled in; only {{day}} may stand in braces") from None
    return path


def names_a_day(path: str) -> bool:
    """Whether a path is filled in with the day of its rows.

    Examples
    --------
    >>> names_a_day("log/day={day}.parquet"), names_a_day("log/*.parquet")
    (True, False)
    """
    return "day" in _braced(path)


def _braced(path: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(path) if field is not None}


DayPaths = Annotated[tuple[Annotated[Path, AfterValidator(_fillable)], ...], BeforeValidator(listed)]


class Yolo(Section):
    """Text files of labels, one for each image, whose boxes are shares of the image."""

    labels: DayPaths = Field(description="folders of text files; {day} stands for the local day")
    size: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] = Field(
        description="width and height of the images, in pixels"
    )
    names: tuple[Name, ...] = Field(default=(), description="the name of each class, from 0 on")

    @model_validator(mode="after")
    def _folders(self) -> Yolo:
        for at, path in enumerate(self.labels):
            if path.lower().endswith(".txt"):
                raise fault(f"{path!r} names text files; name their folder", "labels", at)
        return self


def _paths_of_yolo(given: Yolo) -> tuple[str, ...]:
    return given.labels


def _no_paths(given: Any) -> tuple[str, ...]:
    return ()


def _as_it_is(given: Any, locate_url: Callable[[str], str]) -> Any:
    return given


@dataclass(frozen=True, slots=True)
class Place:
    """A place where rows may be.

    Attributes
    ----------
    key : str
        The key of predictions and labels that gives it.
    value : Any
        What stands there, as pydantic reads it.
    help : str
    reader : str
        The module that reads it, a `storage.sources.place.PlaceReader`. It is imported where rows are read.
    empty : Any
        What stands for it where another is given.
    paths : callable
        Where its files are delivered, of what is given; none where rows are found otherwise.
    located : callable
        The same with each URL in it as it is found from the project.
    of_labels : bool
        Whether it holds labels alone: its rows have no time.

    Examples
    --------
    >>> files = PLACES["parquet"]
    >>> files.reader, files.paths(("log/day={day}.parquet",))
    ('storage.sources.in_files', ('log/day={day}.parquet',))
    """

    key: str
    value: Any
    help: str
    reader: str
    empty: Any = None
    paths: Callable[[Any], tuple[str, ...]] = _no_paths
    located: Callable[[Any, Callable[[str], str]], Any] = _as_it_is
    of_labels: bool = False


READERS = "storage.sources"

_ROWS = (
    Place(
        "parquet", DayPaths,
        "paths, folders or globs of Parquet files, or of CSV ones (.csv, .csv.gz); {day} stands for the local day",
        reader=f"{READERS}.in_files", empty=(), paths=tuple,
    ),
    Place(
        "sql", Sql | None, "a table or query; or give parquet",
        reader=f"{READERS}.in_database", located=_with_url,
    ),
    Place(
        "coco", DayPaths, "COCO JSON files of labels: columns image_id, file_name, boxes (corners) and classes",
        reader=f"{READERS}.in_files", empty=(), paths=tuple, of_labels=True,
    ),
    Place(
        "yolo", Yolo | None, "folders of YOLO text labels: the same columns, image_id being the name of the file",
        reader=f"{READERS}.in_yolo", paths=_paths_of_yolo, of_labels=True,
    ),
)  # fmt: skip

PLACES: dict[str, Place] = {place.key: place for place in _ROWS}
"""Every place by its key."""

if TYPE_CHECKING:

    class Places(Section):
        """The keys of a source that say where its rows are, of which one is given."""

else:
    Places = create_model(
        "Places",
        __base__=Section,
        __doc__="The keys of a source that say where its rows are, of which one is given.",
        **{place.key: (place.value, Field(default=place.empty, description=place.help)) for place in PLACES.values()},
    )
