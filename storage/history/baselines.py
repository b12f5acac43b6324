"""What the columns of a window are held against: the sound windows before, however long ago a fault began."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.profiles.breaks import PAST_WINDOWS, USUAL_WINDOWS
from lamplighter.core.records.finding import COMPARED, INPUT_BREAKS, OF_WINDOWS, STATES, Code
from lamplighter.core.time.phases import SAME_PHASE_WINDOWS, phases_of
from lamplighter.core.time.window import Window
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
        Content hashes: of the sound windows, and of those that only show what is usual.
    open_codes : tuple of Code
        Faults that the newest window before had.
    since : datetime or None
        Where the fault began.
    phases : list of int
        Those of the past and older windows; empty where windows have none.
    phase : int
        That of the window itself; -1 where it has none.
    """

    past: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    open_codes: tuple[Code, ...] = ()
    since: datetime | None = None
    phases: list[int] = field(default_factory=list)
    phase: int = -1


@dataclass(frozen=True)
class Past:
    """What is recorded of the windows before one, as a run knows it.

    Attributes
    ----------
    window : Window
    profiles : dict of datetime to str
        Content hashes by start of the window, the newest first.
    faults : dict of datetime to set of (Code, str)
        Code and subject of what was broken of the inputs.
    accepted : list of Acceptance
    """

    window: Window
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
        return cls(window, hashes, faults, acceptances(history, **scope, before=known_on))

    def recent(self) -> list[str]:
        """The profiles of the newest windows, sound or not."""
        return [*self.profiles.values()][:PAST_WINDOWS]

    def of_column(self, column: str) -> BaselineWindows:
        """The windows that a column is held against.

        Windows count backwards; those in which the column was broken, and those that are missing within such a time,
        do not count, so that a fault never becomes what is usual by lasting.
        """
        states, length = self._states(column), self.window.end - self.window.start
        floor = max((it.since for it in states), default=None)
        past: list[str] = []
        older: list[str] = []
        phases: list[int] = []
        counted, missing, later = 0, 0, self.window.start
        open_codes: tuple[Code, ...] = ()
        since, is_newest = None, True
        for begin, content_hash in self.profiles.items():
            found = self.faults.get(begin, ())
            if any(code in OF_WINDOWS for code, _ in found):
                continue
            missing += max(round((later - begin) / length) - 1, 0)
            later = begin
            codes = self._broken(column, begin, states)
            if codes:
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
            phases += self._phases(begin)[:1]
        phase = next(iter(self._phases(self.window.start)), -1)
        return BaselineWindows(past, older, open_codes, since, phases, phase)

    def of_phases(self, column: str) -> list[list[str]]:
        """The newest earlier windows of each phase of the window in which the column was sound, or was accepted.

        Where there is none of the hour of the week, or of the weekday, those count in which it was broken and that were
        over by themselves: what comes once a week and goes is a rhythm. Windows before an acceptance are of another
        state.
        """
        states = self._states(column)
        floor = max((it.since for it in states), default=None)
        wanted = self._phases(self.window.start)
        sound: list[list[str]] = [[] for _ in wanted]
        over: list[str] = []
        has_ended = False
        for begin, content_hash in self.profiles.items():
            if any(code in OF_WINDOWS for code, _ in self.faults.get(begin, ())):
                continue
            is_broken = bool(self._broken(column, begin, states))
            has_ended = has_ended or not is_broken
            if floor and begin < floor and not any(it.covers(begin) for it in states):
                continue
            phases = self._phases(begin)
            for place, kept in enumerate(sound):
                if phases[place] == wanted[place] and not is_broken and len(kept) < SAME_PHASE_WINDOWS:
                    kept.append(content_hash)
            if phases[-1:] == wanted[-1:] and is_broken and has_ended and len(over) < SAME_PHASE_WINDOWS:
                over.append(content_hash)
        return [*sound[:-1], sound[-1] or over] if sound else []

    def _phases(self, start: datetime) -> tuple[int, ...]:
        return phases_of(start, self.window.zone, self.window.grain)

    def _states(self, column: str) -> list[Acceptance]:
        return [it for it in self.accepted if it.subject == column and it.code in STATES]

    def _broken(self, column: str, begin: datetime, states: Sequence[Acceptance]) -> tuple[Code, ...]:
        """What was broken of a column in a window and not accepted."""
        codes = tuple(sorted(code for code, subject in self.faults.get(begin, ()) if subject == column))
        return () if any(it.covers(begin) for it in states if it.code in codes) else codes
