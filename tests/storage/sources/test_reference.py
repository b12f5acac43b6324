"""What a window is compared with: files, fixed days, the days before."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.sources import Reference
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import SourceError
from storage.project.folder import Project
from storage.sources import in_database
from storage.sources.reference import reference_key, reference_of, span_of
from storage.sources.scan import Scan
from storage.sources.shared_scans import Scans

PREDICTIONS = {"parquet": "log/day={day}/*.parquet", "time": "at", "id": "id"}
ZONE = "America/New_York"


def window_of(monitor: Monitor, day: str) -> Window:
    return Window.of(monitor.model, monitor.every, monitor.timezone, dt.date.fromisoformat(day))


@pytest.fixture
def log(tmp_path: Path, write: Callable[..., str]) -> pd.DataFrame:
    """A row an hour from 28 May to 12 June, each day in its own folder."""
    times = pd.date_range("2013-05-28", "2013-06-12", freq="h", tz="UTC", inclusive="left").as_unit("us")
    frame = pd.DataFrame({"at": times, "id": [f"r{i}" for i in range(len(times))], "x": range(len(times))})
    for day, part in frame.groupby(frame["at"].dt.date):
        write(tmp_path / f"log/day={day}/a.parquet", pa.Table.from_pandas(part, preserve_index=False))
    return frame


def days_of(rows: Scan, zone: str) -> set[str]:
    instants = pd.to_datetime(rows.frame(["at"])["at"], utc=True)
    return set(instants.dt.tz_convert(zone).dt.strftime("%m-%d"))


def test_days_are_local_days_bounds_included(project: Project, monitor_of, log: pd.DataFrame) -> None:
    monitor = monitor_of(PREDICTIONS, timezone=ZONE, reference={"days": "2013-06-01..2013-06-03"})
    where = reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home / "spool")
    rows = Scan(where)
    assert (rows.count, days_of(rows, ZONE)) == (72, {"06-01", "06-02", "06-03"})


def test_trailing_days_end_where_the_window_begins(project: Project, monitor_of, log: pd.DataFrame) -> None:
    monitor = monitor_of(PREDICTIONS, reference={"trailing": "3d"})
    rows = Scan(reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home / "spool"))
    assert (rows.count, days_of(rows, "UTC")) == (72, {"06-07", "06-08", "06-09"})


def test_trailing_days_are_local_days(project: Project, monitor_of, log: pd.DataFrame) -> None:
    monitor = monitor_of(PREDICTIONS, timezone="Europe/Berlin", reference={"trailing": "3d"})
    window = Window.of("m", Grain.DAY, "Europe/Berlin", dt.date(2013, 4, 2))
    since = window.before_start(dt.timedelta(days=3))
    assert since.isoformat() == "2013-03-29T23:00:00+00:00"
    assert reference_of(project, monitor, window, project.home).window.start == since


def test_files_are_taken_whole_and_are_the_same_in_every_run(project: Project, monitor_of, log, write) -> None:
    write(project.root / "reference/a.parquet", x=[1, 2, 3])
    monitor = monitor_of(PREDICTIONS, reference={"parquet": "reference/*.parquet"})
    specs = [reference_of(project, monitor, window_of(monitor, f"2013-06-1{n}"), project.home) for n in (0, 1)]
    assert Scan(specs[0]).count == 3
    # The same spec, so that what was read of it for one run serves the next.
    assert specs[0] == specs[1]


def test_without_a_reference_there_is_none(project: Project, monitor_of) -> None:
    monitor = monitor_of(PREDICTIONS)
    assert reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home) is None


def test_absent_files_are_one_line(project: Project, monitor_of) -> None:
    monitor = monitor_of(PREDICTIONS, reference={"parquet": ["a.parquet", "b/*.parquet"]})
    with pytest.raises(SourceError) as raised:
        reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home)
    assert str(raised.value) == "reference a.parquet, b/*.parquet: no such file; train the model first"


def test_a_key_changes_with_what_is_computed(project: Project, monitor_of, log, write) -> None:
    path = write(project.root / "reference/a.parquet", x=[1, 2, 3])

    def key(day: str = "2013-06-10", **sections) -> str:
        monitor = monitor_of(PREDICTIONS, **({"reference": {"parquet": "reference/*.parquet"}} | sections))
        where = reference_of(project, monitor, window_of(monitor, day), project.home)
        return reference_key(Scan(where), monitor)

    plain = key()
    assert key("2013-06-11") == plain
    others = [
        key(private=["x"]),
        key(features={"numeric": ["x"]}),
        key(kind="regression"),
        key(reference={"days": "2013-06-01..2013-06-02"}),
        key(reference={"days": "2013-06-01..2013-06-03"}),
        key(reference={"trailing": "2d"}),
        key("2013-06-11", reference={"trailing": "2d"}),
    ]
    write(Path(path), x=[1, 2, 4, 5])
    others.append(key())
    assert len({plain, *others}) == 9


# Behind SQL


@pytest.fixture
def spooled(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that rows were streamed to."""
    folders = []
    real = in_database.spool
    monkeypatch.setattr(
        in_database, "spool", lambda sql, **named: folders.append(named["folder"]) or real(sql, **named)
    )
    return folders


@pytest.fixture
def database(tmp_path: Path, log: pd.DataFrame) -> str:
    url = f"sqlite:///{tmp_path}/log.db"
    frame = log.assign(at=log["at"].dt.tz_localize(None))
    frame.to_sql("log", sa.create_engine(url, poolclass=sa.NullPool), index=False)
    return url


def behind(url: str, table: str = "log") -> dict:
    return {"sql": {"url": url, "table": table}, "time": "at", "id": "id", "timezone": "UTC"}


def test_past_days_are_streamed_once(project: Project, monitor_of, database: str, spooled: list) -> None:
    reference = {"days": "2013-06-01..2013-06-03"}
    monitor = monitor_of(behind(database), timezone=ZONE, reference=reference)
    specs = [
        reference_of(project, monitor, window_of(monitor, day), project.home / "spool")
        for day in ("2013-06-10", "2013-06-11")
    ]
    assert len(spooled) == 1
    assert specs[0] == specs[1]
    assert (Scan(specs[0]).count, days_of(Scan(specs[0]), ZONE)) == (72, {"06-01", "06-02", "06-03"})
    files = monitor_of(PREDICTIONS, timezone=ZONE, reference=reference)
    expected = Scan(reference_of(project, files, window_of(files, "2013-06-10"), project.home))
    assert Scan(specs[1]).table(["x", "id"]).to_pydict() == expected.table(["x", "id"]).to_pydict()
    kept = list((project.home / "references").iterdir())
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o700]
    assert {path.stat().st_mode & 0o777 for path in kept[0].iterdir()} == {0o600}


def test_past_days_that_get_more_rows_are_read_again(project: Project, monitor_of, database: str, spooled) -> None:
    monitor = monitor_of(behind(database), reference={"days": "2013-06-01..2013-06-03"})
    before = reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home)
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        first = "SELECT min(rowid) FROM log WHERE at > '2013-06-02'"
        connection.execute(sa.text(f"DELETE FROM log WHERE rowid = ({first})"))
    engine.dispose()
    after = reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home)
    assert (Scan(before).count, Scan(after).count, len(spooled)) == (72, 71, 2)


def test_what_is_kept_goes_by_range_and_place(project: Project, monitor_of, database: str, spooled: list) -> None:
    for reference in ("2013-06-01..2013-06-03", "2013-06-01..2013-06-04"):
        monitor = monitor_of(behind(database), reference={"days": reference})
        reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home)
    assert len(spooled) == 2
    assert len(list((project.home / "references").iterdir())) == 2


@pytest.mark.parametrize(
    ("day", "sections"),
    [
        ("2013-06-02", {"reference": {"days": "2013-06-01..2013-06-03"}}),
        ("2013-06-10", {"reference": {"days": "2013-06-01..2013-06-03"}, "private": ["x"]}),
        ("2013-06-10", {"reference": {"trailing": "3d"}}),
    ],
    ids=["not over", "private", "trailing"],
)
def test_what_may_change_or_is_private_is_not_kept(
    project: Project, monitor_of, database: str, spooled: list, day: str, sections: dict
) -> None:
    monitor = monitor_of(behind(database), **sections)
    for _ in range(2):
        reference_of(project, monitor, window_of(monitor, day), project.home / "spool")
    assert len(spooled) == 2
    assert not (project.home / "references").exists()


def test_an_empty_range_is_not_kept(project: Project, monitor_of, database: str, spooled: list) -> None:
    monitor = monitor_of(behind(database), reference={"days": "2012-01-01..2012-01-02"})
    for _ in range(2):
        where = reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home / "spool")
        assert Scan(where).count == 0
    assert len(spooled) == 2


def test_a_database_that_is_down_leaves_nothing_half(project: Project, monitor_of, tmp_path: Path) -> None:
    monitor = monitor_of(behind(f"sqlite:///{tmp_path}/absent.db"), reference={"days": "2013-06-01..2013-06-03"})
    with pytest.raises(SourceError, match="no such file"):
        reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home / "spool")
    assert list(project.home.rglob("*.parquet")) == []
    assert list((project.home / "references").glob(".*")) == []


def test_a_file_that_comes_back_is_computed_with(project: Project, monitor_of, write) -> None:
    """A profile of half the reference must not stay when the other half can be read again."""
    paths = [write(project.root / f"reference/{name}.parquet", x=[1, 2]) for name in "ab"]
    monitor = monitor_of(PREDICTIONS, reference={"parquet": "reference/*.parquet"})
    where = reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home)
    Path(paths[0]).rename(project.root / "away")
    scans = Scans()
    half = reference_key(scans.open(where), monitor)
    (project.root / "away").rename(paths[0])
    scans.forget_unreadable("m")
    assert reference_key(scans.open(where), monitor) != half


def test_another_private_key_makes_another_profile_of_the_reference(project: Project, monitor_of, write) -> None:
    write(project.root / "reference/a.parquet", x=["a", "b"])

    def key(private_key: bytes, **sections) -> str:
        monitor = monitor_of(PREDICTIONS, reference={"parquet": "reference/*.parquet"}, **sections)
        where = reference_of(project, monitor, window_of(monitor, "2013-06-10"), project.home)
        return reference_key(Scan(where), monitor, private_key)

    assert key(b"one") == key(b"two")
    assert key(b"one", private=["x"]) != key(b"two", private=["x"])
    assert key(b"one", private=["x"]) == key(b"one", private=["x"])


@pytest.mark.parametrize("days", ["0001-01-01..2026-01-01", "2026-01-01..9999-12-31"])
def test_days_beyond_the_calendar_are_one_line(days: str) -> None:
    window = Window.of("m", Grain.DAY, "Europe/Berlin", dt.date(2026, 3, 2))
    with pytest.raises(SourceError, match=rf"^reference.days {re.escape(days)}: no calendar reaches so far; name days"):
        span_of(Reference.model_validate({"days": days}), window)
