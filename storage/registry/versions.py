"""The registry of models: a folder for each version, whose content the history vouches for."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lamplighter.core.hints import did_you_mean
from lamplighter.core.retraining.pointer import POINTER
from lamplighter.errors import ModelError, one_line
from lamplighter.training import REFERENCE
from storage.history import History, tables
from storage.history.promotions import Promotion, champion
from storage.project.private_files import close_tree, make_folder, write_private

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version of a model.

    Attributes
    ----------
    model, version : str
    known_on : datetime
        The logical date of the run that requested it.
    trained_since, trained_until : datetime
        The rows that it was trained on.
    checksum : str
        Of all its files.
    card : dict
        Features, metrics, rows and the fingerprint of the trainer's code.
    """

    model: str
    version: str
    known_on: datetime
    trained_since: datetime
    trained_until: datetime
    checksum: str
    card: dict[str, Any]


class Registry:
    """The versions of one model, in the home, beside a pointer to the champion.

    The history says which versions there are and who is champion. Folders that it does not name are what a killed
    training left, and the pointer is a copy for services to read.
    """

    def __init__(self, home: Path, history: History, model: str) -> None:
        self.folder = home / "models" / model
        self._history, self._model = history, model

    def place(self, version: str) -> Path:
        """Where a version lies or will lie."""
        return self.folder / version

    def find(self, version: str) -> Version | None:
        """A registered version."""
        table = tables.model_version
        query = sa.select(table).where(table.c.model == self._model, table.c.version == version)
        with self._history.reading() as connection:
            row = connection.execute(query).mappings().first()
        return Version(**row) if row else None

    def _names(self) -> list[str]:
        """The registered versions, the oldest first."""
        table = tables.model_version
        query = sa.select(table.c.version).where(table.c.model == self._model).order_by(table.c.known_on)
        with self._history.reading() as connection:
            return list(connection.scalars(query))

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """An empty folder for a training to fill; what was not registered is removed."""
        folder = self.folder / f".{name}"
        try:
            shutil.rmtree(folder, ignore_errors=True)
            make_folder(folder)
        except OSError as error:
            raise ModelError(f"cannot be made: {error.strerror}", where=folder, fix="mend the home") from None
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def register(self, connection: sa.Connection, made: Path, entry: Version) -> None:
        """Take a finished folder over as a version; what names it in the same transaction names what is there.

        Raises
        ------
        ModelError
            If there is such a version already, or the folder cannot be moved.
        """
        place, table = self.place(entry.version), tables.model_version
        taken = sa.select(sa.literal(1)).where(table.c.model == self._model, table.c.version == entry.version)
        if connection.scalar(taken):
            raise ModelError(
                f"version {entry.version} is registered already", where=self._model, fix="a version never changes"
            )
        if links := [path.relative_to(made) for path in made.rglob("*") if path.is_symlink()]:
            raise ModelError(
                f"{links[0]} is a link, and what it leads to may change", where=place, fix="leave files and folders"
            )
        try:
            # What was adopted brings the modes that it had elsewhere.
            close_tree(made)
            for path in _files_of(made):
                _to_disk(path)
            shutil.rmtree(place, ignore_errors=True)
            made.replace(place)
            _to_disk(self.folder)
        except OSError as error:
            raise ModelError(f"the model cannot be kept: {one_line(error)}", where=place, fix="mend the home") from None
        connection.execute(
            sa.insert(table).values(
                model=entry.model,
                version=entry.version,
                known_on=entry.known_on,
                trained_since=entry.trained_since,
                trained_until=entry.trained_until,
                checksum=entry.checksum,
                card=entry.card,
            )
        )

    def verified(self, version: str) -> Path:
        """The folder of a version, once its files are known to be those that were registered.

        Raises
        ------
        ModelError
            If the version is not registered, or a file was changed, added or removed since. Nothing of it may be
            unpickled then.
        """
        known = self.find(version)
        if known is None:
            what = f"no version {version!r} is registered"
            raise ModelError(what, where=self._model, fix=did_you_mean(version, self._names()))
        place = self.place(version)
        if not place.is_dir() or checksum_of(place) != known.checksum:
            raise ModelError(
                "is not what was registered", where=place, fix="restore its files, or roll back to another version"
            )
        return place

    def reference(self, version: str) -> Path | None:
        """The reference of a version, where it is registered and has one."""
        path = self.place(version) / REFERENCE
        return path if self.find(version) and path.is_file() else None

    def remove(self, versions: Iterable[str]) -> None:
        """Remove the folders of versions that the history is about to forget.

        Raises
        ------
        ModelError
            If a folder cannot be removed.
        """
        try:
            for version in versions:
                if self.place(version).exists():
                    shutil.rmtree(self.place(version))
        except OSError as error:
            raise ModelError(
                one_line(error), where=self.folder, fix="remove the folder of that version by hand"
            ) from None

    def renew_pointer(self) -> None:
        """Have the pointer name the champion, or remove it where there is none any more.

        A service may look at any moment: it is never without a pointer while there is a champion.
        """
        if champion(self._history, self._model) is None:
            (self.folder / POINTER).unlink(missing_ok=True)
        self.repair_pointer()

    def repair_pointer(self) -> None:
        """Write the pointer anew where it does not name the champion; called at the start of every run."""
        # A promotion while it was being written is found by looking again.
        written: Promotion | None = None
        while (present := champion(self._history, self._model)) and present != written:
            self._write_pointer(present)
            written = present

    def _write_pointer(self, promotion: Promotion) -> None:
        pointer = {"version": promotion.version, "folder": promotion.version, "number": promotion.number}
        text = json.dumps(pointer, indent=2) + "\n"
        path = self.folder / POINTER
        with suppress(OSError):
            if path.read_text(encoding="utf-8") == text:
                return
        try:
            write_private(path, text.encode())
        except OSError as error:
            raise ModelError(f"cannot be written: {error.strerror}", where=path, fix="mend the home") from None


def _files_of(folder: Path) -> Iterator[Path]:
    """The files of a version's folder, in order."""
    return iter(sorted(path for path in folder.rglob("*") if path.is_file()))


def checksum_of(folder: Path) -> str:
    """A SHA-256 over the names and contents of all files.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "model.bin").write_bytes(b"weights")
    ...     before = checksum_of(Path(folder))
    ...     _ = Path(folder, "model.bin").write_bytes(b"other weights")
    ...     print(before == checksum_of(Path(folder)))
    False
    """
    whole = hashlib.sha256()
    for path in _files_of(folder):
        content = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                content.update(chunk)
        whole.update(f"{path.relative_to(folder).as_posix()} {content.hexdigest()}\n".encode())
    return whole.hexdigest()


def _to_disk(path: Path) -> None:
    """Have the disk hold what was written: a promotion must not name a file that a power cut took away."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
