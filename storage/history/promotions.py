"""Who is champion: an append-only list, and the one function that adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.retraining.policy import ROLLBACK
from lamplighter.errors import ModelError
from storage.history import tables
from storage.history.database import History
from storage.history.runs import newest_run_begun


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version that became champion.

    Attributes
    ----------
    model : str
    number : int
        Its place in the list of the model, from 1.
    version, previous : str
        ``previous`` is empty where there was no champion before.
    known_on : datetime
        The logical date at which it took effect; later runs use it.
    cause : str
    """

    model: str
    number: int
    version: str
    previous: str
    known_on: datetime
    cause: str


def promotions(history: History, model: str) -> list[Promotion]:
    """The promotions of a model, in order.

    Examples
    --------
    >>> [(it.number, it.version, it.cause) for it in promotions(history, "churn")]
    [(1, 'v1', 'adopted')]
    """
    with history.reading() as connection:
        return _promotions(connection, model)


def _promotions(connection: sa.Connection, model: str) -> list[Promotion]:
    table = tables.promotion
    query = sa.select(table).where(table.c.model == model).order_by(table.c.number)
    return [Promotion(**row) for row in connection.execute(query).mappings()]


def champion_on(history: History, model: str, logical_date: datetime) -> Promotion | None:
    """The promotion that holds at a logical date: the newest one of an earlier date.

    Examples
    --------
    >>> champion_on(history, "churn", context.known_on).version
    'v1'
    >>> champion_on(history, "churn", window.start.replace(year=2025)) is None
    True
    """
    known = [entry for entry in promotions(history, model) if entry.known_on < logical_date]
    return known[-1] if known else None


def champion(history: History, model: str) -> Promotion | None:
    """The newest promotion.

    Examples
    --------
    >>> champion(history, "churn").version
    'v1'
    """
    known = promotions(history, model)
    return known[-1] if known else None


def version_before(history: History, model: str, version: str) -> str:
    """The version that another one replaced when it became champion on its own merits; empty for none.

    A version that came back by a rollback replaced the one that was bad, which is no place to go back to.

    Examples
    --------
    >>> version_before(history, "churn", "v1")
    ''
    """
    merited = [it for it in promotions(history, model) if it.version == version and not it.cause.startswith(ROLLBACK)]
    return merited[-1].previous if merited else ""


def promote(
    connection: sa.Connection, model: str, version: str, *, expected: str, logical_date: datetime, cause: str
) -> Promotion:
    """Make a version champion, if the champion is still the one that the decision was about.

    Parameters
    ----------
    connection : Connection
        In a transaction, which may also record why.
    expected : str
        The version that is replaced; empty for none.
    logical_date : datetime
        That of the run that requested it. It takes effect at the date of the newest run that has begun meanwhile, as
        when a person approved it days later: windows of those days that are measured again are measured as they were.

    Raises
    ------
    ModelError
        If another version is champion by now.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> with TemporaryDirectory() as folder, (own := open_history(Project.open(folder))).writing() as connection:
    ...     first = promote(connection, "churn", "v1", expected="", logical_date=window.start, cause="adopted")
    ...     second = promote(connection, "churn", "v2", expected="v1", logical_date=window.end, cause="better")
    ...     print(second.number, second.version, second.previous)
    2 v2 v1
    """
    known = _promotions(connection, model)
    present = known[-1].version if known else ""
    if present != expected:
        what = f"{version} was to replace {expected or 'no champion'}, and {present or 'no version'} is champion"
        raise ModelError(what, where=model, fix="compare it with that one")
    number = known[-1].number + 1 if known else 1
    known_on = max(
        filter(None, (logical_date, newest_run_begun(connection, model), known[-1].known_on if known else None))
    )
    promotion = Promotion(model, number, version, expected, known_on, cause)
    try:
        connection.execute(
            sa.insert(tables.promotion).values(
                model=model, number=number, version=version, previous=expected, known_on=known_on, cause=cause
            )
        )
    except sa.exc.IntegrityError:
        raise ModelError("another promotion came first", where=model, fix=f"{version} was not promoted") from None
    return promotion
