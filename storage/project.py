"""A project folder: the user's monitors and settings, and the home where what is recorded lies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from lamplighter.core.monitor import Monitor, parse
from lamplighter.errors import LamplighterError, MonitorError
from storage.settings import Settings, load_settings

MODEL_LINE = re.compile(r"""^\s*\{?\s*["']?model["']?\s*:\s*["']?([a-z0-9-]+)""", re.MULTILINE)


@dataclass(frozen=True)
class Project:
    """A folder with `monitors/*.yaml` and, if wanted, `lamplighter.toml`.

    Files whose name begins with an underscore are there to be extended and are no monitors themselves.
    """

    root: Path
    settings: Settings

    @classmethod
    def open(cls, folder: str | Path | None = None) -> Project:
        """The project in a folder: the one given, else `LAMPLIGHTER_PROJECT`, else the working directory."""
        root = Path(folder or os.environ.get("LAMPLIGHTER_PROJECT") or ".").resolve()
        if not root.is_dir():
            raise MonitorError(f"{root}: no such folder; give the one that holds monitors/")
        return cls(root, load_settings(root))

    @property
    def home(self) -> Path:
        """Where what is recorded lies."""
        return self.root / self.settings.home

    @property
    def monitors_folder(self) -> Path:
        """Where monitor files lie."""
        return self.root / "monitors"

    def locate(self, path: str) -> str:
        """A path of a monitor file as a URI or absolute path; relative ones are relative to the project."""
        return path if "://" in path else str(self.root / path)

    def files(self) -> list[Path]:
        """The monitor files, by name."""
        found = sorted(path for path in self.monitors_folder.glob("*.yaml") if not path.name.startswith("_"))
        if not found:
            raise MonitorError(f"{self.monitors_folder}: no monitor files (*.yaml); `lamplighter init` writes one")
        return found

    def models(self) -> dict[str, Path]:
        """Name of each model and its file, read without judging the rest of the file."""
        named: dict[str, Path] = {}
        for path in self.files():
            match = MODEL_LINE.search(path.read_text())
            if match and match[1] in named:
                raise MonitorError(f"{path}:1: model {match[1]!r} stands in {named[match[1]].name} too; rename one")
            if match:
                named[match[1]] = path
        return named

    def load(self, path: Path) -> Monitor:
        """Read one monitor file."""
        shown = os.path.relpath(path, self.root)
        return parse(
            shown,
            path.read_text(),
            environ=os.environ,
            read=lambda name: (self.root / name).read_text(),
        )

    def monitor(self, model: str) -> Monitor:
        """The monitor of a model, by name."""
        named = self.models()
        if model not in named:
            near = get_close_matches(model, named, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise MonitorError(f"{self.monitors_folder}: no model {model!r}; {hint}known: {', '.join(named)}")
        return self.load(named[model])

    def monitors(self) -> Iterator[tuple[Path, Monitor | LamplighterError]]:
        """Every monitor file, with its monitor or with what is wrong with it."""
        for path in self.files():
            try:
                yield path, self.load(path)
            except LamplighterError as error:
                yield path, error
