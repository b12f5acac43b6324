"""Files named by paths, globs and URIs, on the local disk or an object store."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

import pyarrow.fs as fs

from lamplighter.errors import SourceError

DAY = re.compile(r"\{day(:[^}]*)?\}")
WILDCARD = re.compile(r"[*?\[]")


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
        The day that its path was filled in with.
    """

    uri: str
    stamp: str
    day: date | None = None


def find(patterns: Iterable[str], days: Iterable[date] = ()) -> list[File]:
    """The files that patterns name, in order; a pattern with ``{day}`` is filled in with each day.

    Files that are not there are not an error here: a day may be empty.

    Raises
    ------
    SourceError
        If an object store does not answer.
    """
    found: set[File] = set()
    for pattern in patterns:
        fillings: Iterable[date | None] = days if DAY.search(pattern) else (None,)
        for day in fillings:
            found.update(_matching(pattern if day is None else pattern.format(day=day), day))
    return sorted(found)


def _matching(pattern: str, day: date | None) -> list[File]:
    if "://" in pattern:
        return _matching_remote(pattern, day)
    paths = glob.glob(pattern, recursive=True) if WILDCARD.search(pattern) else [pattern]
    found = []
    for path in paths:
        try:
            stat = Path(path).stat()
        except FileNotFoundError:
            continue
        found.append(File(path, f"{stat.st_size}-{stat.st_mtime_ns}", day))
    return found


def _matching_remote(pattern: str, day: date | None) -> list[File]:
    scheme = pattern.split("://")[0]
    fixed = WILDCARD.split(pattern)[0]
    try:
        if not WILDCARD.search(pattern):
            filesystem, path = fs.FileSystem.from_uri(pattern)
            listed = [info for info in filesystem.get_file_info([path]) if info.type == fs.FileType.File]
        else:
            filesystem, base = fs.FileSystem.from_uri(fixed.rsplit("/", 1)[0])
            selector = fs.FileSelector(base, recursive=True, allow_not_found=True)
            glob_path = pattern.split("://", 1)[1]
            listed = [info for info in filesystem.get_file_info(selector) if fnmatch(info.path, glob_path)]
    except (OSError, ValueError) as error:
        raise SourceError(f"{pattern}: cannot be listed: {one_line(error)}") from None
    return [File(f"{scheme}://{info.path}", f"{info.size}-{info.mtime_ns}", day) for info in listed]


def open_file(uri: str) -> tuple[fs.FileSystem, str]:
    """The file system that holds a file, and the file's path there."""
    if "://" in uri:
        filesystem, path = fs.FileSystem.from_uri(uri)
        return filesystem, path
    return fs.LocalFileSystem(), uri


def fingerprint(files: Iterable[File]) -> str:
    """A short hash that changes when a file comes, goes or changes."""
    text = "\n".join(f"{file.uri} {file.stamp}" for file in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def one_line(error: BaseException, limit: int = 300) -> str:
    """The message of an error on one line.

    Examples
    --------
    >>> one_line(ValueError("first\\n  second"))
    'first second'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"
