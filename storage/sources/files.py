"""Files named by paths, folders, globs and URIs, on the local disk or an object store."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as fs

from lamplighter.core.secrets import without_credentials
from lamplighter.errors import SourceError, one_line
from storage.sources.delta import Declared, LiveFile, live_files, table_around, tables_with_logs
from storage.sources.formats import Format, format_of
from storage.sources.globbing import Glob, LocalFiles, is_wild, parts_among
from storage.sources.path_columns import Constants, constants_of

DAY = re.compile(r"\{day(?::([^}]*))?\}")
# In a URI a question mark begins the options of its file system.
REMOTE_WILDCARD = re.compile(r"[*\[]")
LOCAL_URI = "file://"
REACHABLE = "see that the store answers, and that its credentials may list the folder"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class File:
    """A file as it stood when it was looked at.

    Attributes
    ----------
    uri : str
        Absolute path or URI.
    stamp : str
        Size and time of the last change; another stamp means that the file must be read again.
    day : date or None
        The day that its path was filled in with, where that is a day and not a whole month.
    name : str
        What messages call it, where its own path says nothing to a user: the table of a database.
    constants : Constants
        Columns that stand in its path, or in the log of its table, and have one value in all of its rows.
    declared : Declared or None
        Its columns, where the log of its table declares them.
    kept : BooleanArray or None
        Which of its rows the log of its table leaves; None for all.
    copy : str
        Where a copy as Parquet goes, of a file that is none.
    """

    uri: str
    stamp: str
    day: date | None = None
    name: str = field(default="", compare=False)
    constants: Constants = field(default=(), compare=False)
    declared: Declared | None = field(default=None, compare=False)
    kept: pa.BooleanArray | None = field(default=None, compare=False)
    copy: str = field(default="", compare=False)

    @property
    def shown(self) -> str:
        """What messages call it."""
        return self.name or self.uri

    @property
    def is_csv(self) -> bool:
        """Whether its values are the text of cells, which have no types."""
        return self.format.has_cells

    @property
    def format(self) -> Format:
        """What its name says that it is."""
        return format_of(self.uri)


def find(patterns: Iterable[str], days: Iterable[date] = (), spool: Path | None = None) -> list[File]:
    """The files that patterns name, in order; a pattern with ``{day}`` is filled in with each day.

    Files that are not there are not an error here: a day may be empty. Of a folder its parts are taken, and of a table
    with a log the files that the log says count.

    Parameters
    ----------
    patterns : iterable of str
        Absolute paths, folders, globs or URIs.
    days : iterable of date
    spool : Path, optional
        Folder for the copies as Parquet of files that are none.

    Raises
    ------
    SourceError
        If an object store does not answer, or a table's format is not read.

    Examples
    --------
    >>> found = find([project.locate("log/day={day}.parquet")], [window.day, window.next().day])
    >>> [(file.uri.rpartition("/")[2], file.day) for file in found]
    [('day=2026-03-11.parquet', datetime.date(2026, 3, 11))]
    """
    found: dict[str, File] = {}
    for pattern in patterns:
        fillings: Iterable[date | None] = days if DAY.search(pattern) else (None,)
        for day in fillings:
            filled = pattern if day is None else fill(pattern, day)
            for file in _matching(filled, _day_of_files(pattern, day), is_filled=day is not None):
                if file.uri not in found or file.day:
                    found[file.uri] = file
    constants = constants_of(uri for uri, file in found.items() if file.declared is None)
    return [_completed(found[uri], constants.get(uri, ()), spool) for uri in sorted(found)]


def _completed(file: File, constants: Constants, spool: Path | None) -> File:
    if file.format.write and spool:
        name = hashlib.sha256(f"{file.uri} {file.stamp}".encode()).hexdigest()[:32]
        file = replace(file, copy=str(spool / "copies" / f"{name}.parquet"))
    return replace(file, constants=constants) if constants else file


def _day_of_files(pattern: str, day: date | None) -> date | None:
    """The day that a pattern gives its files; None where the days beside it name the same files."""
    if day is None or fill(pattern, day) in (fill(pattern, day - ONE_DAY), fill(pattern, day + ONE_DAY)):
        return None
    return day


def fill(pattern: str, day: date) -> str:
    """A pattern with its day; other braces, such as a folder's, stay.

    Examples
    --------
    >>> fill("log/{day:%Y/%m/%d}/*.parquet", date(2013, 6, 1))
    'log/2013/06/01/*.parquet'
    """
    return DAY.sub(lambda match: format(day, match[1] or ""), pattern)


@dataclass(frozen=True, slots=True)
class _Place:
    """What a pattern is about: the file system, the folder before its first wildcard, and how its paths are written."""

    filesystem: fs.FileSystem
    pattern: str
    fixed: str
    matches: Callable[[str], bool] | None
    """None for a path without wildcards."""
    uri_of: Callable[[str], str]


def _matching(pattern: str, day: date | None, *, is_filled: bool) -> list[File]:
    is_remote = "://" in pattern and not pattern.startswith(f"{LOCAL_URI}/")
    place, listed = _remote(pattern) if is_remote else _local(pattern)
    tables = tables_with_logs(place.filesystem, {place.fixed, *(os.path.dirname(path) for path, _ in listed)})
    roots = {root for path in (place.fixed, *(path for path, _ in listed)) if (root := table_around(path, tables))}
    files = [File(place.uri_of(path), stamp, day) for path, stamp in listed if table_around(path, tables) is None]
    for root in sorted(roots):
        live = live_files(place.filesystem, root, place.uri_of(root), tables[root])
        named = [file for file in live if _names(place, root, file.path)]
        if live and not named and not is_filled:
            what = f"is a {tables[root]} table, of whose {len(live)} files {place.pattern} names none"
            raise SourceError(what, where=place.uri_of(root), fix="name the folder itself")
        files += [_of_log(place.uri_of(file.path), file, day) for file in named]
    return files


def _names(place: _Place, root: str, path: str) -> bool:
    """Whether a pattern names a file of a table; the table's folder names all of them."""
    if place.matches is None:
        return root.startswith(place.fixed) or path == place.fixed or path.startswith(f"{place.fixed}/")
    return place.matches(path)


def _of_log(uri: str, live: LiveFile, day: date | None) -> File:
    return File(uri, live.stamp, day, constants=live.constants, declared=live.declared, kept=live.kept)


def _local(pattern: str) -> tuple[_Place, list[tuple[str, str]]]:
    scheme = LOCAL_URI if pattern.startswith(LOCAL_URI) else ""
    path = pattern.removeprefix(scheme)
    files = LocalFiles(path)
    if is_wild(path) and os.path.normpath(files.fixed) == "/":
        raise SourceError("looks at the whole disk", where=pattern, fix="begin with the folder that holds the files")
    matches = Glob(path, question_mark=True).matches if is_wild(path) else None
    place = _Place(fs.LocalFileSystem(), pattern, files.fixed.rstrip("/"), matches, lambda found: scheme + found)
    listed = [
        (found, f"{state.st_size}-{state.st_mtime_ns}" if state else "unreadable") for found, state in files.found()
    ]
    return place, listed


def _remote(pattern: str) -> tuple[_Place, list[tuple[str, str]]]:
    uri, mark, options = pattern.partition("?")
    try:
        without_credentials(pattern)
    except ValueError as error:
        raise SourceError(str(error), where=f"{uri.partition('://')[0]}://***") from None
    wild = REMOTE_WILDCARD.search(uri)
    fixed = uri[: wild.start()].rpartition("/")[0] if wild else uri.rstrip("/")
    matches = Glob(uri).matches if wild else None
    try:
        filesystem, path = open_file(fixed + mark + options)
        infos = filesystem.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True)) if wild else []
        if not wild:
            infos = _one_or_parts(filesystem, path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SourceError(f"cannot be listed: {one_line(error)}", where=uri, fix=REACHABLE) from None

    def uri_of(found: str) -> str:
        # A table may lie in a folder around the one that the pattern begins with.
        whole = fixed + found.removeprefix(path) if found.startswith(path) else fixed.removesuffix(path) + found
        return whole + mark + options

    def named(found: str) -> bool:
        if matches is None:
            return True
        checksum = found.endswith(".crc") and not uri.endswith(".crc")
        return not checksum and matches(uri_of(found).removesuffix(mark + options))

    place = _Place(filesystem, pattern, path, named if wild else None, uri_of)
    files = [info for info in infos if info.type == fs.FileType.File and named(info.path)]
    return place, [(info.path, f"{info.size}-{info.mtime_ns}") for info in files]


def _one_or_parts(filesystem: fs.FileSystem, path: str) -> list[fs.FileInfo]:
    """An object, or those of the table that a folder holds."""
    [info] = filesystem.get_file_info([path])
    if info.type != fs.FileType.Directory:
        return [info]
    below = filesystem.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
    objects = {entry.path[len(path) + 1 :]: entry for entry in below if entry.type == fs.FileType.File}
    return [objects[name] for name in parts_among(objects)]


@lru_cache(maxsize=32)
def _filesystem(root: str) -> tuple[fs.FileSystem, str]:
    """The file system of a bucket or host and its root there; kept, since an object store is asked for its region."""
    filesystem, path = fs.FileSystem.from_uri(root)
    return filesystem, path.rstrip("/")


def open_file(uri: str) -> tuple[fs.FileSystem, str]:
    """The file system that holds a file, and the file's path there.

    Examples
    --------
    >>> filesystem, path = open_file("/log/day=2026-03-01.parquet")
    >>> filesystem.type_name, path
    ('local', '/log/day=2026-03-01.parquet')
    """
    if "://" not in uri:
        return fs.LocalFileSystem(), uri
    place, mark, options = uri.partition("?")
    scheme, _, rest = place.partition("://")
    authority, slash, path = rest.partition("/")
    # Without a host, as in file:///, the root itself is asked for.
    filesystem, root = _filesystem(f"{scheme}://{authority or '/'}{mark}{options}")
    return filesystem, root + slash + path


def fingerprint(files: Iterable[File]) -> str:
    """A short hash that changes when a file comes, goes or changes.

    Examples
    --------
    >>> before = [File("log/a.parquet", "100 bytes")]
    >>> fingerprint(before) == fingerprint([File("log/a.parquet", "101 bytes")])
    False
    """
    text = "\n".join(f"{file.uri} {file.stamp}" for file in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
