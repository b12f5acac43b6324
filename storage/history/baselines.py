"""What the columns of a window are held against: the sound windows before, however long ago a fault began."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from lamplighter.core.breaks import PAST_WINDOWS, USUAL_WINDOWS
from lamplighter.core.finding import COMPARED, INPUT_BREAKS, OF_WINDOWS, STATES, Code
from lamplighter.core.window import Window
from storage.history import tables
from storage.history.acceptances import Acceptance, acceptances
from storage.history.database import History
from storage.history.newest import newest

MOST_LOOKED_AT = 5_000
"""Windows that a run looks back over: thirteen years of days, or seven months of hours."""


@dataclass(frozen=True, slots=True)
class BaselineWindows:
    """The profiles that a column is held against, the newest first, and the faults that it has.

    Attributes
    ----------
    past, older : list of str
        Content hashes: of the sound windows, and of those that tell of what is usual alone.
    open_codes : tuple of Code
        Faults that the newest window before had.
    since : datetime or None
        Where the fault began.
    """

    past: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    open_codes: tuple[Code, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True)
class Past:
    """What is recorded of the windows before one, as a run knows it.

    Attributes
    ----------
    length : timedelta
        Of a window.
    profiles : dict of datetime to str
        Content hashes by start of the window, the newest first.
    faults : dict of datetime to set of (Code, str)
        Code and subject of what was broken of the inputs.
    accepted : list of Acceptance
    """

    length: timedelta
    profiles: Mapping[datetime, str]
    faults: Mapping[datetime, Collection[tuple[Code, str]]]
    accepted: Sequence[Acceptance] = ()

    @classmethod
    def of(cls, history: History, window: Window, known_on: datetime) -> Past:
        """Read it."""
        scope = {"model": window.model, "grain": window.grain.value}

        def before(table: sa.Table, *more: sa.ColumnElement[bool]) -> list[sa.ColumnElement[bool]]:
            return [
                *(table.c[name] == value for name, value in scope.items()),
                table.c.window_start < window.start,
                *more,
            ]

        codes = tables.finding.c.code.in_([code.value for code in INPUT_BREAKS])
        profiles = newest(tables.profile, *before(tables.profile), as_of=known_on).subquery()
        recent = sa.select(profiles).order_by(profiles.c.window_start.desc()).limit(MOST_LOOKED_AT)
        with history.reading() as connection:
            kept = connection.execute(recent).mappings().all()
            found = connection.execute(
                newest(tables.finding, *before(tables.finding, codes), as_of=known_on)
            ).mappings()
            faults: dict[datetime, set[tuple[Code, str]]] = {}
            for row in found:
                if row["message"]:
                    faults.setdefault(row["window_start"], set()).add((Code(row["code"]), row["subject"]))
        hashes = {row["window_start"]: row["content_hash"] for row in kept if row["content_hash"]}
        return cls(window.end - window.start, hashes, faults, acceptances(history, **scope, before=known_on))

    def recent(self) -> list[str]:
        """The profiles of the newest windows, sound or not."""
        return [*self.profiles.values()][:PAST_WINDOWS]

    def of_column(self, column: str, start: datetime) -> BaselineWindows:
        """The windows that a column of the window of a start is held against.

        Windows count backwards; those in which the column was broken, and those that are missing within such a time,
        do not count, so that a fault never becomes what is usual by lasting.
        """
        states = [it for it in self.accepted if it.subject == column and it.code in STATES]
        floor = max((it.since for it in states), default=None)
        past: list[str] = []
        older: list[str] = []
        counted, missing, later = 0, 0, start
        open_codes: tuple[Code, ...] = ()
        since, is_newest = None, True
        for begin, content_hash in self.profiles.items():
            found = self.faults.get(begin, ())
            if any(code in OF_WINDOWS for code, _ in found):
                continue
            missing += max(round((later - begin) / self.length) - 1, 0)
            later = begin
            codes = tuple(sorted(code for code, subject in found if subject == column))
            if codes and not any(it.covers(begin) for it in states if it.code in codes):
                missing = 0
                if is_newest:
                    open_codes, since = open_codes or tuple(code for code in codes if code in COMPARED), begin
                continue
            is_newest = False
            counted, missing = counted + missing + 1, 0
            if counted > USUAL_WINDOWS:
                break
            is_past = counted <= PAST_WINDOWS and (floor is None or begin >= floor)
            (past if is_past else older).append(content_hash)
        return BaselineWindows(past, older, open_codes, since)
