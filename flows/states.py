"""How a monitor run ends in Prefect: Completed, under a name that the list of runs shows."""

from __future__ import annotations

from collections.abc import Callable

from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.stages.outcome import Outcome
from tasks.stages.summary import was_measured

ENDINGS: dict[str, Callable[[Outcome], bool]] = {
    "NothingMeasured": lambda outcome: not was_measured(outcome),
    "ChecksFailed": lambda outcome: bool(outcome.failed_checks),
    "Findings": lambda outcome: bool(outcome.findings),
    "Undecided": lambda outcome: bool(outcome.undecided_checks),
}
"""Names of the state of a run, the most urgent first; a run of which none holds is plainly Completed.

The type of the state stays Completed: the run did its work, and running it again would find the same. Events carry the
name, so `flows/heartbeat.yaml` lists each of these.
"""


def ending(outcome: Outcome) -> State:
    """The final state of a run: a name for the list, and a message that says what was found.

    Examples
    --------
    >>> state = ending(outcome)
    >>> state.name, state.message
    ('ChecksFailed', "checks failed: data; completed with findings: column 'amount' is about 88.2 times what it
     was in the 7 windows before: mostly between 510.3 and 6,536, and before mostly between 5.613 and 67.7; which unit
     is it in?")
    """
    name = next((name for name, holds in ENDINGS.items() if holds(outcome)), "Completed")
    return Completed(name=name, message=_message(outcome), data=outcome.as_dict())


def _message(outcome: Outcome) -> str:
    """Failed checks come first: a list cuts long messages off."""
    failed = ", ".join(decision.check.name for decision in outcome.failed_checks)
    return f"checks failed: {failed}; {outcome.message}" if failed else outcome.message
