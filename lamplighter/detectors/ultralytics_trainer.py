"""Training a YOLO detector by ultralytics, in a process of its own, and exporting it as ONNX.

ultralytics is under AGPL-3.0: what is built on it and offered to others, over a network too, falls under its terms
unless a licence is bought. It is the extra ``lamplighter[vision]``; nothing else here imports it, and a model that is
served needs onnxruntime alone.

The process works on one thread, reaches no network, and sends nothing. It dies with the process that started it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from lamplighter.atomic import atomic_file
from lamplighter.errors import ModelError

WEIGHTS, ONNX = "weights.pt", "model.onnx"
"""The files of a model's folder: from the first a training goes on, the second is served."""

WORK = ".training"
"""The folder beside them that a training works in."""

TAIL = 4000
"""Letters of a dead process's last words that are looked at for the reason."""

LICENCE = (
    "install lamplighter[vision]; it brings ultralytics, which is under AGPL-3.0 and puts what you offer with it under "
    "the same terms unless you buy a licence"
)


@dataclass(frozen=True, slots=True)
class Example:
    """An image to learn from.

    Attributes
    ----------
    path : Path
    width, height : int
        Of the image in pixels.
    boxes : array of shape (n, 4)
        x_min, y_min, x_max, y_max in pixels; one that is none is left out (`label_lines`).
    classes : sequence of str
        One name for each box; an image without objects has none, and teaches that, too.
    """

    path: Path
    width: int
    height: int
    boxes: np.ndarray
    classes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained.

    Attributes
    ----------
    size : int
        Side in pixels to which images are scaled; a multiple of 32.
    epochs, batch : int
    learning_rate : float
        Of AdamW, at its highest.
    seed : int
        The same seed, data and versions give the same model on the same machine.
    more : mapping
        Other arguments of ultralytics' ``train``, such as ``{"mosaic": 0.0}``.
    """

    size: int = 640
    epochs: int = 30
    batch: int = 16
    learning_rate: float = 0.002
    seed: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)


def train_yolo(
    examples: Sequence[Example],
    names: Sequence[str],
    start: str | Path,
    folder: Path,
    recipe: Recipe,
    log: Path | None = None,
) -> None:
    """Train a detector into a folder, as ``weights.pt`` and ``model.onnx``: both, or neither.

    Parameters
    ----------
    examples : sequence of Example
    names : sequence of str
        All classes, in the order of the model's numbers.
    start : str or Path
        Weights to go on from, such as the champion's; or an architecture file, such as ``yolo11n.yaml``, to begin with
        random ones.
    folder : Path
        Made where it is not there. The training works in a folder of it, which it removes at its end; what a killed one
        left there the next one removes.
    recipe : Recipe
    log : Path, optional
        Receives what ultralytics prints.

    Raises
    ------
    ModelError
        If the extra is not installed, there is nothing to learn from, the weights are of no YOLO detector, or the
        training fails.
    """
    if find_spec("ultralytics") is None:
        raise ModelError("training YOLO needs ultralytics, which is not installed", where=str(start), fix=LICENCE)
    # The process works in another folder; an architecture that is no file is one that ultralytics has.
    start = Path(start).resolve() if Path(start).is_file() else start
    _check(examples, names, start, recipe)
    with _workplace(folder) as work:
        data = _written(examples, names, work)
        job = {
            "start": str(start),
            "data": str(data),
            "work": str(work),
            "weights": str(work / WEIGHTS),
            "onnx": str(work / ONNX),
            "size": recipe.size,
            "epochs": recipe.epochs,
            "batch": recipe.batch,
            "learning_rate": recipe.learning_rate,
            "seed": recipe.seed,
            "more": dict(recipe.more),
        }
        (work / "job.json").write_text(json.dumps(job), encoding="utf-8")
        _run(work, str(start), log)
        # The ONNX file, which is served, comes last: where it is, the other is, too.
        for name in (WEIGHTS, ONNX):
            with atomic_file(folder / name) as copy, (work / name).open("rb") as made:
                shutil.copyfileobj(made, copy)


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A folder inside the model's for what a training writes, removed at the end.

    No code runs when a training is killed, so the folder has one name, and the next training begins by removing it.
    When the model's folder is removed, as the registry does with what was not finished, it goes too.
    """
    is_new = not folder.exists()
    work = folder.resolve() / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True)
    try:
        yield work
    except BaseException:
        if is_new:
            # Without a model, it would be taken for one.
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check(examples: Sequence[Example], names: Sequence[str], start: str | Path, recipe: Recipe) -> None:
    if unlike := next((it for it in examples if len(it.boxes) != len(it.classes)), None):
        what = f"{unlike.path} has {len(unlike.boxes)} boxes and {len(unlike.classes)} classes"
        raise ModelError(what, where=str(start), fix="give one class for each box")
    if not any(_is_box(example).any() for example in examples):
        what, fix = f"{len(examples)} images and no box among them", "train on images that have labels"
        if odd := sum(len(example.boxes) for example in examples):
            what = f"{what}: {odd} that end before they begin, lie outside or have no four finite numbers"
            fix = "write x_min, y_min, x_max and y_max in pixels"
        raise ModelError(what, where=str(start), fix=fix)
    if recipe.size % 32:
        raise ModelError(f"size {recipe.size}", where=str(start), fix="a multiple of 32 is right")
    unknown = sorted({kind for example in examples for kind in example.classes} - set(names))
    if unknown:
        raise ModelError(
            f"labels have the class {unknown[0]!r}", where=str(start), fix=f"known are {', '.join(map(str, names))}"
        )
    if str(start).endswith(".pt") and not Path(start).is_file():
        raise ModelError("weights are not there", where=str(start), fix="name a file that is, nothing is downloaded")


def _written(examples: Sequence[Example], names: Sequence[str], work: Path) -> Path:
    """Write the data set as ultralytics reads it: images and labels side by side, and a file that names both."""
    images, labels = work / "images", work / "labels"
    images.mkdir()
    labels.mkdir()
    for number, example in enumerate(examples):
        name = f"{number:06}"
        (images / f"{name}{example.path.suffix.lower()}").symlink_to(example.path.resolve())
        (labels / f"{name}.txt").write_text("\n".join(label_lines(example, names)), encoding="utf-8")
    # The data set is read as YAML, of which JSON is a part.
    data = {"path": str(work), "train": "images", "val": "images", "names": dict(enumerate(names))}
    (work / "data.yaml").write_text(json.dumps(data), encoding="utf-8")
    return work / "data.yaml"


def label_lines(example: Example, names: Sequence[str]) -> list[str]:
    """The boxes of an image as ultralytics has them: class, middle and sides, as shares of the image's.

    What lies outside is cut off. A box that then has no area, ends before it begins, or lacks a finite number is left
    out, as quality leaves it out.

    Parameters
    ----------
    example : Example
    names : sequence of str
        All classes, in the order of the model's numbers.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 50, 20], [50, 20, 0, 0], [0, 0, np.nan, 20], [90, 0, 110, 50]])
    >>> label_lines(Example(Path("a.jpg"), 100, 50, boxes, ["car", "car", "car", "person"]), ["car", "person"])
    ['0 0.250000 0.200000 0.500000 0.400000', '1 0.950000 0.500000 0.100000 1.000000']
    """
    lines = []
    for kind, (left, top, right, bottom), is_box in zip(
        example.classes, _shares(example), _is_box(example), strict=True
    ):
        if is_box:
            sides = f"{right - left:.6f} {bottom - top:.6f}"
            lines.append(f"{names.index(kind)} {(left + right) / 2:.6f} {(top + bottom) / 2:.6f} {sides}")
    return lines


def _shares(example: Example) -> np.ndarray:
    """The corners of the boxes as shares of the image's sides, within the image."""
    boxes = np.asarray(example.boxes, float).reshape(-1, 4)
    return np.asarray(np.clip(boxes / ([example.width, example.height] * 2), 0, 1))


def _is_box(example: Example) -> np.ndarray:
    """Which of the boxes have an area in the image; what is no number has none, and infinity is no corner."""
    left, top, right, bottom = _shares(example).T
    is_finite = np.isfinite(np.asarray(example.boxes, float).reshape(-1, 4)).all(axis=1)
    return np.asarray(is_finite & (right > left) & (bottom > top))


def _run(work: Path, start: str, log: Path | None) -> None:
    """Run the process and wait for it; its standard input ends with this process, and so does it."""
    said = log or work / "said.txt"
    command = [sys.executable, "-P", "-m", "lamplighter.detectors.ultralytics_child", str(work / "job.json")]
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment(work), cwd=work
        )
        (work / "pid").write_text(str(process.pid), encoding="utf-8")
        try:
            code = process.wait()
        finally:
            process.kill()
            process.wait()
            if process.stdin:
                process.stdin.close()
    if code == 0 and (work / WEIGHTS).is_file() and (work / ONNX).is_file():
        return
    fault = work / "fault.json"
    if fault.is_file():
        raise ModelError(**json.loads(fault.read_text(encoding="utf-8")), where=start)
    lines = [line.strip() for line in said.read_text(errors="replace")[-TAIL:].splitlines() if line.strip()]
    last = lines[-1] if lines else f"ended with code {code}"
    hint = ", as happens when memory runs out" if code == -9 else ""
    raise ModelError(f"the training was ended by signal {-code}{hint}" if code < 0 else last[:300], where=start)


def environment(work: Path) -> dict[str, str]:
    """Variables by which ultralytics asks no network, installs nothing, and writes neither to the home nor to /tmp.

    Parameters
    ----------
    work : Path
        Folder for its settings and temporary files.
    """
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
    return os.environ | {
        "PYTHONPATH": path,
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "YOLO_VERBOSE": "0",
        "YOLO_CONFIG_DIR": str(work / "settings"),
        "MPLCONFIGDIR": str(work / "settings"),
        "TMPDIR": str(work),
        "ULTRALYTICS_SAFE_LOAD": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # Settings of training tools that ultralytics would report to where they are installed.
        "WANDB_MODE": "disabled",
        "COMET_MODE": "disabled",
    }
