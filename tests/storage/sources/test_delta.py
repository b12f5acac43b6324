"""Tables with a log: the rows that count are read, and never the ones that were removed."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as fs
import pytest

from lamplighter.errors import SourceError
from storage.project.folder import Project
from storage.sources.delta import tables_with_logs
from storage.sources.files import find
from storage.sources.in_files import absent
from storage.sources.scan import Scan
from tests.storage.delta_tables import add, column, deletion_vector, mapped, write_log
from tests.storage.scan_specs import AT, spec_of, utc, values

deltalake = pytest.importorskip("deltalake")

COLUMNS = [column("at", "timestamp"), column("x", "long")]


def rows(*x: int) -> pa.Table:
    return pa.table({"at": pa.array([utc(*AT)[0].as_py()] * len(x), pa.timestamp("us", tz="UTC")), "x": x})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two writes, the second in place of the first."""
    root = tmp_path / "warehouse/tbl"
    for x in ((1, 2), (3, 4)):
        deltalake.write_deltalake(str(root), rows(*x), mode="overwrite")
    assert len(list(root.glob("*.parquet"))) == 2
    return root


@pytest.mark.parametrize(
    "pattern",
    ["warehouse/tbl", "warehouse/tbl/", "warehouse/tbl/*.parquet", "**/*.parquet", "*/*/*.parquet", "warehouse"],
)
def test_a_table_is_read_through_its_log(tmp_path: Path, table: Path, pattern: str) -> None:
    assert values(Scan(spec_of(f"{tmp_path}/{pattern}"))) == [3, 4]


def test_what_the_log_says_later_is_seen(table: Path) -> None:
    pattern = f"{table}/*.parquet"
    before = Scan(spec_of(pattern))
    deltalake.write_deltalake(str(table), rows(5), mode="append")
    after = Scan(spec_of(pattern))
    deltalake.DeltaTable(str(table)).delete("x = 4")
    assert [sorted(values(read)) for read in (before, after, Scan(spec_of(pattern)))] == [[3, 4], [3, 4, 5], [3, 5]]
    assert len({read.fingerprint for read in (before, after, Scan(spec_of(pattern)))}) == 3


def test_partition_values_of_the_log_are_columns(tmp_path: Path) -> None:
    day = dt.date(2013, 6, 1)
    whole = rows(1, 2, 3).append_column("c", pa.array(["a b", "a/b", None])).append_column("n", pa.array([7, 8, None]))
    deltalake.write_deltalake(
        str(tmp_path / "t"), whole.append_column("d", pa.array([day] * 3)), partition_by=["c", "n", "d"]
    )
    read = Scan(spec_of(f"{tmp_path}/t/**/*.parquet"))
    found = read.table(["x", "c", "n", "d"]).sort_by("x").to_pydict()
    assert found == {"x": [1, 2, 3], "c": ["a b", "a/b", None], "n": [7, 8, None], "d": [day] * 3}
    assert read.held.of_paths == frozenset()
    # The folders are called by escaped values, and the log escapes them once more.
    assert values(Scan(spec_of(f"{tmp_path}/t/c=a%20b"))) == [1]
    assert values(Scan(spec_of(f"{tmp_path}/t/c=a%2Fb/**/*.parquet"))) == [2]


def test_columns_that_the_log_renames_rows_that_it_deletes_and_columns_that_came_later(tmp_path: Path) -> None:
    root = tmp_path / "t"
    inside = pa.table({"col-1": utc(*[AT[0]] * 8), "col-2": range(8), "dropped": range(8)})
    later = pa.table({"col-1": utc(*[AT[0]] * 2), "col-2": [10, 11], "col-3": [0.5, 1.5]})
    actions = [
        add(root, "xY/a%20b.parquet".replace("%20", "-"), inside, deletionVector=deletion_vector([0, 3, 4, 7])),
        add(root, "zz/c.parquet", later),
        {"add": {**add(root, "zz/gone.parquet", later)["add"], "path": "zz/d.parquet"}},
    ]
    fields = [mapped(1, "at", "timestamp"), mapped(2, "x", "long"), mapped(3, "score", "double")]
    features = ("columnMapping", "deletionVectors")
    options = {"columnMapping.mode": "name", "columnMapping.maxColumnId": "3", "enableDeletionVectors": "true"}
    write_log(root, fields, actions, features=features, **options)
    read = Scan(spec_of(f"{root}"))
    assert list(read.schema) == ["at", "x", "score"]
    assert values(read) == [1, 2, 5, 6, 10, 11]
    assert values(read, "score") == [None] * 4 + [0.5, 1.5]
    assert read.sample(["x"], 100, 0)["x"].tolist() == [1, 2, 5, 6, 10, 11]
    # A file that the log names and that is not there is said, and not passed over.
    [(uri, _)] = read.unreadable
    assert uri.endswith("zz/d.parquet")
    # Half a time: the mask of the window and that of the log together.
    assert values(Scan(spec_of(str(root), day="2013-06-02"))) == []
    assert values(Scan(spec_of(str(root), time=None))) == [1, 2, 5, 6, 10, 11]


def test_rows_of_the_window_are_chosen_among_those_that_are_left(tmp_path: Path) -> None:
    moments = ["2013-05-31T23:00:00Z", *AT, "2013-06-02T00:00:00Z"]
    table = pa.table({"at": utc(*moments), "x": [0, 1, 2, 3]})
    action = add(tmp_path, "a.parquet", table, deletionVector=deletion_vector([1]))
    write_log(tmp_path, COLUMNS, [action], features=("deletionVectors",), enableDeletionVectors="true")
    assert values(Scan(spec_of(f"{tmp_path}/*.parquet"))) == [2]


def test_a_table_in_a_store(s3, table: Path) -> None:
    for path in table.rglob("*"):
        if path.is_file():
            s3.put_object(Bucket="bucket", Key=f"w/tbl/{path.relative_to(table)}", Body=path.read_bytes())
    for pattern in ("w/tbl", "w/tbl/*.parquet", "w/**/*.parquet", "**/*.parquet"):
        assert values(Scan(spec_of(f"s3://bucket/{pattern}"))) == [3, 4]


@pytest.mark.parametrize("pattern", ["t", "t/data/*.parquet", "**/*.parquet", "t/data/part.parquet"])
@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            "metadata/v2.metadata.json",
            "is an Iceberg table, whose folder holds rows that were removed; read it with sql:",
        ),
        ("metadata/00001-a.metadata.json.gz", "is an Iceberg table"),
        (".hoodie/hoodie.properties", "is a Hudi table"),
    ],
)
def test_a_format_that_is_not_read_is_refused(tmp_path: Path, write, pattern: str, log: str, expected: str) -> None:
    write(tmp_path / "t/data/part.parquet", at=utc(*AT))
    (tmp_path / "t" / log).parent.mkdir()
    (tmp_path / "t" / log).write_text("{}")
    with pytest.raises(SourceError) as raised:
        find([f"{tmp_path}/{pattern}"])
    assert str(raised.value).startswith(f"{tmp_path}/t: {expected}")


def test_a_folder_called_metadata_is_no_table(tmp_path: Path, write) -> None:
    write(tmp_path / "t/a.parquet", at=utc(*AT), x=[1, 2])
    write(tmp_path / "t/metadata/b.parquet", at=utc(*AT), x=[3, 4])
    assert tables_with_logs(fs.LocalFileSystem(), [str(tmp_path / "t/metadata")]) == {}
    assert values(Scan(spec_of(f"{tmp_path}/t/*.parquet"))) == [1, 2]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        ("later", "the log of this Delta table cannot be read: "),
        ("newThing", "the log of this Delta table cannot be read: .*newThing"),
        ("variantType", "is a Delta table that uses variantType, which is not read; read it with sql:, or export the"),
        ("none", r"is a Delta table, of whose 1 files .*/y\*\.parquet names none; name the folder itself"),
        ("nothing", "the log of this Delta table cannot be read: "),
    ],
)
def test_a_log_that_cannot_be_used_is_one_line(tmp_path: Path, make: str, expected: str) -> None:
    action = add(tmp_path, "x.parquet", rows(1))
    features = (make,) if make.endswith(("Thing", "Type")) else ()
    write_log(tmp_path, COLUMNS, [action], features=features, version=1 if make == "later" else 0)
    if make == "nothing":
        (tmp_path / "_delta_log" / f"{0:020d}.json").write_text("not JSON")
    with pytest.raises(SourceError, match=expected) as raised:
        find([f"{tmp_path}/y*.parquet" if make == "none" else f"{tmp_path}/*.parquet"])
    assert "\n" not in str(raised.value)
    assert "<unknown>" not in str(raised.value), "frames of the library's stack"


def test_a_file_that_the_log_names_and_is_not_there(table: Path) -> None:
    for path in table.glob("*.parquet"):
        path.unlink()
    rows = Scan(spec_of(f"{table}/*.parquet"))
    assert {reason for _, reason in rows.unreadable} == {"is not there any more; deliver the file again"}


@pytest.mark.parametrize("pattern", ["tbl", "tbl/*.parquet", "tbl/part=*/*.parquet"])
def test_a_table_without_rows_is_there(tmp_path: Path, monitor_of, pattern: str) -> None:
    write_log(tmp_path / "tbl", COLUMNS, [])
    source = {"parquet": pattern, "time": "at", "prediction": "x"}
    problem = absent(Project.open(tmp_path), monitor_of(source).predictions, "predictions")
    assert problem is not None
    assert (problem.is_warning, problem.message) == (True, f"{tmp_path}/tbl: the Delta table has no rows yet")


def test_without_the_library_the_line_says_what_to_install(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(
        SourceError, match=r"tbl: is a Delta table, .*; to read it .*, \.venv/bin/pip install 'deltalake>=1\.6,<2'"
    ):
        find([f"{table}/*.parquet"])


def test_days_of_a_table_are_filled_in(project: Project) -> None:
    root = project.root / "t"
    for day, x in (("2013-06-01", 1), ("2013-06-02", 2)):
        frame = pa.table({"at": utc(f"{day}T05:00:00Z"), "x": [x], "day": [day]})
        deltalake.write_deltalake(str(root), frame, partition_by=["day"], mode="append")
    found = find([f"{root}/day={{day}}/*.parquet"], [dt.date(2013, 6, n) for n in (1, 2, 3)])
    assert [file.day for file in found] == [dt.date(2013, 6, 1), dt.date(2013, 6, 2)]
