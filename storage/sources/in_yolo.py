"""Labels as YOLO writes them: a text file for each image, with a line for each object, in shares of the image."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.places import Yolo
from lamplighter.core.monitor.soundness import Problem
from lamplighter.core.time.window import Window
from lamplighter.errors import SourceError, one_line
from storage.project.folder import Project
from storage.project.private_files import make_folder
from storage.sources.coco_files import SCHEMA
from storage.sources.files import DAY, File, fill, find
from storage.sources.newest import newest_in
from storage.sources.place import Newest, RowSource, State, Wanted

COLUMNS = tuple(name for name in SCHEMA.names)
NUMBERS = 5
"""Of a line: the class, and the middle and the size of the box as shares of the image."""


def between(project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
    """The labels of the days of a span, a file of rows for each day.

    Raises
    ------
    SourceError
        If a line of a file is no object.
    """
    folder = wanted.folder / wanted.name
    make_folder(folder)
    given = _given(source)
    found: list[File] = []
    for at, path in enumerate(given.labels):
        located = project.locate(path)
        for day in span.days(margin=1) if DAY.search(located) else (None,):
            if rows := [*_rows(located if day is None else fill(located, day), given)]:
                target = folder / f"{at}-{day or 'all'}.parquet"
                pq.write_table(pa.Table.from_pylist(rows, SCHEMA), target)
                found += [replace(file, day=day, name=str(path)) for file in find([str(target)])]
    return found


def recent(project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
    """The same."""
    return between(project, source, span, wanted)


def dated(project: Project, source: RowSource, span: Window, delivered: Window, wanted: Wanted) -> list[File]:
    """Those of the days on which they were delivered."""
    return between(project, source, delivered, wanted)


def newest(project: Project, monitor: Monitor, now: datetime, wanted: Wanted) -> Newest:
    """None: labels have no time."""
    return newest_in([], monitor, now)


def columns(project: Project, source: RowSource) -> Collection[str]:
    """Those that every file becomes."""
    return COLUMNS


def absent(project: Project, source: RowSource, section: str, *, may_come: bool = False) -> Problem | None:
    """What is wrong where there is no text file at all."""
    given = _given(source)
    for path in given.labels:
        pattern = DAY.sub("*", project.locate(path))
        if any(Path("/").glob(f"{pattern.lstrip('/')}/*.txt")):
            return None
    what = f"there is no file {given.labels[0]}/*.txt"
    return Problem((section, "yolo"), f"{what}; mend the path, or wait for the first", may_come)


def state(source: RowSource, span: Window) -> State | None:
    """None: files can be read again."""
    return None


def _given(source: RowSource) -> Yolo:
    given: Yolo = source.given
    return given


def _rows(folder: str, given: Yolo) -> Iterator[dict[str, object]]:
    """A row for each text file of a folder; an empty one is an image without objects."""
    for path in sorted(Path(folder).glob("*.txt")):
        try:
            lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
            four = np.array([line[1:NUMBERS] for line in lines], float).reshape(-1, 4)
            codes = [int(line[0]) for line in lines]
        except (OSError, ValueError, IndexError) as error:
            what = f"holds no labels of YOLO: {one_line(error)}"
            raise SourceError(what, where=str(path), fix="write a line such as 0 0.5 0.5 0.2 0.1") from None
        middle, size = four[:, :2] * given.size, four[:, 2:] * given.size
        yield {
            "image_id": path.stem,
            "file_name": path.name,
            "boxes": np.concatenate([middle - size / 2, middle + size / 2], axis=1).tolist(),
            "classes": [given.names[code] if 0 <= code < len(given.names) else str(code) for code in codes],
        }
