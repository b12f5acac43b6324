"""The formats of files of rows, a row each: how their names end, and what writes their rows as Parquet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.fs as fs

from lamplighter.atomic import atomic_file
from storage.project.private_files import FILE_MODE, make_folder
from storage.sources import coco_files
from storage.sources.csv_files import write_as_parquet


class Format(NamedTuple):
    """A format of files.

    Attributes
    ----------
    ends : tuple of str
        What the names of its files end with, in small letters; nothing else says for sure what a file is.
    write : callable or None
        Writes the rows of a file, at a path of a file system, as Parquet into a sink; None where they are. Raises
        `SourceError` with what is wrong and how to mend it, without naming the file.
    has_cells : bool
        Whether a value is the text of a cell, which `write` keeps beside one that it gives a type.
    """

    ends: tuple[str, ...]
    write: Callable[[fs.FileSystem, str, Any], None] | None = None
    has_cells: bool = False


FORMATS: dict[str, Format] = {
    "Parquet": Format((".parquet", ".parq", ".pq")),
    "CSV": Format((".csv", ".csv.gz", ".tsv", ".tsv.gz"), write_as_parquet, has_cells=True),
    "COCO": Format((".json",), coco_files.write_as_parquet),
}
"""In the order in which a folder that holds several is read: of the first that it has."""


def format_of(uri: str) -> Format:
    """The format of a file by its name: Parquet, where that says nothing.

    Examples
    --------
    >>> format_of("s3://log/a.CSV?region=eu").has_cells, format_of("log/000000_0") is FORMATS["Parquet"]
    (True, True)
    """
    name = uri.partition("?")[0].lower()
    return next((known for known in FORMATS.values() if name.endswith(known.ends)), FORMATS["Parquet"])


def endings() -> tuple[str, ...]:
    """What the names of files of rows end with.

    Examples
    --------
    >>> "log.tsv".endswith(endings()), "notes.md".endswith(endings())
    (True, False)
    """
    return tuple(end for known in FORMATS.values() for end in known.ends)


def copy_as_parquet(filesystem: fs.FileSystem, path: str, target: Path) -> None:
    r"""Write the rows of a file that is no Parquet to one that its owner alone may read; what is there already stays.

    Raises
    ------
    SourceError, OSError, pyarrow.ArrowException
        As the format's `write`.

    Examples
    --------
    >>> import pyarrow.parquet as pq
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = (log := Path(folder, "log.csv")).write_text("id;amount\n1;2,5\n2;\n")
    ...     copy_as_parquet(fs.LocalFileSystem(), str(log), Path(folder, "log.parquet"))
    ...     print(pq.read_table(Path(folder, "log.parquet")).to_pylist())
    [{'id': 1, 'amount': '2,5'}, {'id': 2, 'amount': None}]
    """
    write = format_of(path).write
    if write is None or target.exists():
        return
    make_folder(target.parent)
    with atomic_file(target, mode=FILE_MODE) as file:
        write(filesystem, path, file)
