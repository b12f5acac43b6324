"""The process of one exchange with a server: `python -m storage.exchange_child WORK SECONDS`.

It reads its job from standard input, may use a quarter of a gigabyte, reads no more of an answer than a message can
show, and ends itself soon after its time even if the process that started it is dead.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from storage.exchange import MOST_ANSWER

MOST_MEMORY = 256 * 1024 * 1024
"""Bytes. An exchange takes 60 MiB; an answer without end would take all there is."""

UNHANDLED, NO_ANSWER = "Unhandled Notification Exception", "what the server answers has no end, or makes no sense"
"""What apprise says where memory ran out or it could make nothing of an answer, and what a person is told."""

GRACE = 2.0
"""Seconds after which the process ends itself, if whoever waits for it has not killed it."""


def main() -> None:
    """Do the work that the command line names."""
    signal.setitimer(signal.ITIMER_REAL, float(sys.argv[2]) + GRACE)
    _, allowed = resource.getrlimit(resource.RLIMIT_DATA)
    most = MOST_MEMORY if allowed == resource.RLIM_INFINITY else min(MOST_MEMORY, allowed)
    resource.setrlimit(resource.RLIMIT_DATA, (most, allowed))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    job = json.loads(sys.stdin.buffer.read())
    # What a library prints must not stand among what is told.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        told = WORKS[sys.argv[1]](job)
    except MemoryError:
        told = {"fault": "the answer is larger than memory"}
    except Exception as error:
        told = {"fault": type(error).__name__}
    answer.write(json.dumps(told))
    answer.flush()
    # A connection that is still open is not waited for.
    os._exit(0)


def push(job: dict[str, Any]) -> dict[str, Any]:
    """Ask a Pushgateway once.

    Written on urllib because `prometheus_client` has no handler for basic authentication and a certificate file
    together.

    Parameters
    ----------
    job : dict
        ``url``, ``method``, ``body`` (text or None), ``headers`` and ``certificates`` (a path or None).

    Returns
    -------
    dict
        ``status`` and ``text`` of an answer, or ``fault`` and ``untrusted`` where there is none.
    """
    import http.client
    import ssl
    import urllib.error
    import urllib.request

    body = None if job["body"] is None else job["body"].encode()
    request = urllib.request.Request(job["url"], data=body, method=job["method"], headers=job["headers"])
    try:
        context = ssl.create_default_context(cafile=job["certificates"]) if job["certificates"] else None
    except OSError as error:
        return {"certificates": error.strerror or str(error)}
    try:
        with urllib.request.urlopen(request, context=context) as response:
            return {"status": response.status, "text": ""}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "text": _beginning(error)}
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        told = str(reason) or type(reason).__name__
        return {"fault": told[:MOST_ANSWER], "untrusted": isinstance(reason, ssl.SSLCertVerificationError)}


def _beginning(answer: Any) -> str:
    """The beginning of an answer; of one that breaks off what there was."""
    try:
        return str(answer.read(MOST_ANSWER).decode(errors="replace"))
    except Exception as error:
        return type(error).__name__


def notify(job: dict[str, Any]) -> dict[str, Any]:
    """Send a message by apprise.

    Apprise answers False where it fails and says why in its log alone, so the log is read along.

    Parameters
    ----------
    job : dict
        ``url``, ``title``, ``body`` and ``kind``, apprise's word for how bad it is.

    Returns
    -------
    dict
        ``known``, whether apprise knows such a URL; ``taken``, whether the message was; and what was ``said``.
    """
    import apprise

    _read_only_the_beginning()
    with overheard() as said:
        service = apprise.Apprise.instantiate(job["url"])
        if service is None:
            return {"known": False, "taken": False, "said": ""}
        sender = apprise.Apprise()
        sender.add(service)
        # As text: apprise escapes it where a service wants HTML.
        taken = sender.notify(
            title=job["title"], body=job["body"], notify_type=job["kind"], body_format=apprise.NotifyFormat.TEXT
        )
    why = (said or [""])[-1][:MOST_ANSWER]
    return {"known": True, "taken": bool(taken), "said": NO_ANSWER if why.startswith(UNHANDLED) else why}


def _read_only_the_beginning() -> None:
    """Have requests, which apprise sends by, read only the beginning of an answer; it offers no such option."""
    import requests

    whole: Callable[..., Iterator[bytes]] = requests.models.Response.iter_content

    def beginning(response: requests.Response, *arguments: Any, **named: Any) -> Iterator[bytes]:
        left = MOST_ANSWER
        for chunk in whole(response, *arguments, **named):
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                response.close()
                return

    requests.models.Response.iter_content = beginning  # type: ignore[method-assign,assignment]


@contextmanager
def overheard() -> Iterator[list[str]]:
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


WORKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"push": push, "notify": notify}

if __name__ == "__main__":
    main()
