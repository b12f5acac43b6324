"""Data faults that a person accepted as the new state: appended, and known to the runs that come later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.records.finding import Code
from storage.history import tables
from storage.history.database import History


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A fault that a person accepted.

    Attributes
    ----------
    model, grain : str
    code : Code
    subject : str
        The column or file; empty for the window as a whole.
    since, until : datetime
        The start of its first window, and of the newest one when it was accepted.
    known_on : datetime
        The logical date of the newest run that had begun; later runs know of it.
    who, reason : str
    """

    model: str
    grain: str
    code: Code
    subject: str
    since: datetime
    until: datetime
    known_on: datetime
    who: str = ""
    reason: str = ""

    def covers(self, start: datetime) -> bool:
        """Whether a window lies in what was accepted."""
        return self.since <= start <= self.until

    @property
    def named(self) -> str:
        """What was accepted, for people.

        Examples
        --------
        >>> from datetime import UTC
        >>> day = datetime(2025, 3, 1, tzinfo=UTC)
        >>> Acceptance("m", "1d", Code.SCALE_CHANGED, "amount", day, day, day, "jo").named
        'amount (scale-changed) was accepted by jo on 2025-03-01'
        """
        what = f"{self.subject} ({self.code.value})" if self.subject else self.code.value
        by, why = f" by {self.who}" if self.who else "", f": {self.reason}" if self.reason else ""
        return f"{what} was accepted{by} on {self.known_on.date()}{why}"


def acceptances(history: History, model: str, grain: str, before: datetime | None = None) -> list[Acceptance]:
    """What was accepted of a model, the oldest first.

    Parameters
    ----------
    before : datetime, optional
        What a run of this logical date knows: acceptances of earlier ones, so that to run it again changes nothing.
    """
    table = tables.acceptance
    query = sa.select(table).where(table.c.model == model, table.c.grain == grain).order_by(table.c.known_on)
    if before is not None:
        query = query.where(table.c.known_on < before)
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [Acceptance(**{**row, "code": Code(row["code"])}) for row in rows]


def accept(connection: sa.Connection, accepted: Iterable[Acceptance]) -> None:
    """Append acceptances; the caller knows that none of them is there.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> accepted = Acceptance("churn", "1d", Code.SCALE_CHANGED, "amount", *3 * [window.end], "jo")
    >>> with TemporaryDirectory() as folder:
    ...     with (own := open_history(Project.open(folder))).writing() as connection:
    ...         accept(connection, [accepted])
    ...     print([it.named for it in acceptances(own, "churn", "1d")])
    ['amount (scale-changed) was accepted by jo on 2026-03-12']
    """
    rows = [{**asdict(it), "code": it.code.value} for it in accepted]
    if rows:
        connection.execute(sa.insert(tables.acceptance), rows)
