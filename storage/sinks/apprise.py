"""Messages out: by apprise, to the URLs of a monitor. The URLs are secrets and stand nowhere else."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from lamplighter.core.checks.messages import Message
from lamplighter.core.monitor import Monitor, Severity
from lamplighter.core.secrets import WEBHOOKS, hide, url_secrets
from lamplighter.errors import one_line
from storage.sinks.exchange import ExchangeError, exchange
from storage.sinks.exchange_message import captured_warnings

KINDS = {Severity.WARNING: "warning", Severity.CRITICAL: "failure"}
"""Apprise's word for how bad it is."""

TO_A_PERSON = frozenset({"mailto", "mailtos"})
"""Schemes in which apprise escapes what is sent."""

MARKUP = re.compile(r"[<@]|\](?=\()|:(?=//)")
"""What a chat service makes calls, links and mentions of everybody of."""

APART = "\u200b"
"""A space without width, which a reader does not see."""


class Sent(NamedTuple):
    """What came of sending a message.

    Attributes
    ----------
    fault : str
        What went wrong; empty when it was taken.
    is_final : bool
        Whether it is of no use to try again at once.
    may_have_arrived : bool
        Whether a message that was not taken may have arrived all the same.
    """

    fault: str
    is_final: bool = False
    may_have_arrived: bool = False


def targets(monitor: Monitor) -> dict[str, str]:
    """The URLs that a monitor's messages go to, each under a name that shows nothing of it.

    Examples
    --------
    >>> [*targets(monitor).values()]
    ['json://alerts.example']
    """
    notify = monitor.notify
    urls = [url.get_secret_value() for url in notify.to] if notify.via == "apprise" else []
    return {hashlib.sha256(url.encode()).hexdigest()[:16]: url for url in urls}


def send(url: str, message: Message, links: str = "", *, seconds: float = 30.0) -> Sent:
    """Send a message.

    Parameters
    ----------
    url : str
    message : Message
    links : str
        Lines that are added to its body.
    seconds : float
        How long all of it may take.
    """
    name = scheme(url)
    kind = "success" if message.is_good else KINDS[message.severity]
    title, body = (harmless(text, name) for text in (message.title, message.body))
    job = {"url": url, "title": title, "body": body + links, "kind": kind, "seconds": seconds}
    try:
        reply = exchange("notify", job, seconds)
    except ExchangeError as error:
        cure = "; mend it, or raise LAMPLIGHTER_NOTIFY_SECONDS"
        why = f" within {seconds:g} s{cure}" if error.too_slow else f": {error}"
        word = "confirm" if error.has_begun else "take"
        return Sent(f"{name}... did not {word} it{why}", error.too_slow or error.has_begun, error.has_begun)
    if fault := reply.get("fault"):
        word = "confirm" if reply["begun"] else "take"
        return Sent(f"{name}... did not {word} it: {fault}", reply["begun"], reply["begun"])
    if not reply["known"]:
        return Sent(f"apprise knows no URL of the form {name}...; mend notify in the monitor", is_final=True)
    if reply["taken"]:
        return Sent("")
    said = one_line(ValueError(hide(reply["said"], url_secrets(url)))) if reply["said"] else ""
    word = "confirm" if reply["unsure"] else "take"
    return Sent(f"{name}... did not {word} it{': ' + said if said else ''}", reply["unsure"], reply["unsure"])


def harmless(text: str, scheme_of_url: str) -> str:
    """A text as a chat service shows it, and does nothing else with it.

    Names of segments and columns are a user's data, and may be written to call everybody. Mails are escaped by
    apprise, and what programs receive is left as it is.

    Examples
    --------
    >>> ascii(harmless("<!channel> @here [x](http://y)", "slack://"))
    "'<\\\\u200b!channel> @\\\\u200bhere [x]\\\\u200b(http:\\\\u200b//y)'"
    >>> harmless("<b>", "json://")
    '<b>'
    """
    name = scheme_of_url.removesuffix("://").lower()
    return text if name in WEBHOOKS | TO_A_PERSON else MARKUP.sub(lambda match: match[0] + APART, text)


def scheme(url: str) -> str:
    """The part of a URL that is no secret; of a text that is no URL nothing is shown.

    Examples
    --------
    >>> scheme("slack://token"), scheme("hooks.slack.com/token"), scheme("to ken://x")
    ('slack://', '', '')
    """
    name, separator, _ = url.partition("://")
    return f"{name}{separator}" if separator and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,30}", name) else ""


def apprise_knows(url: str) -> bool:
    """Whether apprise knows how to send to a URL.

    Examples
    --------
    >>> apprise_knows("json://alerts.example"), apprise_knows("nowhere://alerts.example")
    (True, False)
    """
    import apprise

    with captured_warnings():
        return apprise.Apprise.instantiate(url) is not None
