"""The rows of a window, as places and names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lamplighter.core.monitor import Duplicates
from lamplighter.core.time.window import Window
from storage.sources.box_columns import BoxColumns
from storage.sources.files import File


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """The images of some rows, as places and names.

    Attributes
    ----------
    path : str or None
        Column of the file's path; None where the rows hold what the service measured.
    folder : Path
        Of the files.
    kept : Path
        Folder of what was measured of them.
    time : str
        Column of the time of a row.
    crops : BoxColumns or None
        Where the objects are that are measured too.
    presets : tuple of str
        CleanVision's, by which images are judged as well.
    """

    path: str | None
    folder: Path
    kept: Path
    time: str
    crops: BoxColumns | None = None
    presets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanSpec:
    """The rows of a window, as places and names: small enough to travel where rows must not.

    Attributes
    ----------
    window : Window
    files : tuple of File
        Parquet files that may hold rows of the window.
    time : str or None
        Column that rows are chosen by; None takes all rows of the files.
    timezone : str or None
        Zone of timestamps that carry none.
    id : tuple of str
    version : str or None
    duplicates : Duplicates
        Which of several rows with one id and version stays.
    undated : bool
        Whether rows without a time belong to it.
    unit : str or None
        What times that are numbers count.
    at_day_end : bool
        Whether a date stands for its last instant.
    required : tuple of str
        Columns without which a file is left out, where other files have them: null answers would count as wrong ones.
    images : ImageSpec or None
        Where the images are whose statistics are columns of the rows.
    boxes : BoxColumns or None
        Where the boxes are of which columns of the rows are made.
    """

    window: Window
    files: tuple[File, ...]
    time: str | None
    timezone: str | None = None
    id: tuple[str, ...] = ()
    version: str | None = None
    duplicates: Duplicates = Duplicates.FIRST
    undated: bool = False
    unit: str | None = None
    at_day_end: bool = False
    required: tuple[str, ...] = ()
    images: ImageSpec | None = None
    boxes: BoxColumns | None = None
