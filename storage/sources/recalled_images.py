"""How many objects were found in each image of a window whose labels have come, kept beside the image's statistics.

A fall of recall is laid to the images of a window beside those of other windows, whose boxes need not be read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.atomic import atomic_file
from lamplighter.core.evaluation.attribution import SIDES, Detected
from lamplighter.core.monitor import Monitor
from lamplighter.errors import SourceError, one_line
from storage.project.private_files import FILE_MODE, make_folder, matching

STATISTICS = tuple(dict.fromkeys(side.statistic for side in SIDES))
"""Of an image, by which a fall of recall is attributed."""

SCHEMA = pa.schema([(name, pa.float64()) for name in ("found", "objects", *STATISTICS)])


MATCHED_BY = b"matched_by"
"""The key of a file's metadata that says what its objects were matched by."""


def matched_by(monitor: Monitor) -> str:
    """What decides which objects were found in an image, beside the image and its boxes.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: detection, predictions: {parquet: p.parquet, time: t, prediction: b, classes: c, "
    >>> monitor = parse("m.yaml", text + "score: s, confidence: 0.25}}", environ={})
    >>> matched_by(monitor)
    '["b", "c", "s", 0.25, "xyxy"]'
    """
    labels, rows = monitor.labels, monitor.predictions
    parts = [*rows.boxes, rows.confidence, rows.box_format.value]
    parts += [labels.target, labels.classes, labels.box_format.value] if labels else []
    return json.dumps(parts)


def name_of(start: datetime) -> str:
    """The name under which the images of a window are kept.

    Examples
    --------
    >>> name_of(datetime(2026, 3, 11, tzinfo=UTC))
    '2026-03-11T000000'
    """
    return start.astimezone(UTC).strftime("%Y-%m-%dT%H%M%S")


def start_of(name: str) -> datetime:
    """When the window begins whose images are kept under a name.

    Examples
    --------
    >>> start_of("2026-03-11T000000").isoformat()
    '2026-03-11T00:00:00+00:00'
    """
    return datetime.strptime(name, "%Y-%m-%dT%H%M%S").replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RecalledImages:
    """What is kept of a model.

    Attributes
    ----------
    folder : Path
    matched_by : str
        What decides which objects were found (`matched_by`): what was kept under another text is of no use.
    """

    folder: Path
    matched_by: str = ""

    def keep(self, name: str, images: Detected) -> None:
        """Keep the images of a window, or of a reference, in place of what was kept of it.

        Raises
        ------
        SourceError
            If they cannot be written.
        """
        nothing = np.full(len(images.objects), np.nan)
        columns = [images.found, images.objects, *(images.statistics.get(it, nothing) for it in STATISTICS)]
        schema = SCHEMA.with_metadata({MATCHED_BY: self.matched_by})
        table = pa.table([pa.array(np.asarray(column, float)) for column in columns], schema=schema)
        path = self.place(name)
        try:
            make_folder(self.folder)
            with atomic_file(path, mode=FILE_MODE) as file:
                pq.write_table(table, file)
        except OSError as error:
            what = f"what was found in images cannot be kept: {one_line(error)}"
            raise SourceError(what, where=path, fix="mend the folder, or set LAMPLIGHTER_HOME") from None

    def place(self, name: str) -> Path:
        """The file of a window, or of a reference."""
        return self.folder / f"{name}.parquet"

    def unusable(self, names: Iterable[str]) -> list[str]:
        """Those of some windows that cannot be read, or were matched otherwise; `load` leaves them out."""
        return [name for name in names if self._table(name) is None]

    def _table(self, name: str) -> pa.Table | None:
        try:
            file = pq.ParquetFile(self.place(name))
            is_alike = (file.metadata.metadata or {}).get(MATCHED_BY, b"") == self.matched_by.encode()
            return file.read().cast(SCHEMA) if is_alike else None
        except (OSError, ValueError, pa.ArrowException):
            return None

    def load(self, names: Iterable[str]) -> Detected | None:
        """The images of some windows together; None where nothing of use is kept of any of them."""
        tables = [table for name in names if (table := self._table(name)) is not None]
        if not tables:
            return None
        table = pa.concat_tables(tables)
        found, objects, *statistics = (np.array(table[name].to_numpy(), float) for name in SCHEMA.names)
        return Detected(found, objects, dict(zip(STATISTICS, statistics, strict=True)))

    def between(self, since: datetime, until: datetime) -> list[str]:
        """The names of the windows that begin in a span and are kept."""
        first, last = name_of(since), name_of(until)
        return [path.stem for path in matching(self.folder, "????-??-??T??????.parquet") if first <= path.stem < last]
