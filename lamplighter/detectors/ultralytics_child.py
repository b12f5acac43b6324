"""The process in which ultralytics trains: `python -m lamplighter.detectors.ultralytics_child JOB`.

The only file that imports torch and ultralytics.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def main() -> None:
    """Do the job that the command line names."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    prepare(Path(os.environ["YOLO_CONFIG_DIR"]))
    from ultralytics import YOLO

    _refuse_others(job)
    model = YOLO(job["start"], task="detect")
    model.train(
        data=job["data"],
        imgsz=job["size"],
        epochs=job["epochs"],
        batch=job["batch"],
        lr0=job["learning_rate"],
        seed=job["seed"],
        project=job["work"],
        **{**SETTINGS, **job["more"]},
    )
    trained = Path(model.trainer.last)
    exported = YOLO(trained).export(format="onnx", imgsz=job["size"], simplify=False, dynamic=True)
    shutil.move(exported, job["onnx"])
    shutil.move(trained, job["weights"])
    sys.stdout.flush()
    # A thread waits for the end of standard input.
    os._exit(0)


SETTINGS: dict[str, Any] = {
    "name": "run",
    "exist_ok": True,
    "optimizer": "AdamW",
    "cos_lr": True,
    "device": "cpu",
    "workers": 0,
    "cache": "ram",
    "amp": False,
    "val": False,
    "plots": False,
    "verbose": False,
    "deterministic": True,
}


def prepare(settings: Path) -> None:
    """Make ready what ultralytics wants at import, without a network.

    Parameters
    ----------
    settings : Path
        The folder that ``YOLO_CONFIG_DIR`` names.
    """
    import torch

    torch.set_num_threads(1)
    _operators_of_torchvision()
    # It looks for a font of this name on the network; one that matplotlib brings serves.
    import matplotlib

    place = settings / "Ultralytics"
    place.mkdir(parents=True, exist_ok=True)
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    shutil.copyfile(font, place / "Arial.ttf")
    from ultralytics import settings as kept

    kept.update({"sync": False})


_LIBRARY: list[Any] = []
"""What keeps operators alive: they end with the object that defined them."""


def _operators_of_torchvision() -> None:
    """Define the operators that torchvision lacks where its library was built for another torch (docs/adr/0036)."""
    import torch

    found = find_spec("torchvision")
    if found is None or not found.origin:
        return
    for library in Path(found.origin).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(str(library))
            return
        except OSError:
            continue
    operators = torch.library.Library("torchvision", "DEF")
    _LIBRARY.append(operators)
    operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

    torchvision.extension._has_ops = lambda: True
    from ultralytics.utils.nms import TorchNMS

    operators.impl("nms", TorchNMS.nms, "CPU")


def _refuse_others(job: dict[str, Any]) -> None:
    """Refuse weights that are of no YOLO detector, with a line for a person."""
    start = Path(job["start"])
    if start.suffix != ".pt":
        return
    from ultralytics.nn.tasks import DetectionModel, torch_safe_load

    try:
        checkpoint, _ = torch_safe_load(str(start))
        model = checkpoint.get("ema") or checkpoint["model"]
    except Exception as error:
        said = " ".join(str(error).split())[:160]
        _end(job, f"no weights that ultralytics can read ({type(error).__name__}: {said})", "a .pt of YOLO is right")
    if type(model) is not DetectionModel:
        _end(job, f"weights of another kind of model ({type(model).__name__})", "weights of a YOLO detector are right")


def _end(job: dict[str, Any], what: str, fix: str) -> None:
    (Path(job["work"]) / "fault.json").write_text(json.dumps({"what": what, "fix": fix}), encoding="utf-8")
    sys.stdout.flush()
    os._exit(1)


def _die_with_parent() -> None:
    # Not by sys.stdin: a thread that waits in it while the interpreter ends aborts the process.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
