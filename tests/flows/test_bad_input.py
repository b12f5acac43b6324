"""Bad input: one clear line, what is sound is measured, and once mended the history is that of a sound run."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from flows.run_window import run_window
from flows.stage_functions import Stages
from lamplighter.errors import HistoryError, MonitorError, SourceError
from storage.history import open_history
from storage.history.query import Filter, findings, measurements, newest_windows
from storage.project.folder import Project
from tasks.stages.run_context import RunContext
from tasks.stages.validate import validate
from tests.flows.conftest import Ran
from tests.flows.runs import many_runs, one_run, recorded
from tests.long_cases import long_but_for

FIRST, DAY, LAST = date(2025, 3, 3), date(2025, 3, 6), date(2025, 3, 8)
LOG, TRUTH = "data/predictions/day=2025-03-06/part.parquet", "data/labels/day=2025-03-06/part.parquet"


def rewrite(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        change(pd.read_parquet(path)).to_parquet(path, index=False)

    return damage


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def deliver_twice(path: Path) -> None:
    shutil.copy(path, path.with_name("again.parquet"))


def nothing(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:0]


DAMAGE: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "log absent": (LOG, Path.unlink, "no predictions in 2025-03-06; is the log there?"),
    "log cut in half": (LOG, cut_in_half, "part.parquet: is cut short: it begins as Parquet and its end"),
    "log empty": (LOG, rewrite(nothing), "no predictions in 2025-03-06"),
    "feature missing": (LOG, rewrite(lambda f: f.drop(columns="amount")), "feature column 'amount' is missing; it has"),
    "feature renamed": (
        LOG,
        rewrite(lambda f: f.rename(columns={"amount": "amont"})),
        "feature column 'amount' is missing",
    ),
    "feature of another type": (
        LOG,
        rewrite(lambda f: f.assign(amount="much")),
        "column 'amount' holds text, not numbers; restore its type",
    ),
    "prediction missing": (LOG, rewrite(lambda f: f.drop(columns="answer")), "prediction column 'answer' is missing"),
    "id missing": (LOG, rewrite(lambda f: f.drop(columns="id")), "id column 'id' is missing"),
    "time missing": (LOG, rewrite(lambda f: f.drop(columns="at")), "no time column 'at'; it has id,"),
    "time of another type": (LOG, rewrite(lambda f: f.assign(at=1)), "holds numbers such as 1; declare time_unit"),
    "day of nulls": (
        LOG,
        rewrite(lambda f: f.assign(amount=np.nan, answer=None, score=np.nan)),
        "column 'amount' is null in every row; mend its feed",
    ),
    "infinite values": (
        LOG,
        rewrite(lambda f: f.assign(amount=np.inf)),
        "column 'amount' is infinite in 120 of 120 rows",
    ),
    "labels without a prediction": (
        TRUTH,
        rewrite(lambda f: f.assign(id="z" + f["id"])),
        "have no prediction in the windows at hand",
    ),
    "labels cut in half": (TRUTH, cut_in_half, "is cut short: it begins as Parquet"),
    "label column missing": (TRUTH, rewrite(lambda f: f.drop(columns="truth")), "no label column 'truth'; it has id,"),
}


USUAL = ("log absent", "feature renamed", "labels cut in half")


@pytest.mark.parametrize("name", long_but_for(DAMAGE, USUAL))
def test_a_clear_line_and_nothing_lost(ran: Ran, parquet_until: Callable[[date], Path], name: str) -> None:
    world, (place, damage, line) = ran(date(2025, 3, 5)), DAMAGE[name]
    sound = (world.root / place).read_bytes()
    damage(world.root / place)
    outcome = one_run(world, "parquet", DAY)
    messages = [finding.message for finding in outcome.findings]
    output = [message for message in messages if line in message]
    assert output, messages
    assert all("\n" not in message for message in output)
    assert "completed with findings" in outcome.message

    for path in (world.root / place).parent.glob("*.parquet"):
        path.unlink()
    (world.root / place).write_bytes(sound)
    many_runs(world, "parquet", DAY, LAST)
    assert recorded(world)["measurement"] == recorded(Project.open(parquet_until(LAST)))["measurement"]


def values(world: Project, metric: str, feature: str = "") -> dict[str, tuple[float | None, str]]:
    found = measurements(open_history(world), "parquet", Filter(metric=metric, feature=feature, segment="", version=""))
    return {f"{row['window_start']:%Y-%m-%d}": (row["value"], row["reason"]) for row in found}


def test_what_is_sound_is_measured(world: Project) -> None:
    rewrite(lambda f: f.drop(columns="amount"))(world.root / LOG)
    many_runs(world, "parquet", DAY, LAST)
    assert values(world, "missing_ratio", "age")["2025-03-05"] == (0.0, "")
    assert values(world, "f1")["2025-03-05"][0] is not None
    assert values(world, "columns_missing")["2025-03-05"] == (1.0, "")


def test_one_class_only(world: Project) -> None:
    for path in world.root.glob("data/labels/*/part.parquet"):
        rewrite(lambda f: f.assign(truth=0))(path)
    many_runs(world, "parquet", FIRST, LAST)
    value, reason = values(world, "roc_auc")["2025-03-02"]
    assert value is None
    assert reason == "no label is 1"


def test_an_unseen_category(world: Project) -> None:
    rewrite(lambda f: f.assign(plan=np.where(np.arange(len(f)) < 30, "new", f["plan"])))(world.root / LOG)
    one_run(world, "drifting", DAY)
    found = measurements(open_history(world), "drifting", Filter(metric="unseen_ratio", feature="plan"))
    expected = pd.read_parquet(world.root / LOG)["plan"].eq("new").mean()
    assert found[0]["value"] == pytest.approx(expected)


def test_ids_repeated_are_counted_and_left_out(world: Project) -> None:
    one_run(world, "parquet", DAY)
    before = values(world, "rows")
    deliver_twice(world.root / LOG)
    one_run(world, "parquet", DAY)
    assert values(world, "rows") == before
    assert values(world, "repeated_ratio")["2025-03-05"][0] >= 0.5


def test_ids_repeated_are_reported_where_the_monitor_says_error(world: Project) -> None:
    path = world.root / "monitors" / "parquet.yaml"
    path.write_text(path.read_text().replace("  id: id\n", "  id: id\n  duplicates: error\n", 1))
    deliver_twice(world.root / LOG)
    outcome = one_run(world, "parquet", DAY)
    assert any("repeat an id; the first of each was taken" in finding.message for finding in outcome.findings)


def test_a_label_source_that_is_down_leaves_what_was_known(world: Project) -> None:
    many_runs(world, "sql", FIRST, DAY)
    before = recorded(world)
    engine = sa.create_engine(f"sqlite:///{world.root}/data/world.db")
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE labels RENAME TO hidden"))
    outcome = one_run(world, "sql", LAST)
    assert any("sqlite /" in finding.message and "labels" in finding.message for finding in outcome.findings)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE hidden RENAME TO labels"))
    engine.dispose()
    kept = {row for row in recorded(world)["measurement"] if row[1].date() < date(2025, 3, 7)}
    assert kept == set(before["measurement"])


def test_a_source_that_is_down_fails_the_run_with_one_line(world: Project) -> None:
    (world.root / "data" / "world.db").unlink()
    with pytest.raises(SourceError, match=r"sqlite .*world.db table predictions: .*") as failure:
        one_run(world, "sql", DAY)
    assert "\n" not in str(failure.value)


def test_a_history_that_cannot_be_reached(world: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", "postgresql+psycopg://somebody:hidden@127.0.0.1:1/history")
    with pytest.raises(HistoryError, match="history postgresql") as failure:
        one_run(Project.open(world.root), "parquet", DAY)
    assert "hidden" not in str(failure.value)


def test_a_full_disk_in_the_reports_folder(world: Project) -> None:
    folder = world.home / "reports"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A folder that cannot be made, as root may write where no other user may.
    folder.write_text("in the way")
    outcome = run_window(RunContext.of(world, world.monitor("drifting"), DAY), Stages.plain())
    assert any("report: " in finding.message and "cannot be written" in finding.message for finding in outcome.findings)
    assert recorded(world)["measurement"]


def test_a_pushgateway_that_is_down(world: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.sinks.pushgateway.RETRY_SECONDS", (0.01,))
    monkeypatch.setenv("LAMPLIGHTER_PUSHGATEWAY_URL", "http://127.0.0.1:1")
    outcome = one_run(Project.open(world.root), "parquet", DAY)
    (unpublished,) = [finding for finding in outcome.findings if "Pushgateway does not answer" in finding.message]
    assert recorded(world)["measurement"]
    # It is of the run, and no finding of its window: the run keeps it, and nothing that is recorded already.
    (run,) = newest_windows(open_history(world))
    kept = {"code": "publish-failed", "subject": "", "message": unpublished.message}
    assert kept in run["findings"]
    assert not {row["message"] for row in findings(open_history(world), "parquet", Filter())} & {
        row["message"] for row in run["findings"]
    }


def test_a_renamed_model_takes_its_gauges_away_and_leaves_its_history(world: Project) -> None:
    one_run(world, "parquet", DAY)
    assert (world.home / "gauges" / "parquet.prom").exists()
    path = world.root / "monitors" / "parquet.yaml"
    path.write_text(path.read_text().replace("model: parquet", "model: renamed"))
    one_run(world, "renamed", DAY)
    assert sorted(path.stem for path in (world.home / "gauges").glob("*.prom")) == ["renamed"]
    assert {row[0] for row in recorded(world)["measurement"]} == {"parquet", "renamed"}


def test_the_spool_is_private_and_gone_after_the_run(world: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(*arguments: object) -> object:
        seen.extend(stat.S_IMODE(path.stat().st_mode) for path in world.home.rglob("spool/**/*.parquet"))
        return validate(*arguments)

    one_run(world, "sql", DAY, replace(Stages.plain(), validate=look))
    assert set(seen) == {0o600}
    assert not list(world.home.rglob("spool/**/*.parquet"))


def test_a_run_that_fails_leaves_a_gauge_that_says_so(world: Project) -> None:
    many_runs(world, "sql", FIRST, DAY)
    before = gauges_of(world, "sql")
    (world.root / "data" / "world.db").unlink()
    with pytest.raises(SourceError):
        one_run(world, "sql", LAST)
    after = gauges_of(world, "sql")
    assert after["run_last_timestamp_seconds"] > before["run_last_timestamp_seconds"]
    assert after["run_last_success_timestamp_seconds"] <= before["run_last_timestamp_seconds"] + 60
    assert after["run_last_timestamp_seconds"] > after["run_last_success_timestamp_seconds"]
    assert after["data_rows"] == before["data_rows"]


def gauges_of(world: Project, model: str) -> dict[str, float]:
    """The gauges of a model that have no other label than its name."""
    found = {}
    for line in (world.home / "gauges" / f"{model}.prom").read_text().splitlines():
        name, _, rest = line.partition("{")
        labels, _, value = rest.partition("} ")
        if labels == f'model="{model}"':
            found[name.removeprefix("lamplighter_")] = float(value)
    return found


def test_a_repeated_run_still_reports_what_failed(world: Project) -> None:
    path = world.root / "monitors" / "_shared.yaml"
    path.write_text(path.read_text().replace("above: 0.2", "above: 0.0"))
    first, again = one_run(world, "parquet", DAY), one_run(world, "parquet", DAY)
    assert [decision.check.name for decision in first.failed_checks] == ["missing_ratio-amount-above"]
    assert again.decisions == first.decisions


def test_a_check_on_drifting_answers_is_decided_by_a_version(world: Project) -> None:
    path = world.root / "monitors" / "drifting.yaml"
    text = path.read_text().replace("  score: score\n", "  score: score\n  version: version\n")
    path.write_text(text + "  - {metric: prediction_drift_p_value, feature: score, below: 0.0}\n")
    (decision,) = (decision for decision in one_run(world, "drifting", DAY).decisions if decision.check.feature)
    wanted = Filter(metric="prediction_drift_p_value", feature="score", version="v1")
    (recorded_value,) = measurements(open_history(world), "drifting", wanted)
    assert decision.verdict.value == "passed"
    assert decision.value == recorded_value["value"] > 0


def test_a_run_that_is_still_to_come_is_refused(world: Project) -> None:
    """Those before it would find that later ones have been judged, and open no incident and train nothing."""
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)
    with pytest.raises(MonitorError, match=r"^parquet: .* is still to come; give a time that has passed, or none$"):
        RunContext.of(world, world.monitor("parquet"), DAY, now)
