"""The trainer of the street: as many bright images as dark ones, and a reference of rows that it did not learn from."""

import datetime as dt
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from examples.dusk import days, trainer
from examples.dusk.days import DUSK, shots, take
from examples.dusk.model import Model
from examples.dusk.scenes import render
from examples.dusk.serve import SCHEMA
from lamplighter.training import REFERENCE, WINDOW

DAY, NUMBER = DUSK + dt.timedelta(days=10), 8


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The images of a day with dusk, as a trainer gets them."""
    folder = tmp_path_factory.mktemp("taken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "shots", lambda day: shots(day, number=NUMBER))
        take(DAY, folder)
    taken = shots(DAY, number=NUMBER)
    scenes = [render(shot.camera, shot.light, shot.seed) for shot in taken]
    made = pd.DataFrame(
        {
            "request_id": [shot.id for shot in taken],
            "predicted_at": [shot.when for shot in taken],
            "camera": [shot.camera.name for shot in taken],
            "image_path": [shot.path for shot in taken],
            "boxes": [[] for _ in taken],
            "classes": [[] for _ in taken],
            "scores": [[] for _ in taken],
            "model_version": "by-day",
            "true_boxes": [[list(map(float, box)) for box in scene.boxes] for scene in scenes],
            "true_classes": [scene.classes for scene in scenes],
            WINDOW: str(DAY),
        }
    )
    # One whose label never came.
    made.loc[1, ["true_boxes", "true_classes"]] = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "IMAGES", folder / "images")
        yield made


def test_dusk_is_dark_and_day_is_not(rows):
    taken = shots(DAY, number=NUMBER)
    by_sun = [trainer.brightness(trainer.IMAGES / shot.path) < trainer.DARK for shot in taken if shot.light.sun < -5]
    by_day = [trainer.brightness(trainer.IMAGES / shot.path) < trainer.DARK for shot in taken if shot.light.sun > 3]

    assert all(by_sun)
    assert not any(by_day)
    assert len(by_sun) >= 3


def test_an_image_that_is_not_there_has_no_brightness(rows):
    assert np.isnan(trainer.brightness(trainer.IMAGES / "gone.jpg"))


# Long, since it trains; the demo does it as well.
@pytest.mark.long
@pytest.mark.skipif(find_spec("ultralytics") is None, reason="ultralytics is not installed; see `make setup-vision`")
def test_a_training_leaves_a_model_that_answers_and_a_reference_of_rows_it_did_not_learn(rows, tmp_path, monkeypatch):
    learned = []

    def noted(examples, *arguments):
        learned.extend(str(example.path.relative_to(trainer.IMAGES)) for example in examples)
        train_yolo(examples, *arguments)

    train_yolo = trainer.train_yolo
    monkeypatch.setattr(trainer, "train_yolo", noted)
    monkeypatch.setattr(trainer, "FINE_TUNE", replace(trainer.FINE_TUNE, epochs=1, size=64))
    gone = rows.assign(image_path=rows["image_path"].where(rows.index != 2, "gone.jpg"))
    metrics = trainer.train(gone, tmp_path, "v2")

    reference = pq.read_table(tmp_path / REFERENCE)
    assert not set(reference["image_path"].to_pylist()) & set(learned)
    assert not {"gone.jpg", rows["image_path"][1]} & {*learned, *reference["image_path"].to_pylist()}
    assert set(reference["model_version"].to_pylist()) == {"v2"}
    assert {field.name: field.type for field in reference.schema if field.name in ("boxes", "classes", "scores")} == {
        name: SCHEMA.field(name).type for name in ("boxes", "classes", "scores")
    }
    assert metrics["images"] == len(learned)
    assert Model.load(tmp_path).version == "v2"
    answers = trainer.predict(tmp_path, gone[::-1])
    assert answers.index.tolist() == rows.index[::-1].tolist()
    assert answers.loc[2].isna().all()
    answers = answers.drop(index=2)
    assert list(answers) == ["boxes", "classes", "scores"]
    assert all(
        np.shape(box) == (len(scores), 4) or not scores
        for box, scores in zip(answers.boxes, answers.scores, strict=True)
    )
