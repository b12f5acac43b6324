"""What is reported about a window's tables before anything is measured, and what is measured all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.core.records.finding import Code
from lamplighter.core.records.measurement import Measurement
from lamplighter.errors import BrokenFileError
from storage.project.folder import Project
from storage.sources.predictions import predictions_of
from storage.sources.reference import reference_of
from tasks.stages.profile import Profiled, profile
from tasks.stages.read import Located, PendingWindow
from tasks.stages.run_context import RunContext
from tasks.stages.validate import Table, validate
from tests.storage.scan_specs import cut, spoil

MONITOR = """
model: m
kind: classification
predictions: {parquet: "log/day={day}/*.parquet", time: at, id: id, prediction: y}
features: {categorical: [plan], numeric: [amount]}
reference: {parquet: "reference/*.parquet"}
"""
DAY = date(2013, 6, 2)


def rows(day: str, n: int = 24, **changed: Any) -> pa.Table:
    random = np.random.default_rng(int(day.replace("-", "")))
    columns = {
        "at": pa.array(pd.date_range(day, periods=n, freq="h", tz="UTC").as_unit("us")),
        "id": [f"{day}-{i}" for i in range(n)],
        "y": random.choice(["0", "1"], n),
        "plan": random.choice(["basic", "pro"], n),
        "amount": random.random(n),
    }
    kept = {name: values for name, values in (columns | changed).items() if values is not None}
    return pa.table(kept)


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file of the project, and a sound monitor with it."""
    (tmp_path / "monitors").mkdir()
    (tmp_path / "monitors" / "m.yaml").write_text(MONITOR)

    def make(name: str, table: pa.Table) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
        return path

    make("reference/a.parquet", rows("2013-05-01", 500))
    for day in ("2013-06-01", "2013-06-02", "2013-06-03"):
        make(f"log/day={day}/a.parquet", rows(day))
    return make


def begin(root: Path, monitor: str = MONITOR) -> tuple[RunContext, Located]:
    """The context of a run, and where its rows are."""
    (root / "monitors" / "m.yaml").write_text(monitor)
    project = Project.open(root)
    context = RunContext.of(project, project.monitor("m"), DAY)
    where = predictions_of(project, context.monitor, context.window, context.spool)
    reference = reference_of(project, context.monitor, context.window, context.spool)
    return context, Located([PendingWindow(where, None, is_gone=False, is_changed=True)], reference, reference)


def validated(root: Path, monitor: str = MONITOR) -> Table:
    context, located = begin(root, monitor)
    return validate(context, located, located.windows[0])


def findings_of(table: Table) -> list[tuple[Code, str, str]]:
    return [(finding.code, finding.subject, finding.message) for finding in table.findings]


def test_a_sound_window_has_nothing_to_tell(tmp_path: Path, write: Write) -> None:
    table = validated(tmp_path)
    assert (table.count, findings_of(table)) == (24, [])


def test_rows_without_a_time_are_reported(tmp_path: Path, write: Write) -> None:
    whole = rows("2013-06-02")
    times = pa.array([None if i < 5 else value for i, value in enumerate(whole["at"].to_pylist())], whole["at"].type)
    write("log/day=2013-06-02/a.parquet", rows("2013-06-02", at=times))
    write("log/day=2013-06-01/a.parquet", rows("2013-06-01", at=pa.nulls(24, whole["at"].type)))
    table = validated(tmp_path)
    message = "5 rows of 2013-06-02 have no 'at' that can be read, and were left out; log it with every row"
    assert (table.count, findings_of(table)) == (19, [(Code.TIME_MISSING, "at", message)])


def test_times_of_another_unit_are_counted(tmp_path: Path, write: Write) -> None:
    """Seconds beside milliseconds would be times of 1970, and so of no window."""
    monitor = MONITOR.replace("time: at", "time: at, time_unit: ms")
    start = int(pd.Timestamp("2013-06-02", tz="UTC").timestamp())
    mixed = [(start + i * 3600) * (1 if i < 5 else 1000) for i in range(24)]
    for day in (1, 2, 3):
        shift = (day - 2) * 86_400
        times = mixed if day == 2 else [(start + shift) * 1000] * 24
        write(f"log/day=2013-06-0{day}/a.parquet", rows(f"2013-06-0{day}", at=times))
    message = "5 rows of 2013-06-02 have no 'at' that can be read, and were left out; log it with every row in ms"
    table = validated(tmp_path, monitor)
    assert (table.count, findings_of(table)[0]) == (19, (Code.TIME_MISSING, "at", message))


EACH_TWICE = [f"r{i // 2}" for i in range(24)]
FOURS = [f"r{i // 4}" for i in range(24)]
ONE_AGAIN = ["r0", *(f"r{i}" for i in range(23))]


@pytest.mark.parametrize(
    ("ids", "duplicates", "left", "code"),
    [
        (["a"] * 24, "", 1, Code.IDS_REPEATED),
        (["a"] * 24, ", duplicates: last", 1, Code.IDS_REPEATED),
        (FOURS, "", 6, Code.IDS_REPEATED),
        (FOURS, ", duplicates: last", 6, None),
        (EACH_TWICE, "", 12, Code.ROWS_REPEATED),
        (EACH_TWICE, ", duplicates: first", 12, None),
        (ONE_AGAIN, "", 23, None),
        (ONE_AGAIN, ", duplicates: error", 23, Code.IDS_REPEATED),
    ],
)
def test_rows_that_repeat_an_id_are_not_left_out_in_silence(
    tmp_path: Path, write: Write, ids: list, duplicates: str, left: int, code: Code | None
) -> None:
    """A few are those of a sender who tries again, and the monitor may say that there are many."""
    write("log/day=2013-06-02/a.parquet", rows("2013-06-02", id=ids))
    table = validated(tmp_path, MONITOR.replace("id: id", f"id: id{duplicates}"))
    assert (table.count, [found for found, _, _ in findings_of(table)]) == (left, [code] if code else [])
    if code and "error" not in duplicates:
        message = f"{24 - left} of 24 rows of 2013-06-02 repeat an id in 'id', and were left out; give"
        assert table.findings[0].message.startswith(message)


LABELS = 'labels: {parquet: "labels/*.parquet", target: truth}\n'


@pytest.mark.parametrize(
    ("nulls", "labels", "effect"), [(1, LABELS, None), (6, LABELS, ", so that no label finds them"), (24, "", "")]
)
def test_rows_without_an_id_are_named(
    tmp_path: Path, write: Write, nulls: int, labels: str, effect: str | None
) -> None:
    ids = [None] * nulls + [f"{number}" for number in range(24 - nulls)]
    write("log/day=2013-06-02/a.parquet", rows("2013-06-02", id=ids))
    found = {it.code: it.message for it in validated(tmp_path, MONITOR + labels).findings}
    what = f"{nulls} of 24 rows of 2013-06-02 have no id in 'id'{effect}; log one with every row"
    assert found.get(Code.IDS_MISSING) == (None if effect is None else what)


def test_a_reference_without_rows_is_a_finding(tmp_path: Path, write: Write) -> None:
    sources = {"days: 2012-01-01..2012-01-31": True, 'parquet: "empty/*.parquet"': True, "trailing: 1d": False}
    write("empty/a.parquet", rows("2013-05-01", 500).slice(0, 0))
    (tmp_path / "log/day=2013-06-01/a.parquet").unlink()
    for source, is_told in sources.items():
        found = findings_of(validated(tmp_path, MONITOR.replace('parquet: "reference/*.parquet"', source)))
        assert [code for code, _, _ in found] == [Code.REFERENCE_UNREADABLE] * is_told, source


# A mistake of the monitor's is reported once, and no file is asked for again


@pytest.mark.parametrize(
    ("monitor", "changed", "code", "message"),
    [
        pytest.param(
            MONITOR.replace("time: at", "time: when"),
            {},
            Code.COLUMN_MISSING,
            "no time column 'when'; it has at, id, y, plan, amount; name the right one as predictions.time",
            id="another name",
        ),
        pytest.param(
            MONITOR,
            {"at": pa.array(pd.date_range("2013-06-02", periods=24, freq="h").as_unit("us"))},
            Code.TYPE_CHANGED,
            "column 'at' holds timestamps without a zone; declare timezone beside it",
            id="no zone",
        ),
        pytest.param(
            MONITOR.replace("time: at", "time: hour"),
            {"hour": range(24)},
            Code.TYPE_CHANGED,
            "column 'hour' holds numbers such as 23; declare time_unit, one of s, ms, us, ns, beside it",
            id="another type",
        ),
    ],
)
def test_a_mistake_about_the_time_is_reported_once(
    tmp_path: Path, write: Write, monitor: str, changed: dict, code: Code, message: str
) -> None:
    for day in ("2013-06-01", "2013-06-02", "2013-06-03"):
        write(f"log/day={day}/a.parquet", rows(day, **changed))
    [finding] = validated(tmp_path, monitor).findings
    assert finding.code is code
    assert finding.subject == monitor.partition("time: ")[2].partition(",")[0]
    assert finding.message == f"no file of 2013-06-02 can be used: {message}"


def test_a_file_of_another_kind_than_the_others_is_reported_by_itself(tmp_path: Path, write: Write) -> None:
    path = write("log/day=2013-06-02/b.parquet", rows("2013-06-02", at=None))
    message = f"{path}: no time column 'at'; it has id, y, plan, amount; deliver the file again"
    assert findings_of(validated(tmp_path)) == [(Code.FILE_UNREADABLE, str(path), message)]


def test_every_file_that_cannot_be_opened_is_reported(tmp_path: Path, write: Write) -> None:
    paths = [cut(str(tmp_path / f"log/day=2013-06-0{i}/a.parquet")) for i in (1, 2, 3)]
    found = [(code, subject) for code, subject, _ in findings_of(validated(tmp_path))]
    # The cause comes first.
    assert found == [*((Code.FILE_UNREADABLE, path) for path in paths), (Code.WINDOW_EMPTY, "")]


# The reference


def test_a_file_of_the_reference_that_cannot_be_read_is_reported(tmp_path: Path, write: Write) -> None:
    path = cut(str(write("reference/b.parquet", rows("2013-05-02"))))
    [(code, subject, message)] = findings_of(validated(tmp_path))
    assert (code, subject) == (Code.REFERENCE_UNREADABLE, path)
    assert message.startswith(f"reference: {path}: ")
    assert message.endswith("; deliver the file again")


def test_a_mistake_in_every_file_of_the_reference_is_reported_once(tmp_path: Path, write: Write) -> None:
    twice = rows("2013-05-01").append_column("plan", pa.nulls(24))
    for name in "ab":
        write(f"reference/{name}.parquet", twice)
    message = "no file of the reference can be used: column 'plan' comes twice; write it once"
    assert (Code.REFERENCE_UNREADABLE, "plan", message) in findings_of(validated(tmp_path))


# Files that break while they are read


def measured(context: RunContext, located: Located) -> tuple[Table, Profiled]:
    """Validate and profile, anew after every file that breaks, as a run does."""
    while True:
        try:
            table = validate(context, located, located.windows[0])
            return table, profile(context, located, table)
        except BrokenFileError:
            continue


def test_a_damaged_column_costs_its_file_and_no_count_is_wrong(tmp_path: Path, write: Write) -> None:
    path = write("log/day=2013-06-02/b.parquet", rows("2013-06-02", 12, id=[f"b{i}" for i in range(12)]))
    spoil(str(path), 0, "amount")
    table, profiled = measured(*begin(tmp_path))
    [(code, subject, message)] = findings_of(table)
    assert (code, subject) == (Code.FILE_UNREADABLE, str(path))
    assert message.startswith(f"{path}: column 'amount' cannot be read: ")
    assert message.endswith("; deliver the file again")
    found = [*table.measurements, *profiled.measurements]

    path.unlink()
    table, profiled = measured(*begin(tmp_path))
    assert found == [*table.measurements, *profiled.measurements]
    assert (table.count, table.findings) == (24, [])


# Private columns


def unseen(profiled: Profiled) -> Measurement:
    [found] = [entry for entry in profiled.measurements if entry.metric == "unseen_ratio"]
    return found


def test_a_lost_key_makes_no_value_unseen(tmp_path: Path, write: Write) -> None:
    """With a new key the values have other hashes, and so must those of the reference."""
    private = MONITOR + "private: [plan]\n"
    for _ in range(2):
        _, profiled = measured(*begin(tmp_path, private))
        assert unseen(profiled).value == 0.0
        (tmp_path / ".lamplighter" / "private.key").unlink()
