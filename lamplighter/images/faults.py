"""What is wrong with a file that should be an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lamplighter.core.records.image_faults import FaultCode
from lamplighter.errors import SourceError, visible


@dataclass(frozen=True, slots=True)
class ImageFault:
    """A file that could not be measured.

    Attributes
    ----------
    path : str
        As it was given.
    code : FaultCode
    reason : str
        What is wrong, and what would be right.

    Examples
    --------
    >>> ImageFault("a.jpg", FaultCode.EMPTY, "the file is empty; store it again").message
    'a.jpg: the file is empty; store it again'
    """

    path: str
    code: FaultCode
    reason: str

    @property
    def message(self) -> str:
        """One line: the file, what is wrong, and what would be right."""
        return f"{visible(self.path)}: {self.reason}"


class ImageError(SourceError):
    """An image cannot be measured.

    Attributes
    ----------
    code : FaultCode
    """

    def __init__(
        self, what: str = "", code: FaultCode = FaultCode.BROKEN, *, where: str | Path = "", fix: str = ""
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.code = code

    def of_file(self, path: str) -> ImageFault:
        """The fault of the file that it is about.

        Examples
        --------
        >>> ImageError("the file is empty", FaultCode.EMPTY, fix="store it again").of_file("a.jpg")
        ImageFault(path='a.jpg', code=<FaultCode.EMPTY: 'empty'>, reason='the file is empty; store it again')
        """
        return ImageFault(path, self.code, str(self))
