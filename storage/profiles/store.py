"""Profiles, kept as Arrow files named by their content."""

from __future__ import annotations

import hashlib
import io
import os
from collections import OrderedDict
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from lamplighter.core.profiles.profile import Bounds, ColumnProfile
from lamplighter.errors import SourceError, one_line
from storage.profiles.build import Profiles
from storage.project.private_files import write_private

MOST_LOADED = 256
"""Sets of profiles that are kept: those of the windows that a window is held against."""


class LoadedProfiles:
    """Profiles of earlier windows, kept while runs that follow each other ask for the same ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[ProfileStore, str], Profiles] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[LoadedProfiles], tuple[()]]:
        """They are loaded anew where it arrives."""
        return LoadedProfiles, ()

    def of(self, store: ProfileStore, name: str) -> Profiles:
        """The set of a hash; none where it is lost, which is asked again the next time."""
        with self._lock:
            profiles = self._kept.pop((store, name), None)
        if profiles is None:
            try:
                profiles = store.load(name)
            except SourceError:
                return {}
        with self._lock:
            # The one that was used last stands last.
            self._kept[store, name] = profiles
            while len(self._kept) > MOST_LOADED:
                self._kept.popitem(last=False)
        return profiles


@dataclass(frozen=True)
class ProfileStore:
    """Profiles of a home: one Arrow file for each distinct set, written before anything names it."""

    home: Path

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.home / "profiles"

    def save(self, profiles: Profiles) -> str:
        """Keep a set of profiles and return the hash of its content.

        Raises
        ------
        SourceError
            If it cannot be written.
        """
        content = _encode(profiles)
        name = _content_hash(content)
        self._write(self.path_of(name), content)
        return name

    def load(self, name: str) -> Profiles:
        """The set of a hash.

        Raises
        ------
        SourceError
            If it is not there, or is no longer what was written.
        """
        path = self.path_of(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            what = f"the profile cannot be read: {error.strerror or one_line(error)}"
            raise SourceError(what, where=path, fix="allow it, or run its window again") from None
        if _content_hash(content) != name:
            raise SourceError("the profile is damaged", where=path, fix="remove it and run its window again")
        return _decode(content)

    def cached(self, name: str) -> Profiles | None:
        """The set that was kept under a name of the caller's own, such as a reference's key; None when it is lost."""
        try:
            return self.load((self.folder / "cache" / name).read_text())
        except (OSError, ValueError, TypeError, KeyError, SourceError):
            # Damaged, or written by a version whose profiles had other fields: it is made again.
            return None

    def cache(self, name: str, profiles: Profiles) -> None:
        """Keep a set under a name of the caller's own."""
        self._write(self.folder / "cache" / name, self.save(profiles).encode())

    def path_of(self, name: str) -> Path:
        """Where the set of a hash lies."""
        return self.folder / name[:2] / f"{name}.arrow"

    def _write(self, path: Path, content: bytes) -> None:
        try:
            if path.exists() and path.read_bytes() == content:
                # `prune` takes what is old and not named; this is about to be named.
                os.utime(path)
                return
            write_private(path, content)
        except OSError as error:
            what = f"the profile cannot be written: {error.strerror or one_line(error)}"
            raise SourceError(what, where=path, fix="mend the folder, or set LAMPLIGHTER_HOME") from None


def _content_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _encode(profiles: Profiles) -> bytes:
    """An Arrow table with a row for each column; the same profiles give the same bytes."""
    entries = []
    for profile in profiles.values():
        entry: dict[str, Any] = asdict(profile)
        entry["buckets"] = sorted(profile.buckets.items())
        entry["categories"] = sorted(profile.categories.items())
        entries.append(entry)
    sink = io.BytesIO()
    table = pa.Table.from_pylist(entries, schema=SCHEMA)
    with pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _decode(content: bytes) -> Profiles:
    entries = pa.ipc.open_file(io.BytesIO(content)).read_all().to_pylist()
    profiles = {}
    for entry in entries:
        entry["buckets"] = dict(entry["buckets"])
        entry["categories"] = dict(entry["categories"])
        entry["bounds"] = Bounds(**entry["bounds"]) if entry["bounds"] else None
        profiles[entry["column"]] = ColumnProfile(**entry)
    return profiles


_NUMBER_TYPES = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "str": pa.string()}
_BOUNDS = pa.struct([(entry.name, pa.float64()) for entry in fields(Bounds)])
_SPECIAL = {
    "kind": pa.string(),
    "buckets": pa.map_(pa.int64(), pa.int64()),
    "categories": pa.map_(pa.string(), pa.int64()),
    "bounds": _BOUNDS,
}
SCHEMA = pa.schema(
    [(entry.name, _SPECIAL.get(entry.name) or _NUMBER_TYPES[str(entry.type)]) for entry in fields(ColumnProfile)]
)
