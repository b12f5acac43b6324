"""A project folder: the user's monitors and settings, and the home where what is recorded lies."""

from __future__ import annotations

import glob
import os
import re
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lamplighter.core.hints import did_you_mean
from lamplighter.core.limits import MOST_OF_A_MONITOR
from lamplighter.errors import OF_OURS, LamplighterError, MonitorError, unexpected
from storage.project.env_file import ENV_FILE, EnvFile, read_env_file
from storage.project.settings import Settings, load_settings
from storage.project.text_files import UnfitFileError, read_bounded

if TYPE_CHECKING:
    from lamplighter.core.monitor import Monitor

SUFFIXES = (".yaml", ".yml")
SQLITE_FILE = re.compile(r"^sqlite(?:\+\w+)?:///(?=[^/:?])(?!file:)")
"""What stands before the relative path of a SQLite file."""
MODEL_LINE = re.compile(r"""^["']?model["']?\s*:\s+["']?([a-z0-9-]+)["']?\s*(?:#.*)?$""", re.MULTILINE)


@dataclass(frozen=True)
class Project:
    """A folder with `monitors/*.yaml` and, if wanted, `lamplighter.toml`.

    Files whose name begins with an underscore are there to be extended and are no monitors themselves.
    """

    root: Path
    settings: Settings
    env_file: EnvFile = field(default_factory=lambda: EnvFile(Path(ENV_FILE)), repr=False, compare=False)

    @classmethod
    def open(cls, folder: str | Path | None = None) -> Project:
        """The project in a folder: the one given, else `LAMPLIGHTER_PROJECT`, else the working directory."""
        root = Path(folder or os.environ.get("LAMPLIGHTER_PROJECT") or ".").resolve()
        if not root.is_dir():
            raise MonitorError("no such folder", where=root, fix="give the one that holds monitors/")
        env_file = read_env_file(root)
        return cls(root, load_settings(root, env_file), env_file)

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that monitor files may name: those of the environment, over those of the project's `.env`."""
        return ChainMap(os.environ, self.env_file)  # type: ignore[arg-type]  # it is never written to

    @property
    def home(self) -> Path:
        """Where what is recorded lies."""
        return self.root / self.settings.home

    @property
    def log_place(self) -> str:
        """Where runs log lines of JSON: a file, ``-`` for the standard error, or nothing."""
        place = self.settings.log_file
        return "" if place is None else "-" if str(place) == "-" else str(self.root / place)

    @property
    def monitors_folder(self) -> Path:
        """Where monitor files lie."""
        return self.root / "monitors"

    def locate(self, path: str) -> str:
        """A path or glob of a monitor file as a URI or absolute one; relative ones are relative to the project."""
        return path if "://" in path else str(Path(glob.escape(str(self.root))) / path)

    def locate_url(self, url: str) -> str:
        """A SQLAlchemy URL; the file of a SQLite one is relative to the project, as every path is."""
        return SQLITE_FILE.sub(lambda match: f"{match[0]}{self.root}/", url)

    @property
    def has_monitors(self) -> bool:
        """Whether there is a monitor file."""
        return bool(self._found())

    def _found(self) -> list[Path]:
        return sorted(path for path in self.monitors_folder.glob("[!_.]*") if path.suffix in SUFFIXES)

    def files(self) -> list[Path]:
        """The monitor files, by name."""
        found = self._found()
        if not found:
            raise MonitorError(
                "no monitor files (*.yaml)", where=self.monitors_folder, fix="`lamplighter init` writes one"
            )
        return found

    def models(self) -> dict[str, Path]:
        """Name of each model and its file, the first where two name it; `monitor` and `monitors` refuse the other."""
        return {model: paths[0] for model, paths in self._named().items()}

    def load(self, path: Path, environ: Mapping[str, str] | None = None) -> Monitor:
        """Read one monitor file, with ``${VARIABLES}`` from an environment; by default from the project's."""
        # A command that reads the history alone need not wait for the metrics that a monitor may name.
        from lamplighter.core.monitor import parse

        text = self._text(path)
        environ = self.environ if environ is None else environ
        monitor = parse(self._shown(path), text, environ=environ, read=lambda name: self._decoded(self.root / name))
        sources = {"predictions": monitor.predictions, "labels": monitor.labels}
        found = {name: source.located(self.locate_url) for name, source in sources.items() if source}
        return monitor.model_copy(update=found)

    def draft(self, path: Path, model: str) -> Monitor:
        """A draft of a model's monitor, from a file anywhere: the keys that it names lie over those of the present one.

        Raises
        ------
        MonitorError
            With the draft's line.
        """
        from lamplighter.core.monitor.parse import parse_draft

        present, full = self.file_of(model), Path.cwd() / path
        if not full.exists():
            raise MonitorError("no such file", where=path, fix="give the one that holds the draft's checks")
        name = self._shown(full) if full.resolve().is_relative_to(self.root) else str(path)
        return parse_draft(
            name,
            self._text(full, anywhere=True),
            base=(self._shown(present), self._text(present)),
            environ=self.environ,
            read=lambda name: self._decoded(self.root / name),
        )

    def key_lines(self, path: Path) -> Callable[[tuple[str | int, ...]], str]:
        """Where each key of a monitor file stands, as ``file:line``."""
        from lamplighter.core.monitor.parse import key_lines

        return key_lines(self._shown(path), self._text(path), read=lambda name: self._decoded(self.root / name))

    def monitor(self, model: str) -> Monitor:
        """The monitor of a model, by name."""
        return self.load(self.file_of(model))

    def file_of(self, model: str) -> Path:
        """The monitor file of a model, whether or not the rest of it is sound.

        Raises
        ------
        MonitorError
            If no file names the model, or two do.
        """
        named = self._named()
        if model not in named:
            raise MonitorError(f"no model {model!r}", where=self.monitors_folder, fix=did_you_mean(model, named))
        first, *others = named[model]
        if others:
            raise self._named_twice(model, first, others[0])
        return first

    def monitors(self, environ: Mapping[str, str] | None = None) -> Iterator[tuple[Path, Monitor | LamplighterError]]:
        """Every monitor file, with its monitor or with what is wrong with it."""
        read: dict[str, Path] = {}
        for path in self.files():
            try:
                monitor = self.load(path, environ)
            except LamplighterError as error:
                yield path, error
                continue
            except Exception as error:
                yield path, MonitorError(unexpected(error), where=self._shown(path), fix=OF_OURS)
                continue
            first = read.setdefault(monitor.model, path)
            yield path, monitor if first == path else self._named_twice(monitor.model, first, path)

    def _named(self) -> dict[str, list[Path]]:
        """The files of each model; one that does not name its model goes by its own name, so that it is missed."""
        named: dict[str, list[Path]] = {}
        silent = []
        for path in self.files():
            if model := self._model_of(path):
                named.setdefault(model, []).append(path)
            else:
                silent.append(path)
        return named | {path.stem: [path] for path in silent if path.stem not in named}

    def _model_of(self, path: Path) -> str:
        """The model that a file is about, as far as is known without judging the rest of it."""
        try:
            match = MODEL_LINE.search(self._text(path))
            return match[1] if match else self.load(path).model
        except LamplighterError:
            return ""

    def _text(self, path: Path, *, anywhere: bool = False) -> str:
        try:
            return self._decoded(path, anywhere=anywhere)
        except OSError as error:
            raise MonitorError(
                f"cannot be read: {error.strerror}", where=f"{self._shown(path)}:1", fix="mend or remove it"
            ) from None

    def _decoded(self, path: Path, *, anywhere: bool = False) -> str:
        """The text of a monitor file, or of one that it extends: of the project, or beside the other monitors."""
        try:
            within = () if anywhere else (self.root, self.monitors_folder)
            content = read_bounded(path, MOST_OF_A_MONITOR, within=within)
            return content.decode("utf-8-sig")
        except UnfitFileError as error:
            raise error.within(f"{self._shown(path)}:1") from None
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise MonitorError(
                "is not UTF-8", where=f"{self._shown(path)}:{line}", fix="save the file as UTF-8"
            ) from None

    def _shown(self, path: Path) -> str:
        return os.path.relpath(path, self.root)

    def _named_twice(self, model: str, first: Path, second: Path) -> MonitorError:
        line = next((i for i, text in enumerate(self._text(second).splitlines(), 1) if MODEL_LINE.match(text)), 1)
        return MonitorError(
            f"model {model!r} stands in {self._shown(first)} too",
            where=f"{self._shown(second)}:{line}",
            fix="rename one",
        )
