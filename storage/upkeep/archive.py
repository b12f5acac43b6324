"""The form of a back-up: a tar of files, and last their checksums, whose lack shows that it breaks off."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from lamplighter.errors import BackupError, one_line
from storage.project.private_files import FILE_MODE, make_folder, open_private

MANIFEST = "manifest.json"
FORMAT = 1
MOST_OF_A_MANIFEST = 256 << 20
"""Bytes: the checksums of a million files take half of it."""

COMPRESSED = (".gz", ".tgz")
CHUNK = 1 << 20


@dataclass
class Manifest:
    """What a back-up holds.

    Attributes
    ----------
    made_at : str
        When, in ISO 8601.
    lamplighter : str
        The version that made it.
    schema : str
        The newest migration of its history; empty where the history is in another database.
    newest : dict of str to str
        The newest run's window of each model.
    checksums : dict of str to str
        SHA-256 of each file, by its path in the home.
    """

    made_at: str
    lamplighter: str
    schema: str = ""
    newest: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


class Writer:
    """Writes files into a back-up and notes their checksums.

    Parameters
    ----------
    file : binary file
    manifest : Manifest
    compressed : bool
    """

    def __init__(self, file: IO[bytes], manifest: Manifest, *, compressed: bool) -> None:
        # Level 1: what lies in a home is compressed already or text, of which higher levels save little.
        options: dict[str, Any] = {"mode": "w:gz", "compresslevel": 1} if compressed else {"mode": "w"}
        self._tar = tarfile.open(fileobj=file, format=tarfile.PAX_FORMAT, **options)  # noqa: SIM115
        self.manifest = manifest

    def add(self, path: Path, name: str) -> None:
        """Add a file under a name; one that is replaced meanwhile is added as it was."""
        with path.open("rb") as file:
            info = self._tar.gettarinfo(arcname=name, fileobj=file)
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            info.mode = FILE_MODE
            hashed = _Hashing(file)
            self._tar.addfile(info, hashed)
            self.manifest.checksums[name] = hashed.hexdigest()

    def close(self) -> None:
        """Write the checksums, after which the back-up is whole."""
        content = json.dumps(asdict(self.manifest), indent=1).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mode = len(content), FILE_MODE
        self._tar.addfile(info, io.BytesIO(content))
        self._tar.close()


class _Hashing(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file, self._hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        content = self._file.read(size)
        self._hash.update(content)
        return content

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack a back-up into an empty folder, for its owner alone, and hold it against its checksums.

    Raises
    ------
    BackupError
        If it is none, breaks off, or holds something else than was written.
    """
    found: dict[str, str] = {}
    manifest = None
    try:
        with tarfile.open(file, "r:*") as tar:
            for member in tar:
                name = _sound_name(file, member)
                content = tar.extractfile(member)
                assert content is not None
                if name == MANIFEST:
                    manifest = _manifest(file, content.read(MOST_OF_A_MANIFEST))
                else:
                    found[name] = _kept(content, folder / name)
                    os.utime(folder / name, (member.mtime, member.mtime))
            damaged_at = _damaged_at(tar)
    except FileNotFoundError:
        raise BackupError("no such file", where=file, fix="give the one that `lamplighter backup` wrote") from None
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        raise BackupError(f"cannot be read: {one_line(error)}", where=file, fix="take another back-up") from None
    if damaged_at:
        what = f"is damaged: at byte {damaged_at} of what it holds no file begins, where one should"
        raise BackupError(what, where=file, fix="take another back-up")
    if manifest is None:
        raise BackupError("breaks off before its checksums", where=file, fix="take another back-up")
    if wrong := sorted(found.items() ^ manifest.checksums.items()):
        raise BackupError(f"{wrong[0][0]} is not what was backed up", where=file, fix="take another back-up")
    return manifest


def _damaged_at(tar: tarfile.TarFile) -> int:
    """Where the head of a file is spoiled, which tarfile takes for the end; 0 where the end is one."""
    assert tar.fileobj is not None
    tar.fileobj.seek(tar.offset)
    block = tar.fileobj.read(tarfile.BLOCKSIZE)
    return tar.offset if len(block) == tarfile.BLOCKSIZE and any(block) else 0


def _sound_name(file: Path, member: tarfile.TarInfo) -> str:
    """The path of a file within the home; a back-up that writes elsewhere is none of ours."""
    path = PurePosixPath(member.name)
    if not member.isreg() or path.is_absolute() or ".." in path.parts or not path.parts:
        what = f"holds {member.name!r}, which is no file of a home"
        raise BackupError(what, where=file, fix="give one that `lamplighter backup` wrote")
    return path.as_posix()


def _manifest(file: Path, content: bytes) -> Manifest:
    known = json.loads(content)
    if not isinstance(known, dict) or known.get("format") != FORMAT:
        raise BackupError("is of a form that this Lamplighter does not know", where=file, fix="upgrade Lamplighter")
    try:
        return Manifest(**known)
    except TypeError as error:
        raise ValueError(one_line(error)) from None


def _kept(content: IO[bytes], path: Path) -> str:
    """Write a file of the back-up; returns its checksum."""
    make_folder(path.parent)
    hashed = hashlib.sha256()
    with open_private(path, "xb") as file:
        for chunk in _chunks(content):
            hashed.update(chunk)
            file.write(chunk)
    return hashed.hexdigest()


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    while chunk := content.read(CHUNK):
        yield chunk
