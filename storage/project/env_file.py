"""A project's `.env` file: variables for its monitors and settings, under those of the environment."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from lamplighter.errors import MonitorError

ENV_FILE = ".env"

MOST_BYTES = 64 * 1024
"""A hundred long URLs; more is no file of variables."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


class EnvFile(Mapping[str, str]):
    """The variables of a file; their values are shown nowhere.

    Attributes
    ----------
    path : Path
    lines : dict of str to int
        Where each variable stands.
    is_readable_by_others : bool
        Whether more than its owner may read it.

    Examples
    --------
    >>> EnvFile(Path(".env"), {"TOKEN": ("hunter2", 1)})
    EnvFile(.env: TOKEN)
    """

    def __init__(
        self, path: Path, values: Mapping[str, tuple[str, int]] | None = None, *, is_readable_by_others: bool = False
    ) -> None:
        self.path = path
        self.lines = {name: line for name, (_, line) in (values or {}).items()}
        self.is_readable_by_others = is_readable_by_others
        self._values = {name: value for name, (value, _) in (values or {}).items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"EnvFile({self.path.name}: {', '.join(self._values)})"


def read_env_file(folder: Path) -> EnvFile:
    r"""The variables in the `.env` of a folder; none where there is no such file.

    Values are taken as they stand: ``${NAME}`` in one is not filled in.

    Raises
    ------
    MonitorError
        With file and line, and without the value.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, ".env").write_text("export LOG_URL=sqlite:///log.db\n")
    ...     print(dict(read_env_file(Path(folder))))
    {'LOG_URL': 'sqlite:///log.db'}
    """
    path = folder / ENV_FILE
    try:
        # Not to wait for the writer of a pipe of that name.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return EnvFile(path)
    except OSError as error:
        raise MonitorError(f"cannot be read: {error.strerror}", where=path, fix="mend or remove it") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise MonitorError(
                "is no regular file", where=path, fix="write lines such as NAME=value into one, or remove it"
            )
        content = os.read(descriptor, MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MOST_BYTES:
        raise MonitorError(
            f"is larger than {MOST_BYTES // 1024} kB", where=path, fix="it holds lines such as NAME=value alone"
        )
    return EnvFile(path, _parsed(path, content), is_readable_by_others=bool(status.st_mode & READABLE_BY_OTHERS))


def _parsed(path: Path, content: bytes) -> dict[str, tuple[str, int]]:
    """Each variable with its value and line."""
    from dotenv.parser import parse_stream

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MonitorError("is not UTF-8", where=f"{path}:{line}", fix="save the file as UTF-8") from None
    if "\0" in text:
        raise MonitorError(
            "holds a NUL byte", where=f"{path}:{text.count(chr(10), 0, text.index(chr(0))) + 1}", fix="remove it"
        )
    values: dict[str, tuple[str, int]] = {}
    for binding in parse_stream(io.StringIO(text)):
        # The parser counts the empty lines before a statement to it.
        original = binding.original.string
        line = binding.original.line + original[: len(original) - len(original.lstrip())].count("\n")
        if binding.error:
            raise MonitorError(
                "is no NAME=value", where=f"{path}:{line}", fix="mind the quotes, and begin comments with #"
            )
        if binding.key is None:
            continue
        if not NAME.fullmatch(binding.key):
            raise MonitorError("a name is of letters, digits and _, and begins with no digit", where=f"{path}:{line}")
        if binding.value is None:
            raise MonitorError("a name stands without a value", where=f"{path}:{line}", fix="write NAME=value")
        if binding.key in values:
            raise MonitorError(
                f"{binding.key} stands on line {values[binding.key][1]} too", where=f"{path}:{line}", fix="remove one"
            )
        values[binding.key] = (binding.value, line)
    return values
