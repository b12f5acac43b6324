"""The process of one exchange with a server: `python -m storage.sinks.exchange_child WORK SECONDS`.

It reads its job from standard input, may use a quarter of a gigabyte, reads no more of an answer than a message can
show, and ends itself soon after its time even if the process that started it is dead.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from typing import Any

from storage.sinks.exchange import BEGUN, MOST_ANSWER

MOST_MEMORY = 256 * 1024 * 1024
"""Bytes. An exchange takes 60 MiB; an answer without end would take all there is."""

GRACE = 2.0
"""Seconds after which the process ends itself, if its parent has not killed it."""


def main() -> None:
    """Do the work that the command line names."""
    signal.setitimer(signal.ITIMER_REAL, float(sys.argv[2]) + GRACE)
    _, allowed = resource.getrlimit(resource.RLIMIT_DATA)
    most = MOST_MEMORY if allowed == resource.RLIM_INFINITY else min(MOST_MEMORY, allowed)
    resource.setrlimit(resource.RLIMIT_DATA, (most, allowed))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    job = json.loads(sys.stdin.buffer.read())
    # What a library prints must not mix with the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def begin() -> None:
        answer.write(BEGUN)
        answer.flush()

    try:
        reply = WORKS[sys.argv[1]](job, begin)
    except MemoryError:
        reply = {"fault": "the answer is larger than memory"}
    except Exception as error:
        reply = {"fault": type(error).__name__}
    answer.write(json.dumps(reply))
    answer.flush()
    # A connection that is still open is not waited for.
    os._exit(0)


def push(job: dict[str, Any], begin: Callable[[], object] = bool) -> dict[str, Any]:
    """Ask a Pushgateway once.

    Written on urllib because `prometheus_client` has no handler for basic authentication and a certificate file
    together.

    Parameters
    ----------
    job : dict
        ``url``, ``method``, ``body`` (text or None), ``headers`` and ``certificates`` (a path or None).
    begin : callable
        Is not called: what is pushed twice is the same.

    Returns
    -------
    dict
        ``status`` and ``text`` of an answer, or ``fault`` and ``untrusted`` where there is none.
    """
    return _asked(job, lambda response: {})


def pushed(job: dict[str, Any], begin: Callable[[], object] = bool) -> dict[str, Any]:
    """Ask a Pushgateway when each of our groups was pushed last.

    Parameters
    ----------
    job : dict
        As of `push`; ``url`` is that of its own metrics, ``job`` the job whose groups are asked for.
    begin : callable
        Is not called.

    Returns
    -------
    dict
        As of `push`; with ``date``, the server's clock, and ``times``, seconds since 1970 by model.
    """
    return _asked(job, lambda response: _times(response, job["job"]))


def _times(lines: Iterable[bytes], job: str) -> dict[str, float]:
    """When each model's group was pushed last, of the text that a Pushgateway exposes, read line by line."""
    from prometheus_client.parser import text_string_to_metric_families

    found = {}
    for line in lines:
        if line.startswith(b"push_time_seconds{"):
            for family in text_string_to_metric_families(line.decode(errors="replace")):
                for sample in family.samples:
                    if sample.labels.get("job") == job and (model := sample.labels.get("model")):
                        found[model] = sample.value
    return found


def _asked(job: dict[str, Any], read: Callable[[Any], dict[str, float]]) -> dict[str, Any]:
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
            return {
                "status": response.status,
                "text": "",
                "date": response.headers.get("Date"),
                "times": read(response),
            }
    except urllib.error.HTTPError as error:
        return {"status": error.code, "text": _beginning(error)}
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        text = str(reason) or type(reason).__name__
        return {"fault": text[:MOST_ANSWER], "untrusted": isinstance(reason, ssl.SSLCertVerificationError)}


def _beginning(answer: Any) -> str:
    """The beginning of an answer; of one that breaks off what there was."""
    try:
        return str(answer.read(MOST_ANSWER).decode(errors="replace"))
    except Exception as error:
        return type(error).__name__


def send(job: dict[str, Any], begin: Callable[[], object]) -> dict[str, Any]:
    """Send a message; see `storage.sinks.exchange_message.notify`, which a push need not wait to import."""
    from storage.sinks.exchange_message import notify

    return notify(job, begin)


WORKS: dict[str, Callable[[dict[str, Any], Callable[[], object]], dict[str, Any]]] = {
    "push": push,
    "pushed": pushed,
    "notify": send,
}

if __name__ == "__main__":
    main()
