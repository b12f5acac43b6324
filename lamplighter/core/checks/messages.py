"""Messages to people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lamplighter.core.checks.decide import Decision
from lamplighter.core.checks.incidents import decided_by
from lamplighter.core.checks.words import apart
from lamplighter.core.monitor import Severity
from lamplighter.core.numbers import number_text
from lamplighter.errors import visible

DIGITS = 4
MOST_MOVED = 3
"""Columns and segments that a message names: as many as a person looks at before opening the report."""

GOOD = frozenset({"closed", "promoted", "confirmed", "completed"})
"""Events that need no action."""

OF_INCIDENTS = frozenset({"opened", "closed"})
"""Events of incidents: no message of these is sent while their check is muted."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes
    ----------
    model : str
    subject : str
        Name of a check, or what else changed, such as ``retraining`` or ``champion``.
    event : str
        What happened to it, such as ``opened`` or ``promoted``.
    severity : Severity
    title, body : str
        Plain text; the body is of several lines.
    report : str
        Path of the report within the home; empty where there is none.
    """

    model: str
    subject: str
    event: str
    severity: Severity
    title: str
    body: str
    report: str = ""

    def __post_init__(self) -> None:
        # A line break in a name could forge a line of the message.
        object.__setattr__(self, "title", visible(self.title))
        object.__setattr__(self, "body", "\n".join(map(visible, self.body.split("\n"))))

    @property
    def is_good(self) -> bool:
        """Whether it is good news."""
        return self.event in GOOD


@dataclass(frozen=True, slots=True)
class Moved:
    """A column or segment, and how far it moved.

    Attributes
    ----------
    name : str
    text : str
        How it moved, for people.
    """

    name: str
    text: str


def opened(
    model: str,
    decision: Decision,
    window: str,
    moved: Sequence[Moved],
    reasons: Iterable[str],
    report: str,
    causes: Iterable[str] = (),
) -> Message:
    """Say that a check has begun to fail.

    Parameters
    ----------
    model : str
    decision : Decision
        The one that failed.
    window : str
        Label of the window that was read.
    moved : sequence of Moved
        What moved most, the most first.
    reasons : iterable of str
        What was found broken, where the check is on broken data.
    report : str
        Path of the run's report within the home; empty where there is none.
    causes : iterable of str
        What the failure was laid to.

    Examples
    --------
    >>> from lamplighter.core.checks.decide import Verdict
    >>> from lamplighter.core.monitor import Check
    >>> from lamplighter.core.monitor.check_limits import Limit
    >>> check = Check(name="f1", metric="f1", below=0.4)
    >>> failed = Decision(check, None, 0.3, 0.4, Verdict.FAILED, limit=Limit(low=0.4))
    >>> message = opened("churn", failed, "2026-03-07", [Moved("amount", "(psi 2.1)")], [], "")
    >>> message.title, message.body.splitlines()
    ('churn: f1 fails', ['f1 is 0.3, below its limit 0.4', 'since 2026-03-07', 'moved most: amount (psi 2.1)'])
    """
    check = decision.check
    lines = [f"since {window}", *reasons]
    if not lines[1:]:
        lines[:0] = limit_lines(decision)
    lines += causes
    if moved:
        lines.append("moved most: " + "; ".join(f"{entry.name} {entry.text}" for entry in moved[:MOST_MOVED]))
    title = f"{model}: {check.name} fails"
    return Message(model, check.name, "opened", check.severity, title, "\n".join(map(visible, lines)), report)


def limit_lines(decision: Decision) -> list[str]:
    r"""What was judged, its limit, and from what the limit was computed.

    Examples
    --------
    >>> from lamplighter.core.checks.decide import Verdict
    >>> from lamplighter.core.monitor import Check
    >>> from lamplighter.core.monitor.check_limits import Limit
    >>> check = Check.model_validate({"metric": "f1", "falls": "5%", "versus": {"mean": "7d"}})
    >>> limit, compared = Limit(low=0.76), "5 % below 0.8, the mean of 7 windows from 2013-05-01 to 2013-05-07"
    >>> decision = Decision(check, None, 0.7, 0.76, Verdict.FAILED, limit=limit, compared=compared)
    >>> print(*limit_lines(decision), sep="\n")
    f1 is 0.7, below its limit 0.76
    the limit is 5 % below 0.8, the mean of 7 windows from 2013-05-01 to 2013-05-07
    """
    check = decision.check
    what = f"{check.metric}{_of(decision)}"
    if check.form.reads == "absence":
        return [f"{what} has no value {decision.compared}"]
    value, limit = _distinct(decision.value, decision.threshold)
    basis, count = apart(decision.compared)
    is_within = _side(decision) == "within"
    counted = f"; it was beyond it {count}" if is_within and count else f", {count}" if count else ""
    if check.form.reads == "slope":
        return [f"the slope of {what} is {value} per day, {_side(decision)} its limit {limit}{counted}", basis]
    first = f"{what} is {value}, {_side(decision)} its limit {limit}{counted}"
    return [first, f"the limit is {basis}"] if basis else [first]


def _side(decision: Decision) -> str:
    """Where a value lies; of a failed check the newest one may lie within its limit."""
    limit, value = decision.limit, decision.value
    if value is None or (limit.low is None and limit.high is None):
        return "beyond"
    return "below" if limit.lies_below(value) else "above" if limit.lies_above(value) else "within"


def undecided(model: str, incident_name: str, decision: Decision, since: str) -> Message:
    """Report that the data have left a check undecided for too long.

    Examples
    --------
    >>> from lamplighter.core.checks.decide import Verdict
    >>> from lamplighter.core.monitor import Check
    >>> check = Check(name="f1", metric="f1", below=0.4)
    >>> decision = Decision(check, None, None, 0.4, Verdict.UNDECIDED, "no label has come")
    >>> undecided("churn", "f1-undecided", decision, "2026-03-07").title
    'churn: f1 cannot be decided since 2026-03-07'
    """
    check = decision.check
    # What was seen first may have been of no window at all.
    begun = f" since {since}" if since else ""
    lines = [
        f"{check.metric}{_of(decision)}: {decision.reason}",
        "until it is decided this check reports nothing: mend the data, or correct the check",
        "where it need not be decided in every window, raise its undecided_after, or set it to 0 for never",
    ]
    title = f"{model}: {check.name} cannot be decided{begun}"
    return Message(model, incident_name, "opened", check.severity, title, "\n".join(lines))


class Closing(StrEnum):
    """Why an incident is closed."""

    OVER = "over"
    """The check passes again, or can be decided again."""
    VANISHED = "vanished"
    """Its segment has no rows any more."""
    UNDECLARED = "undeclared"
    """The monitor no longer has the check."""


CLOSINGS: dict[tuple[Closing, bool], tuple[str, str]] = {
    (Closing.OVER, False): ("passes again", "it failed since {since} and passes in {until}"),
    (Closing.OVER, True): ("can be decided again", "it was undecided since {since} and is decided in {until}"),
    (Closing.VANISHED, False): ("is closed", "it failed since {since}"),
    (Closing.VANISHED, True): ("is closed", "it was undecided since {since}"),
    (Closing.UNDECLARED, False): ("is no longer declared", "it failed since {since}; the monitor no longer has it"),
    (Closing.UNDECLARED, True): ("is no longer declared", "it was undecided since {since}"),
}
"""Title and body, by why an incident is closed and whether it was about a check that could not be decided."""


def closed(
    model: str, check_name: str, severity: Severity, since: str, until: str, how: Closing, ending: str = ""
) -> Message:
    """Report that an incident is closed, and why.

    Parameters
    ----------
    how : Closing
    ending : str
        What else is to be said: that broken data are sound again or were accepted, or that a past holds the change.

    Examples
    --------
    >>> message = closed("churn", "f1", Severity.WARNING, "2026-03-07", "2026-03-09", Closing.OVER)
    >>> message.title, message.body
    ('churn: f1 passes again', 'it failed since 2026-03-07 and passes in 2026-03-09')
    """
    name = decided_by(check_name)
    title, body = CLOSINGS[how, name != check_name]
    lines = [body.format(since=since, until=until), *([ending] if ending and how is not Closing.UNDECLARED else [])]
    return Message(model, check_name, "closed", severity, f"{model}: {name} {title}", "\n".join(lines))


def _of(decision: Decision) -> str:
    check = decision.check
    version = f"version {check.version}" if check.version else ""
    parts = [part for part in (check.feature, check.segment, check.klass, version) if part]
    return f" of {', '.join(parts)}" if parts else ""


def _distinct(value: float | None, limit: float | None) -> tuple[str, str]:
    """A value and a limit, with as many digits as it takes to see which is larger.

    Examples
    --------
    >>> _distinct(0.59997, 0.6), _distinct(0.1351351, 0.6), _distinct(None, 0.6)
    (('0.59997', '0.6'), ('0.1351', '0.6'), ('unknown', '0.6'))
    """
    for digits in range(DIGITS, 17):
        what = tuple("unknown" if number is None else number_text(number, digits) for number in (value, limit))
        if what[0] != what[1]:
            break
    return what[0], what[1]
