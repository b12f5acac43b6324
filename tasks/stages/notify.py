"""Notify: deliver what waits in the outbox. What cannot be delivered waits for the next run."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

from lamplighter.core.checks.incidents import Incident, is_muted
from lamplighter.core.checks.messages import OF_INCIDENTS
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.finding import Code, Finding
from lamplighter.errors import BusyError, said_of
from storage.history import History, model_lock, open_history
from storage.history.incidents import incidents_open, muted_checks
from storage.history.outbox import DeliveryStatus, Waiting, mark, readdress, waiting
from storage.project.folder import Project
from storage.sinks.apprise import Sent, send, targets
from storage.sinks.exchange import Deadline
from tasks.stages.run_context import RunContext

PAUSES = (1.0, 5.0)
"""Seconds between attempts of one run."""

NEXT_RUN = "it is tried again in the next run"

MOST_MESSAGES = 4
"""How many slow messages one run waits for: the run keeps the model's lock meanwhile."""


def notify(context: RunContext) -> Finding | None:
    """Deliver what waits for a model's people."""
    return deliver(context.project, context.monitor, context.run_url)


def deliver(project: Project, monitor: Monitor, run_url: str = "") -> Finding | None:
    """Send the messages of a model that were not delivered; a target that does not answer is asked again and reported.

    Only what still holds is sent: an incident that is over before its first message was sent gets none. What is about a
    check that is muted by now waits until it is not.
    """
    history, locks = open_history(project), project.home / "locks"
    try:
        with model_lock("delivery", monitor.model, history.engine, locks, project.settings.wait_seconds):
            faults = _deliver(project, history, monitor, run_url)
    except BusyError as error:
        faults = {"": f"{said_of(monitor.model, error)}; {NEXT_RUN}"}
    if not faults:
        return None
    what = "; ".join(faults.values())
    return Finding(Code.NOTIFY_FAILED, "", what)


def _deliver(project: Project, history: History, monitor: Monitor, run_url: str) -> dict[str, str]:
    """Deliver what waits; returns what went wrong, by target."""
    to: dict[str, str] = targets(monitor)
    faults: dict[str, str] = {}
    if not to:
        # What waits goes to the addresses that are named next.
        return faults
    open_now = incidents_open(history, monitor.model)
    entries = waiting(history, monitor.model)
    # The newest first: after a kill no end may remain whose beginning was never sent.
    for entry in [entry for entry in reversed(entries) if _overtaken(entry, entries, open_now)]:
        mark(history, entry, DeliveryStatus.OVERTAKEN, datetime.now(UTC))
    for entry in waiting(history, monitor.model):
        if entry.target not in to:
            readdress(history, entry, to, datetime.now(UTC))
    muted = muted_checks(history, monitor.model, datetime.now(UTC))
    deadline = Deadline(MOST_MESSAGES * project.settings.notify_seconds)
    for entry in waiting(history, monitor.model):
        if not deadline.left:
            faults.setdefault(entry.target, f"the servers are slow and other messages wait; {NEXT_RUN}")
        if entry.message.event in OF_INCIDENTS and is_muted(entry.message.subject, muted):
            continue
        if not entry.is_due(datetime.now(UTC)):
            continue
        if entry.target not in faults and (fault := _delivered(project, history, entry, to[entry.target], run_url)):
            faults[entry.target] = fault
    return faults


def _overtaken(entry: Waiting, entries: list[Waiting], open_now: dict[str, Incident]) -> bool:
    """Whether what a message says no longer holds.

    That is so for a beginning that is over, and for an end whose beginning was not sent or after which it began again.
    """
    message = entry.message
    if message.event == "opened":
        return message.subject not in open_now or open_now[message.subject].notified_on != entry.known_on
    if message.event == "closed" and message.subject in open_now:
        return True
    beginning = [
        other
        for other in entries
        if other.message.subject == message.subject and other.message.event == "opened" and other.target == entry.target
        # The end of what may have been read is sent.
        if not other.may_have_arrived
    ]
    return message.event == "closed" and any(other.known_on < entry.known_on for other in beginning)


def _delivered(project: Project, history: History, entry: Waiting, url: str, run_url: str) -> str:
    """Send a message, marking each attempt; returns what went wrong in the last one.

    The mark follows the sending: a process killed between the two sends this one message again, and no other.
    """
    links, seconds = _links(project, entry, run_url), project.settings.notify_seconds
    sent, cure = Sent(""), ""
    for pause in (0.0, *PAUSES):
        time.sleep(pause)
        sent = send(url, entry.message, links, seconds=seconds)
        status, cure = _outcome(entry, sent)
        entry = replace(entry, attempts=entry.attempts + 1)
        # What may have arrived before stays so when it surely did not now.
        at = entry.unconfirmed_at if status is DeliveryStatus.UNCONFIRMED else None
        mark(history, entry, status, at or datetime.now(UTC), sent.fault)
        if not sent.fault or sent.is_final:
            break
    return f"{sent.fault}; {cure}" if sent.fault else ""


def _outcome(entry: Waiting, sent: Sent) -> tuple[DeliveryStatus, str]:
    """What became of a message, and what is done about it."""
    if not sent.fault:
        return DeliveryStatus.DELIVERED, ""
    if not sent.may_have_arrived:
        return DeliveryStatus.UNCONFIRMED if entry.may_have_arrived else DeliveryStatus.FAILED, NEXT_RUN
    if entry.may_have_arrived:
        return DeliveryStatus.UNANSWERED, "it was sent twice, may have arrived, and is not sent again"
    return DeliveryStatus.UNCONFIRMED, "it may have arrived, and is sent once more in a run after a day"


def _links(project: Project, entry: Waiting, run_url: str) -> str:
    """The lines that lead to the report and to the flow run, where there are such."""
    report = project.home / entry.message.report
    links = [f"report: {report.as_uri()}"] if entry.message.report and report.is_file() else []
    return "".join(f"\n{line}" for line in [*links, *([f"run: {run_url}"] if run_url else [])])
