"""The half of an exchange that sends a message: apprise, and what can be known of a message that it did not deliver.

Apprise answers yes or no. No stands for a server that refused a message and for one that took it and did not say so in
time. The first may be asked again at once; from the second a person would get the message again and again. So what
passes through the two ways that nearly all services use, HTTP and SMTP, is looked at.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from storage.sinks.exchange import MOST_ANSWER

UNHANDLED, NO_ANSWER = "Unhandled Notification Exception", "what the server answers has no end, or makes no sense"
"""What apprise says where memory ran out or an answer made no sense to it, and what our message says instead."""

LATE = 504
"""The status of a server behind which another one did not answer in time."""


class Traffic:
    """What is known of where a message is.

    Parameters
    ----------
    begin : callable
        Called when the first byte is sent after which a message may have arrived.

    Attributes
    ----------
    is_pending : bool
        Whether something was sent that is not answered yet.
    taken : int
        How many answers say that something was taken.
    """

    def __init__(self, begin: Callable[[], object]) -> None:
        self._begin, self._has_begun = begin, False
        self.is_pending = False
        self.taken = 0

    def sent(self) -> None:
        """Note that something is being sent."""
        self.is_pending = True
        if not self._has_begun:
            self._has_begun = True
            self._begin()

    def answered(self, *, taken: bool) -> None:
        """Note an answer."""
        self.is_pending = False
        self.taken += taken


def notify(job: dict[str, Any], begin: Callable[[], object] = bool) -> dict[str, Any]:
    """Send a message by apprise.

    Apprise answers False where it fails and says why in its log alone, so the log is read along.

    Parameters
    ----------
    job : dict
        ``url``, ``title``, ``body``, ``kind``, apprise's word for how bad it is, and ``seconds``, how long the whole
        exchange may take.
    begin : callable
        Called when the first byte is sent after which the message may have arrived.

    Returns
    -------
    dict
        ``known``, whether apprise knows such a URL; ``taken``, whether the message was; ``unsure``, whether a message
        that was not may have arrived all the same, or at one of several receivers; and what was ``said``.
    """
    import apprise

    traffic = Traffic(begin)
    with captured_warnings() as said, _watched(traffic):
        service = apprise.Apprise.instantiate(job["url"])
        if service is None:
            return {"known": False, "taken": False, "unsure": False, "said": ""}
        _allow(service, job["seconds"])
        if not _is_watched(service):
            traffic.sent()
        sender = apprise.Apprise()
        sender.add(service)
        # As text: apprise escapes it where a service wants HTML.
        taken = sender.notify(
            title=job["title"], body=job["body"], notify_type=job["kind"], body_format=apprise.NotifyFormat.TEXT
        )
    why = (said or [""])[-1][:MOST_ANSWER]
    return {
        "known": True,
        "taken": bool(taken),
        # To several receivers a message goes by itself each, so that one of them may have it.
        "unsure": not taken and (traffic.is_pending or bool(traffic.taken and len(service) > 1)),
        "said": NO_ANSWER if why.startswith(UNHANDLED) else why,
    }


def _allow(service: Any, seconds: float) -> None:
    """Have a service wait for an answer as long as the exchange may take, whose process is killed after that.

    Apprise gives up reading after 4 s and smtplib after 15 s by default, when the message may be there. Half of the
    time is for a connection: without one the message surely did not arrive, and it is known by then.
    """
    service.socket_read_timeout = seconds
    service.socket_connect_timeout = seconds if _is_mail(service) else seconds / 2


def _is_mail(service: Any) -> bool:
    from apprise.plugins.email.base import NotifyEmail

    return isinstance(service, NotifyEmail)


def _is_watched(service: Any) -> bool:
    """Whether a service sends by one of the ways that are looked at."""
    return _is_mail(service) or hasattr(sys.modules[type(service).__module__], "requests")


@contextmanager
def _watched(traffic: Traffic) -> Iterator[None]:
    """Look at what is sent by HTTP and SMTP, and read only the beginning of an answer; no library offers that."""
    import http.client
    import smtplib

    import requests

    send, send_all = requests.Session.send, http.client.HTTPConnection.send
    data, content = smtplib.SMTP.data, requests.models.Response.iter_content

    def sending(connection: http.client.HTTPConnection, body: Any) -> None:
        if connection.sock is None and connection.auto_open:
            connection.connect()
        traffic.sent()
        send_all(connection, body)

    def answered(session: requests.Session, request: requests.PreparedRequest, **named: Any) -> requests.Response:
        answer = send(session, request, **named)
        if answer.status_code != LATE:
            traffic.answered(taken=answer.ok)
        return answer

    def mailing(server: smtplib.SMTP, message: Any) -> Any:
        traffic.sent()
        try:
            answer = data(server, message)
        except smtplib.SMTPResponseException:
            traffic.answered(taken=False)
            raise
        traffic.answered(taken=answer[0] == 250)
        return answer

    def beginning(response: requests.Response, *arguments: Any, **named: Any) -> Iterator[bytes]:
        left = MOST_ANSWER
        for chunk in content(response, *arguments, **named):
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                response.close()
                return

    def leave(server: smtplib.SMTP) -> None:
        # What is answered to it changes nothing, and is not waited for.
        with suppress(OSError, smtplib.SMTPException):
            server.putcmd("quit")
        server.close()

    instead: list[tuple[Any, str, Any]] = [
        (requests.Session, "send", answered),
        (requests.models.Response, "iter_content", beginning),
        (http.client.HTTPConnection, "send", sending),
        (smtplib.SMTP, "data", mailing),
        (smtplib.SMTP, "quit", leave),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in instead]
    for owner, name, function in instead:
        setattr(owner, name, function)
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


@contextmanager
def captured_warnings() -> Iterator[list[str]]:
    """The warnings that apprise logs meanwhile, which go nowhere else."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, listener = logging.getLogger("apprise"), Listener(logging.WARNING)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagate
