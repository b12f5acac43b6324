"""One decision traced: its numbers by hand, and a clear line wherever a part of it is not known."""

from __future__ import annotations

import json
import shutil
import sqlite3
import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import percentileofscore

from storage.project.folder import Project
from tests.flows import loop_world
from tests.flows.loop_world import FIRST, call
from tests.flows.runs import edit

REFERENCE = "reference: {days: 2025-03-03..2025-03-05}\n"
DAY = FIRST + timedelta(days=4)


def make(folder: Path) -> Project:
    """The world of the loop: its first model is a registered champion, and three days were run."""
    project = loop_world.make(folder, loop_world.MONITOR + REFERENCE)
    loop_world.adopt_first(project)
    loop_world.run_quietly(project, DAY - timedelta(days=1), DAY + timedelta(days=1))
    return project


@pytest.fixture
def week(prepared: Callable[..., Project]) -> Project:
    return prepared("explained", make)


@pytest.fixture
def unasked(week: Project) -> Project:
    """The same without a trainer, so that no model is asked."""
    path = week.root / "monitors" / "turning.yaml"
    path.write_text(path.read_text().partition("retrain:")[0] + REFERENCE)
    return week


def file_of(project: Project, day: date = DAY) -> Path:
    return project.root / "data" / "predictions" / f"day={day}" / "part.parquet"


def logged(project: Project, day: date = DAY) -> pd.DataFrame:
    return pd.read_parquet(file_of(project, day))


def rewrite(project: Project, change: Callable[[pd.DataFrame], pd.DataFrame], day: date = DAY) -> None:
    change(logged(project, day)).to_parquet(file_of(project, day), index=False)


def first_id(project: Project) -> str:
    return str(logged(project)["id"].iloc[0])


def explained(project: Project, *arguments: str) -> dict[str, Any]:
    code, output = call(project, "explain", *arguments, "--json")
    assert code == 0, output
    found: dict[str, Any] = json.loads(output)
    return found


def said(project: Project, *arguments: str) -> str:
    code, output = call(project, "explain", *arguments)
    assert code == 0, output
    return output


def refused(project: Project, *arguments: str) -> str:
    code, output = call(project, "explain", *arguments)
    assert code == 2, output
    assert output.count("\n") == 1
    return output


# The whole of it


def test_each_number_is_that_of_a_hand_count(week: Project) -> None:
    row = logged(week).iloc[0]
    reference = pd.concat([logged(week, FIRST + timedelta(days=number)) for number in range(3)])
    found = explained(week, str(row["id"]))
    assert (found["model"], found["window"], found["version"]) == ("turning", f"{DAY}", "first")
    assert found["answer"] == {"answer": row["answer"], "score": row["score"]}
    assert found["logged_too"] == {}

    inputs = {it["name"]: it for it in found["inputs"]}
    for name in ("x", "z"):
        assert inputs[name]["percentile"] == pytest.approx(percentileofscore(reference[name], row[name], kind="mean"))
        assert inputs[name]["typical"] == statistics.median_low(reference[name])
    assert inputs["region"]["share"] == pytest.approx((reference["region"] == row["region"]).mean())
    assert inputs["region"]["typical"] == reference["region"].mode()[0]

    # The rule of the trainer: the score is (x + 4) / 8, whatever z and the region are.
    assert found["moves"]["output"] == "score"
    assert found["moves"]["is_same"]
    assert inputs["x"]["change"] == pytest.approx((inputs["x"]["typical"] - row["x"]) / 8)
    assert [inputs[name]["change"] for name in ("z", "region")] == [0, 0]
    assert found["inputs"][0]["name"] == "x"

    truth = pd.read_parquet(week.root / "asked.parquet").set_index("id")["truth"][row["id"]]
    assert found["truth"]["value"] == truth
    assert found["truth"]["is_right"] is bool(truth == row["answer"])
    assert found["truth"]["arrived"] == (row["at"] + pd.Timedelta(hours=3)).isoformat()
    assert found["run"]["labels_coverage"] == 1.0
    assert list((week.home / "spool").iterdir()) == []


def test_people_read_it_in_a_few_lines(week: Project) -> None:
    rewrite(week, lambda rows: rows.assign(trace_id="4bf92f35"))
    row = logged(week).iloc[0]
    lines = said(week, str(row["id"])).splitlines()
    assert lines[0] == f"turning: {row['id']}, predicted {row['at'].isoformat(' ', 'seconds')} by version first"
    assert lines[1].startswith(f"answered: answer {row['answer']}, score 0.")
    assert lines[2].startswith("truth: ")
    assert lines[3] == "logged too: trace_id 4bf92f35"
    heading = next(line for line in lines if line.startswith("input"))
    assert heading.split() == ["input", "value", "in", "reference", "typical", "then", "moves"]
    assert f"the run of {DAY}: succeeded; the truth of 100 % of its rows is known" in lines


# Which row is meant


def test_an_unknown_id_is_answered_with_the_nearest(unasked: Project) -> None:
    said = refused(unasked, "r99999")
    assert said.startswith("lamplighter: turning: no prediction has the id 'r99999' from 2025-02-03 to 2025-04-05; ")
    assert "--day 2025-02-02 looks at an earlier one" in said
    known = first_id(unasked)
    missed = refused(unasked, f"{known}x", "--day", f"{DAY}")
    assert f"no prediction has the id '{known}x' in {DAY}; did you mean '{known}'?" in missed


def test_what_may_have_hidden_an_id_is_said(unasked: Project) -> None:
    broken = file_of(unasked).parent / "broken.parquet"
    broken.write_bytes(b"PAR1 and no more")
    message = refused(unasked, "r99999", "--day", f"{DAY}")
    assert f"{broken} cannot be read: is cut short" in message
    rewrite(unasked, lambda rows: rows.drop(columns="id"))
    assert "the log has no column id" in refused(unasked, "r99999", "--day", f"{DAY}")
    broken.unlink()
    rewrite(unasked, lambda rows: rows.drop(columns="at"))
    assert "no time column 'at'; it has x" in refused(unasked, "r99999", "--day", f"{DAY}")


def test_a_window_that_is_not_over_says_so(unasked: Project) -> None:
    now = pd.Timestamp.now(tz="UTC").floor("s")
    today = now.date()
    file_of(unasked, today).parent.mkdir()
    logged(unasked).head(1).assign(at=now).to_parquet(file_of(unasked, today), index=False)
    assert f"{today} is not over yet, so no run has looked at it" in said(unasked, first_id(unasked))


def test_an_id_that_was_logged_twice_shows_the_row_that_counts(unasked: Project) -> None:
    known = first_id(unasked)

    def again(rows: pd.DataFrame) -> pd.DataFrame:
        later = rows.iloc[[0]].assign(at=rows["at"].iloc[0] + pd.Timedelta(hours=1), x=3.0)
        return pd.concat([rows, later])

    rewrite(unasked, again)
    found = explained(unasked, known)
    assert found["predicted_at"] == logged(unasked)["at"].iloc[0].isoformat()
    (other,) = found["others"]
    assert f"the id is logged 2 times in {DAY}; not shown: {other['predicted_at'].replace('T', ' ')}" in said(
        unasked, known
    )
    edit(unasked, "turning", ("  id: id\n", "  id: id\n  duplicates: last\n"))
    assert explained(unasked, known)["predicted_at"] == other["predicted_at"]


def test_of_an_id_that_all_rows_have_a_few_are_named(unasked: Project) -> None:
    known = first_id(unasked)
    rewrite(unasked, lambda rows: rows.assign(id=known))
    count = len(logged(unasked))
    lines = said(unasked, known).splitlines()
    (line,) = [line for line in lines if line.startswith(f"the id is logged {count:,} times")]
    assert (line.count("+00:00"), line.endswith(f", and {count - 11:,} more")) == (10, True)


def test_the_newest_window_that_has_the_id_is_shown(unasked: Project) -> None:
    known, later = first_id(unasked), DAY + timedelta(days=2)
    rewrite(unasked, lambda rows: rows.assign(id=[known, *rows["id"].iloc[1:]]), later)
    assert explained(unasked, known)["window"] == f"{later}"
    assert explained(unasked, known, "--day", f"{DAY}")["window"] == f"{DAY}"


def test_several_models_that_know_an_id_are_named(unasked: Project) -> None:
    text = (unasked.root / "monitors" / "turning.yaml").read_text()
    (unasked.root / "monitors" / "other.yaml").write_text(text.replace("model: turning", "model: other"))
    known = first_id(unasked)
    message = refused(unasked, known)
    assert message == f"lamplighter: other, turning know the id '{known}'; choose one by --model\n"
    assert explained(unasked, known, "--model", "other")["model"] == "other"


def test_an_id_of_several_columns_needs_each(unasked: Project) -> None:
    edit(unasked, "turning", ("  id: id\n", "  id: [region, id]\n"))
    row = logged(unasked).iloc[0]
    message = refused(unasked, str(row["id"]))
    assert "1 parts of an id were given, and its id is region and id; give a value for each, in this order" in message
    assert explained(unasked, row["region"], str(row["id"]))["id"] == [row["region"], row["id"]]


def test_a_model_without_ids_says_so(unasked: Project) -> None:
    path = unasked.root / "monitors" / "turning.yaml"
    text = path.read_text().replace("  id: id\n", "").replace('labels: {parquet: "data/labels', "#")
    path.write_text(text.partition("checks:")[0])
    assert "its predictions have no id, so no row can be named; declare predictions.id" in refused(unasked, "a")


# What is not known


def without_version(project: Project) -> str:
    shutil.rmtree(project.home)
    adopt = "`lamplighter adopt turning FOLDER --version first --from DAY --to DAY`"
    return f"version first is not registered; {adopt} registers it, and makes it champion"


def with_changed_files(project: Project) -> str:
    place = project.home / "models" / "turning" / "first" / "model.json"
    place.write_text('{"sign": -1}')
    return "is not what was registered"


def without_trainer(project: Project) -> str:
    path = project.root / "monitors" / "turning.yaml"
    path.write_text(path.read_text().partition("retrain:")[0] + REFERENCE)
    return "the monitor names no trainer, whose predict could be asked"


@pytest.mark.parametrize("spoil", [without_version, with_changed_files, without_trainer])
def test_without_a_version_to_ask_the_rest_is_shown(week: Project, spoil: Callable[[Project], str]) -> None:
    reason = spoil(week)
    found = explained(week, first_id(week))
    assert reason in found["moves"]["reason"]
    assert all(it["change"] is None for it in found["inputs"])
    assert found["inputs"][0]["percentile"] is not None
    assert found["truth"]["is_right"] is not None
    assert f"how each input moves the answer is not known: {found['moves']['reason']}" in said(week, first_id(week))


def test_a_window_that_was_never_run_says_so_and_no_history_is_made(week: Project) -> None:
    shutil.rmtree(week.home)
    assert f"no run of {DAY} is recorded; `lamplighter run turning --day {DAY}` runs it" in said(week, first_id(week))
    assert not (week.home / "history.db").exists()


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("", "the monitor declares no reference"),
        ("reference: {days: 2025-01-03..2025-01-05}\n", "the reference has no rows"),
        ("reference: {parquet: nowhere.parquet}\n", "reference nowhere.parquet: no such file; train the model first"),
    ],
)
def test_without_a_reference_each_input_says_so(unasked: Project, reference: str, reason: str) -> None:
    edit(unasked, "turning", (REFERENCE, reference))
    found = explained(unasked, first_id(unasked))
    assert {it["reason"] for it in found["inputs"]} == {reason}
    assert reason in said(unasked, first_id(unasked))


def test_odd_inputs(unasked: Project) -> None:
    """Null, never seen, and beyond all others."""
    rewrite(unasked, lambda rows: rows.assign(x=[None, *rows["x"].iloc[1:]], z=99.0, region="east"))
    found = {it["name"]: it for it in explained(unasked, first_id(unasked))["inputs"]}
    assert (found["x"]["value"], found["x"]["percentile"], found["x"]["null_share"]) == (None, None, 0)
    assert found["z"]["percentile"] == 100
    assert found["region"]["share"] == 0
    lines = said(unasked, first_id(unasked)).splitlines()
    assert next(line.split() for line in lines if line.startswith("x"))[1:4] == ["null", "0", "%"]
    assert next(line.split() for line in lines if line.startswith("region"))[1:3] == ["east", "unseen"]


def test_a_private_input_is_shown_nowhere(week: Project) -> None:
    edit(week, "turning", ("segments:", "private: [x, email]\nsegments:"))
    rewrite(week, lambda rows: rows.assign(email="jo@example.org"))
    row = logged(week).iloc[0]
    found = explained(week, str(row["id"]))
    (hidden,) = [it for it in found["inputs"] if it["name"] == "x"]
    assert hidden["private"]
    assert [hidden[name] for name in ("value", "percentile", "share", "typical")] == [None] * 4
    assert hidden["change"]  # that it decided is no value of it
    text = said(week, str(row["id"]))
    assert "(private)" in text
    assert "jo@example.org" not in text + json.dumps(found)
    assert f"{row['x']:.4}"[:5] not in text.replace(f"{row['score']:.4}", "")


def test_a_service_that_computes_otherwise_is_found(week: Project) -> None:
    rewrite(week, lambda rows: rows.assign(score=rows["score"] + 0.1))
    known = first_id(week)
    assert not explained(week, known)["moves"]["is_same"]
    assert "was logged: the service computes an input otherwise, or does not log one" in said(week, known)


# The truth


def relabel(project: Project, *labels: tuple[int, datetime]) -> dict[str, Any]:
    """Have the first row of the day get these labels, and no others; returns what is said of its truth."""
    known = first_id(project)
    folder = project.root / "data" / "labels"
    for path in folder.rglob("*.parquet"):
        if path.name == "broken.parquet":
            continue
        rows = pd.read_parquet(path)
        rows[rows["id"] != known].to_parquet(path, index=False)
    for number, (value, at) in enumerate(labels):
        rows = pd.DataFrame({"id": [known], "truth": [value], "arrived": [pd.Timestamp(at)]})
        place = folder / f"day={at.date()}"
        place.mkdir(exist_ok=True)
        rows.to_parquet(place / f"more-{number}.parquet", index=False)
    truth: dict[str, Any] = explained(project, known)["truth"]
    return truth


def test_corrections_and_late_labels_are_told_apart(unasked: Project) -> None:
    noon = datetime(DAY.year, DAY.month, DAY.day, 23, tzinfo=UTC)
    found = relabel(unasked, (0, noon), (1, noon + timedelta(hours=5)), (0, noon + timedelta(days=9)))
    assert found["value"] == 1
    assert [it["value"] for it in found["replaced"]] == [0]
    assert [it["value"] for it in found["late"]] == [0]
    line = said(unasked, first_id(unasked)).splitlines()[2]
    assert "before that: 0, arrived " in line
    assert "too late to count: 0, arrived " in line


def test_a_truth_that_is_not_there_says_why(unasked: Project) -> None:
    noon = datetime(DAY.year, DAY.month, DAY.day, 23, tzinfo=UTC)
    assert relabel(unasked)["reason"] == "none has arrived"
    assert relabel(unasked, (1, noon + timedelta(days=9)))["reason"] == "its labels came too late"
    broken = unasked.root / "data" / "labels" / f"day={DAY}" / "broken.parquet"
    broken.write_bytes(b"PAR1 and no more")
    reason = relabel(unasked)["reason"]
    assert reason.startswith(f"none has arrived, and {broken} cannot be read: is cut short")
    broken.unlink()
    assert relabel(unasked, (0, noon), (1, noon))["reason"] == "its labels contradict each other"


# Predictions in a database


def test_predictions_of_a_table(unasked: Project) -> None:
    rows = logged(unasked)
    with sqlite3.connect(unasked.root / "log.db") as connection:
        rows.assign(at=rows["at"].dt.tz_localize(None)).to_sql("predictions", connection, index=False)
    connection.close()
    edit(
        unasked,
        "turning",
        ("  parquet: data/predictions/day={day}/*.parquet\n", "  sql: {url: 'sqlite:///log.db', table: predictions}\n"),
        ("  time: at\n", "  time: at\n  timezone: UTC\n"),
        (REFERENCE, f"reference: {{days: {DAY}..{DAY}}}\n"),
    )
    found = explained(unasked, first_id(unasked))
    inputs = {it["name"]: it for it in found["inputs"]}
    assert inputs["x"]["value"] == rows["x"].iloc[0]
    assert inputs["x"]["percentile"] == pytest.approx(percentileofscore(rows["x"], rows["x"].iloc[0], kind="mean"))
    assert list((unasked.home / "spool").iterdir()) == []
