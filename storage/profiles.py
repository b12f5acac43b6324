"""Profiles: made of a slice's columns, and kept as Arrow files named by their content."""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.monitor import class_label
from lamplighter.core.profile import (
    MOST_CATEGORIES,
    Bounds,
    ColumnKind,
    ColumnProfile,
    categorical_profile,
    merge,
    numeric_profile,
)
from lamplighter.errors import SourceError
from storage.files import one_line
from storage.rows import Rows

Profiles = dict[str, ColumnProfile]

TYPE_KINDS = {
    "number": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    "boolean": (pa.types.is_boolean,),
    "text": (pa.types.is_string, pa.types.is_large_string),
    "time": (pa.types.is_temporal,),
    "null": (pa.types.is_null,),
}


def type_kind(kind: pa.DataType) -> str:
    """Type of a column as a monitor sees it: number, boolean, text, time, null or other."""
    return next((name for name, tests in TYPE_KINDS.items() if any(test(kind) for test in tests)), "other")


def table_kinds(rows: Rows) -> dict[str, str]:
    """Each column of some rows and its type."""
    return {name: type_kind(kind) for name, kind in rows.schema.items()}


def as_floats(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Numbers and booleans as floats, NaN for null.

    Raises
    ------
    pyarrow.ArrowInvalid
        If they are text that is no number.
    """
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    floats = values.cast(pa.float64(), safe=False)
    return np.array(floats.to_numpy(), dtype=np.float64)


def as_counts(values: pa.ChunkedArray) -> tuple[dict[str, int], int]:
    """Count of each value, as text, and the number of nulls; NaN counts as null.

    Examples
    --------
    >>> as_counts(pa.chunked_array([["b", None, "a", "b"]]))
    ({'b': 2, 'a': 1}, 1)
    """
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    counted = pc.value_counts(values)
    counts: dict[str, int] = {}
    nulls = 0
    for value, count in zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True):
        if value is None or value != value:
            nulls += count
        else:
            label = class_label(value)
            counts[label] = counts.get(label, 0) + count
    return counts, nulls


def profile_columns(
    rows: Rows,
    kinds: Mapping[str, ColumnKind],
    *,
    bounds: Mapping[str, Bounds | None] | None = None,
    private: Collection[str] = (),
    key: bytes = b"",
) -> tuple[Profiles, dict[str, str]]:
    """Profile columns, each decoded once.

    Parameters
    ----------
    rows : Rows
        The rows of a window.
    kinds : mapping of str to {'numeric', 'categorical'}
        The columns; those that are not there are left out.
    bounds : mapping of str to Bounds, optional
        What the values of a numeric column are held against.
    private : collection of str
        Columns of which no value may be kept; categories become keyed hashes.
    key : bytes
        Of those hashes.

    Returns
    -------
    profiles : dict of str to ColumnProfile
    broken : dict of str to str
        Columns that hold something else than their kind, and what.
    """
    profiles: Profiles = {}
    broken: dict[str, str] = {}
    present = [name for name in kinds if name in rows.schema]
    for name, batches in rows.columns(present):
        column_bounds = bounds.get(name) if bounds else None
        hidden = key if name in private else None
        try:
            parts = [_profile(name, kinds[name], batch, column_bounds, hidden) for batch in batches]
        except (pa.ArrowException, TypeError):
            broken[name] = rows.conflicting.get(name) or type_kind(rows.schema[name])
            continue
        if parts:
            whole = merge(parts)
            profiles[name] = whole.without_values() if name in private and whole.kind == "numeric" else whole
    return profiles, broken


def _profile(
    name: str, kind: ColumnKind, batch: pa.ChunkedArray, bounds: Bounds | None, key: bytes | None
) -> ColumnProfile:
    if kind == "numeric":
        return numeric_profile(name, as_floats(batch), bounds)
    if (nulls := _nulls_of_crowd(batch)) is not None:
        return ColumnProfile(name, kind, rows=len(batch), nulls=nulls, crowded=True)
    counts, nulls = as_counts(batch)
    if key is not None:
        counts = {keyed_hash(value, key): count for value, count in counts.items()}
    return categorical_profile(name, counts, nulls)


def _nulls_of_crowd(values: pa.ChunkedArray) -> int | None:
    """Nulls of a batch with more values than a profile holds, which need not be written out one by one; else None."""
    if len(values) <= MOST_CATEGORIES or len(pc.unique(values)) <= MOST_CATEGORIES + 2:
        return None
    return int(pc.sum(pc.is_null(values, nan_is_null=pa.types.is_floating(values.type))).as_py())


def keyed_hash(value: str, key: bytes) -> str:
    """A name for a private value that cannot be guessed without the home's key."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:16]


KEY_BYTES = 32


def home_key(home: Path) -> bytes:
    """The key of the home, made at its first use.

    Raises
    ------
    SourceError
        If it is not whole: without it, hashes of private values could be guessed.
    """
    path = home / "private.key"
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise SourceError(f"{path}: holds {len(key)} bytes, not {KEY_BYTES}; restore it, or remove it for a new one")
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        # A link, unlike a rename, leaves the key of a process that came first.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)


class ProfileStore:
    """Profiles of a home: one Arrow file for each distinct set, written before anything names it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "profiles"

    def save(self, profiles: Profiles) -> str:
        """Keep a set of profiles and return the hash of its content."""
        content = _encode(profiles)
        name = _content_hash(content)
        self._write(self._path(name), content)
        return name

    def load(self, name: str) -> Profiles:
        """The set of a hash.

        Raises
        ------
        SourceError
            If it is not there, or is no longer what was written.
        """
        path = self._path(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SourceError(f"{path}: the profile cannot be read: {error.strerror or one_line(error)}") from None
        if _content_hash(content) != name:
            raise SourceError(f"{path}: the profile is damaged; remove it and run its night again")
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

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.arrow"

    def _write(self, path: Path, content: bytes) -> None:
        if path.exists() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        temporary.write_bytes(content)
        temporary.replace(path)


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
