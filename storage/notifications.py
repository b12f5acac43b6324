"""Messages out: by apprise, to the URLs of a monitor. The URLs are secrets and stand nowhere else."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from lamplighter.core.message import Message
from lamplighter.core.monitor import Monitor, Severity


def targets(monitor: Monitor) -> dict[str, str]:
    """The URLs that a monitor's messages go to, each under a name that tells nothing of it."""
    notify = monitor.notify
    urls = [url.get_secret_value() for url in notify.to] if notify.via == "apprise" else []
    return {hashlib.sha256(url.encode()).hexdigest()[:16]: url for url in urls}


def send(url: str, message: Message, links: str = "") -> str:
    """Send a message; returns what went wrong, empty when it was taken.

    Apprise answers False where it fails and says why in its log alone, so the log is read along.
    """
    import apprise

    kinds = {Severity.WARNING: apprise.NotifyType.WARNING, Severity.CRITICAL: apprise.NotifyType.FAILURE}
    sender = apprise.Apprise()
    kind = apprise.NotifyType.SUCCESS if message.is_good else kinds[message.severity]
    with _overheard() as said:
        if not sender.add(url):
            return f"apprise knows no URL of the form {scheme(url)}...; mend notify in the monitor"
        try:
            taken = sender.notify(title=message.title, body=message.body + links, notify_type=kind)
        except Exception as error:
            return f"{scheme(url)}...: {type(error).__name__}"
    return "" if taken else f"{scheme(url)}... did not take it{': ' + said[-1] if said else ''}"


def scheme(url: str) -> str:
    """The part of a URL that is no secret; of a text that is no URL nothing is shown.

    Examples
    --------
    >>> scheme("slack://token"), scheme("hooks.slack.com/token")
    ('slack://', '')
    """
    name, separator, _ = url.partition("://")
    return f"{name}{separator}" if separator else ""


def apprise_knows(url: str) -> bool:
    """Whether apprise knows how to send to a URL."""
    import apprise

    with _overheard():
        return bool(apprise.Apprise().add(url))


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """The warnings that apprise logs meanwhile; they name the service and the answer, not the credentials."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(" ".join(record.getMessage().split()))

    logger, listener = logging.getLogger("apprise"), Listener(logging.WARNING)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagate
