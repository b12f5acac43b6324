"""Looks at where messages go."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.core.checks.messages import Message
from lamplighter.core.monitor import Monitor, Severity
from storage.sinks.apprise import apprise_knows, scheme, send, targets
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, ok, unused


def urls(case: Case, monitor: Monitor) -> Iterator[Looked]:
    """Whether apprise knows each URL, and where that is wanted, whether it takes a message."""
    found = targets(monitor).values()
    where = case.project.key_lines(case.file_of(monitor))(("notify",)) if found else ""
    for place, url in enumerate(found, 1):
        if not apprise_knows(url):
            name = f"{scheme(url)}..." if scheme(url) else "it"
            what = f"apprise knows no URL such as the {place}. one ({name})"
            yield fault(what, where=where, fix="see apprise's list of services")
        elif not case.send_test:
            yield ok(f"apprise knows the {place}. URL ({scheme(url)}...); --send-test sends a message")
        elif said := _refusal(case, monitor, url):
            yield fault(said, where=where, fix="mend the URL, or the server that it names")
        else:
            yield ok(f"{scheme(url)}... took a test message")
    if not found:
        yield unused("no URL is notified" if monitor.notify.via == "apprise" else "Alertmanager notifies")


def _refusal(case: Case, monitor: Monitor, url: str) -> str:
    title, body = f"{monitor.model}: a test message", "`lamplighter doctor --send-test` sent it. Nothing is wrong."
    message = Message(monitor.model, "test", "sent", Severity.WARNING, title, body)
    return send(url, message, seconds=case.project.settings.notify_seconds).fault
