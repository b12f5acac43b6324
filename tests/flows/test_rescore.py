"""A registered version runs again on past windows: measured as the version's, beside what was served."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from storage.history import open_history
from storage.history.query import Filter, dump
from storage.history.rescored import rescored
from storage.project.folder import Project
from tests.flows.loop_world import adopt_first, call, one_run

SPAN = ("--from", "2025-03-19", "--to", "2025-03-20")
"""Two days on which the first rule is wrong, and the opposite one right."""


@pytest.fixture
def with_two_versions(turned: Project) -> Project:
    """The first model is champion; a second one holds the opposite rule."""
    adopt_first(turned)
    shutil.copytree(turned.root / "first", turned.root / "second")
    (turned.root / "second" / "model.json").write_text(json.dumps({"sign": -1}))
    span = ("--from", "2025-03-18", "--to", "2025-03-19")
    code, text = call(turned, "adopt", "turning", str(turned.root / "second"), "--version", "second", "--yes", *span)
    assert code == 0, text
    assert call(turned, "rollback", "turning", "--to", "first")[0] == 0
    return turned


def expected(folder: Path, day: str) -> float:
    """The accuracy of the second rule on the labelled rows of a day."""
    asked = pd.read_parquet(folder / "asked.parquet")
    rows = asked[asked["at"].dt.date.astype(str) == day]
    return float(accuracy_score(rows["truth"], (-rows["x"] + 4) / 8 > 0.5))


def test_both_versions_are_measured_on_the_same_rows(with_two_versions: Project) -> None:
    project = with_two_versions
    before = dump(open_history(project))
    code, text = call(project, "rescore", "turning", "--model-version", "second", "--json", *SPAN)
    assert code == 0, text
    first, second = json.loads(text[text.index("[") :])
    assert [it["window"] for it in (first, second)] == ["2025-03-19", "2025-03-20"]
    assert [it["learned"] for it in (first, second)] == [True, False]
    for it in (first, second):
        served, measured = (
            next(found for found in it[side] if found["metric"] == "accuracy" and not found["segment"])
            for side in ("served", "version")
        )
        assert measured["value"] == pytest.approx(expected(project.root, it["window"]), abs=1e-12)
        assert served["value"] < 0.2 < 0.8 < measured["value"]
        assert {found["segment"] for found in it["version"]} == {"", "region=north", "region=south"}

    after = dump(open_history(project))
    rows = rescored(open_history(project), "turning", Filter(metric="accuracy", segment=""))
    assert [(row["version"], row["state"]) for row in rows] == [("second", "final")] * 2
    assert {name: rows for name, rows in after.items() if name != "rescored"} == {
        name: rows for name, rows in before.items() if name != "rescored"
    }
    again = call(project, "rescore", "turning", "--model-version", "second", "--json", *SPAN)
    assert again == (0, text)
    assert len(dump(open_history(project))["rescored"]) == len(after["rescored"])
    assert not (project.home / "spool" / "turning.rescore").exists()


def test_checks_and_gauges_do_not_take_it_for_what_was_served(with_two_versions: Project) -> None:
    project = with_two_versions
    assert call(project, "rescore", "turning", "--model-version", "second", *SPAN)[0] == 0
    one_run(project, with_retraining=False)
    served = call(project, "history", "turning", "--metric", "accuracy", "--version", "second", "--json")
    assert served[0] == 2
    assert "no version 'second' is recorded" in served[1]


def test_it_is_shown_again(with_two_versions: Project) -> None:
    project = with_two_versions
    code, text = call(project, "rescore", "turning", "--model-version", "second", *SPAN)
    assert code == 0
    assert "turning: version second on 2 windows, f1" in text
    assert text.count("the version has learned from this window") == 1
    shown = call(project, "history", "turning", "--rescored", "--metric", "accuracy")[1]
    assert shown.splitlines()[0] == "turning rescored accuracy version second"
    assert "2025-03-20" in shown


def test_a_window_that_cannot_be_measured_is_passed_over(with_two_versions: Project) -> None:
    project = with_two_versions
    shutil.rmtree(project.root / "data" / "predictions" / "day=2025-03-19")
    code, text = call(project, "rescore", "turning", "--model-version", "second", *SPAN)
    assert code == 0
    assert "2025-03-19: turning: no predictions from 2025-03-19 to 2025-03-19" in text
    assert "2025-03-20" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--model-version", "../../x", *SPAN), "turning: no version '../../x' is registered; known: first, second"),
        (("--model-version", "second", "--from", "2025-03-20", "--to", "2025-03-19"), "lies before --from"),
        (("--model-version", "second", "--from", "2199-01-01"), "no window of that time is over"),
        (("--model-version", "second", "--metric", "acuracy", *SPAN), "no metric 'acuracy' of classification"),
    ],
)  # fmt: skip
def test_mistakes_get_one_line(with_two_versions: Project, more: tuple[str, ...], said: str) -> None:
    code, text = call(with_two_versions, "rescore", "turning", *more)
    assert code == 2
    assert said in text
    assert "Traceback" not in text


def test_a_changed_version_is_not_loaded(with_two_versions: Project) -> None:
    project = with_two_versions
    [file] = [path for path in (project.home / "models").rglob("model.json") if path.parent.name == "second"]
    file.chmod(0o600)
    file.write_text(json.dumps({"sign": 1}))
    code, text = call(project, "rescore", "turning", "--model-version", "second", *SPAN)
    assert (code, "is not what was registered" in text) == (2, True)
