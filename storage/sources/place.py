"""What a place of rows has to offer so that they are read; its row in `lamplighter.core.monitor.places` names it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeAlias, cast

from lamplighter.core.monitor import Labels, Monitor, Predictions
from lamplighter.core.monitor.soundness import Problem
from lamplighter.core.time.window import Window
from storage.project.folder import Project
from storage.sources.files import File

EPOCH, FAR = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

RowSource: TypeAlias = Predictions | Labels


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of rows, besides their time.

    Attributes
    ----------
    folder : Path
        Of the run, for files that are written of rows.
    name : str
        The part of it for rows of this read; what an earlier one of the same name left there goes.
    order : sequence of str
        Columns that rows are sorted by where their place has no order.
    only : collection of str, optional
        Columns that are enough.
    most : int, optional
        Rows that are enough.
    """

    folder: Path
    name: str
    order: Sequence[str] = ()
    only: Collection[str] | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Newest:
    """When the newest predictions were made.

    Attributes
    ----------
    moment : datetime or None
        None where there are no rows.
    later : int
        Rows, of those that were looked at, that are dated after the present.
    """

    moment: datetime | None
    later: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What tells one state of rows from another, where asking for it is cheaper than to read them.

    Attributes
    ----------
    asked : tuple
        From where they come; not shown, since a URL may be in it.
    rows : int
    name : str
        What messages call the place.
    """

    asked: tuple[object, ...] = field(repr=False)
    rows: int
    name: str


class PlaceReader(Protocol):
    """Reads the rows of one place: a module with these functions.

    All give rows as files of Parquet, or of a format that `storage.sources.formats` knows. Rows whose time is another
    may be among them: they are left out where files are scanned. All raise `SourceError` if the place does not answer.
    """

    def between(self, project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
        """The files of the rows between two instants."""

    def recent(self, project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
        """Files of many rows up to the end of a span, to look a value up in; of all days in it where that is quick."""

    def dated(self, project: Project, source: RowSource, span: Window, delivered: Window, wanted: Wanted) -> list[File]:
        """The files that were delivered in one span and may hold rows dated in another, the newest of those."""

    def newest(self, project: Project, monitor: Monitor, now: datetime, wanted: Wanted) -> Newest:
        """When the newest predictions were made, until the present; `newest_in` says it of files.

        Raises `ColumnError` if the time column is not there or holds no times.
        """

    def columns(self, project: Project, source: RowSource) -> Collection[str]:
        """The columns of the newest rows; none where that is not known. Raises `BrokenFileError` for a broken file."""

    def absent(self, project: Project, source: RowSource, section: str, *, may_come: bool = False) -> Problem | None:
        """What is wrong where the place is not there at all; no more than a warning where rows may be still to come."""

    def state(self, source: RowSource, span: Window) -> State | None:
        """The state of the rows of a span that has passed, which then are kept until it changes; None to keep none.

        Where it gives one, `between` leaves its files in a folder of their own.
        """


def reader_of(source: RowSource) -> PlaceReader:
    """The reader of the place that a source gives; only its module is imported.

    Examples
    --------
    >>> reader_of(monitor.predictions).__name__
    'storage.sources.in_files'
    """
    return cast(PlaceReader, import_module(source.place.reader))
