"""Files by path, glob and URI."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from lamplighter.core.monitor import parse
from lamplighter.core.secrets import without_credentials
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import MonitorError, SourceError, one_line
from storage.project.folder import Project
from storage.sources.files import File, find, fingerprint, open_file
from storage.sources.scan import Scan, ScanSpec

DAYS = [date(2013, 6, 1), date(2013, 6, 2)]


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("log/day={day}/*.parquet", ["log/day=2013-06-01/a.parquet", "log/day=2013-06-02/b.parquet"]),
        ("log/day={day}/b.parquet", ["log/day=2013-06-02/b.parquet"]),
        ("tree/{day:%Y/%m/%d}.parquet", ["tree/2013/06/01.parquet"]),
        ("log/**/*.parquet", [f"log/day=2013-06-0{n}/{x}.parquet" for n, x in zip("123", "abc", strict=True)]),
        ("log/day=2013-06-0[12]/?.parquet", ["log/day=2013-06-01/a.parquet", "log/day=2013-06-02/b.parquet"]),
        ("log/day={day}/none.parquet", []),
        ("absent/*.parquet", []),
        ("log/day=2013-06-01/a.parquet/below", []),
    ],
)
def test_finds_files_by_glob_and_day(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    touch(tmp_path, *(f"log/day=2013-06-0{n}/{x}.parquet" for n, x in zip("123", "abc", strict=True)))
    touch(tmp_path, "tree/2013/06/01.parquet", "log/day=2013-06-01/.unfinished.parquet")
    found = [os.path.relpath(file.uri, tmp_path) for file in find([str(tmp_path / pattern)], DAYS)]
    assert found == expected


def test_a_file_carries_the_day_of_its_path(tmp_path: Path) -> None:
    touch(tmp_path, "day=2013-06-02/b.parquet")
    assert [file.day for file in find([str(tmp_path / "day={day}/*.parquet")], DAYS)] == [date(2013, 6, 2)]
    assert [file.day for file in find([str(tmp_path / "*/*.parquet")], DAYS)] == [None]


def test_braces_of_a_folder_are_no_day(tmp_path: Path) -> None:
    touch(tmp_path, "{team}/day=2013-06-01/a.parquet")
    assert len(find([str(tmp_path / "{team}/day={day}/*.parquet")], DAYS)) == 1


def test_two_patterns_for_one_file_count_it_once(tmp_path: Path) -> None:
    touch(tmp_path, "a.parquet")
    assert len(find([str(tmp_path / "a.parquet"), str(tmp_path / "*.parquet")])) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_file_with_and_without_a_day_counts_once_with_its_day(tmp_path: Path, order: int) -> None:
    touch(tmp_path, "2013-06-01.parquet")
    patterns = [str(tmp_path / "{day}.parquet"), str(tmp_path / "*.parquet")]
    assert [file.day for file in find(patterns[::order], DAYS)] == [DAYS[0]]


@pytest.mark.parametrize(
    ("pattern", "file", "expected"),
    [
        ("{day:%Y-%m}.parquet", "2013-06.parquet", None),
        ("{day:%G-W%V}/a.parquet", "2013-W22/a.parquet", None),
        ("{day:%Y/%m}/{day:%d}.parquet", "2013/06/02.parquet", DAYS[1]),
        ("{day:%Y-%m}/{day}.parquet", "2013-06/2013-06-01.parquet", DAYS[0]),
    ],
)
def test_a_file_of_many_days_counts_once_and_tells_no_day(
    tmp_path: Path, pattern: str, file: str, expected: date | None
) -> None:
    """A file of a month is named by each of its days, and its rows are there once."""
    touch(tmp_path, file)
    week = [date(2013, 5, 30) + timedelta(days=i) for i in range(7)]
    assert [(entry.uri, entry.day) for entry in find([str(tmp_path / pattern)], week)] == [
        (str(tmp_path / file), expected)
    ]


@pytest.mark.parametrize("name", ["a[1]b", "sta*r", "wh?t", "[", "plain", "[[]x"])
@pytest.mark.parametrize("pattern", ["log/day={day}/*.parquet", "log/day=2013-06-01/a.parquet", "log/**/[a-c].parquet"])
def test_a_folder_of_the_project_with_wildcards_in_its_name(tmp_path: Path, name: str, pattern: str) -> None:
    touch(tmp_path / name, "log/day=2013-06-01/a.parquet")
    touch(tmp_path, "a1b/log/day=2013-06-01/b.parquet", "star/log/day=2013-06-01/c.parquet")
    project = Project.open(tmp_path / name)
    [file] = find([project.locate(pattern)], DAYS)
    assert file.uri == f"{tmp_path}/{name}/log/day=2013-06-01/a.parquet"


def test_a_plain_path_below_wildcards_that_cannot_be_looked_at_is_reported_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a[1]").mkdir()
    with pytest.raises(
        SourceError, match=r"/a\[1\]/aaa.*aaa: cannot be looked at: File name too long; allow it, or name another$"
    ):
        find([Project.open(tmp_path / "a[1]").locate("a" * 300)])


def test_what_cannot_be_looked_at_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"aaa: cannot be looked at: File name too long; allow it, or name another$"):
        find([str(tmp_path / ("a" * 300))])


def test_a_fingerprint_changes_with_a_file(tmp_path: Path) -> None:
    touch(tmp_path, "a.parquet", "b.parquet")
    pattern = [str(tmp_path / "*.parquet")]
    before = fingerprint(find(pattern))
    assert fingerprint(find(pattern)) == before
    os.utime(tmp_path / "a.parquet", ns=(1, 1))
    changed = fingerprint(find(pattern))
    (tmp_path / "b.parquet").unlink()
    assert len({before, changed, fingerprint(find(pattern)), fingerprint([])}) == 4


def test_one_line_is_one_short_line() -> None:
    text = one_line(ValueError("a\n" * 1000))
    assert "\n" not in text
    assert len(text) <= 300
    assert one_line(ValueError()) == "ValueError"
    # A damaged file is quoted, and a terminal would obey what it holds.
    assert one_line(ValueError("no\x0f type\x1b[31m\u2028")) == r"no\x0f type\x1b[31m"


KEYS = ["log/day=2013-06-01/a.parquet", "log/day=2013-06-02/b c.parquet", "log/day=2013-06-02/deep/c.parquet"]


@pytest.fixture
def bucket(s3, tmp_path: Path) -> str:
    pq.write_table(pa.table({"x": [1, 2, 3]}), tmp_path / "x.parquet")
    for key in [*KEYS, "log/day=2013-06-02/.hidden.parquet", "log/day=2013-06-02/note.txt"]:
        s3.put_object(Bucket="bucket", Key=key, Body=(tmp_path / "x.parquet").read_bytes())
    return "s3://bucket"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/log/day={day}/*.parquet", KEYS[:2]),
        ("/log/day={day}/**/*.parquet", KEYS),
        ("/log/*/*.parquet", KEYS[:2]),
        ("/log/day=2013-06-0[!1]/*.parquet", KEYS[1:2]),
        ("/log/day=2013-06-0[13]/*.parquet", KEYS[:1]),
        ("/**/c.parquet", KEYS[2:]),
        ("/log/day={day}/a.parquet", KEYS[:1]),
        ("/log/day=2013-06-02/b c.parquet", KEYS[1:2]),
        ("/absent/*.parquet", []),
        ("/log/day=2013-06-01/a.parquet?region=us-east-1", ["log/day=2013-06-01/a.parquet?region=us-east-1"]),
        ("/log/*/a.parquet?region=us-east-1", ["log/day=2013-06-01/a.parquet?region=us-east-1"]),
    ],
)
def test_finds_objects_as_it_finds_files(bucket: str, pattern: str, expected: list[str]) -> None:
    found = find([bucket + pattern], DAYS)
    assert [file.uri for file in found] == [f"{bucket}/{key}" for key in expected]
    for file in found:
        filesystem, path = open_file(file.uri)
        with filesystem.open_input_file(path) as stream:
            assert pq.ParquetFile(stream).metadata.num_rows == 3


def test_a_folder_of_the_disk_may_be_a_uri(tmp_path: Path) -> None:
    touch(tmp_path, "day=2013-06-01/a.parquet")
    found = find([f"file://{tmp_path}/day={{day}}/*.parquet"], DAYS)
    assert [file.uri for file in found] == [f"file://{tmp_path}/day=2013-06-01/a.parquet"]
    filesystem, path = open_file(found[0].uri)
    assert filesystem.get_file_info(path).size == 1


def test_a_changed_object_has_another_stamp(bucket: str, s3) -> None:
    before = find([f"{bucket}/log/day=2013-06-01/a.parquet"])
    s3.put_object(Bucket="bucket", Key=KEYS[0], Body=b"other")
    assert find([f"{bucket}/log/day=2013-06-01/a.parquet"])[0].stamp != before[0].stamp


NO_CREDENTIALS = "s3://***: a path holds no credentials; set AWS_ACCESS_KEY_ID and its like"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("s3://key:word@bucket/x.parquet", NO_CREDENTIALS),
        ("s3://key:slash/word@bucket/x.parquet", NO_CREDENTIALS),
        ("s3://key:1/word@bucket/x.parquet", NO_CREDENTIALS),
        ("s3://word@bucket/x.parquet", NO_CREDENTIALS),
        ("ftp://host/x.parquet", "ftp://host/x.parquet: cannot be listed: Unrecognized filesystem type in URI"),
    ],
)
def test_a_uri_that_cannot_be_meant_is_one_line(pattern: str, message: str) -> None:
    with pytest.raises(SourceError) as raised:
        find([pattern])
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
    assert "word" not in str(raised.value)


@pytest.mark.parametrize("path", ["s3://key:word@b/{day}/*", "s3://key:sl/word@b/{month}/*", "s3://key:word@b/{"])
def test_a_monitor_with_credentials_in_a_path_is_refused_without_them(path: str) -> None:
    """Wherever something is wrong with a path, the path is named."""
    places = {
        "predictions.parquet.1": {"predictions": {"parquet": ["a", path], "time": "t"}},
        "labels.parquet": {"labels": {"parquet": path, "target": "y"}},
        "reference.parquet": {"reference": {"parquet": path}},
    }
    for place, section in places.items():
        text = yaml.safe_dump({"model": "m", "kind": "text", "predictions": {"parquet": "p", "time": "t"}} | section)
        with pytest.raises(MonitorError) as raised:
            parse("m.yaml", text, environ={})
        assert str(raised.value).split(": ", 1)[1] == f"{place}: {NO_CREDENTIALS.split(': ', 1)[1]}"


@pytest.mark.parametrize(
    "path",
    [
        "https://host/x.parquet?X-Amz-Algorithm=AWS4&X-Amz-Signature={secret}",
        "https://host/x.parquet?X-Amz-Credential={secret}%2Fus-east-1",
        "https://acc.blob.core.windows.net/c/x.parquet?sv=2024&sig={secret}",
        "s3://b/{day}/*.parquet?region=eu-west-1&secret_key={secret}",
        "s3://b/x?session%5Ftoken={secret}",
        "gs://b/x?access_token={secret}",
        "abfss://h/x?{secret}",
    ],
)
def test_a_signed_link_is_refused_without_it(path: str) -> None:
    path = path.replace("{secret}", "Tail77")
    monitor = {"model": "m", "kind": "text", "predictions": {"parquet": path, "time": "t"}}
    with pytest.raises(MonitorError, match="a path holds no credentials") as refused:
        parse("m.yaml", yaml.safe_dump(monitor), environ={})
    with pytest.raises(SourceError, match="a path holds no credentials") as unread:
        find([path], [date(2026, 3, 1)])
    assert "Tail77" not in f"{refused.value}{unread.value}"


def test_what_is_no_password_may_stand_in_a_path() -> None:
    for path in (
        "hdfs://host:8020/a",
        "s3://b/a@b:c",
        "file:///a:b@c",
        "s3://b/x?endpoint_override=http://h:9",
        "s3://b/x?region=eu-west-1&scheme=http",
        "abfss://h/x?blob_storage_authority=h&credential_kind=default",
        "file:///srv/a?key",
        "a@b",
    ):
        assert without_credentials(path) == path


def test_a_store_that_does_not_answer_is_one_line(s3, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match=r"^s3://bucket/x/\*.parquet: cannot be listed: "):
        find(["s3://bucket/x/*.parquet?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"])


WINDOW = Window.of("m", Grain.DAY, "UTC", date(2013, 6, 1))


def test_an_object_is_asked_for_little(bucket: str, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One opening of a remote file serves every column: opening costs requests."""
    opened = []
    real = pq.ParquetFile
    monkeypatch.setattr(pq, "ParquetFile", lambda source, **given: opened.append(source) or real(source, **given))
    rows = Scan(ScanSpec(WINDOW, tuple(find([f"{bucket}/log/*/*.parquet"])), time=None))
    for _ in range(3):
        assert rows.table(["x"]).num_rows == 6
    assert len(opened) == 2


def test_an_object_that_vanishes_is_a_finding(bucket: str, s3) -> None:
    files = find([f"{bucket}/log/*/*.parquet"])
    s3.delete_object(Bucket="bucket", Key=KEYS[0])
    rows = Scan(ScanSpec(WINDOW, tuple(files), time=None))
    assert rows.count == 3
    assert [uri for uri, _ in rows.unreadable] == [files[0].uri]


def test_a_process_that_read_from_s3_ends_in_peace(bucket: str) -> None:
    code = (
        "from storage.sources.files import find; from storage.sources.scan_spec import ScanSpec\n"
        "from storage.sources.scan import Scan\n"
        "from lamplighter.core.time.window import Window, Grain; import datetime as dt\n"
        "w = Window.of('m', Grain.DAY, 'UTC', dt.date(2013, 6, 1))\n"
        f"print(Scan(ScanSpec(w, tuple(find(['{bucket}/log/*/*.parquet'])), time=None)).table(['x']).num_rows)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "6\n", "")


def test_files_sort_by_place() -> None:
    assert sorted([File("b", "1"), File("a", "2")])[0].uri == "a"
