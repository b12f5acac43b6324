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
    Bounds,
    ColumnKind,
    ColumnProfile,
    categorical_profile,
    merge,
    numeric_profile,
)
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
    """Count of each value, as text, and the number of nulls; NaN counts as null."""
    counts: dict[str, int] = {}
    nulls = 0
    for entry in pc.value_counts(values):
        value, count = entry["values"].as_py(), entry["counts"].as_py()
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
    kinds : mapping of str to {'numeric', 'categorical'}
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
        try:
            parts = [_profile(name, kinds[name], batch, column_bounds, key if name in private else b"") for batch in batches]
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, TypeError):
            broken[name] = rows.conflicting.get(name) or type_kind(rows.schema[name])
            continue
        if parts:
            whole = merge(parts)
            profiles[name] = whole.without_values() if name in private and whole.kind == "numeric" else whole
    return profiles, broken


def _profile(name: str, kind: ColumnKind, batch: pa.ChunkedArray, bounds: Bounds | None, key: bytes) -> ColumnProfile:
    if kind == "numeric":
        return numeric_profile(name, as_floats(batch), bounds)
    counts, nulls = as_counts(batch)
    if key:
        counts = {keyed_hash(value, key): count for value, count in counts.items()}
    return categorical_profile(name, counts, nulls)


def keyed_hash(value: str, key: bytes) -> str:
    """A name for a private value that cannot be guessed without the home's key."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:16]


def home_key(home: Path) -> bytes:
    """The key of the home, made at its first use."""
    path = home / "private.key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_bytes(32))
        # A link, unlike a rename, leaves the key of a process that came first.
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        temporary.unlink()
    return path.read_bytes()


class ProfileStore:
    """Profiles of a home: one Arrow file for each distinct set, written before anything names it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "profiles"

    def save(self, profiles: Profiles) -> str:
        """Keep a set of profiles and return the hash of its content."""
        content = _encode(profiles)
        name = hashlib.sha256(content).hexdigest()[:32]
        self._write(self._path(name), content)
        return name

    def load(self, name: str) -> Profiles:
        """The set of a hash."""
        return _decode(self._path(name).read_bytes())

    def cached(self, name: str) -> Profiles | None:
        """The set that was kept under a name of the caller's own, such as a reference's fingerprint."""
        path = self.folder / "cache" / f"{name}.arrow"
        try:
            return _decode(path.read_bytes())
        except (FileNotFoundError, pa.ArrowInvalid):
            return None

    def cache(self, name: str, profiles: Profiles) -> None:
        """Keep a set under a name of the caller's own."""
        self._write(self.folder / "cache" / f"{name}.arrow", _encode(profiles))

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / f"{name}.arrow"

    def _write(self, path: Path, content: bytes) -> None:
        if path.exists() and path.stat().st_size == len(content):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(path)


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
