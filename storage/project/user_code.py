"""The user's own functions, loaded by path: never by a module name, which another package may have."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamplighter.errors import MonitorError, one_line

if TYPE_CHECKING:
    # The process of a trainer needs the folder alone; the settings would cost it pydantic, a fifth of its start.
    from storage.project.folder import Project


def load_function(root: Path, reference: str) -> Callable[..., Any]:
    r"""Load ``path.py:function``; the path is relative to the root of the project.

    Raises
    ------
    MonitorError
        If the file or the function is not there, or the file cannot be run.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "own.py").write_text("def gain(y_true, y_pred):\n    return 2.5\n")
    ...     print(load_function(Path(folder), "own.py:gain")([], []))
    2.5
    """
    path, _, name = reference.rpartition(":")
    place = root / path
    if not place.is_file():
        raise MonitorError(
            "no such file", where=place, fix=f"{reference} names a Python file of the project and a function"
        )
    module_name = f"lamplighter_user_{hashlib.sha256(str(place).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(module_name, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up by name.
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        raise MonitorError(
            f"cannot be run: {type(error).__name__}: {one_line(error)}", where=place, fix="mend the file"
        ) from error
    function: Any = getattr(module, name, None)
    if not callable(function):
        raise MonitorError(f"no function {name!r}", where=place, fix="define it, or name another")
    loaded: Callable[..., Any] = function
    return loaded


def text_of(project: Project, reference: str) -> str:
    r"""The text of the file that ``path.py:function`` names; empty where it cannot be read.

    Examples
    --------
    >>> text_of(project, "train.py:train"), text_of(project, "absent.py:train")
    ('def train(rows, folder): ...\n', '')
    """
    place = project.root / reference.rpartition(":")[0]
    try:
        # A pipe would be waited for.
        return place.read_text(encoding="utf-8", errors="replace") if place.is_file() else ""
    except OSError:
        return ""
