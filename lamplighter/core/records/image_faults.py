"""What may be wrong with the file of an image, by name."""

from __future__ import annotations

from enum import StrEnum


class FaultCode(StrEnum):
    """Why a file could not be measured."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NO_IMAGE = "no-image"
    TRUNCATED = "truncated"
    BROKEN = "broken"
    TOO_LARGE = "too-large"
    NO_MEMORY = "no-memory"
    CRASHED = "crashed"


OUTSIDE = "outside"
"""A path leads out of the folder of images, so that its file was not opened."""

ABSENT = frozenset({FaultCode.MISSING, OUTSIDE})
"""There is no file, or none that may be opened."""

OF_CONTENT = frozenset(
    {FaultCode.EMPTY, FaultCode.NO_IMAGE, FaultCode.TRUNCATED, FaultCode.BROKEN, FaultCode.TOO_LARGE}
)
"""What stays while a file stays as it is; what mends the others, such as a permission, changes no file."""


def may_pass(fault: str | None) -> bool:
    """Whether a file may be measured another time though it stays as it is.

    Examples
    --------
    >>> may_pass("unreadable"), may_pass("truncated"), may_pass(None)
    (True, False, False)
    """
    return fault is not None and fault not in OF_CONTENT
