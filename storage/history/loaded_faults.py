"""What was found broken of a model's windows, loaded once and asked as of many logical dates."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import sqlalchemy as sa

from lamplighter.core.records.finding import DATA_FAULTS, Code, Finding
from storage.history import tables
from storage.history.acceptances import Acceptance, acceptances
from storage.history.breaks import Faults, Found
from storage.history.database import History

MessagesKnown = list[tuple[datetime, str]]
"""Since when each message of a finding is known; an empty one says that it is no longer found."""


@dataclass(frozen=True)
class FindingRows:
    """The data faults and acceptances of a model.

    Attributes
    ----------
    keys : list of (datetime, Code, str)
        Window, code and subject, in order.
    known : list of MessagesKnown
        Of each key, in the order of time.
    accepted : list of Acceptance
    recorded : list of (datetime, datetime)
        The windows that are recorded, in order, each with the logical date of its first run.
    """

    keys: list[tuple[datetime, Code, str]]
    known: list[MessagesKnown]
    accepted: list[Acceptance]
    recorded: list[tuple[datetime, datetime]]

    @classmethod
    def load(cls, history: History, model: str, grain: str) -> FindingRows:
        """Load all of them."""
        table, evaluation = tables.finding, tables.evaluation
        query = (
            sa.select(table.c.window_start, table.c.code, table.c.subject, table.c.known_on, table.c.message)
            .where(
                table.c.model == model,
                table.c.grain == grain,
                table.c.code.in_([code.value for code in DATA_FAULTS]),
            )
            .order_by(table.c.known_on)
        )
        windows = (
            sa.select(evaluation.c.window_start, sa.func.min(evaluation.c.known_on))
            .where(evaluation.c.model == model, evaluation.c.grain == grain)
            .group_by(evaluation.c.window_start)
        )
        found: dict[tuple[datetime, Code, str], MessagesKnown] = {}
        with history.reading() as connection:
            for start, code, subject, known_on, message in connection.execute(query):
                found.setdefault((start, Code(code), subject), []).append((known_on, message))
            recorded = sorted((start, known_on) for start, known_on in connection.execute(windows))
        keys = sorted(found)
        return cls(keys, [found[key] for key in keys], acceptances(history, model, grain), recorded)


@dataclass(frozen=True)
class LoadedFaults(Faults):
    """The faults as a run of some logical date knew them, without a query."""

    rows: FindingRows = field(kw_only=True)

    def found(self, since: datetime, until: datetime, codes: Collection[Code]) -> list[Found]:
        """What was found of the windows that begin in a span, accepted or not."""
        begin = bisect_left(self.rows.keys, since, key=lambda key: key[0])
        end = bisect_left(self.rows.keys, until, key=lambda key: key[0])
        found: list[Found] = []
        for (start, code, subject), known in zip(self.rows.keys[begin:end], self.rows.known[begin:end], strict=True):
            if code in codes and (message := self._message(known)):
                found.append((start, Finding(code, subject, message)))
        return sorted(found)

    def _message(self, known: MessagesKnown) -> str:
        place = bisect_right(known, self.as_of, key=lambda row: row[0])
        return known[place - 1][1] if place else ""

    @cached_property
    def accepted(self) -> list[Acceptance]:
        """What a person accepted, as far as the run knew it."""
        return [it for it in self.rows.accepted if it.known_on < self.as_of]

    def recorded(self, after: datetime, before: datetime) -> set[datetime]:
        """The recorded windows that begin between two instants."""
        return {start for start, known_on in self.rows.recorded if after < start < before and known_on <= self.as_of}
