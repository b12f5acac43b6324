"""The `lamplighter` command: help, mistakes in one line, and what it does not import before it must."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from lamplighter.cli import COMMANDS, Commands, cli
from lamplighter.core.monitor import Monitor
from storage.inspection import source_check
from storage.project.folder import Project

SECRET = "hunter2"
SOUND = "model: {name}\nkind: text\npredictions: {{parquet: '{name}/*.parquet', time: t, prediction: y}}\n"


SOUND_ONES = [f"monitors/{name}.yaml: {name} is sound (its sources were not read)" for name in ("first", "third")]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def mistake(*arguments: object) -> str:
    """The one line that reports a mistake."""
    result = run(*arguments)
    assert isinstance(result.exception, SystemExit)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "monitors").mkdir()
    for name in ("first", "second", "third"):
        (tmp_path / "monitors" / f"{name}.yaml").write_text(SOUND.format(name=name))
    return tmp_path


# Help.


def test_help_of_the_whole() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "Example: lamplighter " in result.stdout
    for name, meaning in COMMANDS.items():
        assert f"  {name}" in result.stdout
        assert meaning.split()[0] in result.stdout
    assert run("-h").stdout == result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: lamplighter {name} ")
    assert "Example: lamplighter " in result.stdout
    example = " ".join(result.stdout[result.stdout.index("Example: lamplighter") :].split())
    assert f" {name}" in example
    assert not result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_every_command_can_be_called(name: str) -> None:
    assert isinstance(cli, Commands)
    command = cli.get_command(cli.make_context("lamplighter", ["--help"], resilient_parsing=True), name)
    assert command is not None
    words = (command.epilog or "").removeprefix("Example: lamplighter ").split()
    with cli.make_context("lamplighter", words, resilient_parsing=True) as context:
        context.resilient_parsing = False
        command.make_context(name, words[words.index(name) + 1 :], parent=context)


def test_the_version() -> None:
    shown = run("--version")
    assert shown.exit_code == 0
    assert re.fullmatch(r"lamplighter \S+ \(Python 3\.\d+\.\d+, Prefect 3\.\S+, Evidently 0\.\S+\)\n", shown.stdout)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["his"], ["history"]),
        (["history", "m", "--peri"], ["--period"]),
        (["status", "se"], ["second"]),
        (["run", "first", ""], ["first", "second", "third"]),
    ],
    ids=["a command", "an option", "a model", "one model more"],
)
def test_what_a_shell_completes(folder: Path, words: list[str], offered: list[str]) -> None:
    words = ["lamplighter", "-C", str(folder), *words]
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_LAMPLIGHTER_COMPLETE": "bash_complete"}
    result = CliRunner(env=asked).invoke(cli, [], prog_name="lamplighter")
    assert [line.removeprefix("plain,") for line in result.stdout.splitlines()] == offered


def test_without_a_command_help_is_shown() -> None:
    result = run()
    assert result.exit_code == 2
    assert "Commands:" in result.output


# Mistakes.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["runn"], "no command 'runn'; did you mean 'run'? known: demo, init, validate", id="command"),
        pytest.param(
            ["run", "--dya", "x"], "No such option '--dya'. Did you mean '--day'? See `lamplighter run", id="option"
        ),
        pytest.param(["--projct", "x"], "No such option '--projct'", id="option of the whole"),
        pytest.param(["history"], "Missing argument 'MODEL'. See `lamplighter history --help`.", id="argument"),
        pytest.param(["init", "x", "y"], "Got unexpected extra argument", id="an argument too many"),
        pytest.param(["run", "--day", "yesterday"], "Invalid value for '--day': 'yesterday' is no day or", id="a day"),
        pytest.param(
            ["run", "--day", "9999-12-31"], "Invalid value for '--day': '9999-12-31' is out of", id="day 9999"
        ),
        pytest.param(["run", "--day", "0001-01-01"], "Invalid value for '--day': '0001-01-01' is out of", id="day 1"),
        pytest.param(
            ["run", "--now", "9999-12-31T23:59"], "Invalid value for '--now': '9999-12-31T23:59' is", id="now"
        ),
        pytest.param(
            ["backfill", "--from", "0001-01-01", "--to", "2013-01-01"],
            "Invalid value for '--from': '0001-01-01' is out of range; give a day of 1700-01-01 to 2199-12-31.",
            id="from",
        ),
        pytest.param(["history", "m", "--to", "9999-12-31"], "Invalid value for '--to': '9999-12-31' is", id="to"),
        pytest.param(
            ["history", "m", "--as-of", "9999-12-31"], "Invalid value for '--as-of': '9999-12-31'", id="as of"
        ),
        pytest.param(["demo", "--from", "0001-01-01"], "Invalid value for '--from': '0001-01-01' is", id="demo"),
        pytest.param(["backfill", "--from", "2013-01-01"], "Missing option '--to'.", id="an option is missing"),
        pytest.param(
            ["backfill", "first", "--from", "2013-01-02", "--to", "2013-01-01"],
            "--to 2013-01-01 lies before --from 2013-01-02",
            id="days in the wrong order",
        ),
    ],
)
def test_a_mistake_on_the_command_line(folder: Path, arguments: list[str], message: str) -> None:
    output = mistake("-C", folder, *arguments) if arguments[0] != "--projct" else mistake(*arguments)
    assert output.startswith(f"lamplighter: {message}")
    assert " --help`." in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["validate"], "no monitor files (*.yaml); `lamplighter init` writes one", id="validate"),
        pytest.param(["run"], "no monitor files (*.yaml); `lamplighter init` writes one", id="run"),
        pytest.param(["status"], "no monitor files (*.yaml); `lamplighter init` writes one", id="status"),
        pytest.param(["history", "x"], "no history yet; `lamplighter run` starts one, -C names another", id="history"),
        pytest.param(
            ["init", "nothing.parquet"], "no Parquet or CSV file there; give a Parquet or CSV file", id="init"
        ),
    ],
)
def test_an_empty_folder(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert message in mistake("-C", tmp_path, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    output = mistake("-C", tmp_path / "nowhere", "validate")
    assert output.endswith("nowhere: no such folder; give the one that holds monitors/")


def test_a_wrong_setting(folder: Path) -> None:
    (folder / "lamplighter.toml").write_text("hom = 'x'\n")
    assert "unknown setting 'hom'; did you mean 'home'?" in mistake("-C", folder, "validate")


def test_a_model_that_is_not_there(folder: Path) -> None:
    result = run("-C", folder, "run", "frist", "--day", "2013-01-01")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert "no model 'frist'; did you mean 'first'? known: first, second, third" in result.stderr


# Validate.


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


# Init.


@pytest.fixture(name="table")
def _table(tmp_path: Path) -> Path:
    times = [datetime(2013, 5, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(240)]
    columns = {
        "predicted_at": times,
        "request_id": [f"r{i}" for i in range(240)],
        "prediction": ["yes" if i % 3 else "no" for i in range(240)],
        'od"d: {name}': [i / 7 for i in range(240)],
    }
    path = tmp_path / "Some Table.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_init_writes_a_monitor_that_is_sound_and_does_not_replace_it(table: Path) -> None:
    folder = table.parent
    result = run("-C", folder, "init", table)
    assert (result.exit_code, result.stderr) == (0, "")
    path = folder / "monitors" / "some-table.yaml"
    assert result.stdout.startswith(path.read_text())
    assert result.stdout.endswith(
        f"next: lamplighter -C {folder} validate\n"
        f"      lamplighter -C {folder} backfill some-table --from 2013-05-06 --to 2013-05-10\n"
    )
    result = run("-C", folder, "validate")
    sound = "some-table is sound: 24 rows of 2013-05-10, no labels declared, 1 feature"
    assert (result.exit_code, result.stderr, result.stdout) == (0, "", f"monitors/some-table.yaml: {sound}\n")
    path.write_text("mine")
    assert mistake("-C", folder, "init", table).endswith("exists already; choose --model, or --force to replace it")
    assert path.read_text() == "mine"
    assert run("-C", folder, "init", table, "--force").exit_code == 0
    assert "model: some-table" in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--model", "My Model"], "--model 'My Model' is not of the right form; write at most", id="model"),
        pytest.param(["--model", "../up"], "is not of the right form; write at most 63 of a-z", id="a way out"),
        pytest.param(["--timezone", "Mars"], "unknown time zone 'Mars'; write one such as UTC", id="zone"),
        pytest.param(["--url", "${NOPE}"], "--url: the environment has no variable NOPE; set it", id="variable"),
        pytest.param(
            ["--url", f"postgresql://u:{SECRET}@h/d"],
            "--url holds a password; write PREDICTIONS_URL=... into ",
            id="password",
        ),
        *(
            pytest.param(["--url", url], "--url holds a password; write PREDICTIONS_URL=... into ", id=url[:30])
            for url in (
                f"postgresql://h/d?user=u&password={SECRET}",
                f"postgresql://h/d?sslpassword={SECRET}",
                f"sqlite:///x.db?key=a{SECRET}${{HOME}}",
                f"mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3D{SECRET}",
                f"databricks://token:{SECRET}@h",
            )
        ),
        pytest.param(["--url", f"postgresql://h/d?password=a@{SECRET}"], "--url: the URL holds an @", id="an @"),
    ],
)
def test_a_mistake_of_init_leaves_nothing_behind(table: Path, arguments: list[str], message: str) -> None:
    output = mistake("-C", table.parent, "init", table, *arguments)
    assert message in output
    assert SECRET not in output
    assert not list(table.parent.glob("**/*.yaml"))


@pytest.mark.parametrize(
    ("days", "command"),
    [
        pytest.param(["2013-05-01"], "run t --day 2013-05-01", id="one day"),
        pytest.param(
            ["2013-05-01", "2013-05-02", "2013-05-03"], "backfill t --from 2013-05-01 --to 2013-05-03", id="three days"
        ),
        pytest.param(["2199-05-01"], "run t", id="none that is over"),
        pytest.param(
            ["2013-05-01", "2013-05-02", "2199-05-01"], "backfill t --from 2013-05-01 --to 2013-05-02", id="two"
        ),
    ],
)
def test_init_says_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: list[str], command: str
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    times = [datetime.fromisoformat(f"{day}T12:00+00:00") for day in days]
    pq.write_table(pa.table({"predicted_at": times, "prediction": ["yes" for _ in days]}), folder / "t.parquet")
    monkeypatch.chdir(tmp_path)
    output = run("-C", "a folder", "init", "t.parquet").stdout
    prefix = "lamplighter -C 'a folder'"
    assert output.splitlines()[-2:] == [f"next: {prefix} validate", f"      {prefix} {command}"]
    monkeypatch.chdir(folder)
    assert run("init", "t.parquet", "--force").stdout.endswith(f"      lamplighter {command}\n")


def test_init_into_a_folder_that_cannot_be_written(table: Path) -> None:
    (table.parent / "monitors").write_text("a file in the way")
    assert "cannot be written" in mistake("-C", table.parent, "init", table)


def test_init_of_a_table_without_times(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "t.parquet")
    output = mistake("-C", tmp_path, "init", tmp_path / "t.parquet")
    assert "t.parquet: no column holds timestamps, or ISO 8601 text in every row; a monitor needs the time" in output


def test_json_of_status_can_be_read(folder: Path) -> None:
    assert [row["model"] for row in json.loads(run("-C", folder, "status", "--json").stdout)] == [
        "first",
        "second",
        "third",
    ]
