"""Delta tables written by hand, as Spark and Databricks write them and the library of Delta does not."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def column(name: str, kind: str, **metadata: object) -> dict[str, Any]:
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def mapped(number: int, name: str, kind: str) -> dict[str, Any]:
    keys = {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": f"col-{number}"}
    return column(name, kind, **keys)


def write_log(
    root: Path,
    columns: list[dict[str, Any]],
    actions: list[dict[str, Any]],
    *,
    features: tuple[str, ...] = (),
    partitions: tuple[str, ...] = (),
    version: int = 0,
    **configuration: str,
) -> None:
    protocol: dict[str, Any] = {"minReaderVersion": 1, "minWriterVersion": 2}
    if features:
        named = {"readerFeatures": list(features), "writerFeatures": list(features)}
        protocol = {"minReaderVersion": 3, "minWriterVersion": 7, **named}
    metadata = {
        "id": "x",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": columns}),
        "partitionColumns": list(partitions),
        "configuration": {f"delta.{key}": value for key, value in configuration.items()},
        "createdTime": 0,
    }
    entries = [] if version else [{"protocol": protocol}, {"metaData": metadata}]
    (root / "_delta_log").mkdir(parents=True, exist_ok=True)
    path = root / "_delta_log" / f"{version:020d}.json"
    path.write_text("\n".join(map(json.dumps, [*entries, *actions])))


def add(
    root: Path, path: str, table: pa.Table, *, partition: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, root / path, row_group_size=3)
    size, stats = (root / path).stat().st_size, json.dumps({"numRecords": len(table)})
    times = {"modificationTime": 0, "dataChange": True}
    return {"add": {"path": path, "partitionValues": partition or {}, "size": size, "stats": stats, **times, **more}}


def deletion_vector(rows: list[int]) -> dict[str, Any]:
    """Rows that are deleted, as a Roaring bitmap in the log itself."""
    container = struct.pack("<HH", 0, len(rows) - 1) + struct.pack("<I", 16)
    bitmap = struct.pack("<II", 12346, 1) + container + b"".join(struct.pack("<H", row) for row in rows)
    data = struct.pack("<iqI", 1681511377, 1, 0) + bitmap
    text = _z85(data + b"\0" * (-len(data) % 4))
    return {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": len(data), "cardinality": len(rows)}


def _z85(data: bytes) -> str:
    text = ""
    for (value,) in struct.iter_unpack(">I", data):
        digits = ""
        for _ in range(5):
            value, digit = divmod(value, 85)
            digits = DIGITS[digit] + digits
        text += digits
    return text
