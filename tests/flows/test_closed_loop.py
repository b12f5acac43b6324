"""The closed loop, day by day: a world that changes is noticed, learned and served; what fails leaves a reason."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest

from flows.run_retraining import RetrainStages, bring_to_end
from lamplighter.core.retraining.policy import Entry, Status
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import ModelError
from storage.history import open_history
from storage.history.incidents import all_incidents
from storage.history.promotions import champion, promotions
from storage.history.query import dump
from storage.history.tables import finding
from storage.project.folder import Project
from storage.registry.trainer import TrainerProcess
from storage.registry.versions import Registry
from tasks.retraining import answer
from tasks.retraining.job import Retraining
from tasks.retraining.request import request_retraining
from tests.flows import loop_world
from tests.flows.loop_world import DAY, ledger, logical_date, one_run, run_quietly
from tests.flows.runs import edit
from tests.long_cases import long_but_for
from tests.storage.history.recorded import write

# The whole way.


def test_a_turn_is_noticed_and_learned(tmp_path: Path) -> None:
    project = loop_world.make(tmp_path / "world")
    loop_world.replay(project)
    assert [entry.status for entry in ledger(project)] == [Status.REJECTED, Status.PROMOTED]
    (promotion,) = promotions(open_history(project), "turning")
    assert (promotion.version, promotion.cause) == (ledger(project)[-1].version, "check accuracy-below")
    (incident,) = all_incidents(open_history(project))
    assert incident["closed_on"] is not None
    vetoed = [entry for entry in ledger(project, vetoed=True) if entry.status is Status.VETOED]
    assert {entry.reason for entry in vetoed} == {
        "the cooldown of 4d runs until 2025-03-23",
        "the cooldown of 4d runs until 2025-03-27",
    }


@pytest.mark.long
def test_a_repeated_run_requests_nothing_again(turned: Project) -> None:
    one_run(turned)
    before = dump(open_history(turned))
    one_run(turned)
    assert dump(open_history(turned)) == before
    assert len(promotions(open_history(turned), "turning")) == 1


def test_a_backfill_trains_nothing(turned: Project) -> None:
    one_run(turned, with_retraining=False)
    assert ledger(turned, vetoed=True) == []
    assert promotions(open_history(turned), "turning") == []


# What a trainer may do.

RAISES = "def train(rows, folder, version):\n    raise ValueError('no idea')\n"
EXITS = "import os\ndef train(rows, folder, version):\n    os._exit(3)\n"
DIES = "import os\ndef train(rows, folder, version):\n    os.kill(os.getpid(), 11)\n"
EATS = "def train(rows, folder, version):\n    eaten = bytearray(6 << 30)\n"
HALF = "def train(rows, folder, version):\n    (folder / 'model.json').write_text('{')\n"
TORN = (
    "def train(rows, folder, version):\n"
    "    rows.assign(version=version).to_parquet(folder / 'reference.parquet')\n"
    "    whole = (folder / 'reference.parquet').read_bytes()\n"
    "    (folder / 'reference.parquet').write_bytes(whole[: len(whole) // 2])\n"
)
NULLS = (
    "def train(rows, folder, version):\n"
    "    rows.assign(answer=None, version=version).to_parquet(folder / 'reference.parquet')\n"
)
SILENT = loop_world.TRAINER.replace('{"answer": (score > 0.5).astype(int)', '{"answer": (score > 0.5).where(score > 9)')
SHORT = loop_world.TRAINER.replace('["sign"]))', '["sign"])).head(3)')
FAULTS = {
    "raises": (RAISES, "trainer.py:train: train failed: ValueError at trainer.py:2: no idea"),
    "exits": (EXITS, "trainer.py:train: train failed: ended with code 3"),
    "dies": (DIES, "trainer.py:train: train was ended by SIGSEGV"),
    "eats memory": (EATS, "trainer.py:train: train failed: MemoryError at trainer.py:2"),
    "half a folder": (HALF, "trainer.py:train: reference.parquet is not there; write what"),
    "a torn file": (TORN, "trainer.py:train: reference.parquet cannot be read: "),
    "answers nulls out of fold": (NULLS, "trainer.py:train: reference.parquet has no answer in 'answer'; a model"),
    "answers too few": (SHORT, "trainer.py:train: predict failed: it answered (3, 2) to 600 rows"),
    "no such function": ("x = 1\n", "trainer.py:train: train failed: "),
}


def failed(project: Project, fault: str) -> Entry:
    """What is recorded of a retraining whose trainer fails, which leaves neither rows nor half a version."""
    (project.root / "trainer.py").write_text(FAULTS[fault][0])
    edit(project, "turning", ("  window: 30d\n", "  window: 30d\n  memory: 4096\n"))
    one_run(project)
    (entry,) = ledger(project)
    assert not list((project.home / "spool").glob("*.retraining"))
    assert not list((project.home / "models" / "turning").glob(".2*"))
    return entry


@pytest.mark.parametrize("fault", long_but_for(FAULTS, ["raises", "dies"]))
def test_a_trainer_that_fails_leaves_the_champion_and_a_reason(turned: Project, fault: str) -> None:
    entry = failed(turned, fault)
    assert entry.status is Status.FAILED
    assert entry.reason.startswith(FAULTS[fault][1])
    assert champion(open_history(turned), "turning") is None


@pytest.mark.long
@pytest.mark.parametrize("fault", ["dies", "half a folder"])
def test_after_a_trainer_that_failed_the_next_run_learns(turned: Project, fault: str) -> None:
    failed(turned, fault)
    (turned.root / "trainer.py").write_text(loop_world.TRAINER)
    one_run(turned, DAY + timedelta(days=1))
    assert [entry.status for entry in ledger(turned)] == [Status.FAILED, Status.PROMOTED]


def test_what_a_trainer_says_of_private_values_is_in_no_record(turned: Project) -> None:
    says = "def train(rows, folder, version):\n    raise ValueError(f'cannot read {rows[\"z\"].iloc[0]}')\n"
    (turned.root / "trainer.py").write_text(says)
    edit(turned, "turning", ("segments: [region]", "segments: [region]\nprivate: [z]"))
    one_run(turned)
    said = "ValueError at trainer.py:2; what it says is left out, as the monitor has private columns"
    assert ledger(turned)[0].reason == f"trainer.py:train: train failed: {said}"
    (turned.root / "trainer.py").write_text(says.replace("raise ValueError", "print") + "    import os; os._exit(3)\n")
    one_run(turned, DAY + timedelta(days=1))
    assert ledger(turned)[1].reason == "trainer.py:train: train failed: ended with code 3"
    (turned.root / "trainer.py").write_text("int('Jane Doe')\n")
    one_run(turned, DAY + timedelta(days=3))
    assert ledger(turned)[2].reason == f"trainer.py:train: train failed: {said.replace(':2;', ':1;')}"


def test_a_trainer_that_hangs_is_ended(turned: Project, tmp_path: Path) -> None:
    """Whatever it does; all at once, so that one wait is enough."""
    pid = tmp_path / "child.pid"
    stubborn = f"import subprocess; subprocess.run(['sh', '-c', 'trap \"\" TERM; echo $$ > {pid}; sleep 600'])"
    codes = {"busy": "while True: pass", "asleep": "import time; time.sleep(600)", "stubborn": stubborn}
    rows = next((turned.root / "data").rglob("*.parquet"))

    def hang(name: str) -> str:
        (turned.root / f"{name}.py").write_text(f"def train(rows, folder, version):\n    {codes[name]}\n")
        scratch = tmp_path / "scratch" / name
        trainer = TrainerProcess(turned, f"{name}.py:train", timedelta(seconds=4), None, False, scratch)
        with pytest.raises(ModelError) as ended:
            trainer.train(rows, tmp_path, "v", None)
        return str(ended.value)

    with ThreadPoolExecutor() as pool:
        for name, said in zip(codes, pool.map(hang, codes), strict=True):
            assert said.startswith(f"{name}.py:train: train took longer than the time limit of 4 s; raise it")
    # An orphan stays a zombie until its parent waits for it.
    assert not [it for it in psutil.process_iter() if it.pid == int(pid.read_text()) and it.status() != "zombie"]


def test_a_model_that_answers_nulls_alone_fails(turned: Project) -> None:
    (turned.root / "trainer.py").write_text(SILENT)
    one_run(turned)
    (entry,) = ledger(turned)
    assert entry.status is Status.FAILED
    assert "no answer in 'answer'" in entry.reason


def test_a_model_that_answers_some_nulls_is_rejected(turned: Project) -> None:
    some = loop_world.TRAINER.replace("astype(int)", "astype(int).where(rows['x'] < 2)")
    (turned.root / "trainer.py").write_text(some)
    one_run(turned)
    (entry,) = ledger(turned)
    assert entry.status is Status.REJECTED
    assert entry.reason.startswith("null or unreadable answers rise from 0.00% to ")


@pytest.mark.long
def test_of_sparse_labels_all_are_compared_on(turned: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (turned.root / "data" / "labels").rglob("*.parquet"):
        pd.read_parquet(path).iloc[::4].to_parquet(path, index=False)
    run_quietly(turned, DAY - timedelta(days=4), DAY - timedelta(days=1))
    monkeypatch.setattr(answer, "MOST_ROWS", 145)
    one_run(turned)
    (entry,) = ledger(turned)
    assert entry.n == 145


# What a trainer sees.

SAYS = '    (folder / "windows.json").write_text(json.dumps(sorted(set(rows["__window__"]))))'
SEES = loop_world.TRAINER.replace("    return {", f"{SAYS}\n    return {{", 1)


def test_what_was_broken_is_neither_learned_from_nor_compared_on(turned: Project) -> None:
    (turned.root / "trainer.py").write_text(SEES)
    broken = [date(2025, 3, 11), date(2025, 3, 20)]
    write(open_history(turned), finding, [scale_changed(day) for day in broken])
    one_run(turned)
    (entry,) = ledger(turned)
    learned = json.loads((turned.home / "models" / "turning" / entry.version / "windows.json").read_text())
    days = [date(2025, 3, 3) + timedelta(days=number) for number in range(16)]
    assert learned == [f"{day}" for day in days if day != broken[0]]
    assert (entry.status, entry.n) == (Status.PROMOTED, 2 * loop_world.ROWS)


def scale_changed(day: date) -> dict[str, Any]:
    """A finding of a day's window."""
    window = Window.of("turning", Grain.DAY, "UTC", day)
    key = {"model": "turning", "window_start": window.start, "grain": "1d", "code": "scale-changed", "subject": "x"}
    return {**key, "known_on": window.end, "family": "data", "message": "column 'x' is 10 times what it was"}


def test_a_model_sees_neither_the_truth_nor_what_was_answered(turned: Project) -> None:
    names = "['__window__', 'at', 'id', 'region', 'version', 'x', 'z']"
    peeks = f"    import pandas as pd\n\n    assert sorted(rows) == {names}, sorted(rows)\n"
    (turned.root / "trainer.py").write_text(loop_world.TRAINER.replace("    import pandas as pd\n", peeks))
    one_run(turned)
    (entry,) = ledger(turned)
    assert (entry.status, entry.reason) == (Status.PROMOTED, "")


WRITES = loop_world.TRAINER.replace(
    "    import pandas as pd\n", "    import pandas as pd\n\n    (folder / 'cache').touch()\n"
)
WRITES = WRITES.replace("def train(rows, folder, version):", "def train(rows, folder, version, previous):").replace(
    "    newest =", "    (previous / 'model.json').write_text('{}')\n    newest ="
)


def test_what_user_code_writes_into_a_version_is_not_the_versions(turned: Project) -> None:
    loop_world.adopt_first(turned)
    (turned.root / "trainer.py").write_text(WRITES)
    one_run(turned)
    (entry,) = ledger(turned)
    assert (entry.status, entry.reason) == (Status.PROMOTED, "")
    registry = Registry(turned.home, open_history(turned), "turning")
    assert [registry.verified(version).is_dir() for version in ("first", entry.version)] == [True, True]


def test_hard_rows_cannot_be_left_unscored(turned: Project) -> None:
    edit(turned, "turning", ("accept: {metric: accuracy", "accept: {metric: roc_auc"))
    score = 'score = (sign * rows["x"] + 4) / 8'
    unscored = loop_world.TRAINER.replace('"score": score}', '"score": score.where(rows["x"].abs() > 0.8)}')
    assert score in unscored
    (turned.root / "trainer.py").write_text(unscored)
    one_run(turned)
    (entry,) = ledger(turned)
    assert (entry.status, entry.reason[:26]) == (Status.REJECTED, "null or unreadable answers")


def test_a_link_is_no_part_of_a_version(turned: Project) -> None:
    linked = "    (folder / 'weights').symlink_to('/etc')\n    return {"
    (turned.root / "trainer.py").write_text(loop_world.TRAINER.replace("    return {", linked, 1))
    one_run(turned)
    (entry,) = ledger(turned)
    assert entry.status is Status.FAILED
    assert "weights is a link" in entry.reason


def test_a_model_that_was_changed_since_is_not_asked(turned: Project) -> None:
    loop_world.adopt_first(turned)
    one_run(turned, with_retraining=False)
    request_retraining(logical_date(turned))

    def tampered(work: Retraining) -> Retraining:
        trained = RetrainStages.plain().train(work)
        (turned.home / "models" / "turning" / "first" / "model.json").write_text('{"sign": 1, "more": 1}')
        return trained

    work = Retraining.of(turned, turned.monitor("turning"), ledger(turned)[0])
    ended = bring_to_end(work, replace(RetrainStages.plain(), train=tampered)).entry
    assert ended.status is Status.FAILED
    assert "models/turning/first: is not what was registered" in ended.reason


def test_a_veto_stays_although_its_reason_goes(promoted: Project) -> None:
    one_run(promoted, DAY + timedelta(days=1))
    before = ledger(promoted, vetoed=True)
    edit(promoted, "turning", ("cooldown: 4d", "cooldown: 0d"))
    one_run(promoted, DAY + timedelta(days=1))
    assert ledger(promoted, vetoed=True) == before


# What is kept.


def test_what_has_ended_stays_as_it_ended(turned: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def unwritable(registry: Registry) -> None:
        raise ModelError("champion.json: cannot be written")

    with monkeypatch.context() as patched:
        patched.setattr(Registry, "repair_pointer", unwritable)
        with pytest.raises(ModelError, match=r"champion\.json"):
            one_run(turned)
    assert [entry.status for entry in ledger(turned)] == [Status.PROMOTED]
    work = Retraining.of(turned, turned.monitor("turning"), replace(ledger(turned)[0], status=Status.REQUESTED))
    with pytest.raises(ModelError, match="the retraining of 2025-03-23 has gone on meanwhile"):
        work.save(attempt=2)
    one_run(turned)
    assert (turned.home / "models" / "turning" / "champion.json").is_file()


def test_private_columns_are_in_no_file_that_stays(turned: Project) -> None:
    edit(turned, "turning", ("segments: [region]", "segments: [region]\nprivate: [z]"))
    one_run(turned)
    reference = turned.home / "models" / "turning" / "2025-03-23" / "reference.parquet"
    assert "z" not in pq.read_schema(reference).names
    assert "x" in pq.read_schema(reference).names
    assert not list((turned.home / "spool").glob("*.retraining"))


def test_every_stage_has_its_task() -> None:
    plain, tasks = RetrainStages.plain(), RetrainStages.as_tasks()
    for entry in fields(RetrainStages):
        assert getattr(tasks, entry.name).fn is getattr(plain, entry.name)
