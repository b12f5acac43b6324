"""Tables as they occur: folders of parts, keys that stand in paths, files that spell a column otherwise."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.core.monitor import parse
from lamplighter.errors import ColumnError, MonitorError, SourceError
from storage.profiles.build import table_kinds
from storage.sources.files import find
from storage.sources.globbing import LocalFiles
from storage.sources.path_columns import constants_of
from storage.sources.scan import Scan
from tests.storage.labelled_world import World
from tests.storage.scan_specs import AT, spec_of, utc, values

# Folders of parts

PARTS = ["part-0.parquet", "country=de/part-1.snappy.parquet", "country=fr/deep=1/part-2.parq"]
BESIDE = [
    "_SUCCESS",
    "_metadata",
    "_common_metadata",
    ".part-0.parquet.crc",
    "part-0.parquet.crc",
    "_temporary/0/part-9.parquet",
    ".hidden/part-8.parquet",
    "README.md",
    "export.csv",
]


def placed(root: Path, names: list[str], content: bytes = b"x") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


@pytest.mark.parametrize("pattern", ["preds.parquet", "preds.parquet/", "*.parquet", "**/preds.parquet"])
def test_a_folder_is_read_by_its_parts(tmp_path: Path, pattern: str) -> None:
    placed(tmp_path / "preds.parquet", [*PARTS, *BESIDE])
    found = [os.path.relpath(file.uri, tmp_path / "preds.parquet") for file in find([f"{tmp_path}/{pattern}"])]
    assert found == sorted(PARTS)


@pytest.mark.parametrize("pattern", ["preds.parquet", "preds.parquet/", "x/../preds.parquet"])
def test_a_folder_of_a_store_is_read_by_its_parts(s3, pattern: str) -> None:
    for name in [*PARTS, *BESIDE]:
        s3.put_object(Bucket="bucket", Key=f"log/preds.parquet/{name}", Body=b"x")
    if ".." in pattern:
        assert find([f"s3://bucket/log/{pattern}"]) == []
        return
    found = [file.uri.removeprefix("s3://bucket/log/preds.parquet/") for file in find([f"s3://bucket/log/{pattern}"])]
    assert found == sorted(PARTS)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.parquet", "a.csv"], ["a.parquet"]),
        (["a.csv", "b.csv.gz", "notes.txt"], ["a.csv", "b.csv.gz"]),
        (["000000_0", "000001_0", "log.txt"], ["000000_0", "000001_0"]),
        (["_SUCCESS"], []),
        ([], []),
    ],
    ids=["parquet before csv", "csv", "hive", "nothing but a mark", "empty"],
)
def test_the_parts_of_a_folder_are_of_one_form(tmp_path: Path, names: list[str], expected: list[str]) -> None:
    (tmp_path / "t").mkdir()
    placed(tmp_path / "t", names)
    assert [Path(file.uri).name for file in find([f"{tmp_path}/t"])] == expected


@pytest.mark.parametrize("pattern", ["*", "**/*", "**", "*.parquet", "preds.parquet/*", "preds.parquet/**/*.parquet"])
def test_what_a_writer_hides_is_no_row(tmp_path: Path, pattern: str) -> None:
    placed(tmp_path / "preds.parquet", ["part-0.parquet", *BESIDE[:7]])
    assert [Path(file.uri).name for file in find([f"{tmp_path}/{pattern}"])] == ["part-0.parquet"]
    hidden = find([f"{tmp_path}/preds.parquet/_*"])
    assert {Path(file.uri).name for file in hidden} == {"_SUCCESS", "_metadata", "_common_metadata"}


def test_what_pandas_writes_in_parts_is_read_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"at": pd.to_datetime([AT[0]] * 4), "x": range(4), "country": ["de", "fr", "São Tomé", None]})
    frame.to_parquet(tmp_path / "t.parquet", partition_cols=["country"])
    rows = Scan(spec_of(f"{tmp_path}/t.parquet"))
    read = rows.table(["x", "country"]).to_pandas()
    written = [set(zip(table["x"], table["country"].fillna("null"), strict=True)) for table in (frame, read)]
    assert written[0] == written[1] == {(0, "de"), (1, "fr"), (2, "São Tomé"), (3, "null")}


# Keys of paths


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (["k=1", "k=12"], [1, 12]),
        (["k=-3", "k=0"], [-3, 0]),
        (["k=1", "k=x"], ["1", "x"]),
        (["k=007", "k=123"], ["007", "123"]),
        (["k=1.5"], ["1.5"]),
        (["month=03", "month=12"], [3, 12]),
        (["k=a%3Db%2Fc"], ["a=b/c"]),
        (["k=__HIVE_DEFAULT_PARTITION__", "k=4"], [None, 4]),
        (["k="], [""]),
        (["k=1/k=2"], [2]),
        (["k=99999999999999999999"], ["99999999999999999999"]),
        (["k=a=b"], ["a=b"]),
        (["k=9007199254740993"], [2**53 + 1]),
    ],
    ids=lambda value: ",".join(map(str, value)),
)
def test_keys_of_paths_are_columns_of_one_type(folders: list[str], expected: list) -> None:
    constants = constants_of(f"log/{folder}/a=b.parquet" for folder in folders)
    found = [constants[f"log/{folder}/a=b.parquet"][-1][1] for folder in folders]
    assert [value.as_py() for value in found] == expected
    assert len({value.type for value in found}) == 1


def test_a_key_of_the_path_is_there_for_who_names_it(tmp_path: Path, write) -> None:
    for i, country in enumerate(("de", "fr")):
        write(tmp_path / f"country={country}/day=2013-06-01/a.parquet", at=utc(*AT), x=[i, i], id=["a", "b"])
    rows = Scan(spec_of(f"{tmp_path}/**/*.parquet", id=("id", "country"), version="day"))
    assert rows.count == 4
    assert rows.held.of_paths == {"country", "day"}
    assert table_kinds(rows) == {"at": "time", "x": "number", "id": "text"}
    assert table_kinds(rows, ["country"])["country"] == "text"
    assert values(rows, "country") == ["de", "de", "fr", "fr"]
    assert rows.frame(["day"])["day"].unique().tolist() == ["2013-06-01"]
    assert rows.sample(["country"], 4, 0)["country"].tolist() == ["de", "de", "fr", "fr"]
    assert Scan(spec_of(f"{tmp_path}/**/*.parquet", id=("id",))).repeated == 2


def test_the_time_may_stand_in_the_path(tmp_path: Path, write) -> None:
    for day in ("2013-05-31", "2013-06-01"):
        write(tmp_path / f"day={day}/a.parquet", x=[day])
    assert values(Scan(spec_of(f"{tmp_path}/**/*.parquet", time="day", timezone="UTC"))) == ["2013-06-01"]


def test_the_column_of_the_file_wins_and_another_value_is_said(tmp_path: Path, write) -> None:
    write(tmp_path / "country=de/store=1/a.parquet", at=utc(*AT), country=["de", "fr"], store=["1", "1"])
    write(tmp_path / "country=it/store=1/a.parquet", at=utc(*AT), country=["it", "it"], store=["1", "1"])
    write(tmp_path / "day=2013-06-02/a.parquet", at=utc(*AT), day=["2013-06-01"] * 2)
    rows = Scan(spec_of(f"{tmp_path}/**/*.parquet"))
    assert [str(value) for value in values(rows, "country")] == ["de", "fr", "it", "it", "None", "None"]
    [(name, file, path)] = rows.differing(["country", "store", "day"])
    assert (name, path) == ("country", "country=de")
    assert file.endswith("country=de/store=1/a.parquet")


# A file that spells a column otherwise


@pytest.mark.parametrize("spelled", ["Prediction", "prediction ", "PREDICTION", "predicton", "answer"])
def test_a_file_without_the_answer_is_left_out_and_said(tmp_path: Path, write, spelled: str) -> None:
    for name in "ac":
        write(tmp_path / f"{name}.parquet", at=utc(*AT), prediction=[1, 0])
    path = write(tmp_path / "b.parquet", pa.table([utc(*AT), pa.array([1, 0])], names=["at", spelled]))
    rows = Scan(spec_of(f"{tmp_path}/*.parquet", required=("prediction",)))
    [(uri, output)] = rows.unreadable
    assert uri == path
    hint = f"did you mean {spelled!r}? " if spelled != "answer" else ""
    shown = repr(spelled) if spelled.endswith(" ") else spelled
    assert output == f"no column 'prediction', which other files have; {hint}it has at, {shown}; deliver the file again"
    assert values(rows, "prediction") == [1, 0, 1, 0]
    # What all files lack is no file's fault.
    alone = Scan(spec_of(path, required=("prediction",)))
    assert (alone.unreadable, alone.count) == ([], 2)


def test_a_file_without_a_column_beside_the_answer_is_kept_and_said(tmp_path: Path, write) -> None:
    write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2], segment=["a", "b"])
    path = write(tmp_path / "b.parquet", at=utc(*AT), x=[3, 4], Segment=["a", "b"])
    rows = Scan(spec_of(f"{tmp_path}/*.parquet"))
    [(name, file, what)] = rows.held.lacking(["x", "segment"])
    assert (name, file.shown, what) == ("segment", path, "did you mean 'Segment'? it has at, x, Segment")
    assert rows.count == 4


@pytest.mark.parametrize("missing", ["id", "truth", "labelled_at"])
def test_one_label_file_that_spells_a_column_otherwise_costs_itself(
    world_of: Callable[..., World], missing: str
) -> None:
    world = world_of()
    world.label("2013-06-02", ["a"], [1], ["2013-06-02T01:00"])
    columns = {"id": ["b"], "truth": [0], "labelled_at": ["2013-06-02T01:00:00Z"]}
    columns = {(name.upper() if name == missing else name): values for name, values in columns.items()}
    path = world.write(world.project.root / "labels/day=2013-06-02/z.parquet", **columns)
    arrived = world.arrived("2013-06-01", "2013-06-03")
    assert arrived.frame["key"].tolist() == ["a"]
    [(uri, output)] = arrived.unreadable
    assert uri == path
    assert output.startswith(f"no label column {missing!r}; did you mean {missing.upper()!r}?")


# Paths that are no files


@pytest.mark.parametrize("kind", ["device", "pipe", "socket", "loop", "folder"])
def test_what_is_no_file_costs_itself_and_never_hangs(
    tmp_path: Path, write, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2])
    odd = tmp_path / "b.parquet"
    listener = socket.socket(socket.AF_UNIX)
    if kind == "device":
        odd.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(odd)
    elif kind == "loop":
        odd.symlink_to(odd)
    elif kind == "socket":
        # The name of a socket is short.
        monkeypatch.chdir(tmp_path)
        listener.bind("b.parquet")
    else:
        odd.mkdir()
    try:
        rows = Scan(spec_of(f"{tmp_path}/*.parquet"))
        assert values(rows) == [1, 2]
    finally:
        listener.close()
    if kind == "folder":
        assert rows.unreadable == []
        return
    [(uri, output)] = rows.unreadable
    assert uri == str(odd)
    expected = "Too many levels" if kind == "loop" else f"is a {kind} and no regular file; name a file that holds rows"
    assert expected in output


def test_linked_folders_are_looked_at_once(tmp_path: Path) -> None:
    placed(tmp_path, ["a/x.parquet", "a/b/y.parquet"])
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    (tmp_path / "a/again").symlink_to(tmp_path / "a/b")
    found = [Path(file.uri).name for file in find([f"{tmp_path}/a/**/*.parquet"])]
    assert sorted(found) == ["x.parquet", "y.parquet"]


def test_a_folder_that_goes_while_others_are_listed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(tmp_path, ["a/x.parquet", "b/y.parquet"])
    state = os.stat

    def and_remove(path: str):
        if path == str(tmp_path / "b"):
            (tmp_path / "b/y.parquet").unlink()
            (tmp_path / "b").rmdir()
        return state(path)

    monkeypatch.setattr(os, "stat", and_remove)
    assert [Path(file.uri).name for file in find([f"{tmp_path}/**/*.parquet"])] == ["x.parquet"]


def test_a_pattern_that_looks_at_too_much_is_refused(tmp_path: Path) -> None:
    placed(tmp_path, [f"{i}/x.txt" for i in range(20)])
    with pytest.raises(SourceError, match=r"\*\.parquet: looks at more than 30 files and folders; name the folder"):
        list(LocalFiles(f"{tmp_path}/**/*.parquet", most=30).found())
    for pattern in ("/**", "/*/x.parquet", f"{tmp_path}/{'../' * 20}*/*.parquet", "file:///**"):
        with pytest.raises(SourceError, match="looks at the whole disk; begin with the folder that holds the files"):
            find([pattern])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a\\0b.parquet", "holds '\\x00', which no path does; remove it"),
        ("a\\nb.parquet", "holds '\\n', which no path does; remove it"),
        ("a\\x7fb.parquet", "holds '\\x7f', which no path does; remove it"),
        ("/**", "/** looks at the whole disk; begin with the folder that holds the files"),
        ("//*/x.parquet", "//*/x.parquet looks at the whole disk"),
        ("/../**/*.parquet", "/../**/*.parquet looks at the whole disk"),
        ("file:///**/*.parquet", "file:///**/*.parquet looks at the whole disk"),
    ],
)
def test_a_path_that_cannot_be_meant_is_refused_with_its_line(path: str, expected: str) -> None:
    sections = [
        f'predictions: {{parquet: "{path}", time: at, prediction: p}}',
        f'predictions: {{parquet: x, time: at, prediction: p}}\nlabels: {{parquet: ["x", "{path}"], target: y}}',
        f'predictions: {{parquet: x, time: at, prediction: p}}\nreference: {{parquet: "{path}"}}',
    ]
    for section in sections:
        with pytest.raises(MonitorError) as raised:
            parse("m.yaml", f"model: m\nkind: classification\n{section}\n", environ={})
        assert expected in str(raised.value)
        assert str(raised.value).startswith(("m.yaml:3: ", "m.yaml:4: "))


# What is no Parquet file


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty (0 bytes)"),
        (b"id,at\n1,2013-06-01\n", "seems to be CSV; end its name with .csv"),
        (b"id;at\n1;2013-06-01\n", "seems to be CSV; end its name with .csv"),
        (b'{"id": 1}\n', "is JSON; write it as Parquet or CSV, or end its name with .json if it holds labels of COCO"),
        (b"<!DOCTYPE html><html>", "is HTML or XML, such as the error page of a server; deliver the file again"),
        (b"\x1f\x8b\x08abc", "is compressed by gzip"),
        (b"PK\x03\x04abc", "is a ZIP archive or an Excel file"),
        (b"ARROW1\0\0abc", "is an Arrow IPC (Feather) file"),
        (b"SQLite format 3\0", "is a SQLite database"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        (b"\xff\xfei\0d\0", "is text in UTF-16"),
        (b"\0" * 400, "holds only zero bytes"),
        (b"PAR1 and then nothing", "is cut short: it begins as Parquet and its end is missing"),
        (b"Not Found", "is text; write it as Parquet or CSV"),
        (bytes(range(128, 256)), "cannot be read as Parquet: "),
    ],
    ids=lambda value: value[:12].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_a_file_of_another_form_is_called_by_it(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    [(_, reason)] = Scan(spec_of(f"{tmp_path}/a.parquet")).unreadable
    assert reason.startswith(expected)
    assert "magic" not in reason or expected.startswith("cannot")


def test_a_missing_time_column_names_the_one_that_was_meant(tmp_path: Path) -> None:
    pq.write_table(pa.table([utc(*AT), [1, 2]], names=["At ", "b"]), tmp_path / "a.parquet")
    mistake = Scan(spec_of(f"{tmp_path}/a.parquet")).mistake
    assert isinstance(mistake, ColumnError)
    assert str(mistake) == "no time column 'at'; did you mean 'At '? it has 'At ', b"
