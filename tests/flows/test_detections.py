"""A detector from what its service logs to what its history holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from storage.history import open_history
from storage.history.query import Filter, confusion_counts, measurements
from storage.inspection.source_check import check_sources
from storage.project.folder import Project
from tests.flows import small_world
from tests.flows.runs import recorded

MONITOR = """
model: m
kind: detection
predictions:
  {parquet: "data/day={day}.parquet", time: at, id: id, prediction: boxes, classes: classes, score: scores,
   confidence: 0.25, version: version}
labels: {parquet: "labels/day={day}.parquet", target: boxes, classes: classes, mature_after: 1h}
segments: [camera]
checks: [{metric: map50, below: 0.5}, {metric: recall, below: 0.9}, {name: cars, metric: ap50, class: car, below: 0.5}]
"""


def street(images: int = 40) -> pd.DataFrame:
    """Images of two cameras; the detector finds all but the persons of one."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(images):
        left, count = random.integers(0, 300, (2, 2)), 2
        true = np.concatenate([left, left + 50], axis=1)
        seen = [0, 1] if number % 2 else [0]
        rows.append(
            {
                "id": f"image-{number}",
                "at": pd.Timestamp(small_world.day(0), tz="UTC") + pd.Timedelta(minutes=number),
                "camera": "gate" if number % 2 else "yard",
                "version": "v1",
                "true": true.tolist(),
                "names": ["car", "person"][:count],
                "boxes": (true[seen] + 1.0).tolist(),
                "classes": [["car", "person"][at] for at in seen],
                "scores": [0.9] * len(seen),
            }
        )
    return pd.DataFrame(rows)


def deliver(project: Project, labels: pd.DataFrame) -> None:
    (project.root / "labels").mkdir(exist_ok=True)
    path = project.root / "labels" / f"day={small_world.day(0)}.parquet"
    labels[["id", "true", "names"]].rename(columns={"true": "boxes", "names": "classes"}).to_parquet(path, index=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = small_world.make(tmp_path_factory.mktemp("detections") / "project", MONITOR)
    rows = street()
    deliver(project, rows)
    outcome = small_world.run(project, 0, rows.drop(columns=["true", "names"]))
    decided = {it.check.name: it.verdict for it in outcome.decisions}
    assert decided["map50-below"] == "passed"
    assert decided["recall-below"] == "failed"
    assert decided["cars"] == "passed"
    return project


def values(project: Project, **wanted: str) -> dict[str, float | None]:
    rows = measurements(open_history(project), "m", Filter(**wanted))
    return {row["metric"]: row["value"] for row in rows}


def test_quality_is_of_all_of_segments_of_versions_and_of_classes(project: Project) -> None:
    whole = values(project, segment="", version="", klass="")
    assert whole["map50"] == pytest.approx(0.75, abs=0.01)
    assert (whole["precision"], whole["recall"]) == (1.0, 0.75)
    yard = values(project, segment="camera=yard")
    assert (yard["map50"], yard["recall"]) == (0.5, 0.5)
    assert values(project, klass="person")["ap50"] == pytest.approx(0.5, abs=0.01)
    assert values(project, version="v1", klass="")["recall"] == 0.75


def test_confusion_has_a_background(project: Project) -> None:
    cells = confusion_counts(open_history(project), "m")
    assert {(it["y_true"], it["y_pred"]): it["n"] for it in cells if not it["segment"] and not it["version"]} == {
        ("car", "car"): 40,
        ("person", "person"): 20,
        ("person", "background"): 20,
    }


def test_the_same_labels_in_another_order_are_the_same_labels(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "project", MONITOR)
    rows = street(10)
    deliver(project, rows)
    small_world.run(project, 0, rows.drop(columns=["true", "names"]))
    again = rows.assign(
        true=[np.array(boxes, float)[::-1].tolist() for boxes in rows["true"]],
        names=[names[::-1] for names in rows["names"]],
    )
    known = recorded(project)["evaluation"]
    deliver(project, again)
    small_world.run(project, 0)
    assert recorded(project)["evaluation"] == known
    moved = [[[side + 1 for side in box] for box in boxes] for boxes in rows["true"]]
    deliver(project, rows.assign(true=moved))
    small_world.run(project, 0)
    assert recorded(project)["evaluation"] != known


def test_what_was_answered_is_measured_without_labels(project: Project) -> None:
    whole = values(project, segment="", version="", klass="")
    assert whole["boxes_per_image"] == 1.5
    assert whole["empty_prediction_ratio"] == 0.0
    assert whole["expected_precision"] == pytest.approx(0.9)
    assert values(project, klass="car")["prediction_share"] == pytest.approx(2 / 3)


def test_odd_boxes_are_findings_and_cost_nothing_else(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "project", MONITOR)
    rows = street(40)
    deliver(project, rows)
    odd = rows.drop(columns=["true", "names"])
    odd["scores"] = [[0.9, 0.9, 0.9], *odd["scores"][1:]]
    odd["boxes"] = [*odd["boxes"][:-1], [[9.0, 9.0, 1.0, 1.0]] * 2]
    outcome = small_world.run(project, 0, odd)
    found = {it.code.value: it.message for it in outcome.findings}
    assert found["lists-unreadable"].startswith("1 of 40 images has lists of different lengths")
    assert "2 ending before it begins; left out" in found["boxes-odd"]
    assert values(project, segment="", version="", klass="")["recall"] == pytest.approx(57 / 78)


def test_lists_in_csv_files_are_json(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "project", MONITOR.replace(".parquet", ".csv"))
    (project.root / "labels").mkdir()
    rows = street(10)
    for name, frame in (
        ("data", rows.drop(columns=["true", "names"])),
        ("labels", rows[["id", "true", "names"]].set_axis(["id", "boxes", "classes"], axis=1)),
    ):
        texts = {column: frame[column].map(json.dumps) for column in ("boxes", "classes", "scores") if column in frame}
        frame.assign(**texts).to_csv(project.root / name / f"day={small_world.day(0)}.csv", index=False)
    small_world.run(project, 0)
    assert values(project, segment="", version="", klass="")["recall"] == 0.75


def as_coco(project: Project, rows: pd.DataFrame) -> str:
    names = ["car", "person"]
    images = [{"id": number, "file_name": name} for number, name in enumerate([*rows["id"], "unlogged"])]
    boxes = [
        {"image_id": number, "category_id": names.index(name), "bbox": [left, top, right - left, bottom - top]}
        for number, image in enumerate(rows.itertuples())
        for (left, top, right, bottom), name in zip(image.true, image.names, strict=True)
    ]
    boxes += [{"id": 99, "image_id": len(rows), "category_id": 0, "bbox": None}, {"image_id": 999}]
    categories = [{"id": code, "name": name} for code, name in enumerate(names)]
    (project.root / "labels").mkdir()
    path = project.root / "labels" / f"{small_world.day(0)}.json"
    path.write_text(json.dumps({"images": images, "annotations": boxes, "categories": categories}))
    return 'coco: "labels/{day}.json", id: file_name'


def as_yolo(project: Project, rows: pd.DataFrame) -> str:
    folder = project.root / "labels" / str(small_world.day(0))
    folder.mkdir(parents=True)
    for image in rows.itertuples():
        corners = np.array(image.true) / 512
        four = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)
        codes = [["car", "person"].index(name) for name in image.names]
        lines = [f"{code} {' '.join(map(str, box))}" for code, box in zip(codes, four.tolist(), strict=True)]
        (folder / f"{image.id}.txt").write_text("\n".join(lines))
    for name, held in {"classes": "car\nperson", "unlogged": "0 200 200 50 50"}.items():
        (next_day := folder.parent / str(small_world.day(1))).mkdir(exist_ok=True)
        for where in (folder, next_day):
            (where / f"{name}.txt").write_text(held)
    return 'yolo: {labels: "labels/{day}", size: [512, 512], names: [car, person]}, id: image_id'


@pytest.mark.parametrize(
    ("deliver_as", "said"),
    [
        (
            as_coco,
            "labels/2025-03-03.json: annotations[80] (id 99): has no bbox; write four finite numbers, x, y, width and "
            "height, none of the sizes below 0; 1 image left out; and annotations[81]: image_id 999 is of no image; "
            "list the image in images, or leave the annotation out",
        ),
        (
            as_yolo,
            "labels/2025-03-03: unlogged.txt:1: 200 is no share of the image; "
            "write shares of the image's width and height, from 0 to 1; 1 image left out",
        ),
    ],
)
def test_labels_of_coco_and_yolo_are_labels(
    project: Project, tmp_path: Path, deliver_as: Callable[[Project, pd.DataFrame], str], said: str
) -> None:
    """Also where one of them cannot be read: it costs its image."""
    rows = street()
    own = small_world.make(tmp_path / "project", MONITOR)
    where = deliver_as(own, rows)
    path = own.root / "monitors" / "m.yaml"
    path.write_text(MONITOR.replace('parquet: "labels/day={day}.parquet"', where))
    outcome = small_world.run(own, 0, rows.drop(columns=["true", "names"]))
    for wanted in ({"segment": "", "klass": ""}, {"segment": "camera=yard"}, {"klass": "person"}):
        assert values(own, **wanted) == pytest.approx(values(project, **wanted), nan_ok=True)
    found = [it.message for it in outcome.findings if "2025-03-04" not in it.message]
    assert [message.replace(f"{own.root}/", "") for message in found] == [f"labels: {said}"]
    warned = check_sources(own, own.monitor("m"), datetime(2025, 3, 5, tzinfo=UTC)).problems
    assert [
        (it.message.replace(f"{own.root}/", ""), it.is_warning) for it in warned if "2025-03-04" not in it.message
    ] == [(said, True)]


def test_a_file_that_is_no_coco_is_named(tmp_path: Path) -> None:
    project = small_world.make(
        tmp_path / "project", MONITOR.replace('parquet: "labels/day={day}.parquet"', 'coco: "l.json"')
    )
    (project.root / "l.json").write_text('{"annotations": []}')
    rows = street(4)
    outcome = small_world.run(project, 0, rows.drop(columns=["true", "names"]))
    (message,) = [it.message for it in outcome.findings if it.code.value == "labels-unreadable"]
    assert "l.json: holds no labels of COCO: 'images' is missing; deliver a JSON object with images" in message


def test_a_detector_that_sees_less_has_drifted_before_a_label_has_come(tmp_path: Path) -> None:
    first = small_world.day(0)
    monitor = MONITOR[: MONITOR.index("labels:")] + f"features: auto\nreference: {{days: {first}..{first}}}\n"
    project = small_world.make(tmp_path / "project", monitor)
    rows = street(200).drop(columns=["true", "names"])
    small_world.run(project, 0, rows)
    next_day = rows.assign(id=rows["id"] + "-1", at=rows["at"] + pd.Timedelta(days=1))
    fewer = next_day.assign(
        **{name: next_day[name].map(lambda cell: cell[:1]) for name in ("boxes", "classes", "scores")}
    )
    outcome = small_world.run(project, 1, fewer)
    assert outcome.findings == []
    assert [it.column for it in outcome.drift.features] == ["camera"]
    moved = {it.column: it.drifted for _, it in outcome.drift.answers}
    assert moved == {"box_count": True, "box_score": False, "box_area": False, "box_class": False}
    nothing = next_day.assign(boxes=[[]] * 200, classes=[[]] * 200, scores=[[]] * 200, id=next_day["id"] + "x")
    nothing["at"] += pd.Timedelta(days=1)
    outcome = small_world.run(project, 2, nothing)
    assert outcome.findings == []
    assert {it.column: it.drifted for _, it in outcome.drift.answers}["box_count"] is True
    assert values(project, segment="", klass="")["empty_prediction_ratio"] == 1.0


def test_what_is_odd_about_boxes_is_said_before_the_first_run(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "project", MONITOR)
    rows = street(20)
    deliver(project, rows)
    percent = rows.drop(columns=["true", "names"]).assign(scores=[[90.0] * len(it) for it in rows["scores"]])
    small_world.log(project, 0, percent)
    now = datetime(2025, 3, 5, tzinfo=UTC)
    assert [(it.at, it.message) for it in check_sources(project, project.monitor("m"), now).problems] == [
        (
            ("predictions", "score"),
            "score column 'scores' lies outside 0 to 1 in 30 of 30 boxes, from 90 to 90; "
            "log probabilities, with which predictions.confidence is compared",
        )
    ]
    small_world.log(project, 0, percent.assign(scores=0.9))
    (problem,) = check_sources(project, project.monitor("m"), now).problems
    assert problem.message == "column 'scores' holds numbers; the scores of boxes are lists, or lists as JSON"
    small_world.log(project, 0, rows.drop(columns=["true", "names"]))
    deliver(project, rows.assign(names="['car', 'person']"))
    (problem,) = check_sources(project, project.monitor("m"), now).problems
    assert problem.at == ("labels", "target")
    assert problem.message == (
        "20 of 20 images have no list of classes in 'classes' of the labels, such as \"['car', 'person']\", left out; "
        'log a list, or a list as JSON such as ["car"]'
    )


def test_lists_in_a_database_are_json(project: Project, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/street.db", poolclass=sa.NullPool)
    # The null of JSON is no label yet, as a text too.
    rows = pd.concat([street(), street(2).assign(id=["late-0", "late-1"], true=None, names=None)])
    log = rows.drop(columns=["true", "names"])
    labels = rows[["id", "at", "true", "names"]].set_axis(["id", "at", "boxes", "classes"], axis=1)
    log.to_sql("log", engine, index=False, dtype={name: sa.JSON() for name in ("boxes", "classes", "scores")})
    texts = {name: labels[name].map(json.dumps) for name in ("boxes", "classes")}
    labels.assign(**texts).to_sql("labels", engine, index=False)
    sql = f'sql: {{url: "sqlite:///{tmp_path}/street.db", table: '
    monitor = MONITOR.replace('parquet: "data/day={day}.parquet"', f"{sql}log}}, timezone: UTC")
    monitor = monitor.replace('parquet: "labels/day={day}.parquet"', f"{sql}labels}}, time: at, timezone: UTC")
    own = small_world.make(tmp_path / "project", monitor)
    assert check_sources(own, own.monitor("m"), datetime(2025, 3, 5, tzinfo=UTC)).problems == []
    assert small_world.run(own, 0).findings == []
    for wanted in ({"segment": "", "klass": ""}, {"klass": "person"}):
        found, known = values(own, **wanted), values(project, **wanted)
        found |= {name: known[name] for name in ("rows", "labels_coverage", "labels_missing") if name in known}
        assert {name: found[name] for name in found if name in known} == pytest.approx(known, nan_ok=True)
    assert values(own, segment="", version="", klass="")["labels_missing"] == 2
