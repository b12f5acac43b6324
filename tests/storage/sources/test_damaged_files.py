"""Damaged Parquet files among predictions, labels and reference: each costs itself, and no process ends.

Thousands of variants were tried; a few of every kind of damage and every kind of writer are tried here.
"""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.sources.scan import Scan
from tests.long_cases import long_but_for
from tests.storage.damaged_files import KINDS
from tests.storage.scan_specs import AT, spec_of, utc, values


@pytest.mark.parametrize("variants", long_but_for([30, 200], [30]))
def test_a_damaged_file_costs_itself(variants: int) -> None:
    command = [sys.executable, "-m", "tests.storage.damaged_files", "1", "0", str(variants)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600, check=False)
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, variants), done.stderr
    assert [line for line in lines if " escaped" in line] == []
    assert sum(" reported" in line for line in lines) > variants / 3
    assert {kind for kind in KINDS for line in lines if f" {kind} " in line} == {*KINDS}


@pytest.mark.parametrize(("seed", "number"), [(11, 13)])
def test_a_footer_that_ended_the_process_costs_its_file(seed: int, number: int) -> None:
    """Found among 2,500: statistics of a size that Arrow refuses where Python cannot catch it."""
    command = [sys.executable, "-m", "tests.storage.damaged_files", str(seed), str(number), str(number + 1)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, f"{number} rows bit none reported\n"), done.stderr


def test_text_that_is_none_is_found_where_it_is_read(tmp_path: Path, write) -> None:
    """It would end the run in whatever stage looks at it first."""
    path = write(tmp_path / "a.parquet", at=utc(*AT), x=["abcdef", "b"], options={"compression": "none"})
    write(tmp_path / "b.parquet", at=utc(*AT), x=["c", "d"])
    Path(path).write_bytes(Path(path).read_bytes().replace(b"abcdef", b"ab\xff\xfeef"))
    rows = Scan(spec_of(f"{tmp_path}/*.parquet"))
    with pytest.raises(Exception, match=r"a\.parquet: column 'x' cannot be read: .*UTF8"):
        values(rows)
    assert values(rows, "x")[-2:] == ["c", "d"]


def test_a_name_that_is_no_text_is_found(tmp_path: Path, write) -> None:
    write(tmp_path / "b.parquet", at=utc(*AT), x=[1, 2])
    table = pa.table({"at": utc(*AT), "columnx": [1, 2]})
    pq.write_table(table, tmp_path / "a.parquet", store_schema=False)
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content.replace(b"columnx", b"\xff\xfe\xfd\xfc\xfb\xfax"))
    rows = Scan(spec_of(f"{tmp_path}/*.parquet"))
    assert values(rows) == [1, 2]
    assert [Path(uri).name for uri, _ in rows.unreadable] == ["a.parquet"]


@pytest.mark.parametrize("column", ["at", "x"])
def test_a_zone_that_is_no_text_is_found(tmp_path: Path, write, column: str) -> None:
    """The type of the column could not be looked at."""
    write(tmp_path / "b.parquet", at=utc(*AT), x=[1, 2])
    zoned = pa.array(utc(*AT).cast(pa.int64()), pa.timestamp("us", tz="Asia/Oral"))
    path = Path(write(tmp_path / "a.parquet", **({"at": utc(*AT), "x": [1, 2]} | {column: zoned})))
    content = path.read_bytes()
    schema = content.index(b"ARROW:schema")
    encoded = content[schema:].split(b"ARROW:schema")[1]
    start = next(i for i in range(len(encoded)) if encoded[i : i + 4] == b"////")
    text = encoded[start:].split(b"\x00")[0]
    text = text[: len(text) // 4 * 4]
    raw = base64.b64decode(text)
    broken = base64.b64encode(raw.replace(b"Asia/Oral", b"\xbdsia/Oral"))
    assert broken != text
    path.write_bytes(content.replace(text, broken))
    rows = Scan(spec_of(f"{tmp_path}/*.parquet"))
    assert values(rows) == [1, 2]
    assert [Path(uri).name for uri, _ in rows.unreadable] == ["a.parquet"]


def test_checksums_of_pages_are_compared(tmp_path: Path, write) -> None:
    numbers = np.arange(1000, 1100)
    options = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    times = pa.array([utc(AT[0])[0].as_py()] * 100, pa.timestamp("us", tz="UTC"))
    path = Path(write(tmp_path / "a.parquet", at=times, x=numbers, options=options))
    path.write_bytes(path.read_bytes().replace((1050).to_bytes(8, "little"), (9999).to_bytes(8, "little"), 1))
    rows = Scan(spec_of(str(path)))
    with pytest.raises(Exception, match=r"column 'x' cannot be read: .*checksum"):
        values(rows)
