"""Reading the history, on SQLite and PostgreSQL alike: a brute count over the rows is the oracle."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lamplighter.core.records.measurement import State
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import HistoryError
from storage.history import History, open_history, tables
from storage.history.newest import GONE
from storage.history.query import (
    Filter,
    confusion_counts,
    dump,
    existing_history,
    findings,
    measurement_of,
    measurements,
    measurements_of,
    models,
    newest_run,
    newest_windows,
    recorded_names,
    rows_by_date,
    rows_of_model,
)
from storage.project.folder import Project
from storage.project.settings import Settings
from tests.storage.history.recorded import DAY, day, decided, found, measured, write, write_run

KEYS = ("window_start", "grain", "metric", "segment", "version", "feature", "class", "method")


@pytest.fixture(params=["sqlite", "postgresql"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    return open_history(Project(tmp_path, Settings(history_url=url)))


def mixed() -> list[dict[str, Any]]:
    """Rows of every sort, each known at up to three dates; the value identifies the row."""
    parts = itertools.product(
        ("m", "other"), range(3), ("f1", "recall"), ("", "region=north"), ("", "v1"), ("", "amount"), ("", "1")
    )
    rows: list[dict[str, Any]] = []
    for model, start, metric, segment, version, feature, klass in parts:
        for known in range(start + 1, start + 1 + len(rows) % 3 + 1):
            key = {"metric": metric, "segment": segment, "version": version, "feature": feature, "class": klass}
            gone = {"value": None, "n": 0, "reason": GONE} if len(rows) % 7 == 0 else {"value": float(len(rows))}
            rows.append(measured(start, known, model=model, **key, **gone))
    return rows


def expected(rows: list[dict[str, Any]], wanted: Filter) -> list[float | None]:
    """What a filter chooses, row by row."""
    newest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["known_on"]):
        if row["model"] == "m" and (wanted.as_of is None or row["known_on"] <= wanted.as_of):
            newest[tuple(row[name] for name in KEYS)] = row
    equal = {
        "metric": wanted.metric,
        "segment": wanted.segment,
        "version": wanted.version,
        "feature": wanted.feature,
        "class": wanted.klass,
    }
    return [
        row["value"]
        for _, row in sorted(newest.items())
        if all(value in (None, row[name]) for name, value in equal.items())
        and (wanted.since is None or row["window_start"] >= wanted.since)
        and (wanted.until is None or row["window_start"] < wanted.until)
        and row["reason"] != GONE
    ]


def test_every_filter_and_every_pair_of_them(history: History) -> None:
    rows = mixed()
    write(history, tables.measurement, rows)
    parts: list[dict[str, Any]] = [
        {"metric": "f1"},
        {"metric": "nothing"},
        {"segment": ""},
        {"segment": "region=north"},
        {"version": "v1"},
        {"feature": "amount"},
        {"feature": ""},
        {"klass": "1"},
        {"since": day(1)},
        {"until": day(1)},
        {"until": day(2)},
        {"as_of": day(1)},
        {"as_of": day(2)},
        {"as_of": day(3) - timedelta(microseconds=1)},
    ]
    seen = set()
    for first, second in itertools.combinations([{}, *parts], 2):
        wanted = Filter(**(first | second))
        values = [row["value"] for row in measurements(history, "m", wanted)]
        assert values == expected(rows, wanted), wanted
        seen.add(tuple(values))
    assert len(seen) > len(parts)


def test_an_hour_and_the_day_that_begins_with_it_are_two_windows(history: History) -> None:
    write(history, tables.measurement, [measured(grain="1h", value=0.1), measured(grain="1d", value=0.2)])
    assert [(row["grain"], row["value"]) for row in measurements(history, "m", Filter())] == [("1d", 0.2), ("1h", 0.1)]
    window = Window.of("m", Grain.HOUR, "UTC", DAY)
    assert [measurement.value for measurement in measurements_of(history, window, Filter())] == [0.1]


def test_one_measurement_of_a_window_is_that_of_all_versions(history: History) -> None:
    versions = [("", 0.5, 10), ("v1", 0.4, 4), ("v2", 0.6, 6)]
    write(history, tables.measurement, [measured(version=name, value=value, n=n) for name, value, n in versions])
    window = Window.of("m", Grain.DAY, "UTC", DAY)
    chosen = measurement_of(history, window, Filter(metric="f1"))
    assert chosen is not None
    assert (chosen.version, chosen.value, chosen.state) == ("", 0.5, State.FINAL)
    first = measurement_of(history, window, Filter(metric="f1", version="v1"))
    assert first is not None
    assert first.value == 0.4
    assert measurement_of(history, window.next(), Filter(metric="f1")) is None


def test_of_what_is_measured_by_version_the_largest_speaks(history: History) -> None:
    name = "prediction_drift_statistic"
    versions = [("v1", 0.4, 4), ("v2", 0.6, 6), ("v3", 0.1, 5)]
    write(history, tables.measurement, [measured(metric=name, version=v, value=value, n=n) for v, value, n in versions])
    chosen = measurement_of(history, Window.of("m", Grain.DAY, "UTC", DAY), Filter(metric=name))
    assert chosen is not None
    assert chosen.value == 0.6


def test_findings_until_they_are_gone(history: History) -> None:
    write(
        history,
        tables.finding,
        [
            found(1, 2),
            found(0, 1),
            found(0, 1, code="column-new", subject="b"),
            found(0, 1, code="column-new", subject="a"),
            found(0, 3, message=""),
            found(0, 1, model="other"),
        ],
    )

    def shown(**wanted: Any) -> list[tuple[int, str, str]]:
        return [
            ((row["window_start"] - DAY).days, row["code"], row["subject"])
            for row in findings(history, "m", Filter(**wanted))
        ]

    columns = [(0, "column-new", "a"), (0, "column-new", "b")]
    assert shown() == [*columns, (1, "window-empty", "")]
    assert shown(as_of=day(2)) == [*columns, (0, "window-empty", ""), (1, "window-empty", "")]
    assert shown(as_of=day(1)) == [*columns, (0, "window-empty", "")]
    assert shown(since=day(1)) == [(1, "window-empty", "")]
    assert shown(until=day(1)) == columns


def test_decisions_by_logical_date(history: History) -> None:
    rows = [
        decided(2, check_name="b"),
        decided(2, check_name="a"),
        decided(1, window_start=None, verdict="undecided"),
        decided(3),
        decided(2, model="other"),
    ]
    write(history, tables.decision, rows)

    def shown(**wanted: Any) -> list[tuple[int, str]]:
        rows = rows_by_date(history, "decisions", "m", Filter(**wanted))
        return [((row["known_on"] - DAY).days, row["check_name"]) for row in rows]

    assert shown() == [(1, "f1-below"), (2, "a"), (2, "b"), (3, "f1-below")]
    assert shown(since=day(2), until=day(3)) == [(2, "a"), (2, "b")]
    assert shown(as_of=day(2)) == shown(until=day(3)) == [(1, "f1-below"), (2, "a"), (2, "b")]


def test_names_that_something_is_recorded_under(history: History) -> None:
    write(
        history,
        tables.measurement,
        [measured(metric="recall"), measured(feature="amount"), measured(known=2), measured(model="other", metric="x")],
    )
    assert recorded_names(history, "m", "metric") == ["f1", "recall"]
    assert recorded_names(history, "m", "feature") == ["amount"]
    assert recorded_names(history, "m", "segment") == []


def test_confusion_counts_without_those_that_are_gone(history: History) -> None:
    key = {"model": "m", "window_start": DAY, "grain": "1d", "segment": "", "version": "", "y_true": "1"}
    rows = [("1", 1, 5), ("0", 1, 2), ("0", 2, 0), ("1", 3, 7)]
    write(history, tables.confusion, [{**key, "y_pred": p, "known_on": day(known), "n": n} for p, known, n in rows])
    write(history, tables.confusion, [{**key, "segment": "a=b", "y_pred": "1", "known_on": day(1), "n": 3}])
    assert [(row["y_pred"], row["n"]) for row in confusion_counts(history, "m", Filter())] == [("1", 7)]
    assert [row["n"] for row in confusion_counts(history, "m", Filter(segment="a=b"))] == [3]
    assert confusion_counts(history, "m", Filter(version="v1")) == []


def test_rows_of_a_model_in_order(history: History) -> None:
    write(history, tables.decision, [decided(2), decided(1), decided(1, model="other")])
    assert [row["known_on"] for row in rows_of_model(history, tables.decision, "m", ["known_on"])] == [day(1), day(2)]


# Runs.


def test_the_newest_run_is_the_one_that_was_started_last(history: History) -> None:
    write_run(history, 5, timezone="UTC")
    write_run(history, 2, timezone="Europe/Berlin")
    write_run(history, 9, model="other", timezone="Asia/Tokyo")
    assert newest_run(history, "m")["timezone"] == "Europe/Berlin"
    assert models(history) == ["m", "other"]
    with pytest.raises(HistoryError, match=r"^nothing is recorded of 'othr'; did you mean 'other'\? known: m, other$"):
        newest_run(history, "othr")


def test_an_old_window_that_is_run_again_is_not_the_newest(history: History) -> None:
    write_run(history, 5, status="failed")
    write_run(history, 6, status="failed", message="first try")
    write_run(history, 6, message="second try")
    write_run(history, 2, message="an old day again")
    write_run(history, 1, model="other", message="of the other")
    rows = newest_windows(history)
    assert [(row["model"], row["message"]) for row in rows] == [("m", "second try"), ("other", "of the other")]


def test_the_newest_window_is_of_the_present_grain(history: History) -> None:
    """A month begins before the hours that were run until yesterday."""
    write_run(history, 20, grain="1h", message="an hour")
    write_run(history, 0, grain="1mo", message="the month")
    assert [row["message"] for row in newest_windows(history)] == ["the month"]


# Comparing histories, and looking for one.


def test_equal_histories_have_equal_dumps(history: History, tmp_path: Path) -> None:
    other = open_history(Project(tmp_path / "other", Settings()))
    rows = [measured(0), measured(1), measured(2, value=None, reason="no rows")]
    write(history, tables.measurement, rows)
    write(history, tables.decision, [decided(1)])
    write_run(history)
    write(other, tables.decision, [decided(1)])
    write(other, tables.measurement, reversed(rows))
    assert dump(history) == dump(other)
    assert set(dump(history)) == {table.name for table in tables.metadata.sorted_tables} - {"run", "delivery"}
    with other.writing() as connection:
        connection.execute(
            sa.update(tables.measurement).values(upper=0.7).where(tables.measurement.c.known_on == day(1))
        )
    assert dump(history) != dump(other)


@pytest.mark.parametrize("url", ["", "sqlite:///{folder}/elsewhere/history.db", "sqlite:///elsewhere/history.db"])
def test_looking_for_a_history_makes_none(tmp_path: Path, url: str) -> None:
    settings = Settings(history_url=url.format(folder=tmp_path) or None)
    project = Project(tmp_path, settings)
    assert existing_history(project) is None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "elsewhere").mkdir()
    open_history(project)
    assert existing_history(project) is not None


def test_a_history_on_a_server_is_there(postgresql_url: str, tmp_path: Path) -> None:
    assert existing_history(Project(tmp_path, Settings(history_url=postgresql_url))) is not None
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_url_is_reported_of(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="history_url is not an SQLAlchemy URL"):
        existing_history(Project(tmp_path, Settings(history_url="nonsense")))
