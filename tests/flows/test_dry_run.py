"""A retraining that keeps nothing, and says what one that keeps something then does."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, recall_score

from lamplighter.core.retraining.policy import Status
from lamplighter.errors import ModelError, MonitorError
from storage.history import open_history
from storage.history.query import dump
from storage.project.folder import Project
from storage.registry.versions import checksum_of
from tasks.retraining.trial import dry_run, trial_folder
from tests.flows import loop_world
from tests.flows.loop_world import adopt_first, call, ledger, logical_date, one_run
from tests.flows.runs import edit
from tests.receivers import Receiver

NOW = ("--now", "2025-03-23T09:00Z")


def kept(project: Project) -> tuple[object, str]:
    """All that is recorded, and all files but locks and what Python compiles."""
    spare = {path for path in project.root.rglob("*") if path.suffix in (".lock", ".pyc") or ".db" in path.name}
    shutil.rmtree(project.root / "__pycache__", ignore_errors=True)
    files = {str(path): path.read_bytes() for path in project.root.rglob("*") if path.is_file() and path not in spare}
    return dump(open_history(project)), repr(sorted((name, hash(content)) for name, content in files.items()))


@pytest.mark.long
@pytest.mark.parametrize("adopted", [True, False], ids=["a champion of the registry", "the answers that were logged"])
def test_it_says_what_a_retraining_then_does(turned: Project, receiver: Receiver, adopted: bool) -> None:
    edit(turned, "turning", ("retrain:", f"notify: json://{receiver.url}\nretrain:"))
    if adopted:
        adopt_first(turned)
    one_run(turned, with_retraining=False, is_present=False)
    before = kept(turned)
    code, text = call(turned, "retrain", "turning", "--dry-run", "--json", *NOW)
    assert code == 0, text
    assert kept(turned) == before
    assert not trial_folder(turned, "turning").exists()
    assert receiver.got == []
    output = json.loads(text)

    assert call(turned, "retrain", "turning", *NOW)[0] == 0
    (entry,) = ledger(turned)
    assert (output["decision"], entry.status) == ("promoted", Status.PROMOTED)
    gain = output["gain"]
    assert (gain["metric"], gain["value"], gain["lower"], gain["upper"], gain["n"]) == (
        entry.metric, entry.gain, entry.lower, entry.upper, entry.n,
    )  # fmt: skip
    assert (output["champion"] or "") == entry.champion == ("first" if adopted else "")


@pytest.mark.long
def test_both_models_against_scikit_learn(turned: Project) -> None:
    """The accuracies of the table are those of the two rules on the rows of the days that it names."""
    adopt_first(turned)
    output = json.loads(call(turned, "retrain", "turning", "--dry-run", "--json", *NOW)[1])
    asked = pd.read_parquet(turned.root / "asked.parquet")
    day = asked["at"].dt.strftime("%Y-%m-%d")
    asked = asked[(day >= output["compared"]["first"]) & (day <= output["compared"]["last"])]
    assert output["compared"]["rows"] == len(asked) == 3 * loop_world.ROWS
    (accuracy,) = [it for it in output["metrics"] if it["metric"] == "accuracy"]
    recalls = []
    for name, sign in (("champion", 1), ("challenger", -1)):
        answers = np.asarray((sign * asked["x"] + 4) / 8 > 0.5, int)
        assert accuracy[name]["value"] == pytest.approx(accuracy_score(asked["truth"], answers))
        recalls.append(recall_score(asked["truth"], answers, average=None))
        assert accuracy[name]["lower"] < accuracy[name]["value"] < accuracy[name]["upper"]
    difference = accuracy["challenger"]["value"] - accuracy["champion"]["value"]
    assert output["gain"]["value"] == pytest.approx(difference)
    assert [(it["class"], it["metric"]) for it in output["classes"]] == [("0", "recall"), ("1", "recall")]
    assert [it["gain"] for it in output["classes"]] == pytest.approx((recalls[1] - recalls[0]).tolist())


def test_the_table(turned: Project) -> None:
    adopt_first(turned, sign=-1)
    code, text = call(turned, "retrain", "turning", "--dry-run", *NOW)
    assert code == 0
    lines = text.splitlines()
    assert lines[0] == "turning: dry run, nothing is kept"
    assert lines[1].startswith("trained   ")
    assert "champion  first" in lines
    heading = lines.index(next(line for line in lines if line.startswith("metric ")))
    assert lines[heading + 1].split()[0] == "accuracy"
    assert "recall by class, the worst first" in lines
    assert lines[-1].startswith("would be rejected: accuracy gains 0, at 90% at least")
    edit(turned, "turning", ("accept: {metric: accuracy, days: 3d}", "accept: {metric: accuracy, days: 3d, gain: -1}"))
    assert (
        call(turned, "retrain", "turning", "--dry-run", *NOW)[1]
        .splitlines()[-1]
        .startswith("would be promoted: accuracy")
    )
    edit(turned, "turning", ("  window: 30d\n", "  window: 30d\n  approval: true\n"))
    text = call(turned, "retrain", "turning", "--dry-run", *NOW)[1]
    assert "would wait for `lamplighter approve turning`: accuracy gains" in text


@pytest.mark.long
def test_what_would_forbid_a_retraining_now_is_said(waiting: Project) -> None:
    output = json.loads(call(waiting, "retrain", "turning", "--dry-run", "--json", *NOW)[1])
    assert output["veto"] == "version 2025-03-23 of 2025-03-23 waits for `lamplighter approve turning`"
    assert [entry.status for entry in ledger(waiting)] == [Status.WAITING]


def test_a_trainer_that_fails_leaves_nothing(turned: Project) -> None:
    (turned.root / "trainer.py").write_text("def train(rows, folder, version):\n    raise ValueError('no idea')\n")
    before = dump(open_history(turned))
    code, text = call(turned, "retrain", "turning", "--dry-run", *NOW)
    assert (code, text) == (2, "lamplighter: trainer.py:train: train failed: ValueError at trainer.py:2: no idea\n")
    assert dump(open_history(turned)) == before
    assert not trial_folder(turned, "turning").exists()


def test_a_trainer_cannot_spoil_the_champion(turned: Project) -> None:
    """It gets copies, as in a retraining that counts."""
    adopt_first(turned)
    place = turned.home / "models" / "turning" / "first"
    before = checksum_of(place)
    spoils = loop_world.TRAINER.replace(
        "def train(rows, folder, version):", "def train(rows, folder, version, previous):"
    )
    spoils = spoils.replace("    newest =", "    (previous / 'model.json').write_text('{}')\n    newest =")
    (turned.root / "trainer.py").write_text(spoils)
    assert call(turned, "retrain", "turning", "--dry-run", *NOW)[0] == 0
    assert checksum_of(place) == before


@pytest.mark.long
def test_what_a_killed_one_left_is_removed_by_the_next_run(turned: Project) -> None:
    folder = trial_folder(turned, "turning")
    folder.mkdir(parents=True)
    (folder / "train.parquet").write_text("rows")
    one_run(turned)
    assert not folder.exists()


def test_where_nothing_can_be_tried(turned: Project, tmp_path: Path) -> None:
    edit(turned, "turning", ("  trainer: trainer.py:train\n", "  deployment: team/train\n"))
    edit(turned, "turning", ("  accept: {metric: accuracy, days: 3d}\n", ""))
    with pytest.raises(MonitorError, match="its training is a deployment, of which nothing can be tried"):
        dry_run(logical_date(turned))
    young = loop_world.make(tmp_path / "young")
    one_run(young, loop_world.FIRST)
    with pytest.raises(ModelError, match="no window has final labels; wait for them"):
        dry_run(logical_date(young, loop_world.FIRST + timedelta(days=1)))
