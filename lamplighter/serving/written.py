"""What writing a batch came to, and what is asked of a place that batches are written to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Written:
    """What writing a batch came to.

    Attributes
    ----------
    rows : int
        Rows that lie there now.
    paths : list of Path
        Files that hold them.
    refused : list of str
        Why each of the other rows will never lie there.
    """

    rows: int = 0
    paths: list[Path] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Place(Protocol):
    """Where batches are written to."""

    def write(self, table: pa.Table, name: str) -> Written:
        """Write a batch, whole or not at all; under the same name again it doubles nothing.

        Raises
        ------
        Exception
            If it cannot be written now. It may be tried again.
        """
