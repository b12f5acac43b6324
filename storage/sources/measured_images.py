"""What was measured of image files, kept in the home: an image is decoded once, and its numbers outlast the file.

A folder for each day holds Parquet files, each of which appears whole; a run that is killed has measured what it has
written. Rows are found by the path of their image. Of a file that has changed since, the newest row counts.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lamplighter.atomic import atomic_file
from lamplighter.core.monitor.images import FAULT, NUMERIC, REASON, TILE
from lamplighter.core.records.image_faults import OUTSIDE, FaultCode, may_pass
from lamplighter.core.records.image_statistics import PRESETS
from lamplighter.errors import SourceError, one_line
from lamplighter.images import ImageFault, measure_files
from storage.project.private_files import FILE_MODE, make_folder, matching
from storage.sources.image_files import located

EDITION = 1
"""Raise it when the same file would come to other numbers: all files that are still there are measured again."""

PART = 1000
"""Images whose numbers are written at a time: what a run that is killed loses at most, some two seconds of work."""

SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("boxes", pa.string()),
        ("size", pa.int64()),
        ("mtime", pa.int64()),
        (FAULT, pa.string()),
        (REASON, pa.string()),
        *((name, pa.float64()) for name in NUMERIC),
        (TILE, pa.string()),
    ]
)

Key = tuple[str, str]

Corners = list[list[float]] | None
"""Left, top, right and bottom of each box of an image; None where no objects are measured."""

NO_SUCH_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
"""What says of a path that nothing is there; anything else, such as a lack of permission, says that something is."""


class Wanted(NamedTuple):
    """An image that is asked for: its path as the log has it, the day of its row, and the boxes in it."""

    path: str
    day: str
    boxes: Corners = None

    @property
    def key(self) -> Key:
        """Tells it from others: by its path, and by its boxes, which differ from answer to answer."""
        boxes = "" if self.boxes is None else hashlib.sha256(repr(self.boxes).encode()).hexdigest()[:16]
        return self.path, boxes


class Stamp(NamedTuple):
    """What tells one state of a file from another."""

    size: int
    mtime: int


class Unopened(NamedTuple):
    """What is wrong with a path: its file is not opened."""

    fault: str
    reason: str = ""


GONE = Unopened(FaultCode.MISSING)


@dataclass(frozen=True, slots=True)
class MeasuredImages:
    """The images of a folder, and what was measured of them.

    Attributes
    ----------
    folder : Path
        Of the images.
    kept : Path
        Of what was measured.
    presets : tuple of str
        CleanVision's, by which images are judged as well.
    """

    folder: Path
    kept: Path
    presets: tuple[str, ...] = ()

    def table(self, wanted: Sequence[Wanted | None]) -> pa.Table:
        """A row of `SCHEMA` for each image, in their order; one that is not there is all null but for its fault.

        What was measured before a preset was asked for is measured again; where the file is gone its score is null.

        Raises
        ------
        SourceError
            If what is measured cannot be kept.
        """
        distinct = {it.key: it for it in wanted if it is not None}
        stamps = {key: self.stamp(it.path) for key, it in distinct.items()}
        known = _Known(self._kept(distinct.values()), [PRESETS[name].score for name in self.presets])
        stale = [it for key, it in distinct.items() if known.lacks(key, stamps[key])]
        for part in self._measured(stale, stamps):
            known.add(part)
        return known.rows((it.key, stamps[it.key]) if it else (None, GONE) for it in wanted)

    def stamp(self, path: str) -> Stamp | Unopened:
        """Size and time of a file, or what is wrong with its path."""
        file = located(self.folder, path)
        if file is None:
            return Unopened(OUTSIDE)
        try:
            found = os.stat(file)
        except ValueError:
            return GONE
        except OSError as error:
            if error.errno in NO_SUCH_FILE:
                return GONE
            return Unopened(FaultCode.UNREADABLE, f"it cannot be read: {error.strerror}; allow it, or mend the folder")
        # A pipe would be waited for without end.
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device"
            return Unopened(FaultCode.UNREADABLE, f"it is {what}; name a file")
        return Stamp(found.st_size, found.st_mtime_ns)

    def _kept(self, wanted: Iterable[Wanted]) -> Iterator[pa.Table]:
        """What earlier runs have kept of some images, the newest last."""
        by_day: dict[str, list[str]] = {}
        for it in wanted:
            by_day.setdefault(it.day, []).append(it.path)
        for day, paths in by_day.items():
            asked = pa.array(paths, pa.string())
            for file in matching(self._place(day), "*.parquet"):
                yield from _rows_of(file, asked)

    def _place(self, day: str) -> Path:
        return self.kept / f"v{EDITION}" / day

    def _measured(self, images: Iterable[Wanted], stamps: Mapping[Key, Stamp | Unopened]) -> Iterator[pa.Table]:
        """Measure images, and keep a part of them before the next is begun."""
        ordered = sorted(images, key=lambda it: it.day)
        if not ordered:
            return
        paths = [located(self.folder, it.path) or "" for it in ordered]
        boxes = [it.boxes for it in ordered] if any(it.boxes is not None for it in ordered) else None
        results = zip(ordered, measure_files(paths, boxes, cleanvision=self.presets), strict=True)
        for day, group in groupby(results, key=lambda pair: pair[0].day):
            while part := [*islice(group, PART)]:
                rows = [_row(it, stamps[it.key], result) for it, result in part]
                # One that went meanwhile is asked for again the next time.
                there = [row for row in rows if row.get(FAULT) != FaultCode.MISSING]
                self._keep(
                    day, pa.Table.from_pylist([row for row in there if not may_pass(row.get(FAULT))], schema=SCHEMA)
                )
                yield pa.Table.from_pylist(there, schema=SCHEMA)

    def _keep(self, day: str, table: pa.Table) -> None:
        if not len(table):
            return
        folder = self._place(day)
        try:
            make_folder(folder)
            # The names of files of one day sort as they were written.
            number = len(matching(folder, "*.parquet"))
            path = folder / f"{number:06d}-{secrets.token_hex(4)}.parquet"
            with atomic_file(path, mode=FILE_MODE) as file:
                pq.write_table(table, file)
        except OSError as error:
            what = f"what was measured of images cannot be kept: {one_line(error)}"
            raise SourceError(what, where=folder, fix="mend the folder, or set LAMPLIGHTER_HOME") from None


class _Known:
    """Rows that are known, by their image; of one image the row that was added last counts.

    Parameters
    ----------
    tables : iterable of Table
    needed : sequence of str
        Statistics that each image has whose file could be read; one without them has to be measured again.
    """

    def __init__(self, tables: Iterable[pa.Table], needed: Sequence[str]) -> None:
        self._needed = needed
        self._tables: list[pa.Table] = []
        self._places: dict[Key, int] = {}
        self._stamps: dict[Key, Stamp | None] = {}
        self._size = 0
        for table in tables:
            self.add(table)

    def add(self, table: pa.Table) -> None:
        columns = [table[name].to_pylist() for name in ("path", "boxes", "size", "mtime", FAULT)]
        needed = [table[name].is_valid().to_pylist() for name in self._needed]
        for i, (path, boxes, size, mtime, fault) in enumerate(zip(*columns, strict=True)):
            is_whole = not may_pass(fault) if fault else all(there[i] for there in needed)
            self._places[path, boxes] = self._size + i
            self._stamps[path, boxes] = Stamp(size, mtime) if is_whole else None
        self._tables.append(table)
        self._size += len(table)

    def lacks(self, key: Key, stamp: Stamp | Unopened) -> bool:
        """Whether a file has to be measured; one that is gone keeps its numbers."""
        return isinstance(stamp, Stamp) and self._stamps.get(key) != stamp

    def rows(self, wanted: Iterable[tuple[Key | None, Stamp | Unopened]]) -> pa.Table:
        """A row for each image, in their order."""
        unopened: dict[Unopened, int] = {}
        places = []
        for key, stamp in wanted:
            why = stamp if isinstance(stamp, Unopened) else GONE
            place = self._places.get(key) if key and why.fault != OUTSIDE else None
            places.append(self._size + unopened.setdefault(why, len(unopened)) if place is None else place)
        without = pa.Table.from_pylist([{FAULT: it.fault, REASON: it.reason} for it in unopened], schema=SCHEMA)
        return pa.concat_tables([*self._tables, without]).take(pa.array(places, pa.int64()))


def _rows_of(file: Path, paths: pa.Array) -> Iterator[pa.Table]:
    """The rows of a file that are of some paths; none of a file that is damaged or was removed meanwhile."""
    try:
        table = pq.read_table(file)
        table = table.filter(pc.is_in(table["path"], value_set=paths))
        # A statistic that is new is null in what was measured before.
        columns = [table[name] if name in table.column_names else pa.nulls(len(table)) for name in SCHEMA.names]
        yield pa.table(columns, SCHEMA.names).cast(SCHEMA)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return


def _row(wanted: Wanted, stamp: Stamp | Unopened, result: Mapping[str, Any] | ImageFault) -> dict[str, Any]:
    assert isinstance(stamp, Stamp)
    values = {FAULT: str(result.code), REASON: result.reason} if isinstance(result, ImageFault) else result
    return {"path": wanted.path, "boxes": wanted.key[1], "size": stamp.size, "mtime": stamp.mtime, **values}
