"""The key of a home: private values are known by a hash that cannot be guessed without it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from lamplighter.errors import SourceError, one_line
from storage.project.private_files import write_private

KEY_BYTES = 32
KEY_FILE = "private.key"
"""Its name in the home."""


def keyed_hash(value: str, key: bytes) -> str:
    """A name for a private value that cannot be guessed without the home's key.

    Examples
    --------
    >>> keyed_hash("Ada", b"key"), keyed_hash("Ada", b"another key")
    ('c066342b76c7754f', '4888164e764bb05a')
    """
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:16]


def key_name(key: bytes) -> str:
    """A short name of a key, which shows nothing of it but whether it is the same.

    Examples
    --------
    >>> key_name(b"key") == key_name(b"key"), key_name(b"key") == key_name(b"another key")
    (True, False)
    """
    return hashlib.sha256(b"name of a key " + key).hexdigest()[:16]


def home_key(home: Path) -> bytes:
    """The key of the home, made at its first use.

    Raises
    ------
    SourceError
        If it cannot be read or made, or is not whole: without it, hashes of private values could be guessed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     print(len(home_key(Path(folder))), home_key(Path(folder)) == home_key(Path(folder)))
    32 True
    """
    path = home / KEY_FILE
    try:
        if not path.exists():
            # Two processes may come at once, and the key of the first is what both take.
            write_private(path, secrets.token_bytes(KEY_BYTES), keep=True)
        key = path.read_bytes()
    except OSError as error:
        what = f"the key of private values cannot be read or made: {error.strerror or one_line(error)}"
        raise SourceError(what, where=path, fix="mend the folder, or set LAMPLIGHTER_HOME") from None
    if len(key) != KEY_BYTES:
        raise SourceError(
            f"holds {len(key)} bytes, not {KEY_BYTES}", where=path, fix="restore it, or remove it for a new one"
        )
    return key
