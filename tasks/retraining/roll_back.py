"""Roll back: an earlier version is champion again, by hand."""

from __future__ import annotations

from lamplighter.core.checks.messages import Message
from lamplighter.core.monitor import Monitor, Severity
from lamplighter.core.retraining.policy import BY_HAND, ROLLBACK
from lamplighter.errors import ModelError
from storage.history import open_history
from storage.history.outbox import put
from storage.history.promotions import Promotion, champion, promote, promotions, version_before
from storage.project.folder import Project
from storage.registry.versions import Registry
from storage.sinks.apprise import targets


def roll_back(project: Project, monitor: Monitor, version: str = "") -> Promotion:
    """Make an earlier version champion again, once its files are known to be what was registered.

    Parameters
    ----------
    version : str
        Empty for the one that the champion replaced.

    Raises
    ------
    ModelError
        If there is no such version, it is champion already, or its files were changed.
    """
    history, model = open_history(project), monitor.model
    present = champion(history, model)
    if present is None:
        raise ModelError("no version has been promoted", where=model, fix="there is nothing to roll back")
    wanted = version or version_before(history, model, present.version)
    if not wanted:
        raise ModelError(
            f"before {present.version} there was no champion of the registry", where=model, fix="name one with --to"
        )
    if wanted == present.version:
        raise ModelError(f"{wanted} is champion already", where=model, fix="name another with --to")
    if wanted not in (been := {entry.version for entry in promotions(history, model)}):
        raise ModelError(f"{wanted} has never been champion", where=model, fix=f"those were {', '.join(sorted(been))}")
    registry = Registry(project.home, history, model)
    registry.verified(wanted)
    with history.writing() as connection:
        cause = f"{ROLLBACK} {BY_HAND}"
        promotion = promote(
            connection, model, wanted, expected=present.version, logical_date=present.known_on, cause=cause
        )
        event, text = f"rolled back to {wanted}", f"{wanted} is champion again, in place of {present.version}"
        # By its number, since a champion may be changed to and fro within one logical date.
        subject, title = f"champion {promotion.number}", f"{model}: {event} by hand"
        message = Message(model, subject, event, Severity.WARNING, title, text)
        put(connection, promotion.known_on, [message], targets(monitor))
    registry.repair_pointer()
    return promotion
