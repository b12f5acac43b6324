"""The demo: sixty days of four cameras, of which dusk takes the last hours, and what becomes of the detector.

``python -m examples.dusk.demo FOLDER``
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from examples.dusk.cameras import HELD_OUT
from examples.dusk.days import BEFORE, DUSK, FIRST, LAST, between, take_all
from examples.dusk.model import CONFIDENCE, MODEL, Model
from examples.dusk.scenes import Scene
from examples.dusk.scoring import map50
from examples.dusk.serve import predict_day
from examples.dusk.summary import what_happened
from examples.dusk.train import VERSION, held_out, train_first, write_reference
from examples.flights.steps import Steps
from flows.run_windows import run_windows, windows_between
from lamplighter.detectors.onnx_yolo import Detections
from lamplighter.images.contact_sheet import contact_sheet
from lamplighter.images.pictures import Picture
from lamplighter.training import REFERENCE
from storage.history import open_history
from storage.history.promotions import champion
from storage.project.folder import Project
from storage.registry.versions import Registry
from tasks.retraining.adopt import adopt

DUSK_FOLDER = Path(__file__).parent

LIGHTS = {"day": (5.0, 55.0), "sunset": (-3.0, 0.0), "dusk": (-9.0, -5.0), "dark": (-14.0, -9.0)}
"""Degrees of the sun, from and to, that the table of the end tells apart."""

SCENES, SEED = 150, 424_242
"""Held-out scenes of each light, on cameras that no model has learned from and nothing was tuned on."""


SHOWN = (0, 3)
"""Those of them that stand on the sheet."""


@dataclass(frozen=True)
class Scored:
    """A model on the held-out scenes.

    Attributes
    ----------
    version : str
    map50 : dict of str to float
        By light.
    """

    version: str
    map50: dict[str, float]


def play(folder: Path, last: dt.date, steps: Steps) -> list[Scored]:
    """Take the images, train, serve and evaluate every day; what was done before is not repeated.

    Parameters
    ----------
    folder : Path
        Becomes a project folder like any other.
    last : date
        The last day that is served.
    steps : Steps

    Returns
    -------
    list of Scored
        The first champion and the last.
    """
    project = prepared(folder)
    data = folder / "data"
    first = _train(data, last, steps)
    history = open_history(project)
    if champion(history, MODEL) is None:
        adopt(project, project.monitor(MODEL), first, VERSION, BEFORE, FIRST - dt.timedelta(days=1))
    with steps.step("serve and evaluate day by day", (last - FIRST).days + 1) as step:
        for day in _served(project, last, steps):
            step.advance(str(day))
    present = champion(history, MODEL)
    assert present is not None
    newest = Registry(project.home, history, MODEL).verified(present.version)
    with steps.step("compare the first and the last champion on held-out cameras"):
        return _compared([Model.load(first), Model.load(newest)], folder)


def prepared(folder: Path) -> Project:
    """A project folder with the monitor of the street and its trainer."""
    (folder / "monitors").mkdir(parents=True, exist_ok=True)
    for path in (DUSK_FOLDER / "monitors").glob("*"):
        shutil.copy(path, folder / "monitors")
    shutil.copy(DUSK_FOLDER / "trainer.py", folder / "trainer.py")
    return Project.open(folder)


def _train(data: Path, last: dt.date, steps: Steps) -> Path:
    """The first champion, while another process takes the images of all days."""
    place = data / "models" / VERSION
    with ThreadPoolExecutor(1) as beside:
        training: Future[None] | None = None
        if not (place / REFERENCE).is_file():
            training = beside.submit(train_first, place, data / "training", data / "training.log")
            steps.follow(f"train {VERSION} on images by day, in a process of its own", training, None)
        days = (last - BEFORE).days + 1
        with steps.step("take the images of all days, and let their labels arrive", days) as step:
            for _ in take_all(BEFORE, last, data, workers=1):
                step.advance()
        if training:
            training.result()
            with steps.step(f"answer the days before {FIRST} for the reference"):
                write_reference(place, data / "images")
    return place


def _served(project: Project, last: dt.date, steps: Steps) -> Iterator[dt.date]:
    """Serve each day by the champion of that day, and evaluate it, with all that follows."""
    history, monitor = open_history(project), project.monitor(MODEL)
    model: Model | None = None
    images, seconds = 0, 0.0
    for day in between(FIRST, last):
        present = champion(history, MODEL)
        assert present is not None
        if model is None or model.version != present.version:
            model = Model.load(Registry(project.home, history, MODEL).verified(present.version))
            steps.say(f"{day}: {model.version} serves")
        begun = time.perf_counter()
        images += predict_day(day, model, project.root / "data")
        seconds += time.perf_counter() - begun
        for run in run_windows(project, monitor, windows_between(monitor, day, day), with_retraining=True):
            if run.fault:
                raise RuntimeError(f"{run.window.label}: {run.fault}")
        yield day
    steps.say(f"{images:,} images read, answered and logged, {images / seconds:.0f} a second on one thread")


def _compared(models: Sequence[Model], folder: Path) -> list[Scored]:
    """Score models by light, and draw what they find."""
    scored = [Scored(model.version, {}) for model in models]
    pictures: list[Picture] = []
    for light, sun in LIGHTS.items():
        scenes = held_out(HELD_OUT, sun, SCENES, SEED)
        truth = [(scene.boxes, scene.classes) for scene in scenes]
        answers = [model.detector.detect([scene.image for scene in scenes]) for model in models]
        for score, found in zip(scored, answers, strict=True):
            score.map50[light] = map50(truth, [(each.boxes, each.classes, each.scores) for each in found])
        pictures += _pictures(light, scenes, answers)
    (folder / "sheet.jpg").write_bytes(contact_sheet(pictures, columns=6, side=200))
    return scored


def _pictures(light: str, scenes: Sequence[Scene], answers: Sequence[Sequence[Detections]]) -> Iterator[Picture]:
    for number in SHOWN:
        scene = scenes[number]
        yield Picture(scene.image, f"{light}: what is there", truth=scene.boxes.tolist())
        for when, found in zip(("before", "after"), answers, strict=True):
            sure = found[number].boxes[found[number].scores >= CONFIDENCE]
            yield Picture(scene.image, f"{light}: {when}", answered=sure.tolist())


def main() -> None:
    """Play the demo into the folder that is named."""
    parser = argparse.ArgumentParser(description="Sixty days of a detector that was trained by day.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=dt.date.fromisoformat, default=LAST)
    arguments = parser.parse_args()
    begun, console = time.perf_counter(), Console()
    folder = arguments.folder.resolve()
    with Steps(console, begun) as steps:
        scored = play(folder, arguments.to, steps)
    print(f"\nThe first day with dusk is {DUSK}.")
    for line in what_happened(Project.open(folder)):
        print(line)
    print("\nmAP50 on cameras that no model has learned from:")
    print(f"{'':28}" + "".join(f"{light:>9}" for light in LIGHTS))
    for score in scored:
        print(f"{score.version:28}" + "".join(f"{value:9.3f}" for value in score.map50.values()))
    print(f"\nWhat each of them finds: {folder / 'sheet.jpg'}")
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
