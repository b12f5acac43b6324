"""Damaged Parquet files: what reading each ends in. In a process of its own, since a reader of damaged bytes may crash.

    python -m tests.storage.damaged_files SEED FIRST LAST

It prints a line for each variant: its number, what was done to the file, and ``same``, ``reported``, ``silent`` or the
error that escaped.
"""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.core.monitor import Monitor, parse
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import BrokenFileError, SourceError
from storage.labelling.join import LabelIndex, Seen, truths_of
from storage.profiles.build import profile_columns, table_kinds
from storage.project.folder import Project
from storage.sources.files import find
from storage.sources.labels import labels_arrived
from storage.sources.reference import reference_of
from storage.sources.scan import ScanSpec
from storage.sources.shared_scans import Scans

DAY = Window.of("m", Grain.DAY, "UTC", dt.date(2026, 3, 2))
N = 60
MONITOR = """
model: m
kind: classification
predictions: {parquet: rows/*.parquet, time: at, id: id, prediction: pred, score: score, version: version}
labels: {parquet: labels/*.parquet, id: id, target: y, time: at, mature_after: 1d}
reference: {parquet: reference/*.parquet}
features: {numeric: [number, price], categorical: [word, flag]}
segments: [word]
"""
WRITERS: list[dict[str, Any]] = [
    {"compression": "snappy"},
    {"compression": "zstd", "data_page_version": "2.0"},
    {"compression": "none", "use_dictionary": False},
    {"compression": "none", "write_page_checksum": True},
    {"compression": "gzip", "store_schema": False},
]
KINDS = ["bit", "byte", "cut", "zeros", "footer bit", "footer byte", "swap"]


def rows_of_day(seed: int) -> pa.Table:
    """A table of every type that a log has."""
    random = np.random.default_rng(seed)
    at = pd.date_range("2026-03-02", periods=N, freq="20min", tz="UTC").as_unit("us")
    nulls = random.random(N) < 0.1
    return pa.table(
        {
            "at": pa.array(at),
            "id": [f"{seed}-{i}" for i in range(N)],
            "pred": random.integers(0, 2, N),
            "score": random.random(N),
            "version": random.choice(["v1", "v2"], N),
            "number": pa.array(random.normal(size=N), mask=nulls),
            "price": pa.array([Decimal(int(x)) / 4 for x in random.integers(0, 99, N)]),
            "word": pa.array(random.choice(["é", "b", "long word " * 5], N), mask=nulls).dictionary_encode(),
            "flag": random.random(N) < 0.5,
            "items": pa.array([[1, 2, None]] * N),
            "y": random.integers(0, 2, N),
        }
    )


def damaged(content: bytes, kind: str, random: np.random.Generator) -> bytes:
    """A file with something wrong."""
    data = bytearray(content)
    footer = max(0, len(data) - 8 - int.from_bytes(data[-8:-4], "little"))
    begin = footer if kind.startswith("footer") else 0
    place = int(random.integers(begin, len(data)))
    if kind.endswith("bit"):
        data[place] ^= 1 << int(random.integers(8))
    elif kind.endswith("byte"):
        data[place] = int(random.integers(256))
    elif kind == "cut":
        del data[place:]
    elif kind == "zeros":
        data[place : place + 64] = bytes(len(data[place : place + 64]))
    else:
        other = int(random.integers(0, len(data)))
        data[place : place + 16], data[other : other + 16] = data[other : other + 16], data[place : place + 16]
    return bytes(data)


def all_read(root: Path) -> tuple[list[str], dict[str, object]]:
    """All that a run reads of a project: the files that it reports, and the values that it found."""
    project = Project.open(root)
    monitor = parse("m.yaml", MONITOR, environ={})
    where = ScanSpec(
        DAY, tuple(find([f"{root}/rows/*.parquet"])), "at", id=("id",), version="version", required=("id", "pred")
    )
    scans = Scans()
    while True:
        try:
            return _read(project, monitor, where, scans)
        except BrokenFileError:
            continue


def _read(project: Project, monitor: Monitor, where: ScanSpec, scans: Scans) -> tuple[list[str], dict[str, object]]:
    rows = scans.open(where)
    found: dict[str, object] = {"count": rows.count, "repeated": rows.repeated, "undated": rows.undated}
    names = list(rows.schema)
    found["table"] = _bytes(rows.table(names))
    found["sample"] = rows.sample([name for name in names if name != "at"], 20, 0).astype(str).to_dict()
    kinds: dict[str, Literal["numeric", "categorical"]] = {
        **dict.fromkeys(("number", "price", "score"), "numeric"),
        **dict.fromkeys(("word", "flag"), "categorical"),
    }
    profiles, broken = profile_columns(rows, kinds)
    found |= {"profiles": {name: repr(profile) for name, profile in profiles.items()}, "broken": broken}
    found["kinds"] = table_kinds(rows)
    now = DAY.end + dt.timedelta(days=1)
    arrived = labels_arrived(project, monitor, DAY.start, now, project.home / "spool")
    assert arrived is not None
    found["labels"] = arrived.frame.astype(str).sort_values(["key", "arrived", "y_true"]).to_dict("list")
    index = LabelIndex.of(arrived, ("id",))
    found["truth"] = [truth.content for truth in truths_of([Seen(rows)], monitor, index)]
    reference = reference_of(project, monitor, DAY, project.home / "spool")
    assert reference is not None
    past = scans.open(reference)
    found["reference"] = _bytes(past.table(list(past.schema)))
    conflicts = [*rows.held.conflicting, *past.held.conflicting]
    missing = [name for name in ("pred", "score", "number", "word", "flag", "version") if name not in rows.schema]
    lacking = [name for name, *_ in rows.held.lacking([*where.required, "score", "number", "word"])]
    lacking += [name for name, *_ in past.held.lacking(["number", "price", "word", "flag"])]
    said = [uri for uri, _ in [*rows.unreadable, *arrived.unreadable, *past.unreadable]]
    mistakes = [str(entry) for entry in (rows.mistake, past.mistake) if entry]
    return [*said, *conflicts, *missing, *mistakes, *lacking, *(["undated"] if rows.undated else [])], found


def _bytes(table: pa.Table) -> bytes:
    """The values of a table, of which some may be none that Python could hold."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return bytes(sink.getvalue())


def main(seed: int, first: int, last: int) -> None:
    """Try some variants."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("rows", "labels", "reference"):
            (root / name).mkdir()
            pq.write_table(rows_of_day(2), root / name / "b.parquet", row_group_size=25)
        sound: dict[int, tuple[bytes, str]] = {}
        for number in range(first, last):
            random = np.random.default_rng([seed, number])
            writer, kind = WRITERS[number % len(WRITERS)], KINDS[int(random.integers(len(KINDS)))]
            place = ("rows", "rows", "labels", "reference")[int(random.integers(4))]
            if number % len(WRITERS) not in sound:
                for name in ("rows", "labels", "reference"):
                    pq.write_table(rows_of_day(1), root / name / "a.parquet", row_group_size=25, **writer)
                sound[number % len(WRITERS)] = (root / "rows/a.parquet").read_bytes(), repr(all_read(root)[1])
            content, expected = sound[number % len(WRITERS)]
            for name in ("rows", "labels", "reference"):
                (root / name / "a.parquet").write_bytes(content)
            (root / place / "a.parquet").write_bytes(damaged(content, kind, random))
            print(number, place, kind, writer["compression"], end=" ", flush=True)
            try:
                said, found = all_read(root)
            except SourceError as error:
                print("reported", str(error)[:100].replace("\n", " "))
                continue
            except Exception as error:
                print("escaped", type(error).__name__, str(error)[:100].replace("\n", " "), flush=True)
                continue
            same = repr(found) == expected
            print("reported" if said else "same" if same else "silent", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
