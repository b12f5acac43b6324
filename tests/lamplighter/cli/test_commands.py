"""The `lamplighter` command as a whole: help, and mistakes in one line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from lamplighter.cli import COMMANDS, Commands, cli
from tests.lamplighter.cli.called import mistake, run

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


def test_json_of_status_can_be_read(folder: Path) -> None:
    assert [row["model"] for row in json.loads(run("-C", folder, "status", "--json").stdout)] == [
        "first",
        "second",
        "third",
    ]


def test_an_id_that_begins_with_a_dash_is_said_how_to_write() -> None:
    said = mistake("explain", "-5")
    assert said.startswith("lamplighter: No such option '-5'. An id that begins with a dash stands after two: lampl")
    assert "An id" not in mistake("explain", "--modle", "m", "x")
    assert "No such option" not in mistake("explain", "--", "-5")
