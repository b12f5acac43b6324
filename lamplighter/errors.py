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
    └── BusyError               another process does the same work for the model
"""

from __future__ import annotations

from collections.abc import Sequence


class LamplighterError(Exception):
    """A mistake or a fault that a person can act on; its text is one line, which a terminal can print as it is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(visible(message))


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

    def __init__(self, message: str, column: str = "", *, missing: bool = False) -> None:
        super().__init__(message)
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


class BusyError(LamplighterError):
    """Another process does the same work for the model."""


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


def unexpected(error: BaseException) -> str:
    """What is said of an error that no code foresaw.

    Examples
    --------
    >>> unexpected(KeyError("at"))
    "unexpected KeyError: 'at'; a fault of Lamplighter's or of the data, --debug shows the traceback"
    """
    what = f"unexpected {type(error).__name__}: {one_line(error)}"
    return f"{what}; a fault of Lamplighter's or of the data, --debug shows the traceback"


def shortened(text: str, limit: int) -> str:
    """A text of so many letters at most.

    Examples
    --------
    >>> shortened("a long reason", 6), shortened("short", 6)
    ('a lon…', 'short')
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def about(subject: str, message: str) -> str:
    """A message that begins with what it is about, once.

    Examples
    --------
    >>> about("scans", "the day is not over"), about("scans", "scans: the day is not over")
    ('scans: the day is not over', 'scans: the day is not over')
    """
    return message if message.startswith(f"{subject}: ") else f"{subject}: {message}"


def common_mistake(faults: Sequence[Exception]) -> ColumnError | None:
    """The fault of all files, where it is one of the same column in each; else None.

    Examples
    --------
    >>> faults = [ColumnError("a.parquet: no column 'at'", "at"), ColumnError("b.parquet: no column 'at'", "at")]
    >>> common_mistake(faults) is faults[0], common_mistake([*faults, OSError("gone")])
    (True, None)
    """
    errors = [error for error in faults if isinstance(error, ColumnError)]
    alike = {(error.column, error.missing) for error in errors}
    return errors[0] if len(errors) == len(faults) and len(alike) == 1 else None
