"""What `retrain.trainer` names: goes on from the champion, on a mixture of bright and dark images.

The demo copies this file into its project folder, as a user would keep a trainer in a project's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from examples.dusk.days import TYPES
from examples.dusk.model import Model, read_image, write_card
from examples.dusk.scoring import map50
from examples.dusk.serve import SCHEMA
from examples.dusk.shapes import CLASSES
from examples.dusk.train import ARCHITECTURE, FINE_TUNE
from lamplighter.detectors.ultralytics_trainer import WEIGHTS, Example, train_yolo
from lamplighter.images.faults import ImageError
from lamplighter.training import REFERENCE

IMAGES = Path(__file__).parent / "data" / "images"
"""What the paths of the rows are below of."""

DARK = 0.3
"""Mean luminance below which an image is one of those that the champion lacks."""

ANSWERS = ["boxes", "classes", "scores"]

MOST = 160
"""Images of either light: more take longer than they gain here."""

HELD_OUT = 8
"""One row of so many is not trained on, and answered for the reference."""


def train(rows: pd.DataFrame, folder: Path, version: str, previous: Path | None = None) -> dict[str, float]:
    """Fine-tune on as many bright images as dark ones; without a champion, begin with random weights."""
    rows = rows[rows["true_boxes"].notna() & rows["true_classes"].notna()]
    light = np.array([brightness(IMAGES / path) for path in rows["image_path"]])
    # What was deleted since, or is no image, cannot be learned from.
    rows, dark = rows[~np.isnan(light)].reset_index(drop=True), light[~np.isnan(light)] < DARK
    kept = np.arange(len(rows)) % HELD_OUT == 0
    random = np.random.default_rng(0)
    sides = [random.permutation(np.flatnonzero(~kept & side)) for side in (dark, ~dark)]
    # Of what there is little, all; of the other as much, so that the day is not forgotten.
    number = min(MOST, max(len(sides[0]), MOST // 4))
    chosen = np.concatenate([side[:number] for side in sides])
    start = previous / WEIGHTS if previous else ARCHITECTURE
    train_yolo([_example(row) for _, row in rows.iloc[chosen].iterrows()], CLASSES, start, folder, FINE_TUNE)
    write_card(folder, version)

    unseen = rows[kept].reset_index(drop=True)
    answers = predict(folder, unseen)
    unseen[ANSWERS] = answers
    answered = unseen.assign(model_version=version)
    _write(answered, folder / REFERENCE)
    found = [_score(answered[dark[kept] == light]) for light in (False, True)]
    return {"images": float(len(chosen)), "dark": float(dark.sum()), "map50_bright": found[0], "map50_dark": found[1]}


def predict(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Answer the images of rows by the model of a folder; of an image that cannot be read, by nulls."""
    model = Model.load(folder)
    answers: list[dict[str, Any]] = []
    for path in rows["image_path"]:
        try:
            (found,) = model.answer([IMAGES / path])
        except ImageError:
            answers.append(dict.fromkeys(ANSWERS))
        else:
            answers.append(found.as_columns())
    return pd.DataFrame(answers, index=rows.index, columns=ANSWERS)


def brightness(path: Path) -> float:
    """Mean luminance of a file, from 0 to 1; NaN where it cannot be read."""
    try:
        return float(cv2.cvtColor(read_image(path), cv2.COLOR_BGR2GRAY).mean() / 255)
    except ImageError:
        return float("nan")


def _example(row: pd.Series[Any]) -> Example:
    path = IMAGES / row["image_path"]
    height, width = read_image(path).shape[:2]
    boxes = np.array([list(box) for box in row["true_boxes"]], float).reshape(-1, 4)
    return Example(path, width, height, boxes, list(row["true_classes"]))


def _score(rows: pd.DataFrame) -> float:
    truth = list(zip(rows["true_boxes"], rows["true_classes"], strict=True))
    return map50(truth, list(zip(rows["boxes"], rows["classes"], rows["scores"], strict=True)))


def _write(rows: pd.DataFrame, path: Path) -> None:
    """Write the reference in the types of the log: a list without an element says nothing of its own."""
    types = {**{field.name: field.type for field in SCHEMA}, **TYPES}
    columns = {}
    for name in rows:
        values = rows[name].tolist()
        if name in types and pa.types.is_list(types[name]):
            values = [[list(it) if isinstance(it, np.ndarray) else it for it in value] for value in values]
        columns[name] = pa.array(values, types.get(name), from_pandas=True)
    pq.write_table(pa.table(columns), path, compression="zstd")
