"""`lamplighter init`: a first monitor file from a table, or one line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.lamplighter.cli.called import mistake, run

SECRET = "hunter2"


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
