"""`lamplighter validate`: monitors, their functions and their sources, a line each."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from lamplighter.core.monitor import Monitor
from storage.inspection import source_check
from storage.project.folder import Project
from tests.lamplighter.cli.called import mistake, run

SECRET = "hunter2"
SOUND = "model: {name}\nkind: text\npredictions: {{parquet: '{name}/*.parquet', time: t, prediction: y}}\n"
SOUND_ONES = [f"monitors/{name}.yaml: {name} is sound (its sources were not read)" for name in ("first", "third")]


def test_sound_files(folder: Path) -> None:
    result = run("-C", folder, "validate", "--no-sources")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"monitors/{name}.yaml: {name} is sound (its sources were not read)" for name in ("first", "second", "third")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("model: second\nkind: [\n", "monitors/second.yaml:3: not YAML", id="not YAML"),
        pytest.param(SOUND.format(name="first"), "monitors/second.yaml:1: model 'first' stands in", id="named twice"),
        pytest.param(SOUND.format(name="second") + "knd: x\n", "monitors/second.yaml:4: unknown key 'knd'", id="key"),
    ],
)
def test_one_broken_file_of_three(folder: Path, text: str, message: str) -> None:
    (folder / "monitors" / "second.yaml").write_text(text)
    result = run("-C", folder, "validate", "--no-sources")
    assert result.exit_code == 2
    assert result.stdout.splitlines() == SOUND_ONES
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


OWN = """metrics:
  - {{name: cost, function: "own.py:cost"}}
  - {{name: gain, function: "{place}"}}
labels: {{same_row: true, target: truth}}
retrain: {{trainer: "own.py:{trainer}", accept: {{metric: bleu}}}}
"""


TRAINER = "def train(rows, folder, version, previous=None): ...\ndef predict(folder, rows): ...\n"


def test_functions_that_can_be_loaded(folder: Path) -> None:
    (folder / "own.py").write_text(f"def cost(): ...\ndef gain(): ...\n{TRAINER}")
    with (folder / "monitors" / "second.yaml").open("a") as file:
        file.write(OWN.format(place="own.py:gain", trainer="train"))
    result = run("-C", folder, "validate", "--no-sources")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "monitors/second.yaml: second is sound" in result.stdout


def test_a_trainer_that_cannot_be_called_is_reported(folder: Path) -> None:
    trainer = TRAINER.replace("predict(folder, rows)", "predict(rows)")
    (folder / "own.py").write_text(f"def cost(): ...\ndef gain(): ...\n{trainer}")
    with (folder / "monitors" / "second.yaml").open("a") as file:
        file.write(OWN.format(place="own.py:gain", trainer="train"))
    result = run("-C", folder, "validate", "--no-sources")
    fault = "predict(rows): too many positional arguments; it is called with (folder, rows)"
    assert result.stderr == f"monitors/second.yaml: trainer: own.py:train: load failed: {fault}\n"


def test_functions_that_cannot_be_loaded_are_one_line_each(folder: Path) -> None:
    (folder / "own.py").write_text("def cost(): ...\n")
    with (folder / "monitors" / "second.yaml").open("a") as file:
        file.write(OWN.format(place="nowhere/own.py:gain", trainer="train"))
    result = run("-C", folder, "validate", "--no-sources")
    assert result.exit_code == 2
    assert result.stdout.splitlines() == SOUND_ONES
    gain, train = result.stderr.splitlines()
    assert gain.startswith(f"monitors/second.yaml: metric 'gain': {folder}/nowhere/own.py: no such file; ")
    result = f"own.py:train: load failed: {folder}/own.py: no function 'train'; define it, or name another"
    assert train == f"monitors/second.yaml: trainer: {result}"


def test_a_trainer_is_loaded_as_it_will_be_called(folder: Path) -> None:
    """With what lies beside it, a `tasks` of its own among that, and with Python's own modules."""
    (folder / "tasks").mkdir()
    (folder / "tasks" / "__init__.py").write_text("HALF = 0.5\n")
    (folder / "resource.py").write_text("raise RuntimeError('loaded in place of a module of Python')\n")
    (folder / "own.py").write_text(f"from tasks import HALF\n\n\n{TRAINER}")
    with (folder / "monitors" / "second.yaml").open("a") as file:
        file.write(OWN[OWN.index("labels:") :].format(trainer="train"))
    command = Path(sys.executable).with_name("lamplighter")
    made = subprocess.run(
        [command, "validate", "--no-sources"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert "monitors/second.yaml: second is sound" in made.stdout


def test_the_installed_command_shows_no_traceback(folder: Path) -> None:
    (folder / "monitors" / "second.yaml").write_text("kind: [\n")
    command = Path(sys.executable).with_name("lamplighter")
    made = subprocess.run([command, "-C", folder, "run", "second"], capture_output=True, text=True, check=False)
    assert made.returncode == 2
    assert made.stderr.startswith("second: monitors/second.yaml:2: not YAML")
    assert made.stderr.count("\n") == 1


def test_sources_are_read_unless_they_are_not_to_be(table: Path) -> None:
    """A mistake in one model leaves the others sound; those that are named are looked at alone."""
    folder = table.parent
    run("-C", folder, "init", table)
    monitor = folder / "monitors" / "some-table.yaml"
    wrong = (
        monitor.read_text().replace("model: some-table", "model: wrong").replace("prediction: pred", "prediction: perd")
    )
    (folder / "monitors" / "wrong.yaml").write_text(wrong)
    line = next(i for i, text in enumerate(wrong.splitlines(), 1) if text.startswith("  prediction: perdiction"))
    result = run("-C", folder, "validate")
    assert result.exit_code == 2
    assert "some-table is sound: 24 rows of 2013-05-10" in result.stdout
    start = f"monitors/wrong.yaml:{line}: no column 'perdiction' in the predictions; did you mean 'prediction'? known: "
    assert result.stderr.startswith(start)
    assert result.stderr.count("\n") == 1
    assert run("-C", folder, "validate", "--no-sources").exit_code == 0
    assert run("-C", folder, "validate", "some-table").exit_code == 0
    assert "no model 'sum-table'; did you mean 'some-table'?" in mistake("-C", folder, "validate", "sum-table")
    sound, broken = json.loads(run("-C", folder, "validate", "--json").stdout)
    assert (sound["sound"], sound["rows"], sound["window"], sound["features"]) == (True, 24, "2013-05-10", 1)
    assert (broken["sound"], broken["faults"]) == (False, [result.stderr.strip()])


def test_what_no_code_foresaw_in_one_monitor_leaves_the_others_to_be_checked(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = table.parent
    run("-C", folder, "init", table)
    other = (folder / "monitors" / "some-table.yaml").read_text().replace("model: some-table", "model: another")
    (folder / "monitors" / "another.yaml").write_text(other)
    real = source_check.check_sources

    def check_sources(project: Project, monitor: Monitor, now: datetime) -> source_check.SourceCheck:
        if monitor.model == "another":
            raise KeyError("at")
        return real(project, monitor, now)

    monkeypatch.setattr(source_check, "check_sources", check_sources)
    result = run("-C", folder, "validate")
    assert result.exit_code == 2
    assert "some-table is sound: 24 rows" in result.stdout
    assert result.stderr.startswith("monitors/another.yaml: another: unexpected KeyError: 'at'; a fault of")
    assert result.stderr.count("\n") == 1
    assert "Traceback" in run("-C", folder, "validate", "--debug").stderr
    first, _ = json.loads(run("-C", folder, "validate", "--json").stdout)
    assert (first["model"], first["sound"]) == ("another", False)
