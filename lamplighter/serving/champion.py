"""The champion of a model as a service has it: loaded once, and again when another version is promoted."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from lamplighter.core.retraining.pointer import POINTER
from lamplighter.errors import ModelError, one_line
from lamplighter.serving.faults import reported

if TYPE_CHECKING:
    from lamplighter.serving.instruments import ModelInstruments

M = TypeVar("M")
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served(Generic[M]):
    """A loaded model and the version that it is."""

    version: str
    model: M


class Champion(Generic[M]):
    """Who is champion of a model, for a service beside the registry.

    The service goes on with the version that it has while another one is loaded, and when that one cannot be loaded.

    Parameters
    ----------
    folder : path
        The model's folder of the registry: ``<home>/models/<model>``.
    load : callable
        Gets the folder of a version and returns the model.
    look_seconds : float, default=5.0
        How often it is looked whether another version is champion.

    Raises
    ------
    ModelError
        If there is no champion, or it cannot be loaded.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> registry = Path(folder.name)
    >>> for version in ("1", "2"):
    ...     (registry / version).mkdir()
    >>> _ = (registry / POINTER).write_text('{"version": "1", "folder": "1"}')
    >>> champion = Champion(registry, load=lambda place: place.name, look_seconds=0)
    >>> champion.served
    Served(version='1', model='1')
    >>> _ = (registry / POINTER).write_text('{"version": "2", "folder": "2"}')
    >>> champion.look()
    >>> champion.served.version
    '2'
    >>> folder.cleanup()
    """

    def __init__(self, folder: str | os.PathLike[str], load: Callable[[Path], M], *, look_seconds: float = 5.0) -> None:
        self.folder = Path(folder)
        self.look_seconds = look_seconds
        self._load = load
        self._looking = threading.Lock()
        self._refused = ""
        self._instruments: ModelInstruments | None = None
        self._served = self._loaded(*self._named())
        self._looked = time.monotonic()

    @property
    def served(self) -> Served[M]:
        """The version that is served; never waits for another one to be loaded."""
        if time.monotonic() - self._looked >= self.look_seconds and self._looking.acquire(blocking=False):
            self._looked = time.monotonic()
            threading.Thread(target=self._look_and_release, name="lamplighter-champion", daemon=True).start()
        return self._served

    def look(self) -> None:
        """Load the champion if it is another version than the one that is served; wait until that is done."""
        with self._looking:
            self._look()

    def shown_by(self, instruments: ModelInstruments) -> None:
        """Have instruments count for the version that is served, and say whether the champion is refused.

        They follow each version that is loaded; `model_service_champion_refused` is what the alert looks at.
        """
        self._instruments = instruments
        self._show()

    def _show(self) -> None:
        if self._instruments is None:
            return
        try:
            self._instruments.serve(self._served.version)
            series = self._instruments.series.here()
            series.child("model_service_champion_refused").set(bool(self._refused))
        except Exception as fault:
            reported(self._instruments.model, fault)

    def _look_and_release(self) -> None:
        try:
            self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        try:
            version, place = self._named()
            if version != self._served.version:
                self._served = self._loaded(version, place)
                LOG.info("%s: serves version %s", self.folder.name, version)
            self._refused = ""
        except ModelError as error:
            if str(error) != self._refused:
                LOG.warning("%s; version %s is served still", error, self._served.version)
            self._refused = str(error)
        self._show()

    def _named(self) -> tuple[str, Path]:
        """The version that the pointer names, and its folder."""
        path = self.folder / POINTER
        try:
            named = json.loads(path.read_text(encoding="utf-8"))
            return str(named["version"]), self.folder / str(named["folder"])
        except FileNotFoundError:
            fix = "make a model champion by `lamplighter adopt` or a retraining"
            raise ModelError("there is no champion", where=path, fix=fix) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            fix = "the next run of the model writes it anew"
            raise ModelError(f"cannot be read: {one_line(error)}", where=path, fix=fix) from None

    def _loaded(self, version: str, place: Path) -> Served[M]:
        try:
            return Served(version, self._load(place))
        except Exception as error:
            what = f"version {version} cannot be loaded: {type(error).__name__}: {one_line(error)}"
            raise ModelError(what, where=place, fix="roll back to another version") from error
