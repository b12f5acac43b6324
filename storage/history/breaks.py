"""What was found broken of the data of some windows, and which numbers it inhibits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import sqlalchemy as sa

from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.finding import COMPARED, INPUT_BREAKS, LABEL_BREAKS, STATES, Code, Finding
from lamplighter.core.time.window import Window
from storage.history import tables
from storage.history.acceptances import Acceptance, acceptances
from storage.history.database import History
from storage.history.newest import newest

LASTING = LABEL_BREAKS - {Code.LABELS_UNREADABLE, Code.CLASSES_DIFFER}
"""Label breaks that spoil whatever awaited its labels then; the others are over once labels can be read."""

Found = tuple[datetime, Finding]
"""The start of a window, and what was broken of it."""


@dataclass(frozen=True)
class Faults:
    """What a run knows to be broken of a model's windows, and which of it a person accepted.

    Attributes
    ----------
    history : History
    model, grain : str
    as_of : datetime
        The logical date of the run.
    """

    history: History
    model: str
    grain: str
    as_of: datetime

    @classmethod
    def of(cls, history: History, window: Window, as_of: datetime) -> Faults:
        """Those of the model of a window."""
        return cls(history, window.model, window.grain.value, as_of)

    def found(self, since: datetime, until: datetime, codes: Collection[Code]) -> list[Found]:
        """What was found of the windows that begin in a span, accepted or not."""
        table = tables.finding
        query = newest(
            table,
            table.c.model == self.model,
            table.c.grain == self.grain,
            table.c.window_start >= since,
            table.c.window_start < until,
            table.c.code.in_([code.value for code in codes]),
            as_of=self.as_of,
        )
        with self.history.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return sorted(
            (row["window_start"], Finding(Code(row["code"]), row["subject"], row["message"]))
            for row in rows
            if row["message"]
        )

    def open(self, since: datetime, until: datetime, codes: Collection[Code]) -> list[Found]:
        """The same without what was accepted."""
        return [(start, it) for start, it in self.found(since, until, codes) if not self.is_accepted(start, it)]

    def is_unsound(self, start: datetime, finding: Finding) -> bool:
        """Whether a fault, open or accepted, spoils a window; what goes on after it was accepted is how data are."""
        mine = [it for it in self.accepted if (it.code, it.subject) == (finding.code, finding.subject)]
        return any(it.covers(start) for it in mine) or not self.is_accepted(start, finding)

    @cached_property
    def accepted(self) -> list[Acceptance]:
        """What a person accepted, as far as the run knows it."""
        return acceptances(self.history, self.model, self.grain, before=self.as_of)

    def is_accepted(self, start: datetime, finding: Finding) -> bool:
        """Whether what was found of a window was accepted.

        A column that is compared with the windows before it is so up to the newest window that the person saw: what is
        found of a later one is another change. What a window shows of itself, such as that a column is missing, is
        accepted until it is over.
        """
        mine = [it for it in self.accepted if (it.code, it.subject) == (finding.code, finding.subject)]
        if any(it.covers(start) for it in mine):
            return True
        earlier = [it for it in mine if it.until < start]
        if not earlier or finding.code in COMPARED:
            return False
        return self._lasted(earlier[-1], start)

    def recorded(self, after: datetime, before: datetime) -> set[datetime]:
        """The recorded windows that begin between two instants."""
        table = tables.evaluation
        query = (
            sa.select(table.c.window_start)
            .distinct()
            .where(
                table.c.model == self.model,
                table.c.grain == self.grain,
                table.c.window_start > after,
                table.c.window_start < before,
                table.c.known_on <= self.as_of,
            )
        )
        with self.history.reading() as connection:
            return set(connection.scalars(query))

    def _lasted(self, accepted: Acceptance, start: datetime) -> bool:
        """Whether every recorded window since the newest accepted one shows the same."""
        recorded = self.recorded(accepted.until, start)
        found = self.found(accepted.until + MOMENT, start, [accepted.code])
        return recorded <= {begin for begin, it in found if it.subject == accepted.subject}


MOMENT = timedelta(microseconds=1)
"""The shortest time between two instants."""


def sound_windows(history: History, monitor: Monitor, windows: Sequence[Window], as_of: datetime) -> list[Window]:
    """Those windows that a model may learn from and be compared on, by what is known to be broken.

    Left out are those with a fault, whether it is open or was accepted: from its first window until it ended or was
    accepted. Once a column has another state by acceptance, what came before is of another column.

    Parameters
    ----------
    windows : sequence of Window
        In order.

    Examples
    --------
    >>> windows = [window.previous(), window]
    >>> [it.label for it in sound_windows(history, monitor, windows, context.known_on)]
    ['2026-03-10']
    """
    if not windows:
        return []
    faults = Faults.of(history, windows[0], as_of)
    until = max(matured(windows[-1], monitor), windows[-1].end)
    broken = faults.found(windows[0].start, until, INPUT_BREAKS | LABEL_BREAKS)
    found = [(start, it.code) for start, it in broken if faults.is_unsound(start, it)]
    of_itself = {start for start, code in found if code not in LASTING}
    lasting = [start for start, code in found if code in LASTING]
    states = [it.until for it in faults.accepted if it.code in STATES]
    return [
        window
        for window in windows
        if window.start not in of_itself
        and not any(window.start <= start < matured(window, monitor) for start in lasting)
        and not any(window.start <= state for state in states)
    ]
