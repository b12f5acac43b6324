"""What was measured of image files, kept in the home: an image is decoded once, and its numbers outlast the file.

A folder for each day holds Parquet files, each of which appears whole; a run that is killed has measured what it has
written. Rows are found by the path of their image. Of a file that has changed since, the newest row counts.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lamplighter.atomic import atomic_file
from lamplighter.core.monitor.images import FAULT, MISSING, NUMERIC, OUTSIDE, TILE
from lamplighter.errors import SourceError, one_line
from lamplighter.images import ImageFault, measure_files
from storage.project.private_files import FILE_MODE, make_folder

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
        *((name, pa.float64()) for name in NUMERIC),
        (TILE, pa.string()),
    ]
)

Boxes = list[list[float]] | None


class Wanted(NamedTuple):
    """An image that is asked for: its path as the log has it, the day of its row, and the boxes in it."""

    path: str
    day: str
    boxes: Boxes = None

    @property
    def boxes_key(self) -> str:
        """Tells the boxes of two answers about one image from each other; empty without boxes."""
        return hashlib.sha256(repr(self.boxes).encode()).hexdigest()[:16] if self.boxes is not None else ""


class _Stamp(NamedTuple):
    size: int
    mtime: int


@dataclass(frozen=True, slots=True)
class MeasuredImages:
    """The images of a folder, and what was measured of them.

    Attributes
    ----------
    folder : Path
        Of the images.
    kept : Path
        Of what was measured.
    """

    folder: Path
    kept: Path

    def table(self, wanted: Sequence[Wanted | None]) -> pa.Table:
        """A row of `SCHEMA` for each image, in their order; one that is not named is all null but for its fault.

        Raises
        ------
        SourceError
            If what is measured cannot be kept.
        """
        distinct = {(it.path, it.boxes_key): it for it in wanted if it is not None}
        known = self._known(distinct)
        stamps = {key: self._stamp(it.path) for key, it in distinct.items()}
        stale = [it for key, it in distinct.items() if _is_stale(known.get(key), stamps[key])]
        for measured in self._measured(stale, stamps):
            known |= {(row["path"], row["boxes"]): row for row in measured}
        rows = [_row(it, known, stamps) for it in wanted]
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    def _stamp(self, path: str) -> _Stamp | str:
        """Size and time of a file, or what is wrong with its path."""
        located = self._located(path)
        if located is None:
            return OUTSIDE
        try:
            found = os.stat(located)
        except (OSError, ValueError):
            return MISSING
        return _Stamp(found.st_size, found.st_mtime_ns)

    def _located(self, path: str) -> str | None:
        """Where a file lies; None where its path leads out of the folder, so that no log has other files read."""
        root = os.path.normpath(self.folder)
        located = os.path.normpath(os.path.join(root, path))
        return located if located.startswith(root.rstrip(os.sep) + os.sep) else None

    def _known(self, wanted: Mapping[tuple[str, str], Wanted]) -> dict[tuple[str, str], dict[str, Any]]:
        """What earlier runs have kept of some images, the newest last."""
        by_day: dict[str, list[str]] = {}
        for it in wanted.values():
            by_day.setdefault(it.day, []).append(it.path)
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for day, paths in by_day.items():
            asked = pa.array(paths, pa.string())
            for file in sorted((self._place(day)).glob("*.parquet")):
                for row in _kept_rows(file, asked):
                    if (key := (row["path"], row["boxes"])) in wanted:
                        found[key] = row
        return found

    def _place(self, day: str) -> Path:
        return self.kept / f"v{EDITION}" / day

    def _measured(
        self, images: Iterable[Wanted], stamps: Mapping[tuple[str, str], _Stamp | str]
    ) -> Iterator[list[dict[str, Any]]]:
        """Measure images, and keep a part of them before the next is begun."""
        by_day: dict[str, list[Wanted]] = {}
        for it in images:
            by_day.setdefault(it.day, []).append(it)
        for day, group in by_day.items():
            left = iter(group)
            while part := list(islice(left, PART)):
                located = [Path(self._located(it.path) or "") for it in part]
                boxes = [it.boxes for it in part] if any(it.boxes is not None for it in part) else None
                rows = []
                for it, result in zip(part, measure_files(located, boxes), strict=True):
                    stamp = stamps[it.path, it.boxes_key]
                    assert isinstance(stamp, _Stamp)
                    values = {FAULT: result.code} if isinstance(result, ImageFault) else result
                    rows.append({"path": it.path, "boxes": it.boxes_key, **stamp._asdict(), **values})
                self._keep(day, [row for row in rows if row.get(FAULT) != MISSING])
                yield rows

    def _keep(self, day: str, rows: list[dict[str, Any]]) -> None:
        folder = self._place(day)
        try:
            make_folder(folder)
            # The names of files of one day sort as they were written.
            number = len(list(folder.glob("*.parquet")))
            path = folder / f"{number:06d}-{secrets.token_hex(4)}.parquet"
            with atomic_file(path, mode=FILE_MODE) as file:
                pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file)
        except OSError as error:
            what = f"what was measured of images cannot be kept: {one_line(error)}"
            raise SourceError(what, where=folder, fix="mend the folder, or set LAMPLIGHTER_HOME") from None


def _kept_rows(file: Path, paths: pa.Array) -> list[dict[str, Any]]:
    """The rows of a file that are of some paths; none of a file that is damaged or was removed meanwhile."""
    try:
        table = pq.read_table(file)
        return list(table.filter(pc.is_in(table["path"], value_set=paths)).to_pylist())
    except (OSError, pa.ArrowException, KeyError):
        return []


def _is_stale(known: Mapping[str, Any] | None, stamp: _Stamp | str) -> bool:
    """Whether a file has to be measured; one that is gone keeps its numbers."""
    if isinstance(stamp, str):
        return False
    return known is None or (known["size"], known["mtime"]) != stamp


def _row(
    wanted: Wanted | None,
    known: Mapping[tuple[str, str], Mapping[str, Any]],
    stamps: Mapping[tuple[str, str], _Stamp | str],
) -> Mapping[str, Any]:
    if wanted is None:
        return {FAULT: MISSING}
    key = (wanted.path, wanted.boxes_key)
    if stamps[key] == OUTSIDE:
        return {"path": wanted.path, FAULT: OUTSIDE}
    return known.get(key) or {"path": wanted.path, FAULT: MISSING}
