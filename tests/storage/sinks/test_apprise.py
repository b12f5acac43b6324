"""Messages out: what each service is sent, and what is said where one does not take it."""

from __future__ import annotations

import email
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.messages import Message, Moved, opened
from lamplighter.core.monitor import Check, Monitor, Severity, parse
from lamplighter.errors import MonitorError
from storage.sinks.apprise import harmless, send, targets
from storage.sinks.exchange_message import notify
from tests.receivers import http_receiver, mail_receiver

TOLD = Message("m", "f1-below", "opened", Severity.CRITICAL, "m: f1-below fails", "f1 is 0.3\nsince 2025-03-01")
HIDDEN = "s3cr3t"


def monitor_of(notify: str) -> Monitor:
    text = f"model: m\nkind: classification\npredictions: {{parquet: p, time: t}}\nnotify: {notify}\n"
    return parse("m.yaml", text, environ={})


def test_a_url_goes_by_a_name_that_tells_nothing_of_it() -> None:
    url = f"json://user:{HIDDEN}@host"
    ((name, kept),) = targets(monitor_of(f"[{url}]")).items()
    assert (kept, len(name)) == (url, 16)
    assert targets(monitor_of(f"{{via: apprise, to: {url}}}")) == {name: url}


def test_alertmanager_is_reported_by_the_gauge_alone() -> None:
    for written in ("{via: alertmanager}", "[alertmanager]", "alertmanager"):
        assert (targets(monitor_of(written)), monitor_of(written).notify.via) == ({}, "alertmanager")
    with pytest.raises(MonitorError, match="alertmanager sends by routes of its own; leave out to"):
        monitor_of("[alertmanager, json://host]")


def test_json() -> None:
    with http_receiver() as receiver:
        assert send(f"json://{receiver.url}/alerts", TOLD, links="\nrun: http://ui/1").fault == ""
    ((path, content),) = receiver.got
    assert path == "/alerts"
    assert content["title"] == TOLD.title
    assert content["message"] == f"{TOLD.body}\nrun: http://ui/1"
    assert content["type"] == "failure"


def test_mail() -> None:
    with mail_receiver() as (place, received):
        assert send(f"mailto://{place}?from=lamp@street.org&to=ops@street.org&mode=insecure", TOLD).fault == ""
    (envelope,) = received
    assert envelope.rcpt_tos == ["ops@street.org"]
    message = email.message_from_bytes(envelope.content)
    assert TOLD.title in str(email.header.make_header(email.header.decode_header(message["Subject"])))
    texts = [part.get_payload(decode=True).decode() for part in message.walk() if not part.is_multipart()]
    assert "since 2025-03-01" in texts[0]


GUID = "0123456789abcdef0123456789abcdef"
SERVICES = {
    "slack": ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops", "/services/T1JJ3T3L2/"),
    "workflows": (f"workflows://host.azure.com:443/{GUID}/signature", f"/workflows/{GUID}/"),
    "pagerduty": (f"pagerduty://{GUID[:20]}@{GUID[:20]}/lamplighter/models", "/v2/enqueue"),
}


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_services_are_sent(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real plugins write the payloads; only the host is another one."""
    url, path = SERVICES[service]
    request = requests.Session.request
    with http_receiver(202 if service != "slack" else 200) as receiver:

        def redirected(session: requests.Session, method: str, url: str, **named: Any) -> Any:
            parts = urlsplit(url)
            assert parts.scheme == "https"
            return request(session, method, f"http://{receiver.url}{parts.path}", **named)

        monkeypatch.setattr(requests.Session, "request", redirected)
        job = {"url": url, "title": TOLD.title, "body": TOLD.body, "kind": "failure", "seconds": 30}
        assert notify(job) == {"known": True, "taken": True, "unsure": False, "said": ""}
    ((asked, content),) = receiver.got
    assert path in asked
    assert TOLD.title in str(content)
    assert "since 2025-03-01" in str(content).replace("\\n", "\n")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"nosuch://user:{HIDDEN}@host", "apprise knows no URL of the form nosuch://...; mend notify in the monitor"),
        (f"json://user:{HIDDEN}@127.0.0.1:9", "json://... did not take it: "),
        (f"hooks.slack.com/services/{HIDDEN}", "apprise knows no URL of the form ...; mend notify in the monitor"),
    ],
)
def test_what_is_not_taken_is_reported_without_the_secret(url: str, expected: str) -> None:
    fault = send(url, TOLD).fault
    assert fault.startswith(expected)
    assert HIDDEN not in fault


def test_an_answer_that_is_an_error_is_reported() -> None:
    with http_receiver(500) as receiver:
        assert "500" in send(f"json://{receiver.url}", TOLD).fault


EVIL = "<!channel> @here </td><script>alert(1)</script> [x](http://evil.example) <img src=http://evil.example/x>"


def test_a_mail_shows_markup_and_holds_none() -> None:
    output = replace(TOLD, title=f"m: {EVIL}\r\nBcc: all@street.org", body=f"f1 of s={EVIL} is 0.3\nsince 2025-03-01")
    with mail_receiver() as (place, received):
        assert send(f"mailto://{place}?from=lamp@street.org&to=ops@street.org&mode=insecure", output).fault == ""
    (envelope,) = received
    assert envelope.rcpt_tos == ["ops@street.org"]
    message = email.message_from_bytes(envelope.content)
    assert "Bcc" not in message
    html = [part for part in message.walk() if part.get_content_type() == "text/html"]
    assert len(html) == 1
    text = html[0].get_payload(decode=True).decode()
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("service", ["slack", "workflows"])
def test_a_chat_calls_no_person(service: str) -> None:
    for sign in ("<!channel>", "@here", "@everyone", "[x](http", "http://evil", "<@U123>"):
        shown = harmless(f"segment {sign}", f"{service}://")
        assert sign not in shown
        assert shown.replace("\u200b", "") == f"segment {sign}"


def test_a_line_break_in_a_name_begins_no_line() -> None:
    check = Check(metric="f1", below=0.6, segment="s=a\nrun: http://evil.example")
    decision = Decision(check, None, 0.3, 0.6, Verdict.FAILED)
    output = opened("m", decision, "2025-03-01", [Moved("a\nreport: http://evil.example", "0.3")], [], "")
    assert len(output.body.splitlines()) == 3
    assert "\n" not in output.title
