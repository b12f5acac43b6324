"""Removing runs of the future, as of a host whose clock was wrong: the history is left as if they had not been."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from storage.history import tables
from storage.history.database import History

WHEN: dict[str, str] = {
    **dict.fromkeys(("measurement", "confusion", "evaluation", "finding", "profile", "decision", "run"), "known_on"),
    **dict.fromkeys(
        ("reference_value", "rescored", "acceptance", "outbox", "delivery", "retraining", "model_version", "promotion"),
        "known_on",
    ),
    "incident": "opened_on",
}
"""The tables whose rows came with a run, and the column that says with which."""


UNDONE: tuple[tuple[sa.Column[datetime], dict[str, object]], ...] = (
    (tables.incident.c.closed_on, {"closed_on": None, "ending": ""}),
    (tables.incident.c.notified_on, {"notified_on": None}),
    (tables.retraining.c.ended_on, {"ended_on": tables.retraining.c.known_on}),
)
"""What a run of the future wrote into rows that stay, and what takes its place."""


def newest_of_the_future(history: History, model: str, present: datetime) -> datetime | None:
    """The logical date of the newest run of a model that is still to come; None where there is none.

    Examples
    --------
    >>> newest_of_the_future(history, "churn", window.start).isoformat()
    '2026-03-12T00:00:00+00:00'
    >>> newest_of_the_future(history, "churn", context.known_on) is None
    True
    """
    table = tables.run
    query = sa.select(sa.func.max(table.c.known_on)).where(table.c.model == model, table.c.known_on > present)
    with history.reading() as connection:
        newest: datetime | None = connection.scalar(query)
    return newest


def counted(history: History, model: str, after: datetime) -> dict[str, int]:
    """How many rows of each table came with runs after an instant.

    Examples
    --------
    >>> found = counted(history, "churn", window.start)
    >>> found["run"], found["decision"]
    (1, 3)
    """
    with history.reading() as connection:
        found = {name: connection.scalar(_count(name, model, after)) or 0 for name in WHEN}
    return {name: count for name, count in found.items() if count}


def _count(name: str, model: str, after: datetime) -> sa.Select[tuple[int]]:
    table = tables.metadata.tables[name]
    return sa.select(sa.func.count()).select_from(table).where(table.c.model == model, table.c[WHEN[name]] > after)


def versions_after(history: History, model: str, after: datetime) -> list[str]:
    """The versions of a model that came with runs after an instant.

    Examples
    --------
    >>> versions_after(history, "churn", window.start.replace(day=1)), versions_after(history, "churn", window.start)
    (['v1'], [])
    """
    version = tables.model_version
    query = sa.select(version.c.version).where(version.c.model == model, version.c.known_on > after)
    with history.reading() as connection:
        return sorted(connection.scalars(query))


def prune(history: History, model: str, after: datetime) -> None:
    """Remove what runs after an instant recorded of a model, and undo what they changed, in one transaction.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.history.promotions import promote
    >>> from storage.project.folder import Project
    >>> with TemporaryDirectory() as folder:
    ...     with (own := open_history(Project.open(folder))).writing() as connection:
    ...         _ = promote(connection, "churn", "v1", expected="", logical_date=window.end, cause="adopted")
    ...     before = counted(own, "churn", window.start)
    ...     prune(own, "churn", window.start)
    ...     print(before, counted(own, "churn", window.start))
    {'promotion': 1} {}
    """
    with history.writing() as connection:
        for name, column in WHEN.items():
            table = tables.metadata.tables[name]
            connection.execute(sa.delete(table).where(table.c.model == model, table.c[column] > after))
        for changed, values in UNDONE:
            theirs = sa.and_(changed.table.c.model == model, changed > after)
            connection.execute(sa.update(changed.table).where(theirs).values(values))
