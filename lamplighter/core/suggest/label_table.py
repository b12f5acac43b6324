"""A table beside the predictions that may hold their truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lamplighter.core.suggest.column_names import is_aside, is_event, truth_strength
from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.roles import Roles
from lamplighter.core.suggest.words import ID, OF_ANOTHER_TIME, words

LABELLED = OF_ANOTHER_TIME | {"confirmed", "annotated", "observed", "reviewed", "decided"}


@dataclass(frozen=True)
class LabelTable:
    """A table that shares the id of the predictions.

    Attributes
    ----------
    place : mapping of str to str
        ``parquet``, or ``url`` and ``table``.
    id : str
        The column that holds the ids of predictions.
    target : Column or None
        The truth; None where several columns may be it.
    time : Column or None
        When a label arrived.
    met : int
        Labels, of those that were looked at, whose prediction was in the rows that were looked at.
    candidates : sequence of str
        Where there is no target: columns that may be it.
    delay : timedelta, optional
        How long after their predictions nearly all labels came.
    """

    place: Mapping[str, str]
    id: str
    target: Column | None
    time: Column | None
    met: int
    candidates: Sequence[str] = ()
    delay: timedelta | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it can be written down without a question."""
        return self.target is not None and self.met > 0

    @property
    def name(self) -> str:
        """The path or table, as a message names it."""
        return self.place.get("parquet") or self.place["table"]


def id_column(columns: Sequence[Column], id: str) -> str | None:
    """The column of a table whose name is that of an id, however it is spelled.

    Examples
    --------
    >>> id_column([Column("examUuid", "text"), Column("y", "number")], "exam uuid")
    'examUuid'
    """
    same = [column.name for column in columns if words(column.name) == words(id)]
    exact = [name for name in same if name == id]
    return next(iter([*exact, *same]), None)


def labels_in(
    place: Mapping[str, str], columns: Sequence[Column], id: str, met: int, roles: Roles
) -> LabelTable | None:
    """What of a table with the ids of predictions may be their truth; None where nothing may be.

    Parameters
    ----------
    place : mapping of str to str
    columns : sequence of Column
    id : str
        The column of the ids.
    met : int
        Ids that were found in the predictions.
    roles : Roles
        Of the predictions.

    Examples
    --------
    >>> from lamplighter.core.suggest.roles import roles_of
    >>> flags = {"distinct": 2, "rows": 100, "classes": ("0", "1")}
    >>> answer, label = Column("prediction", "boolean", **flags), Column("label", "boolean", **flags)
    >>> roles = roles_of([Column("at", "time"), Column("id", "text", unique=True), answer])
    >>> found = labels_in({"parquet": "labels"}, [Column("id", "text"), label], "id", 90, roles)
    >>> found.target.name, found.met
    ('label', 90)
    """
    own = {words(column.name) for column in roles.columns}
    others = [
        column
        for column in columns
        if column.kind in ("number", "boolean", "text", "list")
        and column.name != id
        and not is_aside(column.name)
        and not (ID & {*words(column.name)} and truth_strength(column) < 2)
    ]
    fitting = [column for column in others if _fits(column, roles)]
    # What stands in the predictions too, such as their class or a feature, is no truth.
    new = [column for column in fitting if words(column.name) not in own] or fitting
    ranked = [
        [c for c in new if truth_strength(c) == 2],
        [c for c in new if truth_strength(c) == 1 or is_event(c)],
        new,
    ]
    found = next((columns for columns in ranked if columns), [])
    if not found:
        return None
    target = found[0] if len(found) == 1 else None
    return LabelTable(place, id, target, _time(columns), met, [] if target else [column.name for column in found])


def _fits(column: Column, roles: Roles) -> bool:
    answer = roles.prediction
    if answer is None or column.is_empty or answer.is_empty:
        return True
    if roles.kind == "regression":
        # A probability may have been taken for a quantity, as long as no truth was known.
        return column.kind == "number" or (answer.is_probability and column.is_binary)
    if roles.kind in ("ranking", "text"):
        return column.kind in ("text", "list", "number")
    classes = {*answer.classes} & {*column.classes}
    return column.is_class and (bool(classes) or not (answer.classes and column.classes))


def _time(columns: Sequence[Column]) -> Column | None:
    """The column that says when a label arrived."""
    times = [column for column in columns if column.kind == "time" and not column.is_empty]
    named = [column for column in times if {*words(column.name)} & LABELLED]
    for found in (named, times):
        if found:
            return found[0] if len(found) == 1 else None
    return None
