"""What Alertmanager delivers, sent on by apprise: every message once, however often the delivery is repeated."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

from lamplighter.errors import visible
from storage.sinks.alert_message import Delivery, alert_message
from storage.sinks.apprise import Sent, scheme, send

REMEMBERED = 3600.0
"""Seconds for which a message is known to be sent. Alertmanager repeats what it got no answer for within minutes, and a
reminder, which is wanted, after its `repeat_interval`."""

MOST_REMEMBERED = 10_000


class Answer(NamedTuple):
    """What Alertmanager is answered: a status, and a line that its log shows."""

    status: int
    line: str


class Relay:
    """Sends on, and remembers what it sent.

    Parameters
    ----------
    receivers : mapping of str to sequence of str
        Apprise URLs by name.
    critical : str
        What the label `severity` of an alert is that wakes a person.
    seconds : float
        How long a message may take.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        receivers: Mapping[str, tuple[str, ...]],
        critical: str = "critical",
        seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.receivers, self._critical, self._seconds, self._clock = receivers, critical, seconds, clock
        self._sent: dict[str, float] = {}
        self._unsure: set[str] = set()
        self._memory = Lock()
        urls = {url for named in receivers.values() for url in named}
        # One message at a time to each address: a delivery that is repeated while it is being sent waits for its end.
        self._locks = {url: Lock() for url in urls}

    def deliver(self, receiver: str, delivery: Delivery) -> Answer:
        """Send a group of alerts to a receiver; what one of its addresses has already is not sent there again.

        A status of 500 and above makes Alertmanager deliver it again.
        """
        urls = self.receivers.get(receiver)
        if urls is None:
            known = ", ".join(sorted(self.receivers)) or "none"
            name = visible(receiver)[:63]
            return Answer(503, f"no receiver {name!r} in [relay] of lamplighter.toml; known: {known}")
        faults = [fault for url in urls if (fault := self._deliver(url, receiver, delivery))]
        return Answer(502, f"{receiver}: {'; '.join(faults)}") if faults else Answer(200, "sent")

    def _deliver(self, url: str, receiver: str, delivery: Delivery) -> str:
        """Send to one address; returns what went wrong."""
        key = hashlib.sha256(f"{receiver} {url} {delivery.identity}".encode()).hexdigest()
        with self._locks[url]:
            if self._clock() < self._sent.get(key, float("-inf")) + REMEMBERED:
                return ""
            sent = send(url, alert_message(delivery, self._critical), seconds=self._seconds)
            if sent.fault and not self._may_rest(key, sent):
                return f"{sent.fault}; Alertmanager delivers it again"
            self._remember(key)
            return ""

    def _may_rest(self, key: str, sent: Sent) -> bool:
        """Whether a message that is not confirmed is sent no more: it was sent twice, and may have arrived."""
        if sent.may_have_arrived and key in self._unsure:
            return True
        if sent.may_have_arrived:
            self._unsure.add(key)
        return False

    def _remember(self, key: str) -> None:
        with self._memory:
            self._unsure.discard(key)
            self._sent.pop(key, None)
            self._sent[key] = self._clock()
            while len(self._sent) > MOST_REMEMBERED:
                del self._sent[next(iter(self._sent))]

    def __str__(self) -> str:
        """The receivers, with no more of their URLs than the scheme."""
        return ", ".join(f"{name} ({', '.join(map(scheme, urls))})" for name, urls in self.receivers.items()) or "none"
