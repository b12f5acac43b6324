"""What a file that is no Parquet file seems to be, and what would be right."""

from __future__ import annotations

import stat
from pathlib import Path

from lamplighter.errors import LamplighterError, SourceError, one_line
from storage.sources.formats import FORMATS

HEAD = 512
"""The first bytes of a file, by which formats differ."""

MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "is compressed by gzip", "decompress it, or end its name with .csv.gz if it is CSV"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd", "decompress it"),
    (b"BZh", "is compressed by bzip2", "decompress it"),
    (b"PK\x03\x04", "is a ZIP archive or an Excel file", "write it as Parquet"),
    (b"PARE", "is an encrypted Parquet file, which is not read", "write it without encryption"),
    (b"ARROW1", "is an Arrow IPC (Feather) file", "write it as Parquet"),
    (b"FEA1", "is a Feather file", "write it as Parquet"),
    (b"ORC", "is an ORC file", "write it as Parquet"),
    (b"Obj\x01", "is an Avro file", "write it as Parquet"),
    (b"\x89HDF", "is an HDF5 file", "write it as Parquet"),
    (b"SQLite format 3", "is a SQLite database", "name it as sql: {url: sqlite:///FILE, table: TABLE}"),
    (b"version https://git-lfs", "is a pointer of Git LFS", "fetch the file with `git lfs pull`"),
    (b"\xff\xfe", "is text in UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "is text in UTF-16", "save it as UTF-8"),
    (b"\x80\x04", "is a Python pickle, which is never loaded", "write it as Parquet"),
    (b"\x80\x05", "is a Python pickle, which is never loaded", "write it as Parquet"),
)
"""How files of other formats begin, and what is to be done about each."""

DELIVER = "deliver the file again"
"""What is to be done about a file that is broken, where nothing better is known."""

NO_FILES = (
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISDIR, "a folder"),
)


def refuse_no_file(path: str) -> None:
    """Refuse what is no regular file: reading a device or a pipe may never end.

    Raises
    ------
    SourceError

    Examples
    --------
    >>> refuse_no_file("/dev/null")
    Traceback (most recent call last):
    ...
    lamplighter.errors.SourceError: is a device and no regular file; name a file that holds rows
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        raise SourceError("is not there any more", fix=DELIVER) from None
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in NO_FILES if test(mode)), "something else")
        raise SourceError(f"is {kind} and no regular file", fix="name a file that holds rows")


def seems(head: bytes, tail: bytes, size: int) -> SourceError | None:
    """What is wrong with a file that cannot be read as Parquet; None where nothing is known.

    Parameters
    ----------
    head, tail : bytes
        Its first bytes and its last four.
    size : int

    Examples
    --------
    >>> print(seems(b"id,at,pred\\n1,2026-03-02,1\\n", b"2,1\\n", 27))
    seems to be CSV; end its name with .csv
    >>> print(seems(b"PAR1....", b"....", 8))
    is cut short: it begins as Parquet and its end is missing; deliver the file again
    """
    what, fix = _seems(head, tail, size)
    return SourceError(what, fix=fix) if what else None


def _seems(head: bytes, tail: bytes, size: int) -> tuple[str, str]:
    if not size:
        return "is empty (0 bytes)", DELIVER
    if head.startswith(b"PAR1"):
        whole = tail == b"PAR1"
        return "" if whole else "is cut short: it begins as Parquet and its end is missing", DELIVER
    for magic, what, fix in MAGIC:
        if head.startswith(magic):
            return what, fix
    if not head.strip(b"\0"):
        return "holds only zero bytes", DELIVER
    return _text(head)


def _text(head: bytes) -> tuple[str, str]:
    try:
        # The last sign may be cut in half.
        text = head.decode("utf-8-sig", errors="strict" if len(head) < HEAD else "ignore")
    except UnicodeDecodeError:
        return "", ""
    first = text.lstrip()
    if not first or not all(sign.isprintable() or sign in "\r\n\t" for sign in text):
        return "", ""
    if first[0] == "<":
        return "is HTML or XML, such as the error page of a server", DELIVER
    if first[0] in "{[":
        return "is JSON", "write it as Parquet or CSV, or end its name with .json if it holds labels of COCO"
    line = first.splitlines()[0]
    if any(sign in line for sign in ",;\t|"):
        return "seems to be CSV", f"end its name with {FORMATS['CSV'].ends[0]}"
    return "is text", "write it as Parquet or CSV"


def unreadable(error: Exception) -> SourceError:
    """Whatever a file could not be read for as one error, with what to do about it.

    Examples
    --------
    >>> print(unreadable(OSError("is damaged")), unreadable(SourceError("is empty", fix="remove it")), sep="\\n")
    is damaged; deliver the file again
    is empty; remove it
    """
    if isinstance(error, LamplighterError):
        return SourceError(error.what, where=error.where, fix=error.fix or DELIVER)
    return SourceError(one_line(error), fix=DELIVER)
