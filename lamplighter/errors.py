"""What can go wrong, as one tree.

::

    LamplighterError            one clear line for a person: what, where, and what would be right
    ├── MonitorError            a monitor file or a setting says something that cannot be meant
    ├── SourceError             predictions or labels cannot be read
    │   ├── ColumnError         a column is missing, comes twice, or is of the wrong type
    │   └── BrokenFileError     a file that could be opened breaks while a column is read
    ├── HistoryError            the history cannot be reached, or is of another version
    ├── ReportError             a report cannot be made or written
    ├── PublishError            gauges cannot be written or pushed
    ├── ModelError              a version of a model cannot be trained, registered, loaded or promoted
    ├── BackupError             a back-up cannot be made, or is not what was written
    └── BusyError               another process does the same work for the model
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Self


class LamplighterError(Exception):
    """A mistake or a fault that a person can act on; its text is one line, which a terminal can print as it is.

    Parameters
    ----------
    what : str
        What is wrong.
    where : str or Path
        The file, the line, the model or the key that it is about; empty where it is about the command as a whole.
    fix : str
        What would be right, or what a person can do.

    Attributes
    ----------
    what, where, fix : str
        The three, each on one line.

    Examples
    --------
    >>> error = LamplighterError("unknown metric 'f2'", where="churn.yaml:14", fix="did you mean 'f1'?")
    >>> print(error)
    churn.yaml:14: unknown metric 'f2'; did you mean 'f1'?
    >>> error.where
    'churn.yaml:14'
    """

    def __init__(self, what: str = "", *, where: str | Path = "", fix: str = "") -> None:
        self.what, self.where, self.fix = visible(what), visible(str(where)), visible(fix)
        super().__init__(_joined(self.where, self.what, self.fix))

    def within(self, place: str | Path) -> Self:
        """The same error, seen from further outside: the place stands before its own.

        Examples
        --------
        >>> print(ColumnError("no column 'at'", "at", where="a.parquet").within("reference"))
        reference: a.parquet: no column 'at'
        """
        error = copy(self)
        error.where = ": ".join(filter(None, (visible(str(place)), self.where)))
        error.args = (_joined(error.where, error.what, error.fix),)
        return error


class MonitorError(LamplighterError):
    """A monitor file or a setting says something that cannot be meant."""


class SourceError(LamplighterError):
    """Predictions or labels cannot be read."""


class ColumnError(SourceError):
    """A column is missing, comes twice, or is of the wrong type.

    Attributes
    ----------
    column : str
        Its name, where the fault is of one column.
    missing : bool
    """

    def __init__(
        self, what: str, column: str = "", *, missing: bool = False, where: str | Path = "", fix: str = ""
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.column, self.missing = column, missing


class BrokenFileError(SourceError):
    """A file that could be opened breaks while a column is read; its rows are left out from then on."""


class HistoryError(LamplighterError):
    """The history cannot be reached, or is of another version."""


class ReportError(LamplighterError):
    """A report cannot be made or written."""


class PublishError(LamplighterError):
    """Gauges cannot be written or pushed."""


class ModelError(LamplighterError):
    """A version of a model cannot be trained, registered, loaded or promoted."""


class BackupError(LamplighterError):
    """A back-up cannot be made, is not what was written, or would take the place of something."""


class BusyError(LamplighterError):
    """Another process does the same work for the model."""


def _joined(where: str, what: str, fix: str) -> str:
    """The line of an error: ``where: what; fix``, of which each but the second may be empty."""
    return "; ".join(filter(None, (": ".join(filter(None, (where, what))), fix)))


def visible(text: str) -> str:
    r"""A text on one line, with every sign that a terminal would obey instead of printing written as Python does.

    So it is with escape sequences, line breaks, signs that turn the direction of writing, and half of a pair.

    Examples
    --------
    >>> print(visible("red \x1b[31m, \u202eabc, a\nb, größe"))
    red \x1b[31m, \u202eabc, a\nb, größe
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def one_line(error: BaseException, limit: int = 300) -> str:
    """The message of an error on one line.

    Examples
    --------
    >>> one_line(ValueError("first\\n  second"))
    'first second'
    """
    return shortened(visible(" ".join(str(error).split())) or type(error).__name__, limit)


OF_OURS = "a fault of Lamplighter's or of the data, --debug shows the traceback"
"""What a person can do about an error that no code foresaw."""


def unexpected(error: BaseException) -> str:
    """What is said of an error that no code foresaw.

    Examples
    --------
    >>> unexpected(KeyError("at"))
    "unexpected KeyError: 'at'"
    """
    return f"unexpected {type(error).__name__}: {one_line(error)}"


def shortened(text: str, limit: int) -> str:
    """A text of so many letters at most.

    Examples
    --------
    >>> shortened("a long reason", 6), shortened("short", 6)
    ('a lon…', 'short')
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def about(subject: str, error: BaseException) -> str:
    """The line of an error with what it is about in front, once.

    Examples
    --------
    >>> about("churn", LamplighterError("the day is not over", where="churn"))
    'churn: the day is not over'
    >>> about("churn", LamplighterError("unknown metric 'f2'", where="churn.yaml:14"))
    "churn: churn.yaml:14: unknown metric 'f2'"
    """
    return f"{subject}: {said_of(subject, error)}"


def said_of(subject: str, error: BaseException) -> str:
    """The line of an error for a reader who knows what it is about, such as a row of that model.

    Examples
    --------
    >>> said_of("churn", LamplighterError("the day is not over", where="churn"))
    'the day is not over'
    """
    if not isinstance(error, LamplighterError):
        return one_line(error)
    return _joined("" if error.where == subject else error.where, error.what, error.fix)


def common_mistake(faults: Sequence[Exception]) -> ColumnError | None:
    """The fault of all files, where it is one of the same column in each; else None.

    Examples
    --------
    >>> faults = [ColumnError("no column 'at'", "at", where=name) for name in ("a.parquet", "b.parquet")]
    >>> common_mistake(faults) is faults[0], common_mistake([*faults, OSError("gone")])
    (True, None)
    """
    errors = [error for error in faults if isinstance(error, ColumnError)]
    alike = {(error.column, error.missing) for error in errors}
    return errors[0] if len(errors) == len(faults) and len(alike) == 1 else None
