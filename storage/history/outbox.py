"""The outbox: messages written in the transaction of what they report, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from lamplighter.core.checks.messages import Message
from lamplighter.core.monitor import Severity
from storage.history import tables
from storage.history.database import History

KEY = ("model", "subject", "event", "known_on", "target")
MESSAGE = ("model", "subject", "event", "title", "body", "report")


class DeliveryStatus(StrEnum):
    """What became of a message.

    One that is unconfirmed may have arrived: it is sent once more, not before `REPEATED_AFTER`. If that is not
    confirmed either, it is unanswered and not sent again.
    """

    DELIVERED = "delivered"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    UNANSWERED = "unanswered"
    OVERTAKEN = "overtaken"


WAITING = (DeliveryStatus.FAILED, DeliveryStatus.UNCONFIRMED)
REPEATED_AFTER = timedelta(days=1)
"""A person who got the message may get it twice, so not within the day in which it is read."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is not known to have arrived.

    Attributes
    ----------
    message : Message
    known_on : datetime
    target : str
        Stands for the URL that it goes to, which is a secret.
    attempts : int
    unconfirmed_at : datetime or None
        When it was sent and may have arrived.
    """

    message: Message
    known_on: datetime
    target: str
    attempts: int
    unconfirmed_at: datetime | None = None

    @property
    def may_have_arrived(self) -> bool:
        """Whether it was sent and not confirmed."""
        return self.unconfirmed_at is not None

    def is_due(self, now: datetime) -> bool:
        """Whether it may be sent now."""
        return self.unconfirmed_at is None or now >= self.unconfirmed_at + REPEATED_AFTER


def put(connection: sa.Connection, known_on: datetime, messages: Iterable[Message], targets: Iterable[str]) -> None:
    """Put messages into the outbox, one row for each target; one that lies there already stays as it is.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> message = Message("churn", "f1-below", "opened", Severity.WARNING, "churn: f1-below fails", "")
    >>> with TemporaryDirectory() as folder:
    ...     with (own := open_history(Project.open(folder))).writing() as connection:
    ...         put(connection, window.end, [message, message], ["team"])
    ...     print([(it.message.title, it.target) for it in waiting(own, "churn")])
    [('churn: f1-below fails', 'team')]
    """
    table, wanted = tables.outbox, list(targets)
    for message in messages:
        for target in wanted:
            key = _key(message, known_on, target)
            there = connection.scalar(sa.select(sa.literal(1)).where(*(table.c[n] == v for n, v in key.items())))
            if not there:
                values = {"severity": message.severity.value, "title": message.title, "body": message.body}
                number = _next_number(connection, message.model)
                connection.execute(sa.insert(table).values(**key, **values, report=message.report, number=number))


def _next_number(connection: sa.Connection, model: str) -> int:
    """Messages of a run are sent in the order in which they were written."""
    table = tables.outbox
    return (connection.scalar(sa.select(sa.func.max(table.c.number)).where(table.c.model == model)) or 0) + 1


def waiting(history: History, model: str) -> list[Waiting]:
    """The messages of a model that were neither delivered, overtaken nor given up, the oldest first.

    Examples
    --------
    >>> [(it.message.title, it.attempts) for it in waiting(history, "churn")]
    [('churn: drift_share-above fails', 0), ('churn: drift_share-above passes again', 0), ('churn: data fails', 0)]
    """
    table, delivery = tables.outbox, tables.delivery
    same = sa.and_(*(table.c[name] == delivery.c[name] for name in KEY))
    query = (
        sa.select(table, delivery.c.attempts, delivery.c.status, delivery.c.attempted_at)
        .select_from(table.outerjoin(delivery, same))
        .where(
            table.c.model == model,
            sa.or_(delivery.c.status.is_(None), delivery.c.status.in_([status.value for status in WAITING])),
        )
        .order_by(table.c.known_on, table.c.number)
    )
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Waiting(
            Message(severity=Severity(row["severity"]), **{name: row[name] for name in MESSAGE}),
            row["known_on"],
            row["target"],
            row["attempts"] or 0,
            row["attempted_at"] if row["status"] == DeliveryStatus.UNCONFIRMED.value else None,
        )
        for row in rows
    ]


def readdress(history: History, entry: Waiting, targets: Iterable[str], at: datetime) -> None:
    """Put a message whose URL is no longer the monitor's in for the present ones, in its place."""
    with history.writing() as connection:
        put(connection, entry.known_on, [entry.message], targets)
        _mark(connection, entry, DeliveryStatus.OVERTAKEN, at, "")


def mark(history: History, entry: Waiting, status: DeliveryStatus, at: datetime, error: str = "") -> None:
    """Note what became of a message.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> message = Message("churn", "f1-below", "opened", Severity.WARNING, "churn: f1-below fails", "")
    >>> with TemporaryDirectory() as folder:
    ...     with (own := open_history(Project.open(folder))).writing() as connection:
    ...         put(connection, window.end, [message], ["team"])
    ...     mark(own, waiting(own, "churn")[0], DeliveryStatus.DELIVERED, window.end)
    ...     print(waiting(own, "churn"))
    []
    """
    with history.writing() as connection:
        _mark(connection, entry, status, at, error)


def _mark(connection: sa.Connection, entry: Waiting, status: DeliveryStatus, at: datetime, error: str) -> None:
    table = tables.delivery
    key = _key(entry.message, entry.known_on, entry.target)
    values = {"status": status.value, "attempts": entry.attempts, "attempted_at": at, "error": error}
    connection.execute(sa.delete(table).where(*(table.c[name] == value for name, value in key.items())))
    connection.execute(sa.insert(table).values(**key, **values))


def _key(message: Message, known_on: datetime, target: str) -> dict[str, Any]:
    """The key of a message and its target, in both tables."""
    return dict(zip(KEY, (message.model, message.subject, message.event, known_on, target), strict=True))
