"""What was looked at, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lamplighter.errors import LamplighterError, visible


class State(StrEnum):
    """How something stands, the worst first.

    A fault keeps something from working now; a warning is of what will, or of what only a person can judge.
    """

    FAULT = "fault"
    WARNING = "warning"
    OK = "ok"
    UNUSED = "not used"


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing that was looked at.

    Attributes
    ----------
    state : State
    what : str
        What is wrong, or what was seen.
    where : str
        The file, the key or the address that it is about.
    fix : str
        How to mend it; empty where nothing is wrong.
    check, model : str
        Which look it comes from, and of which model; the model is empty for what is of the whole project.
    """

    state: State
    what: str
    where: str = ""
    fix: str = ""
    check: str = ""
    model: str = ""

    @property
    def line(self) -> str:
        """What, where and how to mend it, on one line.

        Examples
        --------
        >>> fault("has 3 GB left", where="disk", fix="free some").line
        'disk: has 3 GB left; free some'
        """
        return visible("; ".join(filter(None, (": ".join(filter(None, (self.where, self.what))), self.fix))))


def ok(what: str) -> Looked:
    """Something that is as it should be."""
    return Looked(State.OK, what)


def unused(what: str) -> Looked:
    """Something that the project does not use, or not yet."""
    return Looked(State.UNUSED, what)


def warning(what: str, *, where: str = "", fix: str = "") -> Looked:
    """Something to look at."""
    return Looked(State.WARNING, what, where, fix)


def fault(what: str, *, where: str = "", fix: str = "") -> Looked:
    """Something that does not work."""
    return Looked(State.FAULT, what, where, fix)


def fault_of(error: LamplighterError, fix: str = "") -> Looked:
    """The fault that an error of ours reports."""
    return Looked(State.FAULT, error.what, error.where, fix or error.fix)
