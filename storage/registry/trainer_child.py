"""The process in which a trainer of the user's runs: `python -m storage.registry.trainer_child JOB`.

It reads a job, calls one function, writes what came of it, and dies with the process that started it.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamplighter.errors import LamplighterError, ModelError, one_line
from storage.project.private_files import write_private
from storage.project.user_code import load_function

LOAD, TRAIN, PREDICT = "load", "train", "predict"
MIB = 1 << 20


def main() -> None:
    """Do the job that the command line names."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if job["memory"]:
        limit = job["memory"] * MIB
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        reply = {LOAD: _load_both, TRAIN: _train, PREDICT: _predict}[job["work"]](job)
    except Exception as error:
        reply = {"fault": _fault(error, job)}
    write_private(Path(job["result"]), json.dumps(reply).encode())
    # What the trainer started must not hold up what it has done.
    sys.stdout.flush()
    os._exit(0)


def _fault(error: BaseException, job: dict[str, Any]) -> str:
    """What went wrong and where; what an error says may hold values of the rows, which may be private."""
    # What the trainer's file raised while it was loaded may say as much as what its functions raise.
    if isinstance(error, LamplighterError) and not (job["is_private"] and error.__cause__):
        return str(error)
    error = error.__cause__ or error
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(job["project"])]
    where = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    name = f"{type(error).__name__}{where}"
    if job["is_private"]:
        return f"{name}; what it says is left out, as the monitor has private columns"
    return f"{name}: {one_line(error)}" if str(error) else name


def _die_with_parent() -> None:
    """Standard input ends when the process at its other end does; whatever the trainer started dies too."""
    # Not by sys.stdin: a thread that waits in it while the interpreter ends aborts the process.
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def _load(job: dict[str, Any], name: str | None = None) -> Any:
    path, _, function = job["function"].rpartition(":")
    # A trainer may import what lies beside it.
    sys.path.insert(0, str((Path(job["project"]) / path).parent))
    return load_function(Path(job["project"]), f"{path}:{name or function}")


def _load_both(job: dict[str, Any]) -> dict[str, Any]:
    for name, arguments in ((None, ("rows", "folder", "version")), ("predict", ("folder", "rows"))):
        function = _load(job, name)
        try:
            inspect.signature(function).bind(*arguments)
        except TypeError as error:
            reply = f"{function.__name__}{inspect.signature(function)}: {error}"
            raise ModelError(reply, fix=f"it is called with ({', '.join(arguments)})") from None
    return {}


def _train(job: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd

    function = _load(job)
    more = {}
    if job["previous"] and "previous" in inspect.signature(function).parameters:
        more["previous"] = Path(job["previous"])
    metrics = function(pd.read_parquet(job["rows"]), Path(job["folder"]), job["version"], **more)
    numbers = _numbers(metrics)
    return {"metrics": {name: number if math.isfinite(number) else None for name, number in numbers.items()}}


def _numbers(metrics: Any) -> dict[str, float]:
    """The metrics that a trainer returned, which may be none."""
    named = {} if metrics is None else metrics
    if not isinstance(named, Mapping):
        raise ModelError(f"it returned {type(named).__name__}", fix="return a dict of numbers by name, or None")
    numbers = {}
    for name, value in named.items():
        try:
            numbers[str(name)] = float(value)
        except (TypeError, ValueError):
            what = f"it returned {type(value).__name__} as {str(name)!r}"
            raise ModelError(what, fix="return numbers by name, or None") from None
    return numbers


def _predict(job: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd

    rows, predict = pd.read_parquet(job["rows"]), _load(job, "predict")
    for folder, path in job["models"]:
        answers = predict(Path(folder), rows.copy())
        if not isinstance(answers, pd.DataFrame) or len(answers) != len(rows):
            shape = getattr(answers, "shape", type(answers).__name__)
            raise ModelError(f"it answered {shape} to {len(rows)} rows", fix="return a DataFrame with a row for each")
        answers.reset_index(drop=True).to_parquet(path, index=False)
    return {}


if __name__ == "__main__":
    main()
