"""What `validate` finds between a monitor and the tables that it names: each mistake alone in a sound project."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lamplighter.core.monitor import parse
from storage.inspection.source_check import check_sources
from tests.storage.inspection.checked_world import (
    NOW,
    TIMES,
    Change,
    N,
    both,
    check,
    checked,
    column,
    declared,
    put,
    rows,
    world,
)


def test_a_sound_project(tmp_path: Path) -> None:
    found = checked(tmp_path, lambda monitor, held: None)
    assert found.problems == []
    # Of the 24 rows of March 7 those with a label within the present; it is past that, so all.
    assert (found.window, found.rows, found.labelled, found.features) == ("2026-03-07", 24, 24, 2)
    assert list((tmp_path / ".lamplighter").rglob("*.parquet")) == []


MISTAKES: list[tuple[str, Change, str, str]] = [
    (
        "prediction",
        put("predictions.prediction", "lat"),
        "predictions.prediction",
        "no column 'lat' in the predictions; did you mean 'late'?",
    ),
    (
        "boxes as a class",
        both(put("predictions.prediction", "tags"), column("labels", "was_late", [["a"]] * N)),
        "predictions.prediction",
        "column 'tags' holds lists or structures; a class is a text, a number or a flag, and boxes of images are of",
    ),
    ("score", put("predictions.score", "q"), "predictions.score", "no column 'q'"),
    ("scores", put("predictions.score", {"0": "p", "1": "pp"}), "predictions.score.1", "no column 'pp'"),
    ("id", put("predictions.id", "ids"), "predictions.id.0", "no column 'ids' in the predictions; did you mean 'id'?"),
    ("time", put("predictions.time", "att"), "predictions.time", "no time column 'att'"),
    ("version", put("predictions.version", "vrsion"), "predictions.version", "did you mean 'version'?"),
    ("segment", both(put("segments", ["orgin"]), put("checks", [])), "segments.0", "did you mean 'origin'?"),
    ("feature", put("features.numeric", ["dist"]), "features.numeric.0", "no column 'dist'"),
    ("pattern", put("features.numeric", ["wind_*"]), "features.numeric.0", "no column matches 'wind_*'"),
    ("private", put("private", ["orgin"]), "private.0", "did you mean 'origin'?"),
    (
        "target",
        put("labels.target", "is_late"),
        "labels.target",
        "no column 'is_late' in the labels; did you mean 'was_late'?",
    ),
    ("label time", put("labels.time", "at"), "labels.time", "no column 'at' in the labels"),
    (
        "label id",
        column("labels", "id", None)
        and (lambda m, h: h.__setitem__("labels", h["labels"].rename(columns={"id": "uid"}))),
        "labels",
        "no column 'id' in the labels; name the column of ids as labels.id; ",
    ),
    ("same row", put("labels", {"same_row": True, "target": "truth"}), "labels.target", "no column 'truth'"),
    (
        "score of text",
        column("log", "p", lambda t: t["p"].map("{:.3f}".format)),
        "predictions.score",
        "column 'p' holds text; a score is a number",
    ),
    *(
        (
            f"{what} with a decimal comma",
            both(column("log", name, lambda t: [f"{i},5" for i in range(N)]), put("segments", []), put("checks", [])),
            at,
            f"column {name!r} holds numbers with a decimal comma, such as '576,5'; write a point",
        )
        for what, name, at in (
            ("score", "p", "predictions.score"),
            ("feature", "distance", "features.numeric.0"),
        )
    ),
    (
        "score in percent",
        column("log", "p", lambda t: t["p"] * 100),
        "predictions.score",
        "a score is a probability from 0 to 1",
    ),
    (
        "time of text",
        both(column("log", "note", "soon"), put("predictions.time", "note")),
        "predictions.time",
        "which is no ISO 8601 timestamp",
    ),
    (
        "regression of text",
        both(
            put("kind", "regression"),
            put("predictions.prediction", "origin"),
            put("predictions.score", None),
            put("checks", []),
            put("segments", []),
            put("features.categorical", []),
        ),
        "predictions.prediction",
        "holds text; the prediction of a regression is a number",
    ),
    (
        "feature of lists",
        put("features.numeric", ["distance", "tags"]),
        "features.numeric.1",
        "holds lists or structures",
    ),
    (
        "numbers that are texts",
        put("features", {"numeric": ["origin"]}),
        "features.numeric.0",
        "holds text that is no number; name it as categorical",
    ),
    ("no feature left", put("features", {"auto": True, "exclude": ["*"]}), "features", "no column is a feature"),
    (
        "classes that do not meet",
        column("labels", "was_late", lambda t: np.where(t["was_late"] == 1, "late", "on time")),
        "labels.target",
        "no predicted class ('0', '1') is one of the labels ('late', 'on time')",
    ),
    (
        "ids that do not match",
        column("labels", "id", lambda t: "x" + t["id"]),
        "labels",
        "none of 240 labels has the id of one of the 216 predictions of 2026-03-05 to 2026-03-07 (such as 'xr",
    ),
    *(
        (
            f"labels that are dated {days} days off",
            column("labels", "labelled_at", TIMES + pd.Timedelta(days=days)),
            "labels.time",
            f"predictions of 2026-03-07 are dated {when}; name the column of when a label arrived",
        )
        for days, when in (
            (-30, "before these, the newest 2026-02-05T05:45+00:00"),
            (-1200, "before these, the newest 2022-11-23T05:45+00:00"),
            (7300, "after the present, the newest 2046-03-02T05:45+00:00"),
            (-1, "before their predictions"),
        )
    ),
    (
        "path",
        put("predictions.parquet", "dta/log/day={day}/*.parquet"),
        "predictions.parquet",
        "there is no 'dta' in {root}; did you mean 'data'?",
    ),
    (
        "path of days",
        put("predictions.parquet", "data/log/d={day}/*.parquet"),
        "predictions.parquet",
        "matches no file; {root}/data/log holds: ",
    ),
    ("path of labels", put("labels.parquet", "dat/labels.parquet"), "labels.parquet", "did you mean 'data'?"),
    (
        "class of a check",
        check(metric="precision", below=0.1, **{"class": "2"}),
        "checks.0.class",
        "class '2' never occurs; known: 0, 1",
    ),
    ("positive", put("predictions.positive", "late"), "predictions.positive", "class 'late' never occurs"),
    (
        "segment of a check",
        check(metric="accuracy", below=0.1, segment="origin=JKF"),
        "checks.0.segment",
        "segment 'origin=JKF' never occurs; did you mean 'origin=JFK'?",
    ),
    (
        "feature of a check",
        both(put("features", {"auto": True}), check(metric="missing_ratio", above=0.1, feature="distnce")),
        "checks.0.feature",
        "'distnce' is no feature of this monitor; did you mean 'distance'?",
    ),
    (
        "kind of a check",
        both(put("features", {"auto": True}), check(metric="unseen_ratio", above=0.1, feature="distance")),
        "checks.0.feature",
        "metric 'unseen_ratio' is of categorical features, and 'distance' is numeric",
    ),
    (
        "reference without rows",
        rows("reference", lambda t: t["p"] > 2),
        "reference",
        "the reference has no rows; give another range or file",
    ),
    (
        "reference of days without rows",
        put("reference", {"days": "2020-01-01..2020-02-01"}),
        "reference",
        "the reference has no rows",
    ),
    ("absent reference", put("reference", {"parquet": "data/refrence.parquet"}), "reference", "no such file"),
    (
        "reference of another type",
        column("reference", "distance", "far"),
        "reference",
        "column 'distance' holds text in the reference and numbers in the predictions",
    ),
    (
        "times that are not there",
        both(
            column("log", "at", [at.isoformat() if i % 2 else "soon" for i, at in enumerate(TIMES)]),
            put("predictions.parquet", "data/log/*/*.parquet"),
        ),
        "predictions.time",
        "300 rows of 2026-03-07 have no 'at' that can be read, and were left out; log it with every row",
    ),
    (
        "an id that is one for all",
        column("log", "id", "a"),
        "predictions.id",
        "23 of 24 rows of 2026-03-07 repeat an id in 'id', and were left out; give predictions.id the columns",
    ),
    (
        "an id of a batch",
        column("log", "id", lambda t: [f"b{i // 4}" for i in range(N)]),
        "predictions.id",
        "18 of 24 rows of 2026-03-07 repeat an id in 'id', and were left out",
    ),
    (
        "a score that is null",
        column("log", "p", None),
        "predictions.score",
        "column 'p' is null in all 24 rows of 2026-03-07; mend its feed",
    ),
    (
        "predictions that are null",
        both(column("log", "late", pd.array([None] * N, dtype="Int64")), put("checks", [])),
        "predictions.prediction",
        "column 'late' is null in all 24 rows of 2026-03-07",
    ),
    (
        "a feature that is null under auto",
        both(column("log", "wind", np.full(N, np.nan)), put("features", {"auto": True, "exclude": ["tags"]})),
        "features",
        "column 'wind' is null in all 24 rows",
    ),
    (
        "a misspelt feature beside auto",
        put("features", {"auto": True, "categorical": ["orgin"]}),
        "features.categorical.0",
        "no column 'orgin' in the predictions; did you mean 'origin'?",
    ),
    (
        "scores of other classes",
        both(column("log", "q", lambda t: 1 - t["p"]), put("predictions.score", {"yes": "p", "no": "q"})),
        "predictions.score",
        "no score is of a class that occurs: no, yes; known: 0, 1",
    ),
    (
        "scores of some of the classes",
        both(column("log", "q", lambda t: 1 - t["p"]), put("predictions.score", {"1": "p", "2": "q"})),
        "predictions.score",
        "class '0' occurs and has no score; name its column too",
    ),
    (
        "rankings as plain text",
        both(
            put("kind", "ranking"),
            put("predictions.score", None),
            put("checks", []),
            column("log", "late", "1|2|3"),
        ),
        "labels.target",
        "no ranked item (1|2|3) is one of the true ones (0, 1); write both alike",
    ),
    (
        "texts that are bytes",
        both(
            put("kind", "text"),
            put("predictions.score", None),
            put("checks", []),
            column("log", "late", b"\xff\xfe"),
            column("labels", "was_late", "a"),
        ),
        "predictions.prediction",
        "no text in 24 of 24 rows of column 'late'",
    ),
    *(
        (
            f"times of labels that cannot be read: {value}",
            column("labels", "labelled_at", value),
            "labels.parquet",
            message,
        )
        for value, message in (
            ("soon", "'soon', which is no ISO 8601"),
            (20260302, "a date in digits"),
            (7.5, "numbers"),
        )
    ),
    (
        "rows of the future",
        column("log", "at", TIMES + pd.Timedelta("900D")),
        "predictions.time",
        "are dated after the present",
    ),
]


@pytest.mark.parametrize(("change", "at", "message"), [pytest.param(*case[1:], id=case[0]) for case in MISTAKES])
def test_a_mistake_is_one_line_at_its_key(tmp_path: Path, change: Change, at: str, message: str) -> None:
    faults = [problem for problem in checked(tmp_path, change).problems if not problem.is_warning]
    assert [".".join(map(str, fault.at)) for fault in faults] == [at], faults
    assert message.replace("{root}", str(tmp_path)) in faults[0].message
    assert "\n" not in faults[0].message


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    project, monitor = world(tmp_path, lambda m, h: None)
    path = tmp_path / "data/log/day=2026-03-07/b.parquet"
    path.write_bytes(b"PAR1, and no more")
    [fault] = check_sources(project, monitor, NOW).problems
    assert fault.message.startswith(f"{path}: ")


def test_days_in_another_form(tmp_path: Path) -> None:
    project, _ = world(tmp_path, lambda m, h: None)
    for folder in sorted((tmp_path / "data/log").iterdir()):
        day = folder.name.removeprefix("day=")
        target = tmp_path / "data/by" / day.replace("-", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder, target)
    text = yaml.safe_dump(declared()).replace("day={day}", "{day:%Y/%m/%d}").replace("data/log", "data/by")
    found = check_sources(project, parse("m.yaml", text, environ={}), NOW)
    assert (found.problems, found.window, found.rows) == ([], "2026-03-07", 24)
