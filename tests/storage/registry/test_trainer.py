"""A trainer gets the variables that it needs and no secret, and leaves files that are its owner's."""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from lamplighter.errors import ModelError
from storage.project.folder import Project
from storage.registry.trainer import TrainerProcess

TRAINER = """\
import json, os
from pathlib import Path

def train(rows, folder, version):
    Path(folder, "environment.json").write_text(json.dumps(dict(os.environ)))
    return {f"m{i}": 1.0 for i in range(int(os.environ.get("METRICS", "1")))}

def predict(folder, rows):
    return rows
"""

SECRETS = {
    "LAMPLIGHTER_HISTORY_URL": "postgresql://u:hunter2@h/d",
    "LAMPLIGHTER_PUSHGATEWAY_PASSWORD": "hunter2",
    "SLACK_URL": "slack://hunter2/b/c",
    "PREDICTIONS_URL": "postgresql://u:hunter2@h/d",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
    "PREFECT_API_KEY": "hunter2",
    "HTTPS_PROXY": "http://u:hunter2@proxy",
    "PATHS_OF_MINE": "hunter2",
    "MY_HOME": "hunter2",
}
KEPT = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", "LD_LIBRARY_PATH": "/x"}


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    (tmp_path / "trainer.py").write_text(TRAINER)
    pd.DataFrame({"x": [1.0]}).to_parquet(tmp_path / "rows.parquet")
    (tmp_path / "made").mkdir(mode=0o700)
    return tmp_path / "rows.parquet"


def trained(rows: Path, *environment: str) -> dict[str, str]:
    """Train, and return the variables that the trainer saw."""
    folder, limit = rows.parent, timedelta(minutes=2)
    project = Project.open(folder)
    process = TrainerProcess(project, "trainer.py:train", limit, None, False, folder / "scratch", environment)
    process.train(rows, folder / "made", "v1", None)
    output: dict[str, str] = json.loads((folder / "made" / "environment.json").read_text())
    return output


def test_a_trainer_gets_what_is_the_systems_and_what_is_declared(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SECRETS | KEPT | {"MY_DATA": "d", "lower_case": "l"}).items():
        if not name.startswith("LAMPLIGHTER_"):
            monkeypatch.setenv(name, value)
    project = Project.open(rows.parent)
    for name in ("LAMPLIGHTER_HISTORY_URL", "LAMPLIGHTER_PUSHGATEWAY_PASSWORD"):
        monkeypatch.setenv(name, SECRETS[name])
    process = TrainerProcess(
        project, "trainer.py:train", timedelta(minutes=2), None, False, rows.parent / "s", ("MY_DATA", "lower_case")
    )
    process.train(rows, rows.parent / "made", "v1", None)
    seen = json.loads((rows.parent / "made" / "environment.json").read_text())
    assert not set(seen) & set(SECRETS)
    assert "hunter2" not in json.dumps(seen)
    assert {name: seen.get(name) for name in KEPT} == KEPT
    assert (seen["MY_DATA"], seen["lower_case"], seen["PATH"]) == ("d", "l", os.environ["PATH"])


def test_what_a_trainer_writes_is_its_owners(rows: Path) -> None:
    before = os.umask(0)
    try:
        trained(rows)
    finally:
        os.umask(before)
    written = [
        rows.parent / "made" / "environment.json",
        *(rows.parent / "scratch").rglob("*"),
        rows.parent / "scratch",
    ]
    assert len(written) > 3
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_a_declared_variable_may_stand_in_the_env_file(rows: Path) -> None:
    (rows.parent / ".env").write_text("IN_THE_FILE=f\nANOTHER=hunter2\n")
    seen = trained(rows, "IN_THE_FILE")
    assert (seen.get("IN_THE_FILE"), seen.get("ANOTHER")) == ("f", None)


def test_a_variable_that_is_not_set_is_named(rows: Path) -> None:
    with pytest.raises(ModelError, match=r"retrain\.environment names NO_SUCH_NAME, which is not set; set it"):
        trained(rows, "NO_SUCH_NAME")


def test_a_result_without_end_is_refused(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS", "200000")
    with pytest.raises(ModelError, match="left no result that can be read; return few metrics"):
        trained(rows, "METRICS")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('print("epoch 1"); raise SystemExit', "its process ended before it returned; leave out what ends it, such as"),
        ('print("epoch 1"); os._exit(0)', "its process ended before it returned; leave out what ends it, such as"),
        ('return "good"', "it returned str; return a dict of numbers by name, or None"),
        ('return {"map50": [0.5]}', "it returned list as 'map50'; return numbers by name, or None"),
    ],
)
def test_what_a_trainer_returns_instead_of_metrics_is_said(rows: Path, body: str, said: str) -> None:
    (rows.parent / "trainer.py").write_text(f"import os\ndef train(rows, folder, version):\n    {body}\n")
    with pytest.raises(ModelError, match=re.escape(f"train failed: {said}")):
        trained(rows)
