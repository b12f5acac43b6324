"""CSV files, held against pandas and against values that were written by hand."""

from __future__ import annotations

import gzip
import io
import stat
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq
import pytest

from lamplighter.errors import SourceError
from storage.labelling.join import LabelIndex, Seen, truths_of
from storage.sources import csv_files
from storage.sources.files import find
from storage.sources.formats import copy_as_parquet
from storage.sources.labels import labels_arrived
from storage.sources.scan import Scan, ScanSpec
from tests.storage.labelled_world import World, at
from tests.storage.scan_specs import spec_of, values


def read(tmp_path: Path, content: bytes, name: str = "a.csv") -> pa.Table:
    (tmp_path / name).write_bytes(content)
    target = tmp_path / "spool/copies/a.parquet"
    target.unlink(missing_ok=True)
    copy_as_parquet(fs.LocalFileSystem(), str(tmp_path / name), target)
    return pq.read_table(target)


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["1", "", "-2"], pa.int64(), [1, None, -2]),
        (["9007199254740993", ""], pa.int64(), [2**53 + 1, None]),
        (["18446744073709551615"], pa.uint64(), [2**64 - 1]),
        (["99999999999999999999"], pa.string(), ["99999999999999999999"]),
        (["1", "2.5", "NA"], pa.float64(), [1.0, 2.5, None]),
        (["1e-3", "-inf"], pa.float64(), [0.001, -np.inf]),
        (["007", "12"], pa.string(), ["007", "12"]),
        (["true", "False", "NULL"], pa.bool_(), [True, False, None]),
        (["NA", "DE", ""], pa.string(), ["NA", "DE", None]),
        (["NA", ""], pa.string(), ["NA", None]),
        (['""', "x", ""], pa.string(), ["", "x", None]),
        (["", ""], pa.string(), [None, None]),
        (['"a,b\nc ""d"""', " x "], pa.string(), ['a,b\nc "d"', " x "]),
        (["2013-06-01T00:00:00Z", "2013-06-01"], pa.string(), ["2013-06-01T00:00:00Z", "2013-06-01"]),
        (["0,5", "x"], pa.string(), ["0,5", "x"]),
        (["1_000"], pa.string(), ["1_000"]),
        (["0x1F"], pa.string(), ["0x1F"]),
        (["+49", "0"], pa.string(), ["+49", "0"]),
    ],
    ids=lambda value: ",".join(map(str, value))[:20] if isinstance(value, list) else "",
)
@pytest.mark.parametrize("block", [40, 8 << 20])
def test_the_type_of_a_column_is_that_of_all_its_values(
    tmp_path: Path, cells: list[str], kind: pa.DataType, expected: list, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks of a few rows, which know nothing of each other, as in one."""
    monkeypatch.setattr(csv_files, "BLOCK_BYTES", block)
    quoted = [f'"{cell}"' if "," in cell and not cell.startswith('"') else cell for cell in cells]
    found = read(tmp_path, ("n,x\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(quoted))).encode())
    assert found.schema.field("x").type == kind
    assert found.column("x").to_pylist() == expected


def test_a_large_file_is_what_pandas_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "BLOCK_BYTES", 10_000)
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "whole": pd.array(random.integers(-9, 9, 5000), dtype="Int64"),
            "number": random.normal(size=5000),
            "text": random.choice(["é", "b c", 'd"e', "f\ng"], 5000),
        }
    )
    frame.loc[random.random(5000) < 0.1, "whole"] = None
    frame.loc[4999, "number"] = 7
    text = frame.to_csv(index=False)
    expected = pd.read_csv(io.StringIO(text), dtype={"whole": "Int64"}, float_precision="round_trip")
    found = read(tmp_path, text.encode()).to_pandas().astype({"whole": "Int64"})
    pd.testing.assert_frame_equal(found[list(expected)], expected, check_dtype=False)
    assert found["number"].tolist() == frame["number"].tolist()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"at,x\n2013-06-01T05:00:00Z,1\n", "a.csv"),
        (b"\xef\xbb\xbfat,x\r\n2013-06-01T05:00:00Z,1\r\n", "A.CSV"),
        (b"at;x\n2013-06-01T05:00:00Z;1\n", "a.csv"),
        (b"at\tx\n2013-06-01T05:00:00Z\t1", "a.tsv"),
        (gzip.compress(b"at,x\n2013-06-01T05:00:00Z,1\n", mtime=0), "a.csv.gz"),
    ],
)
def test_rows_of_a_window_are_chosen_among_those_of_csv(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    for spool in (tmp_path / "spool", None):
        where = spec_of()
        files = find([f"{tmp_path}/{name}"], spool=spool)
        rows = Scan(ScanSpec(where.window, tuple(files), time="at"))
        assert (values(rows), rows.unreadable) == ([1], [])
    [copy] = (tmp_path / "spool/copies").iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    # The name of the file is what is said, and what a change is known by.
    assert rows.fingerprint == Scan(spec_of(f"{tmp_path}/{name}")).fingerprint


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"", "a.csv", "is empty; the first line of a CSV file holds the names of its columns"),
        (b"\n\n", "a.csv", "is empty; the first line"),
        (b"1,2\n3,4\n", "a.csv", "begins with numbers; the first line of a CSV file holds the names of its columns"),
        (b"r1,2013-06-01 10:00,1\nr2,2013-06-01 11:00,1\n", "a.csv", "begins with a row of values; the first line of"),
        (b"r1;01.06.2013 10:00;1\n", "a.csv", "begins with a row of values; the first line of a CSV file holds"),
        (gzip.compress(b"at,x\n1,2\n", mtime=0), "a.csv", "is compressed by gzip; end its name with .csv.gz"),
        (b"at,x\n1,2\n1,SECRET,3\n", "a.csv", "line 3 has 3 values and the first line 2 names; mend the line"),
        (b"at,x\n1\n", "a.csv", "line 2 has 1 values and the first line 2 names; mend the line"),
        (b"at,x\nSECRET,\xff\n", "a.csv", "is not UTF-8; save it so"),
        ("at,x\n1,2\n".encode("utf-16"), "a.csv", "is no CSV file in UTF-8; save it so"),
        (b"PAR1\0\0", "a.csv", "is no CSV file in UTF-8; save it so"),
        (b"at,x,x\n1,2,3\n", "a.csv", "column 'x' comes twice; write it once"),
        (
            gzip.compress(b"at,x\n1,2\n" * 50, mtime=0)[:-12],
            "a.csv.gz",
            "is no sound gzip file; deliver the file again",
        ),
        (b"at,x\n1,2\n", "a.csv.gz", "is no sound gzip file; deliver the file again"),
    ],
)
def test_a_file_that_is_no_table_costs_itself(tmp_path: Path, content: bytes, name: str, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "b.csv").write_bytes(b"at,x\n2013-06-01T05:00:00Z,1\n")
    where = spec_of(*(str(tmp_path / file) for file in (name, "b.csv")))
    rows = Scan(ScanSpec(where.window, tuple(find([f"{tmp_path}/*"], spool=tmp_path / "spool")), time="at"))
    assert values(rows) == [1]
    [(uri, reason)] = rows.unreadable
    assert (uri, reason.startswith(expected)) == (f"{tmp_path}/{name}", True)
    assert "SECRET" not in reason
    assert "\n" not in reason
    assert [path.suffix for path in (tmp_path / "spool/copies").iterdir()] == [".parquet"] * (1 + ("twice" in expected))


def test_csv_and_parquet_of_one_day_are_one_table(tmp_path: Path, write) -> None:
    write(tmp_path / "a.parquet", at=["2013-06-01T05:00:00Z"], x=[Decimal("0.5")])
    (tmp_path / "b.csv").write_text("at,x\n2013-06-01T06:00:00Z,1\n")
    assert values(Scan(spec_of(f"{tmp_path}/*"))) == [0.5, 1.0]


def test_an_error_of_a_copy_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("at,x\n1,2,3\n")
    with pytest.raises(SourceError):
        copy_as_parquet(fs.LocalFileSystem(), str(tmp_path / "a.csv"), tmp_path / "spool/a.parquet")
    assert list((tmp_path / "spool").iterdir()) == []


VERSIONS = ["1.1", "1.10", "1.0", "2.50"]


@pytest.mark.parametrize(
    ("cells", "identities"),
    [
        (["1.1", "1.10", "2.50"], ["1.1", "1.10", "2.50"]),
        (["1.0", "2.0", ""], ["1", "2", None]),
        (["1.0", "A7", "12"], ["1", "A7", "12"]),
        (["12e4", "1e05", "120000"], ["12e4", "1e05", "120000"]),
        (["9007199254740993", "9007199254740992", "0.5"], ["9007199254740993", "9007199254740992", "0.5"]),
        (["9007199254740993.0", "1e-05", "1e+16"], ["9007199254740993", "1e-05", "10000000000000000"]),
        (["true", "False", "NULL"], ["1", "0", None]),
        (["true", "False", "unsure"], ["1", "0", "unsure"]),
        (["007", "7", "7.0"], ["007", "7", "7"]),
        (["0.1", "8.81", "NA"], ["0.1", "8.81", None]),
    ],
    ids=lambda cells: ",".join(map(str, cells)),
)
@pytest.mark.parametrize("block", [40, 8 << 20])
def test_a_cell_is_what_is_written_whatever_stands_beside_it(
    tmp_path: Path, cells: list[str], identities: list, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone in its file as among the others, and as an int64, a float64 or a flag of Parquet where it is one."""
    monkeypatch.setattr(csv_files, "BLOCK_BYTES", block)
    for i, cell in enumerate(["", *cells]):
        content = "".join(f"2013-06-01T05:00:00Z,{held}\n" for held in ([cell] if i else cells))
        (tmp_path / f"{i}.csv").write_text(f"at,x\n{content}")
    found = [Scan(spec_of(f"{tmp_path}/{i}.csv")).identities(["x"])["x"].to_pylist() for i in range(len(cells) + 1)]
    assert found[0] == identities
    # A cell that is no number alone is null among numbers: NA may be a country.
    alone = [value for cell, [value] in zip(cells, found[1:], strict=True) if cell not in ("NA", "NULL")]
    assert alone == [value for cell, value in zip(cells, identities, strict=True) if cell not in ("NA", "NULL")]


@pytest.mark.parametrize(
    ("beside", "cells", "met"),
    [
        (pa.array([1.5, 1.0, 120000.0, 0.1]), ["1.50", "1.0", "12e4", "0.10"], 4),
        (pa.array([2**53 + 1, 1, 2, 3]), [str(2**53 + 1), "1.00", "2", "4.5"], 3),
        (pa.array([Decimal("1.50"), Decimal("2.10"), None, Decimal(2)]), ["1.5", "2.100", "", "2"], 3),
        (pa.array(VERSIONS), VERSIONS, 4),
        (pa.array(["true", "True", "NaN", "1.0"]), ["true", "True", "NaN", "1"], 3),
        (pa.array([True, False, None, True]), ["TRUE", "false", "", "True"], 3),
        (pa.array(VERSIONS).dictionary_encode(), VERSIONS, 4),
    ],
    ids=["floats", "whole numbers", "decimals", "text", "words", "flags", "categories"],
)
@pytest.mark.parametrize("role", ["id", "class"])
def test_labels_in_csv_are_read_as_what_they_are_held_against(
    world_of: Callable[..., World], beside: pa.Array, cells: list[str], met: int, role: str
) -> None:
    if role == "id" and pa.types.is_boolean(beside.type):
        pytest.skip("flags are no ids: they repeat")
    world = world_of(labels={"parquet": "labels.csv", "target": "truth", "mature_after": "3d"})
    ids = pa.array(["a", "b", "c", "d"])
    world.predict("2013-06-01", beside if role == "id" else ids, answer=ids if role == "id" else beside)
    pairs = zip(cells, ids.to_pylist(), strict=True)
    lines = [f"{cell},{name}" if role == "id" else f"{name},{cell}" for cell, name in pairs]
    (world.project.root / "labels.csv").write_text("\n".join(["id,truth", *lines]))
    [where] = world.specs("2013-06-01")
    spool = world.project.home / "spool"
    arrived = labels_arrived(world.project, world.monitor, where.window.start, at("2013-06-05"), spool, [Scan(where)])
    [truth] = truths_of([Seen(Scan(where))], world.monitor, LabelIndex.of(arrived, ("id",)))
    assert int((truth.y_true == truth.labelled["answer"]).sum()) == met


def test_versions_of_csv_keep_their_names_and_a_trainer_gets_them_apart(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("at,x,v\n" + "".join(f"2013-06-01T05:00:00Z,1,{v}\n" for v in VERSIONS))
    rows = Scan(spec_of(f"{tmp_path}/a.csv", version="v"))
    assert rows.frame(["v"], ["v"])["v"].tolist() == VERSIONS
    assert rows.table(["v"], exact=["v"])["v"].to_pylist() == VERSIONS
    assert rows.table(["v"])["v"].to_pylist() == [1.1, 1.1, 1.0, 2.5]
    assert list(rows.schema) == ["at", "x", "v"]
