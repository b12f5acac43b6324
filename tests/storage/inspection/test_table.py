"""What `init` sees of tables that were not prepared."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa

from lamplighter.core.monitor import parse
from lamplighter.core.suggest import suggest
from lamplighter.errors import SourceError
from storage.inspection import table as inspection
from storage.inspection.table import Seen, inspect_table
from storage.project.folder import Project

TIMES = pd.date_range("2013-06-01", periods=96, freq="h", tz="UTC").as_unit("us")
DAYS = [dt.date(2013, 6, n) for n in (1, 2, 3, 4)]


def kinds(seen: Seen) -> dict[str, str]:
    return {column.name: column.kind for column in seen.columns}


def test_a_plain_file(project: Project, write) -> None:
    write(
        project.root / "a.parquet",
        predicted_at=pa.array(TIMES),
        request_id=[f"r{i}" for i in range(96)],
        prediction=[int(i > 50) for i in range(96)],
        score=[i / 100 for i in range(96)],
        price=pa.array([Decimal(i) / 4 for i in range(96)]),
        label=[int(i > 40) for i in range(96)],
        gate=[["a", "b"][i % 2] for i in range(96)],
        flag=[i % 3 == 0 for i in range(96)],
    )
    seen = inspect_table(project, "a.parquet", None, "UTC")
    assert seen.place == {"parquet": "a.parquet"}
    assert seen.days == DAYS
    by_name = {column.name: column for column in seen.columns}
    assert by_name["prediction"].classes == ("0", "1")
    assert by_name["gate"].classes == ("a", "b")
    assert by_name["flag"].classes == ("0", "1")
    assert (by_name["score"].minimum, by_name["score"].maximum, by_name["score"].whole) == (0.0, 0.95, False)
    assert (by_name["price"].kind, by_name["price"].distinct, by_name["price"].maximum) == ("number", 96, 23.75)
    assert by_name["request_id"].unique
    roles = seen.roles()
    assert [role and role.name for role in (roles.time, roles.id, roles.prediction, roles.score, roles.truth)] == [
        "predicted_at",
        "request_id",
        "prediction",
        "score",
        "label",
    ]


def test_days_are_local(project: Project, write) -> None:
    write(project.root / "a.parquet", at=pa.array(TIMES[:24]))
    assert inspect_table(project, "a.parquet", None, "America/New_York").days == [dt.date(2013, 5, 31), DAYS[0]]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    "damaged",
    [
        pa.array([884541340800000000] * 2, pa.timestamp("us", tz="UTC")),
        pa.array([253402300799000000, -(10**17)], pa.timestamp("us", tz="UTC")),
        pa.array([4_000_000, -4_000_000], pa.date32()),
    ],
    ids=["year 30000", "the last second of 9999", "dates"],
)
def test_times_beyond_the_calendar_cost_no_more_than_themselves(
    project: Project, write, damaged: pa.Array, zone: str
) -> None:
    sound = pa.array(TIMES[10:12]).cast(damaged.type)
    write(
        project.root / "a.parquet", at=pa.concat_arrays([sound, damaged]), valid_to=pa.concat_arrays([damaged, sound])
    )
    assert DAYS[0] in inspect_table(project, "a.parquet", None, zone).days


@pytest.mark.parametrize(
    ("values", "kind", "has_zone"),
    [
        (pa.array(TIMES), "time", True),
        (pa.array(TIMES.tz_localize(None)), "time", False),
        (pa.array(TIMES.strftime("%Y-%m-%d %H:%M:%S")), "time", False),
        (pa.array(TIMES.strftime("%Y-%m-%dT%H:%M:%SZ")), "time", True),
        (pa.array(TIMES.strftime("%Y-%m-%dT%H:%M:%SZ")).dictionary_encode(), "time", True),
        (pa.array(TIMES.strftime("%d/%m/%Y")), "text", True),
        (pa.array(TIMES.date), "other", True),
        (pa.array([dt.time(5)] * 96), "other", True),
        (pa.array(["2013"] * 96), "text", True),
        (pa.nulls(96), "null", True),
        (pa.nulls(96, pa.string()), "text", True),
        (pa.nulls(96, pa.float64()), "number", True),
        (pa.array([[1, 2]] * 96), "list", True),
        (pa.array([[0.1, 0.2]] * 96), "other", True),
        (pa.array([{"a": 1}] * 96), "other", True),
        (pa.array([float("nan"), float("inf")] * 48), "number", True),
        (pa.array([b"x"] * 96), "other", True),
    ],
    ids=str,
)
def test_odd_columns(project: Project, write, values: pa.Array, kind: str, has_zone: bool) -> None:
    write(project.root / "a.parquet", at=pa.array(TIMES), odd=values)
    [odd] = [column for column in inspect_table(project, "a.parquet", None, "UTC").columns if column.name == "odd"]
    assert (odd.kind, odd.has_zone) == (kind, has_zone)


def test_a_table_without_a_time_has_no_days(project: Project, write) -> None:
    write(project.root / "a.parquet", x=[1, 2])
    seen = inspect_table(project, "a.parquet", None, "UTC")
    assert (seen.days, kinds(seen)) == ([], {"x": "number"})
    with pytest.raises(ValueError, match="no column holds timestamps"):
        seen.roles()


def test_of_several_times_the_one_named_so_counts(project: Project, write) -> None:
    """A date beside it is no instant, whatever its name."""
    later = TIMES + pd.Timedelta(days=30)
    write(
        project.root / "a.parquet",
        flight_date=pa.array(TIMES.date),
        due=pa.array(later),
        predicted_at=pa.array(TIMES),
        loaded=pa.array(later),
    )
    seen = inspect_table(project, "a.parquet", None, "UTC")
    assert seen.roles().time.name == "predicted_at"
    assert seen.days == DAYS


def test_text_times_in_two_files_of_two_forms(project: Project, write) -> None:
    write(project.root / "log/a.parquet", at=["2013-06-01 05:00:00", None])
    write(project.root / "log/b.parquet", at=["2013-06-02T05:00:00Z", None])
    seen = inspect_table(project, "log", None, "UTC")
    assert (kinds(seen), seen.days) == ({"at": "time"}, DAYS[:2])


@pytest.mark.parametrize("source", ["log", "log/", "log/**/*.parquet", "log/day=2013-06-01/0.parquet"])
def test_folders_of_days_become_the_day(project: Project, write, source: str) -> None:
    for i, day in enumerate(DAYS):
        write(project.root / f"log/day={day}/{i}.parquet", at=pa.array(TIMES[24 * i : 24 * i + 24]))
    seen = inspect_table(project, source, None, "UTC")
    assert seen.place == {"parquet": "log/day={day}/*.parquet"}
    assert seen.days == (DAYS[:1] if source.endswith("0.parquet") else DAYS)


def test_folders_below_the_day_are_all_found(project: Project, write) -> None:
    for hour in (0, 1):
        write(project.root / f"log/day=2013-06-01/hour={hour}/a.parquet", at=pa.array(TIMES[hour : hour + 1]))
    assert inspect_table(project, "log", None, "UTC").place == {"parquet": "log/day={day}/**/*.parquet"}


def test_objects_of_a_store(project: Project, write, s3) -> None:
    for i, day in enumerate(DAYS[:2]):
        path = write(project.root / f"{i}.parquet", at=pa.array(TIMES[24 * i : 24 * i + 24]))
        s3.put_object(Bucket="bucket", Key=f"log/day={day}/a.parquet", Body=Path(path).read_bytes())
    seen = inspect_table(project, "s3://bucket/log", None, "UTC")
    assert seen.place == {"parquet": "s3://bucket/log/day={day}/*.parquet"}
    assert seen.days == DAYS[:2]


def test_a_table_of_a_database(project: Project, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    frame = pd.DataFrame({"predicted_at": TIMES, "prediction": [f"{i % 2}" for i in range(96)], "id": range(96)})
    frame.to_sql("log", engine, index=False)
    monkeypatch.setenv("LOG_URL", postgresql_url)
    seen = inspect_table(project, "log", "${LOG_URL}", "UTC")
    assert seen.place == {"url": "${LOG_URL}", "table": "log"}
    assert kinds(seen) == {"predicted_at": "time", "prediction": "text", "id": "number"}
    assert seen.days == DAYS
    assert list(project.home.rglob("*.parquet")) == []


def test_of_a_large_table_a_part_is_looked_at(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    frame = pd.DataFrame({"at": TIMES.tz_localize(None), "n": range(96)})
    frame.to_sql("log", sa.create_engine(url, poolclass=sa.NullPool), index=False)
    monkeypatch.setattr(inspection, "MOST_ROWS", 30)
    [_, n] = inspect_table(project, "log", url, "UTC").columns
    assert n.distinct == 30


@pytest.mark.parametrize(
    ("make", "source", "url", "message"),
    [
        (
            None,
            "absent.parquet",
            None,
            "absent.parquet: no Parquet or CSV file there; give a Parquet or CSV file, a folder, a glob, or a table",
        ),
        ("folder", "log", None, "log: no Parquet or CSV file there; give a Parquet or CSV file"),
        ("empty", "a.parquet", None, "a.parquet: the table is there and has no rows; give a Parquet or CSV file"),
        ("cut", "a.parquet", None, "a.parquet: "),
        (None, "log", "sqlite:///{root}/absent.db", "sqlite /{root}/absent.db table log: no such file"),
        (None, "log", "${{NOT_SET}}", "sql.url, which is no SQLAlchemy URL, table log: write one such as"),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(project: Project, write, make, source: str, url, message: str) -> None:
    root = project.root
    if make == "folder":
        (root / "log").mkdir()
    if make == "empty":
        write(root / "a.parquet", at=pa.array(TIMES[:0]))
    if make == "cut":
        path = Path(write(root / "a.parquet", at=pa.array(TIMES)))
        path.write_bytes(path.read_bytes()[:100])
    os.environ.pop("NOT_SET", None)
    with pytest.raises(SourceError) as raised:
        inspect_table(project, source, url and url.format(root=root), "UTC")
    assert str(raised.value).removeprefix(f"{root}/").startswith(message.format(root=root))
    assert "\n" not in str(raised.value)
    assert list(project.home.rglob("*.parquet")) == []


def test_a_folder_of_the_project_with_wildcards_in_its_name(tmp_path: Path, write) -> None:
    (tmp_path / "a[1]*").mkdir()
    project = Project.open(tmp_path / "a[1]*")
    write(project.root / "log/day=2013-06-01/a.parquet", at=pa.array(TIMES[:24]))
    for source in ("log", "log/**/*.parquet", "log/day=2013-06-01/a.parquet"):
        seen = inspect_table(project, source, None, "UTC")
        assert (seen.place, seen.days) == ({"parquet": "log/day={day}/*.parquet"}, DAYS[:1])


def test_a_database_of_the_project(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found where the monitor that names it will find it."""
    engine = sa.create_engine(f"sqlite:///{project.root}/log.db", poolclass=sa.NullPool)
    pd.DataFrame({"at": TIMES.tz_localize(None)}).to_sql("log", engine, index=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    seen = inspect_table(project, "log", "sqlite:///log.db", "UTC")
    assert (seen.place["url"], seen.days) == ("sqlite:///log.db", DAYS)


# Tables as they occur


def suggested(project: Project, source: str) -> str:
    seen = inspect_table(project, source, None, "UTC")
    text = suggest("m", seen.place, seen.roles(), seen.days).text
    parse("m.yaml", text, environ={})
    assert seen.days == DAYS
    return text


@pytest.mark.parametrize("source", ["log.csv", "log.csv.gz", "logs", "logs/*.csv"])
def test_csv_files(project: Project, source: str) -> None:
    frame = pd.DataFrame({"predicted_at": TIMES, "prediction": [f"c{i % 3}" for i in range(96)], "x": range(96)})
    path = project.root / (source if source.startswith("log.") else "logs/a.csv")
    path.parent.mkdir(exist_ok=True)
    frame.to_csv(path, index=False)
    text = suggested(project, source)
    assert f"parquet: {source}" in text or f'parquet: "{source}"' in text
    assert "prediction: prediction" in text
    assert list(project.home.rglob("*.parquet")) == []


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_that_are_numbers(project: Project, write, unit: str) -> None:
    numbers = pa.array(TIMES.as_unit(unit)).cast(pa.int64())
    write(project.root / "a.parquet", predicted_at=numbers, prediction=[i % 2 for i in range(96)])
    text = suggested(project, "a.parquet")
    assert "  time: predicted_at" in text
    assert f"  time_unit: {unit} " in text
    assert "timezone: UTC   " in text
    # Beside instants it is a number like others.
    write(project.root / "b.parquet", created_ts=numbers, at=pa.array(TIMES))
    assert "time_unit" not in suggested(project, "b.parquet")


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_times_that_are_dates(project: Project, write, zone: str) -> None:
    write(project.root / "a.parquet", day=pa.array(TIMES.date), prediction=[i % 2 for i in range(96)])
    seen = inspect_table(project, "a.parquet", None, zone)
    assert (seen.roles().time.name, seen.days) == ("day", DAYS)


def test_keys_of_paths_are_named(project: Project, write) -> None:
    for i, day in enumerate(DAYS):
        for country in ("de", "fr"):
            columns = {
                "at": pa.array(TIMES[24 * i : 24 * i + 24]),
                "prediction": [n % 2 for n in range(24)],
                "x": range(24),
            }
            write(project.root / f"log/country={country}/day={day}/hour=5/a.parquet", **columns)
    text = suggested(project, "log")
    assert "features: {auto: true, categorical: [country]}" in text
    assert "  time: at" in text


def test_a_delta_table_and_what_is_none(project: Project, write) -> None:
    deltalake = pytest.importorskip("deltalake")
    for shift in (0, 1):
        table = pa.table({"at": pa.array(TIMES), "prediction": [(i + shift) % 2 for i in range(96)]})
        deltalake.write_deltalake(str(project.root / "tbl"), table, mode="overwrite")
    for source in ("tbl", "tbl/*.parquet"):
        assert "time: at" in suggested(project, source)
        assert len(inspect_table(project, source, None, "UTC").sample.classes["prediction"]) == 96
    (project.root / "ice/metadata").mkdir(parents=True)
    (project.root / "ice/metadata/v1.metadata.json").write_text("{}")
    for source, output in (
        ("ice", "is an Iceberg table"),
        ("/**", "looks at the whole disk"),
        ("a\0b", "which no path does"),
    ):
        with pytest.raises(SourceError, match=output):
            inspect_table(project, source, None, "UTC")
