"""Calling a user's trainer: in a process of its own, with limits, so that it cannot harm the run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from lamplighter.application import ROOT
from lamplighter.errors import ModelError
from storage.project.folder import Project
from storage.project.private_files import OTHERS, make_folder, open_private, write_private
from storage.project.text_files import UnfitFileError, read_bounded
from storage.registry.trainer_child import LOAD, PREDICT, TRAIN

OF_THE_SYSTEM = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+_(?:HOME|DIR)"
    r"|PYTHON\w*|VIRTUAL_ENV|CONDA_PREFIX|CONDA_DEFAULT_ENV|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_\w+|DO_NOT_TRACK"
    r"|\w+_NUM_THREADS|(?:OMP|GOMP|KMP|MKL|OPENBLAS|BLIS|NUMEXPR|VECLIB|MALLOC|TBB)_\w+"
    r"|(?:CUDA|CUDNN|CUBLAS|NVIDIA|NCCL|HIP|HSA|ROCR|ROCM)_\w+|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE"
)
"""Variables that every trainer gets: where programs and libraries are, language and zone, threads and devices.

Others may hold the passwords of databases and services, and a trainer gets those that its monitor names.
"""

MOST_RESULT = 1024 * 1024
"""Bytes of what a trainer returns: metrics by name, or a fault."""

TAIL = 4000
"""Bytes of a dead trainer's last words that are looked at for the reason."""


@dataclass(frozen=True, slots=True)
class TrainerProcess:
    """The functions of a trainer's file, and the limits that they run in.

    Attributes
    ----------
    project : Project
    function : str
        ``path.py:function``; ``predict`` is of the same file.
    time_limit : timedelta
    memory : int or None
        In MiB.
    is_private : bool
        Whether the rows have private columns, of which no value may be in the reason of a failure.
    scratch : Path
        Folder for what goes to and fro.
    environment : sequence of str
        Variables that it gets beside those of the system.
    """

    project: Project
    function: str
    time_limit: timedelta
    memory: int | None
    is_private: bool
    scratch: Path
    environment: Sequence[str] = ()

    def load(self) -> None:
        """Load both functions, and call neither.

        Raises
        ------
        ModelError
            If the file cannot be run, or lacks one of them.
        """
        self._call(LOAD, {})

    def train(self, rows: Path, folder: Path, version: str, previous: Path | None) -> dict[str, float]:
        """Fit a model into a folder and return its metrics.

        Raises
        ------
        ModelError
            If the trainer raises, hangs, eats memory or dies, with the reason in a line.
        """
        job = {"rows": str(rows), "folder": str(folder), "version": version}
        reply = self._call(TRAIN, job | {"previous": str(previous) if previous else None})
        metrics: dict[str, float] = reply["metrics"]
        return metrics

    def predict(self, rows: Path, folders: Sequence[Path]) -> list[pd.DataFrame]:
        """Answer rows by the models of some folders, whose files are known to be what was registered.

        Raises
        ------
        ModelError
            As `train`.
        """
        answers = [self.scratch / f"answers-{i}.parquet" for i in range(len(folders))]
        models = [[str(folder), str(path)] for folder, path in zip(folders, answers, strict=True)]
        self._call(PREDICT, {"rows": str(rows), "models": models})
        return [pd.read_parquet(path) for path in answers]

    def _call(self, work: str, job: dict[str, Any]) -> dict[str, Any]:
        make_folder(self.scratch)
        paths = {name: self.scratch / f"{work}.{name}" for name in ("job", "result", "log")}
        paths["result"].unlink(missing_ok=True)
        job |= {"work": work, "project": str(self.project.root), "function": self.function}
        job |= {"memory": self.memory, "is_private": self.is_private, "result": str(paths["result"])}
        write_private(paths["job"], json.dumps(job).encode())
        code = self._run(paths["job"], paths["log"])
        if code is None:
            limit = f"{self.time_limit.total_seconds():.0f} s"
            raise ModelError(
                f"{work} took longer than the time limit of {limit}", where=self.function, fix="raise it, or do less"
            )
        if code or not paths["result"].is_file():
            raise ModelError(f"{work} {self._reason(code, paths['log'])}", where=self.function)
        try:
            reply: dict[str, Any] = json.loads(read_bounded(paths["result"], MOST_RESULT))
        except (OSError, ValueError, RecursionError, UnfitFileError):
            raise ModelError(
                f"{work} left no result that can be read", where=self.function, fix="return few metrics"
            ) from None
        if fault := reply.get("fault"):
            raise ModelError(f"{work} failed: {fault}", where=self.function)
        return reply

    def _run(self, job: Path, log: Path) -> int | None:
        """The exit code of the process; None where it took too long and was killed."""
        # -P, since what lies in the working folder may be called as a module of ours.
        command = [sys.executable, "-P", "-m", "storage.registry.trainer_child", str(job)]
        environment = self._environment()
        with open_private(log) as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
                umask=OTHERS,
            )
            try:
                return process.wait(self.time_limit.total_seconds())
            except subprocess.TimeoutExpired:
                return None
            finally:
                _kill_group(process)

    def _environment(self) -> dict[str, str]:
        """The variables that the process gets."""
        known = self.project.environ
        if missing := next((name for name in self.environment if name not in known), None):
            raise ModelError(
                f"retrain.environment names {missing}, which is not set", where=self.function, fix="set it"
            )
        system = {name: value for name, value in os.environ.items() if OF_THE_SYSTEM.fullmatch(name)}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        own = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
        return system | {name: known[name] for name in self.environment} | own

    def _reason(self, code: int, log: Path) -> str:
        """Why a trainer died: the signal that ended it, or its last words."""
        if code < 0:
            name = signal.Signals(-code).name
            hint = ", as happens when memory runs out" if code == -signal.SIGKILL else ""
            return f"was ended by {name}{hint}"
        if not code:
            return "failed: its process ended before it returned; leave out what ends it, such as sys.exit"
        lines = [] if self.is_private else _tail(log).splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), f"ended with code {code}")
        return f"failed: {last[:300]}"


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL))
        return file.read().decode(errors="replace")


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of a trainer, and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
    if process.stdin:
        process.stdin.close()
