"""The same values in any type, through files and databases, are the same classes, segments, items and ids."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.quality import evaluate
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.measurement import State
from storage.labelling.join import LabelIndex, Seen, truths_of
from storage.profiles.build import as_counts
from storage.project.folder import Project
from storage.sources.labels import labels_arrived
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan
from tests.long_cases import long_but_for
from tests.storage.labelled_world import START
from tests.storage.sql_tables import DAY, fetch, run

ROWS = 60
WHOLE = [0, 1, 7, -3, 2**53, 2**53 + 1, 2**60 + 1]
LONG = [10**19 + i for i in range(4)] + [2**64 - 1, 5]
FRACTIONS = [0.5, 0.25, -1.5, 3.0, 0.1, 1 / 8192]
COLUMNS = ("id", "y", "p", "s", "v")


def decimals(scale: int) -> Callable[[list[Any]], pa.Array]:
    kind = pa.decimal128(38, scale)
    return lambda values: pa.array([None if value is None else Decimal(repr(value)) for value in values], kind)


def text(values: list[Any]) -> pa.Array:
    written = [None if value is None else repr(int(value) if value == int(value) else value) for value in values]
    return pa.array(written, pa.string())


OF_WHOLE: dict[str, Callable[[list[Any]], pa.Array]] = {
    "int64": lambda values: pa.array(values, pa.int64()),
    "decimal": decimals(0),
    "decimal with zeros": decimals(4),
    "text": text,
    "large text": lambda values: text(values).cast(pa.large_string()),
    "categories": lambda values: text(values).dictionary_encode(),
    "categories of numbers": lambda values: pa.array(values, pa.int64()).dictionary_encode(),
    "text in one file, numbers in the other": text,
}
OF_LONG = {
    "decimal": decimals(0),
    "decimal with zeros": decimals(4),
    "text": text,
    "uint64": lambda values: pa.array(values, pa.uint64()),
}
OF_FRACTIONS: dict[str, Callable[[list[Any]], pa.Array]] = {
    "float64": lambda values: pa.array(values, pa.float64()),
    "float32": lambda values: pa.array([None if v is None else np.float32(v) for v in values], pa.float32()),
    "NaN for null": lambda values: pa.array([float("nan") if v is None else v for v in values], pa.float64()),
    "decimal": decimals(16),
    "text": text,
    "categories": lambda values: text(values).dictionary_encode(),
}
SQL_TYPES = {
    "int64": "BIGINT", "decimal": "NUMERIC", "decimal with zeros": "NUMERIC", "float64": "DOUBLE PRECISION",
    "float32": "REAL", "NaN for null": "DOUBLE PRECISION", "uint64": "NUMERIC",
}  # fmt: skip


def drawn(values: list[Any], seed: int, nulls: float) -> dict[str, list[Any]]:
    random = np.random.default_rng(seed)

    def column(share: float) -> list[Any]:
        return [None if random.random() < share else values[random.integers(len(values))] for _ in range(ROWS)]

    lists = [[values[i] for i in random.permutation(len(values))[:4]] for _ in range(ROWS)]
    first = {id(WHOLE): 2**53, id(LONG): 10**19}.get(id(values), 0.5)
    ids = [first + i for i in range(ROWS)]
    return {"id": ids, "y": column(nulls), "p": column(nulls), "s": column(nulls), "v": column(nulls), "items": lists}


def to_parquet(folder: Path, columns: dict[str, list[Any]], name: str, write: Callable[[list[Any]], pa.Array]) -> str:
    """Two files, the second of which may hold another type."""
    other = OF_WHOLE["int64"] if name.startswith("text in one") else write
    for i, (rows, made) in enumerate(((slice(0, ROWS // 2), write), (slice(ROWS // 2, None), other))):
        held = {key: made(columns[key][rows]) for key in COLUMNS}
        flat = made([item for items in columns["items"][rows] for item in items])
        flat = flat.dictionary_decode() if pa.types.is_dictionary(flat.type) else flat
        count = len(columns["id"][rows])
        held["items"] = pa.ListArray.from_arrays(pa.array(range(0, 4 * count + 1, 4), pa.int32()), flat)
        held["at"] = pa.array([START] * count, pa.timestamp("us", "UTC"))
        pq.write_table(pa.table(held), folder / f"rows{i}.parquet")
    return f"parquet: {folder}/rows*.parquet"


def to_sql(url: str, columns: dict[str, list[Any]], name: str, write: Callable[[list[Any]], pa.Array]) -> str:
    kind = SQL_TYPES.get(name, "TEXT")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    sqlite = engine.dialect.name == "sqlite"
    held: dict[str, list[Any]] = {}
    for key in COLUMNS:
        values = write(columns[key])
        plain = (values.dictionary_decode() if pa.types.is_dictionary(values.type) else values).to_pylist()
        if kind == "TEXT":
            plain = [value if value is None else str(value) for value in plain]
        # SQLite has no decimals: it makes of their digits the number that they are.
        held[key] = [format(v.normalize(), "f") if sqlite and isinstance(v, Decimal) else v for v in plain]
    held["items"] = [json.dumps(items) for items in columns["items"]]
    rows = list(zip(*held.values(), strict=True))
    with engine.begin() as connection:
        declared = ", ".join(f"{key} {kind}" for key in COLUMNS)
        connection.exec_driver_sql("DROP TABLE IF EXISTS log")
        at = "TIMESTAMP" if sqlite else "TIMESTAMPTZ"
        connection.exec_driver_sql(f"CREATE TABLE log (at {at}, {declared}, items TEXT)")
        mark = "?" if sqlite else "%s"
        connection.exec_driver_sql(
            f"INSERT INTO log VALUES ('{START.isoformat(' ')}', {', '.join([mark] * len(held))})", rows
        )
    return f"sql: {{url: '{url}', table: log}}"


def came_to(project: Project, monitor: Monitor, source: str) -> tuple[Any, ...]:
    """All that is recorded of the quality of a window, and its categories."""
    where = predictions_of(project, monitor, DAY, project.home / "spool" / source)
    arrived = labels_arrived(project, monitor, DAY.start, DAY.end, project.home / "spool" / source)
    assert arrived is not None
    index = LabelIndex.of(arrived, monitor.predictions.id)
    rows = Scan(where)
    [truth] = truths_of([Seen(rows)], monitor, index)
    frame, predictions = truth.labelled, monitor.predictions
    assert predictions.prediction
    labelled = Labelled(truth.y_true, frame[predictions.prediction], {}, {"s": frame["s"]}, frame["v"])
    measurements, confusion = evaluate(labelled, monitor, State.FINAL)
    counts: dict[str, int] = {}
    for _, batches in rows.columns(["p"]):
        for batch in batches:
            for value, count in as_counts(batch)[0].items():
                counts[value] = counts.get(value, 0) + count
    # A database sorts the rows otherwise, and the last digit of a sum hangs on the order.
    numbers = {m.key: (m.value if m.value is None else round(m.value, 12), m.n) for m in measurements}
    return (
        len(truth.labelled),
        truth.content,
        numbers,
        {(c.segment, c.version, c.y_true, c.y_pred): c.n for c in confusion},
        counts,
    )


FAMILIES = {"whole": (WHOLE, OF_WHOLE), "long": (LONG, OF_LONG), "fractions": (FRACTIONS, OF_FRACTIONS)}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("nulls", long_but_for([0.0, 0.2], [0.2]))
@pytest.mark.parametrize("kind", ["classification", "ranking"])
def test_no_type_and_no_source_makes_another_value(
    tmp_path: Path, monitor_of: Callable[..., Monitor], postgresql_url: str, family: str, nulls: float, kind: str
) -> None:
    values, writers = FAMILIES[family]
    columns = drawn(values, seed=len(kind), nulls=nulls)
    project, expected = Project.open(tmp_path), None
    for name, write in writers.items():
        labels = pa.table({"id": text(columns["id"]), "truth": write(columns["y"])})
        pq.write_table(labels, tmp_path / "labels.parquet")
        sources = {"parquet": to_parquet(tmp_path, columns, name, write)}
        if not name.startswith("text in one"):
            sources |= {
                key: to_sql(url, columns, name, write)
                for key, url in (("sqlite", f"sqlite:///{tmp_path}/rows.db"), ("postgresql", postgresql_url))
                # Numbers of SQLite end at 64 bits, with a sign.
                if key == "postgresql" or family != "long" or name == "text"
            }
        for key, source in sources.items():
            form, _, where = source.partition(": ")
            place = where if form == "parquet" else {"url": where.split("'")[1], "table": "log"}
            answer = {"prediction": "p" if kind == "classification" else "items"}
            predictions = {form: place, "time": "at", "id": "id", "version": "v", "timezone": "UTC", **answer}
            monitor = monitor_of(
                predictions, kind=kind, segments=["s"], labels={"parquet": "labels.parquet", "target": "truth"}
            )
            found = came_to(project, monitor, key)
            expected = expected or found
            assert found == expected, (name, key)
    assert expected is not None
    assert expected[0] == ROWS - sum(value is None for value in columns["y"])
    by_hand = [(y, p) for y, p in zip(columns["y"], columns["p"], strict=True) if y is not None]
    if kind == "classification":
        accuracy = expected[2]["accuracy", "", "", "", "", ""][0]
        assert accuracy == pytest.approx(np.mean([y == p for y, p in by_hand]))
        assert len({key[1] for key in expected[2]} - {""}) == len({*columns["s"]})
        assert len({key[2] for key in expected[2]} - {""}) == len({*columns["v"]})


def test_a_decimal_that_is_nan_is_null_and_others_stay_numbers(tmp_path: Path, postgresql_url: str) -> None:
    run(
        postgresql_url,
        "CREATE TABLE log (at timestamptz, x numeric, y numeric)",
        "INSERT INTO log VALUES ('2013-06-01T12:00Z', 9007199254740993, 'NaN')",
        "INSERT INTO log VALUES ('2013-06-01T12:00Z', 0.10, 'Infinity')",
    )
    rows = fetch(postgresql_url, tmp_path, table="log")
    assert rows.identities(["x", "y"]).to_pydict() == {"x": ["9007199254740993", "0.1"], "y": [None, "inf"]}


def test_scores_of_a_server_keep_their_width(tmp_path: Path, postgresql_url: str) -> None:
    run(
        postgresql_url,
        "CREATE TABLE log (at timestamptz, narrow real, wide double precision)",
        "INSERT INTO log VALUES ('2013-06-01T12:00Z', 0.1, 0.1), ('2013-06-01T12:00Z', NULL, NULL)",
    )
    frame = fetch(postgresql_url, tmp_path, table="log").frame(["narrow", "wide"])
    assert frame.dtypes.astype(str).to_dict() == {"narrow": "float32", "wide": "float64"}
