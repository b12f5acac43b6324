"""Labels as YOLO writes them: a text file for each image, with a line for each object, in shares of the image."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from glob import escape, glob
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.core.counts import counted
from lamplighter.core.hints import shown_names
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.places import Yolo
from lamplighter.core.monitor.soundness import Problem
from lamplighter.core.time.window import Window
from lamplighter.errors import SourceError, one_line
from storage.project.folder import Project
from storage.project.private_files import make_folder
from storage.sources.coco_files import SCHEMA
from storage.sources.file_kinds import refuse_no_file
from storage.sources.files import DAY, File, fill, find
from storage.sources.left_out import LeftOut, quoted
from storage.sources.newest import newest_in
from storage.sources.place import Newest, RowSource, State, Wanted

COLUMNS = tuple(name for name in SCHEMA.names)
BOX, SCORED, KEYPOINTS = 5, 6, 17
"""Numbers of a line: the class and four of a box; with a score; with four keypoints, of three numbers each."""

EDGE = 0.01
"""How far beyond the image a share may lie: ultralytics trains on such labels."""

MOST_BYTES = 16 << 20
"""Of a file: 100,000 polygons."""

OF_LINE = "write a line such as 0 0.5 0.5 0.2 0.1"
OF_SHARES = "write shares of the image's width and height, from 0 to 1"

LISTS = frozenset(
    f"{name}.txt" for name in ("classes", "names", "labels", "predefined_classes", "train", "val", "test")
)
"""Files that labelling tools write beside labels: lists of classes and of images."""


def between(project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
    """The labels of the days of a span, a file of rows for each day.

    A text file that holds no labels costs its image, which has none then, and is named beside the rows.
    """
    folder = wanted.folder / wanted.name
    make_folder(folder)
    given = _given(source)
    found: list[File] = []
    for at, path in enumerate(given.labels):
        for day in span.days(margin=1) if DAY.search(path) else (None,):
            filled, left_out = path if day is None else fill(path, day), LeftOut()
            if rows := [*_rows(project.locate(filled), given, left_out)]:
                target = folder / f"{at}-{day or 'all'}.parquet"
                pq.write_table(left_out.noted(pa.Table.from_pylist(rows, SCHEMA)), target)
                found += [replace(file, day=day, name=filled) for file in find([escape(str(target))])]
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


def _rows(folder: str, given: Yolo, left_out: LeftOut) -> Iterator[dict[str, object]]:
    """A row for each text file of a folder; an empty one is an image without objects."""
    for path in map(Path, sorted(glob(f"{folder}/*.txt"))):
        is_list = path.name.lower() in LISTS
        boxes: list[list[float]] = []
        classes: list[str] = []
        is_whole = True
        try:
            for where, code, box in _objects(path, given.size):
                boxes.append(box)
                classes.append(given.names[code] if code < len(given.names) else str(code))
                if given.names and code >= len(given.names):
                    what = f"class {code} has no name, so that it is {str(code)!r}"
                    known = shown_names(f"{at} {name}" for at, name in enumerate(given.names))
                    left_out.add(where, SourceError(what, fix=f"add it to labels.yolo.names; known: {known}"))
        except SourceError as fault:
            if is_list:
                continue
            left_out.add(fault.where or path.name, fault, image=path.name)
            is_whole = False
        if boxes or not is_list:
            lists = {"boxes": boxes, "classes": classes} if is_whole else {"boxes": None, "classes": None}
            yield {"image_id": path.stem, "file_name": path.name, **lists}


def _objects(path: Path, size: tuple[int, int]) -> Iterator[tuple[str, int, list[float]]]:
    """The line, the class and the corners of each object of a file.

    Raises
    ------
    SourceError
        If the file or a line of it is none.
    """
    try:
        refuse_no_file(str(path))
        if (held := path.stat().st_size) > MOST_BYTES:
            raise SourceError(f"holds {held / 2**20:,.0f} MiB, and is of one image", fix=OF_LINE)
        lines = path.read_bytes().removeprefix(BOM_UTF8).splitlines()
    except OSError as error:
        raise SourceError(f"cannot be read: {one_line(error)}", fix="deliver the file again") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{path.name}:{number}"
            try:
                code, box = _object(line.decode().split(), size)
            except UnicodeDecodeError:
                raise SourceError("is no text in UTF-8", where=where, fix="save it as UTF-8") from None
            except SourceError as fault:
                raise fault.within(where) from None
            yield where, code, box


def _object(words: Sequence[str], size: tuple[int, int]) -> tuple[int, list[float]]:
    """The class and the corners of an object: of a polygon, those of the box around it, as ultralytics trains on it."""
    try:
        code, *shares = map(float, words)
    except ValueError:
        raise SourceError(f"{quoted(' '.join(words))} holds what is no number", fix=OF_LINE) from None
    if not code.is_integer() or code < 0:
        raise SourceError(f"{words[0]} is no class", fix="write the number of the class, from 0 on")
    if len(words) == SCORED:
        raise SourceError("holds 6 numbers, as a prediction with its score does", fix=f"{OF_LINE}: labels have 5")
    if len(words) < BOX or len(words) % 2 == 0 or _are_keypoints(shares):
        what = "keypoints beside a box" if _are_keypoints(shares) else "neither a box nor a polygon"
        raise SourceError(f"holds {counted(len(words), 'number')}, {what}", fix=f"{OF_LINE}, or a class and a polygon")
    if outside := [word for word, share in zip(words[1:], shares, strict=True) if not -EDGE <= share <= 1 + EDGE]:
        raise SourceError(f"{outside[0]} is no share of the image", fix=OF_SHARES)
    x, y = shares[::2], shares[1::2]
    if len(words) == BOX:
        if min(x[1], y[1]) < 0:
            raise SourceError(f"the size {words[3]} {words[4]} is negative", fix=OF_SHARES)
        x, y = [x[0] - x[1] / 2, x[0] + x[1] / 2], [y[0] - y[1] / 2, y[0] + y[1] / 2]
    return int(code), [min(x) * size[0], min(y) * size[1], max(x) * size[0], max(y) * size[1]]


def _are_keypoints(shares: Sequence[float]) -> bool:
    """Whether numbers are a box and points of which every third number says how visible it is: 0, 1 or 2."""
    points = len(shares) + 1 - BOX
    return len(shares) + 1 >= KEYPOINTS and points % 3 == 0 and {*shares[6::3]} <= {0.0, 1.0, 2.0}
