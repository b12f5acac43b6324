"""Files named by paths, globs and URIs, on the local disk or an object store."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as fs

from lamplighter.core.monitor.sources import without_credentials
from lamplighter.errors import SourceError, one_line

DAY = re.compile(r"\{day(?::([^}]*))?\}")
WILDCARD = re.compile(r"[*?\[]")
ESCAPED = re.compile(r"\[([*?\[])\]")
"""A wildcard that stands for itself, as `glob.escape` writes it."""
# In a URI a question mark begins the options of its file system.
REMOTE_WILDCARD = re.compile(r"[*\[]")
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
        The day that its path was filled in with, where that tells a day and not a whole month.
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
    found: dict[str, File] = {}
    for pattern in patterns:
        fillings: Iterable[date | None] = days if DAY.search(pattern) else (None,)
        for day in fillings:
            for file in _matching(pattern if day is None else fill(pattern, day), _told(pattern, day)):
                if file.uri not in found or file.day:
                    found[file.uri] = file
    return [found[uri] for uri in sorted(found)]


def _told(pattern: str, day: date | None) -> date | None:
    """The day that a pattern tells of its files; None where the days beside it name the same ones."""
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


def _matching(pattern: str, day: date | None) -> list[File]:
    if "://" in pattern:
        return _matching_remote(pattern, day)
    plain = ESCAPED.sub(r"\1", pattern)
    paths = glob.glob(pattern, recursive=True) if WILDCARD.search(ESCAPED.sub("", pattern)) else [plain]
    found = []
    for path in paths:
        try:
            stat = Path(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise SourceError(f"{path}: cannot be looked at: {error.strerror or one_line(error)}") from None
        found.append(File(path, f"{stat.st_size}-{stat.st_mtime_ns}", day))
    return found


def _matching_remote(pattern: str, day: date | None) -> list[File]:
    place, mark, options = pattern.partition("?")
    try:
        without_credentials(pattern)
    except ValueError as error:
        raise SourceError(f"{place.partition('://')[0]}://***: {error}") from None
    wild = REMOTE_WILDCARD.search(place)
    fixed = place[: wild.start()].rpartition("/")[0] if wild else place
    try:
        filesystem, path = open_file(fixed + mark + options)
        asked = fs.FileSelector(path, recursive=True, allow_not_found=True) if wild else [path]
        listed = [info for info in filesystem.get_file_info(asked) if info.type == fs.FileType.File]
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SourceError(f"{place}: cannot be listed: {one_line(error)}") from None
    matches = _glob(place) if wild else re.compile("")
    named = [(fixed + info.path.removeprefix(path), info) for info in listed]
    return [
        File(uri + mark + options, f"{info.size}-{info.mtime_ns}", day) for uri, info in named if matches.match(uri)
    ]


GLOB_PARTS = {"**/": r"(?:[^./][^/]*/)*", "*": r"[^/]*"}


def _glob(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression, with the meaning it has on a local disk.

    Examples
    --------
    >>> bool(_glob("b/**/*.parquet").match("b/x/y/z.parquet")), bool(_glob("b/*.parquet").match("b/x/z.parquet"))
    (True, False)
    """
    written = ""
    for part in re.split(r"(\*\*/|\*|\[!?[^\]]+\])", pattern):
        if part.startswith("["):
            written += part.replace("[!", "[^", 1)
            continue
        # A leading dot hides a file: a writer's unfinished ones are named so.
        hidden = "(?!\\.)" if part == "*" and written.endswith(("/", "*")) else ""
        written += hidden + GLOB_PARTS.get(part, re.escape(part))
    return re.compile(f"{written}\\Z")


@lru_cache(maxsize=32)
def _filesystem(root: str) -> tuple[fs.FileSystem, str]:
    """The file system of a bucket or host and its root there; kept, since an object store is asked for its region."""
    filesystem, path = fs.FileSystem.from_uri(root)
    return filesystem, path.rstrip("/")


def open_file(uri: str) -> tuple[fs.FileSystem, str]:
    """The file system that holds a file, and the file's path there."""
    if "://" not in uri:
        return fs.LocalFileSystem(), uri
    place, mark, options = uri.partition("?")
    scheme, _, rest = place.partition("://")
    authority, slash, path = rest.partition("/")
    # Without a host, as in file:///, the root itself is asked for.
    filesystem, root = _filesystem(f"{scheme}://{authority or '/'}{mark}{options}")
    return filesystem, root + slash + path


def fingerprint(files: Iterable[File]) -> str:
    """A short hash that changes when a file comes, goes or changes."""
    text = "\n".join(f"{file.uri} {file.stamp}" for file in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
