"""A new gauge sink and a new format of files are one file and one row each: both are added here, from outside."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from storage.history import open_history
from storage.history.query import dump
from storage.project.folder import Project
from storage.project.settings import GAUGE_SINKS
from storage.sources.formats import FORMATS, Format
from tests.flows.small_world import MONITOR, day, make, rows, run

SINK = """
import json

def publish(project, model, text):
    path = project.root / "sent.jsonl"
    with path.open("a") as file:
        file.write(json.dumps(["publish", model, text.decode()]) + "\\n")
    return str(path)

def withdraw(project, model):
    with (project.root / "sent.jsonl").open("a") as file:
        file.write(json.dumps(["withdraw", model, ""]) + "\\n")
"""

FORMAT = """
import pyarrow.json
import pyarrow.parquet as pq

from lamplighter.errors import SourceError


def write_as_parquet(filesystem, path, sink):
    with filesystem.open_input_stream(path) as stream:
        try:
            table = pyarrow.json.read_json(stream)
        except pyarrow.ArrowInvalid:
            raise SourceError("is no JSON lines; deliver the file again") from None
    pq.write_table(table, sink)
"""


@pytest.fixture(autouse=True)
def _modules_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "outside_sink.py").write_text(SINK)
    (folder / "outside_format.py").write_text(FORMAT)
    monkeypatch.syspath_prepend(str(folder))
    for name in ("outside_sink", "outside_format"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_run_publishes_to_a_sink_that_was_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GAUGE_SINKS, "lines", "outside_sink")
    project = make(tmp_path / "shop")
    (project.root / "lamplighter.toml").write_text('gauge_sink = "lines"\n')
    project = Project.open(project.root)
    (project.home / "gauges").mkdir(parents=True)
    (project.home / "gauges" / "retired.prom").write_text("")
    run(project, 0, rows(0))
    sent = [json.loads(line) for line in (project.root / "sent.jsonl").read_text().splitlines()]
    assert [entry[:2] for entry in sent] == [["publish", "m"], ["withdraw", "retired"]]
    assert 'lamplighter_data_rows{model="m"} 200.0' in sent[0][2]


def test_a_sink_that_was_added_is_named_where_settings_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GAUGE_SINKS, "lines", "outside_sink")
    (tmp_path / "lamplighter.toml").write_text('gauge_sink = "line"\n')
    with pytest.raises(Exception, match="should be 'auto', 'pushgateway', 'textfile' or 'lines'"):
        Project.open(tmp_path)


def recorded(folder: Path, end: str) -> tuple[Project, list[object]]:
    """What a run of two days records whose rows are in files of a format."""
    project = make(folder, MONITOR.replace(".parquet", end))
    for number in (0, 1):
        frame, path = rows(number), project.root / "data" / f"day={day(number)}{end}"
        if end == ".parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_json(path, orient="records", lines=True, date_format="iso")
        run(project, number)
    return project, dump(open_history(project))["measurement"]


def test_a_run_reads_a_format_that_was_added_as_it_reads_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import outside_format

    monkeypatch.setitem(FORMATS, "JSON lines", Format((".jsonl",), outside_format.write_as_parquet))
    (_, expected), (project, found) = recorded(tmp_path / "a", ".parquet"), recorded(tmp_path / "b", ".jsonl")
    assert len(found) > 50
    assert found == expected
    broken = project.root / "data" / f"day={day(2)}.jsonl"
    broken.write_text("{")
    outcome = run(project, 2)
    assert any(f"{broken}: is no JSON lines; deliver the file again" in str(finding) for finding in outcome.findings)
