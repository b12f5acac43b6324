"""What Alertmanager's webhook delivers (version 4), and the message that people get of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, Field

from lamplighter.core.checks.messages import Message
from lamplighter.core.monitor import Severity
from lamplighter.errors import shortened, visible

MOST_ALERTS = 20
"""How many alerts of a group a message names; a group may have thousands."""

MOST_LETTERS = 500
"""Of each text of an alert."""


class Alert(BaseModel):
    """One alert of a group."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    startsAt: str = ""
    fingerprint: str = ""


class Delivery(BaseModel):
    """A group of alerts, as Alertmanager posts it; what else it holds is not needed."""

    version: Literal["4"]
    groupKey: str
    status: Literal["firing", "resolved"]
    groupLabels: dict[str, str] = {}
    commonLabels: dict[str, str] = {}
    alerts: list[Alert] = Field(min_length=1)
    truncatedAlerts: int = 0

    @property
    def identity(self) -> str:
        """The same for a delivery that is repeated, and another one when an alert of the group begins or ends.

        An alert that begins again has the fingerprint that it had, and another beginning.
        """
        alerts = sorted((alert.fingerprint, alert.status, alert.startsAt) for alert in self.alerts)
        return hashlib.sha256(json.dumps([self.groupKey, self.status, alerts]).encode()).hexdigest()


def alert_message(delivery: Delivery, critical: str = "critical") -> Message:
    """The message about a group.

    Parameters
    ----------
    delivery : Delivery
    critical : str
        What the label `severity` of an alert is that wakes a person.

    Examples
    --------
    >>> alert = {"status": "firing", "labels": {"alertname": "Up", "severity": "critical"},
    ...          "annotations": {"summary": "It is down", "description": "No answer."}}
    >>> group = {"version": "4", "groupKey": "g", "status": "firing", "alerts": [alert], "groupLabels": {"model": "m"}}
    >>> message = alert_message(Delivery.model_validate(group))
    >>> message.title, message.body, message.severity.value
    ('It is down', 'No answer.', 'critical')
    """
    firing = [alert for alert in delivery.alerts if alert.status == "firing"]
    is_over = delivery.status == "resolved"
    named = firing or delivery.alerts
    name = delivery.groupLabels.get("alertname", "alert")
    first = named[0].annotations.get("summary") or name
    others = len(named) - 1 + delivery.truncatedAlerts
    title = f"{'over: ' if is_over else ''}{shortened(first, MOST_LETTERS)}{f' (and {others} more)' if others else ''}"
    is_critical = any(alert.labels.get("severity") == critical for alert in named)
    return Message(
        model=delivery.groupLabels.get("model", ""),
        subject=name,
        event="closed" if is_over else "opened",
        severity=Severity.CRITICAL if is_critical else Severity.WARNING,
        title=title,
        body="\n".join(_lines(delivery, named)),
    )


def _lines(delivery: Delivery, named: list[Alert]) -> Iterator[str]:
    """What each alert says; a summary that is the title already is left out.

    Alerts of other rules may say nothing else. Their labels stand in its place: apprise sends nothing without a body.
    """
    for number, alert in enumerate(named[:MOST_ALERTS]):
        names = ("description", "runbook_url") if number == 0 else ("summary", "description")
        said = [text for text in (alert.annotations.get(name, "").strip() for name in names) if text]
        for text in said or [", ".join(f"{name}={value}" for name, value in alert.labels.items()) or alert.status]:
            yield visible(shortened(text, MOST_LETTERS))
    if (rest := max(0, len(named) - MOST_ALERTS) + delivery.truncatedAlerts) > 0:
        yield f"and {rest} more"
    over = len(delivery.alerts) - len(named)
    if over:
        yield f"over by now: {over}"
