"""Which files a path, a folder or a glob names, on the local disk and in a list of objects."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate

from lamplighter.errors import SourceError, one_line
from storage.sources.formats import FORMATS, endings

WILDCARD = re.compile(r"[*?\[]")
ESCAPED = re.compile(r"\[([*?\[])\]")
"""A wildcard that stands for itself, as `glob.escape` writes it."""
MOST_ENTRIES = 1_000_000
"""Entries of folders that a pattern may look at: listing them takes 5 to 10 s. A year by the minute is half."""


def is_wild(pattern: str) -> bool:
    """Whether a path holds wildcards, besides those that stand for themselves.

    Examples
    --------
    >>> is_wild("log/*.parquet"), is_wild("log/a.parquet"), is_wild("log/[*].parquet")
    (True, False, False)
    """
    return bool(WILDCARD.search(ESCAPED.sub("", pattern)))


def is_hidden(name: str) -> bool:
    """Whether a file or folder is a writer's own, such as ``_SUCCESS``, ``_temporary`` or ``.part.crc``.

    Examples
    --------
    >>> is_hidden("_metadata"), is_hidden("part-0.parquet"), is_hidden("_year=2026")
    (True, False, False)
    """
    return name.startswith(".") or (name.startswith("_") and "=" not in name) or name.endswith(".crc")


def _holds_parts(name: str) -> bool:
    """Whether a folder of this name is itself a table, as Spark, Dask and pandas write them."""
    return "=" in name or name.lower().endswith(endings())


def parts_among(names: Iterable[str]) -> list[str]:
    """The files of a table's folder that hold its rows.

    Beside Parquet a folder may hold an export as CSV, or notes; they are no more rows of the table.

    Parameters
    ----------
    names : iterable of str
        Paths below the folder, with slashes.

    Examples
    --------
    >>> parts_among(["_SUCCESS", "part-0.parquet", "export.csv", "README.md"])
    ['part-0.parquet']
    >>> parts_among(["000000_0", "_logs/a"])
    ['000000_0']
    """
    visible = [name for name in names if not any(map(is_hidden, name.split("/")))]
    for known in FORMATS.values():
        if found := [name for name in visible if name.lower().endswith(known.ends)]:
            return found
    # Hive writes its parts without an ending.
    return [name for name in visible if "." not in name.rpartition("/")[2]]


@dataclass
class LocalFiles:
    """The files that a pattern names on the local disk.

    Attributes
    ----------
    pattern : str
        An absolute path or glob.
    most : int
        Entries that may be looked at.

    Raises
    ------
    SourceError
        If a folder cannot be listed, or the pattern looks at too many entries.
    """

    pattern: str
    most: int = MOST_ENTRIES
    _left: int = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.most

    @property
    def fixed(self) -> str:
        """The folder before the first wildcard; of a path without one, the path."""
        return ESCAPED.sub(r"\1", "/".join(self._split()[0])) or "/"

    def found(self) -> Iterator[tuple[str, os.stat_result | None]]:
        """Each file's path and state; None where it cannot be looked at, which its reader reports."""
        if not is_wild(self.pattern):
            yield from self._plain(self.fixed.rstrip("/") or "/")
            return
        yield from self._matching(self.fixed, [segment for segment in self._split()[1] if segment])

    def _split(self) -> tuple[list[str], list[str]]:
        """The parts of the pattern before its first wildcard, and the others."""
        segments = self.pattern.split("/")
        first = next((i for i, segment in enumerate(segments) if is_wild(segment)), len(segments))
        return segments[:first], segments[first:]

    def _plain(self, path: str) -> Iterator[tuple[str, os.stat_result | None]]:
        try:
            state = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or one_line(error)
            raise SourceError(f"cannot be looked at: {reason}", where=path, fix="allow it, or name another") from None
        if stat.S_ISDIR(state.st_mode):
            yield from self._parts(path)
        else:
            yield path, state

    def _parts(self, folder: str) -> Iterator[tuple[str, os.stat_result | None]]:
        below = [path for path, is_folder in self._below(folder) if not is_folder]
        for name in parts_among(path[len(folder) + 1 :] for path in below):
            yield from self._stated(f"{folder}/{name}")

    def _stated(self, path: str) -> Iterator[tuple[str, os.stat_result | None]]:
        try:
            yield path, os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            # It went since the folder was listed, or is a link to nothing.
            return
        except OSError:
            yield path, None

    def _matching(self, folder: str, segments: list[str]) -> Iterator[tuple[str, os.stat_result | None]]:
        """The files below a folder that the rest of a pattern names."""
        first, *rest = segments
        if first == "**":
            while rest[:1] == ["**"]:
                rest = rest[1:]
            rest = rest or ["*"]
            yield from self._matching(folder, rest)
            for path, is_folder in self._below(folder):
                if is_folder:
                    yield from self._matching(path, rest)
            return
        if not is_wild(first):
            path = os.path.join(folder, ESCAPED.sub(r"\1", first))
            if rest and os.path.isdir(path):
                yield from self._matching(path, rest)
            elif not rest and os.path.lexists(path):
                yield from self._plain(path) if os.path.isdir(path) else self._stated(path)
            return
        named = re.compile(translate(first))
        for entry in self._listed(folder):
            if not named.match(entry.name) or (is_hidden(entry.name) and not _asks_for_hidden(first)):
                continue
            is_folder = _is_folder(entry)
            if rest and is_folder:
                yield from self._matching(entry.path, rest)
            elif not rest and not is_folder:
                yield from self._stated(entry.path)
            elif not rest and _holds_parts(entry.name):
                yield from self._parts(entry.path)

    def _below(self, folder: str) -> Iterator[tuple[str, bool]]:
        """All that lies below a folder and is not hidden, and whether it is a folder; of linked folders each once."""
        known: set[tuple[int, int]] = set()
        waiting = [folder]
        while waiting:
            path = waiting.pop()
            try:
                state = os.stat(path)
            except OSError:
                # It went since the folder around it was listed.
                continue
            if (state.st_dev, state.st_ino) in known:
                continue
            known.add((state.st_dev, state.st_ino))
            if path != folder:
                yield path, True
            for entry in self._listed(path):
                if is_hidden(entry.name):
                    continue
                if _is_folder(entry):
                    waiting.append(entry.path)
                else:
                    yield entry.path, False

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        entries = []
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    entries.append(entry)
                    self._left -= 1
                    if self._left < 0:
                        shown = ESCAPED.sub(r"\1", self.pattern)
                        what = f"looks at more than {self.most:,} files and folders"
                        raise SourceError(what, where=shown, fix="name the folder that holds the files")
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            what = f"cannot be listed: {error.strerror or one_line(error)}"
            raise SourceError(what, where=folder, fix="allow it, or name another folder") from None
        return entries


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _asks_for_hidden(segment: str) -> bool:
    return segment.startswith((".", "_")) or segment.endswith(".crc")


@dataclass(frozen=True)
class Glob:
    """A glob over whole paths, with the meaning that it has on a local disk.

    Folder by folder, so that its cost is the number of folders in the pattern times that in the path: one regular
    expression for all would try every way in which the wildcards share a path, of which there are 10^20 and more.

    Parameters
    ----------
    pattern : str
    question_mark : bool
        Whether a question mark stands for any sign; in a URI it begins the options of a file system.

    Examples
    --------
    >>> Glob("b/**/*.parquet").matches("b/x/y/z.parquet"), Glob("b/*.parquet").matches("b/x/z.parquet")
    (True, False)
    >>> Glob("b/**/*.parquet").matches("b/_temporary/z.parquet")
    False
    """

    pattern: str
    question_mark: bool = False
    _named: tuple[str, ...] = field(init=False, repr=False)
    _segments: tuple[re.Pattern[str] | str | None, ...] = field(init=False, repr=False)
    """For each folder of the pattern its expression, or its text; None for `**`."""

    def __post_init__(self) -> None:
        segments = self.pattern.split("/")
        # Any number of folders and any number of folders is any number of folders.
        once = [name for i, name in enumerate(segments) if (name, *segments[i + 1 : i + 2]) != ("**", "**")]
        if once[-1] == "**":
            once.append("*")
        object.__setattr__(self, "_named", tuple(once))
        object.__setattr__(self, "_segments", tuple(map(self._compiled, once)))

    def _compiled(self, segment: str) -> re.Pattern[str] | str | None:
        if segment == "**":
            return None
        written = segment if self.question_mark else re.sub(r"(?<!\[)\?", "[?]", segment)
        return re.compile(translate(written)) if is_wild(written) else ESCAPED.sub(r"\1", written)

    def matches(self, path: str) -> bool:
        """Whether a path is one of those that the glob names."""
        last = len(self._segments)
        at = self._passed({0})
        for name in path.split("/"):
            at = self._passed({after for i in at if i < last for after in self._after(i, name)})
        return last in at

    def _passed(self, at: set[int]) -> set[int]:
        """Positions in the pattern, with those behind a `**`, which may stand for no folder."""
        return at | {i + 1 for i in at if i < len(self._segments) and self._segments[i] is None}

    def _after(self, position: int, name: str) -> Iterator[int]:
        """The positions after a folder or file of this name."""
        segment = self._segments[position]
        if segment is None:
            if not is_hidden(name):
                yield position
        elif isinstance(segment, str):
            if segment == name:
                yield position + 1
        elif segment.match(name) and (not is_hidden(name) or _asks_for_hidden(self._named[position])):
            yield position + 1
