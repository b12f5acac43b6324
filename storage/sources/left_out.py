"""What is left out of a file of labels whose other rows are read: said in one line for each kind of fault.

It travels in the metadata of the Parquet that such a file becomes, since a copy is read by later runs too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from lamplighter.core.counts import counted
from lamplighter.errors import SourceError

KEY = b"lamplighter.left_out"

MOST_SHOWN = 60
"""Signs of a value of a user's that a line quotes."""


@dataclass(slots=True)
class _Kind:
    """The first fault of a kind, how many there are, and the images that they cost."""

    first: str
    count: int = 0
    images: set[str] = field(default_factory=set)


class LeftOut:
    """The faults of a file, counted by what would be right.

    Examples
    --------
    >>> left_out = LeftOut()
    >>> for at in (3, 5, 9):
    ...     left_out.add(f"annotations[{at}]", SourceError("bbox is null", fix="write four numbers"), image="7")
    >>> left_out.lines()
    ['annotations[3]: bbox is null, and 2 more like it; write four numbers; 1 image left out']
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def add(self, where: str, fault: SourceError, *, image: str = "") -> None:
        """Count a fault at a place of the file, and the image that is left out for it."""
        kind = self._kinds.setdefault(fault.fix, _Kind(f"{where}: {fault.what}"))
        kind.count += 1
        kind.images |= {image} - {""}

    def lines(self) -> list[str]:
        """A line for each kind."""
        return [
            "; ".join(
                [
                    kind.first + (f", and {kind.count - 1:,} more like it" if kind.count > 1 else ""),
                    fix,
                    *([f"{counted(len(kind.images), 'image')} left out"] if kind.images else []),
                ]
            )
            for fix, kind in self._kinds.items()
        ]

    def noted(self, table: pa.Table) -> pa.Table:
        """Rows with these lines beside them."""
        return table.replace_schema_metadata({KEY: json.dumps(self.lines())})


def lines_in(metadata: Mapping[bytes, bytes] | None) -> list[str]:
    """The lines that `LeftOut.noted` wrote beside rows.

    Examples
    --------
    >>> lines_in(LeftOut().noted(pa.table({"id": [1]})).schema.metadata), lines_in(None)
    ([], [])
    """
    lines: list[str] = json.loads((metadata or {}).get(KEY, b"[]"))
    return lines


def quoted(value: object) -> str:
    """A value of a user's as JSON, cut where it is long.

    Examples
    --------
    >>> quoted(None), quoted(["10", 20])
    ('null', '["10", 20]')
    """
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."
