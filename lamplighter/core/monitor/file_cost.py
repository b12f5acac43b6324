"""What a monitor file may cost: bytes, depth, values, and the text that variables bring in.

A file is measured on the stream of YAML events, before anything is built from it: the loader calls itself for each
level, in C without end, and aliases stand for values that are many times the size of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lamplighter.core.limits import MOST_OF_A_MONITOR
from lamplighter.errors import MonitorError

MOST_DEPTH = 32
"""Levels of brackets and indentation; the keys of a monitor reach 5."""

MOST_VALUES = 50_000
"""Keys and values after aliases are written out: 2,000 columns with a check of 8 keys each come to 36,000 and are read
in 0.4 s. Without aliases the size of the file is the narrower limit for most."""

MOST_CHAIN = 8
"""Files that extend one another: a fleet, a team and a family of models need 3."""

PLAIN_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str"})
"""Tags that leave a value what it is; others build objects, such as numbers without end or sets."""


class TooMuchError(MonitorError):
    """A file costs more than a monitor may, or holds what a monitor has no use for.

    Attributes
    ----------
    line : int
        Where, counted from 1.
    """

    def __init__(self, what: str, line: int = 1, *, where: str | Path = "", fix: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.line = line


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a value costs with all below it: values, letters, and levels."""

    values: int = 1
    letters: int = 1
    height: int = 0


class _Meter:
    """Counts what a stream of events comes to once its aliases are written out."""

    def __init__(self) -> None:
        self.values = self.letters = self.aliases = 0
        # None is one that is still open.
        self.anchors: dict[str, _Cost | None] = {}
        # For each open collection: its anchor, the values and letters before it, and the deepest level below it.
        self.open: list[list[Any]] = []

    def begin(self, anchor: str | None, line: int) -> None:
        """Count a list or mapping, and go into it."""
        self.add(_Cost(), line)
        self.open.append([anchor, self.values - 1, self.letters - 1, len(self.open) + 1])
        if anchor:
            self.anchors[anchor] = None

    def end(self) -> None:
        """Leave a list or mapping."""
        anchor, values, letters, deepest = self.open.pop()
        if anchor:
            self.anchors[anchor] = _Cost(self.values - values, self.letters - letters, deepest - len(self.open))
        if self.open:
            self.open[-1][3] = max(self.open[-1][3], deepest)

    def add(self, cost: _Cost, line: int, anchor: str | None = None) -> None:
        """Count a value.

        Raises
        ------
        TooMuchError
        """
        self.values += cost.values
        self.letters += cost.letters
        deepest = len(self.open) + cost.height
        if self.open:
            self.open[-1][3] = max(self.open[-1][3], deepest)
        if anchor:
            self.anchors[anchor] = cost
        if deepest > MOST_DEPTH:
            raise TooMuchError(
                f"is nested without end, or deeper than {MOST_DEPTH} levels", line, fix="write it flatter"
            )
        if self.values > MOST_VALUES:
            raise self._too_much(f"{MOST_VALUES:,} keys and values", line)
        if self.letters > MOST_OF_A_MONITOR:
            raise self._too_much(f"{MOST_OF_A_MONITOR // 1024} KiB of text", line)

    def _too_much(self, what: str, line: int) -> TooMuchError:
        if self.aliases:
            text = f"holds more than {what} by this line, once its aliases (*name) are written out"
            return TooMuchError(f"{text}; {self.aliases} stand before it", line, fix="repeat less by them")
        text = f"holds more than {what} by this line"
        return TooMuchError(text, line, fix="name columns by patterns such as sensor_*, or leave checks out")

    def alias(self, name: str, line: int) -> None:
        """Count what an alias stands for; one that is not known is left to the loader's own message."""
        self.aliases += 1
        cost = self.anchors.get(name, _Cost())
        if cost is None:
            raise TooMuchError("is nested without end", line, fix="write out what it repeats")
        self.add(cost, line)


def check_cost(text: str, loader: type) -> None:
    """Refuse a text that costs too much, having read no more of it than it takes to see that.

    Parameters
    ----------
    text : str
    loader : type
        A PyYAML loader, whose events are read.

    Raises
    ------
    TooMuchError
        With the line and what would be right.
    yaml.YAMLError
        If it is not YAML.

    Examples
    --------
    >>> check_cost("x: " + "[" * 50_000, yaml.SafeLoader)
    Traceback (most recent call last):
    ...
    lamplighter.core.monitor.file_cost.TooMuchError: is nested without end, or deeper than 32 levels; write it flatter
    """
    if len(text.encode(errors="replace")) > MOST_OF_A_MONITOR:
        raise TooMuchError(
            f"is larger than {MOST_OF_A_MONITOR // 1024} KiB", fix="split it, or name columns by patterns"
        )
    meter = _Meter()
    for event in yaml.parse(text, Loader=loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if getattr(event, "tag", None) not in PLAIN_TAGS:
            raise TooMuchError("a tag (!!) other than !!str is of no use in a monitor", line, fix="leave it out")
        if isinstance(event, yaml.AliasEvent):
            meter.alias(str(event.anchor), line)
        elif isinstance(event, yaml.ScalarEvent):
            meter.add(_Cost(letters=len(event.value) + 1), line, event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            meter.begin(event.anchor, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            meter.end()
