"""The relay between Alertmanager and the rest: each message once, again where it failed, and nothing that breaks it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from lamplighter.cli import cli
from lamplighter.errors import MonitorError
from storage.project.folder import Project
from storage.project.relay import relay_receivers
from storage.sinks.alert_message import Delivery, alert_message
from storage.sinks.relay import REMEMBERED, Relay
from storage.sinks.relay_server import MOST_BODY, MOST_THREADS, RelayServer
from tests.receivers import Receiver, http_receiver

STARTED = "2026-11-26T14:00:00Z"


def alert(name: str = "m", status: str = "firing", started: str = STARTED, **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "LamplighterRunMissing", "model": name, "severity": "critical", **labels},
        "annotations": {"summary": f"No run of {name}", "description": f"{name} is late.", "runbook_url": "docs/r.md"},
        "startsAt": started,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": f"{hash(name):x}",
    }


def group(*alerts: dict[str, Any], key: str = "{}:{model=m}", **changes: Any) -> dict[str, Any]:
    status = "firing" if any(one["status"] == "firing" for one in alerts) else "resolved"
    labels = {"alertname": "LamplighterRunMissing", "model": "m"}
    return {
        "version": "4", "groupKey": key, "status": status, "receiver": "relay", "groupLabels": labels,
        "commonLabels": labels, "commonAnnotations": {}, "externalURL": "http://alertmanager", "truncatedAlerts": 0,
        "alerts": list(alerts), **changes,
    }  # fmt: skip


@dataclass
class World:
    """A relay that runs, a receiver of what it sends, and the lines that it says."""

    url: str
    receiver: Receiver
    lines: list[str] = field(default_factory=list)
    now: float = 0.0

    def post(self, content: object, name: str = "default", **options: Any) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        # The relay sends from a process of its own, whose imports take seconds on a machine that is busy.
        return httpx.post(f"{self.url}/alertmanager/{name}", content=body, **{"timeout": 60} | options)


@contextmanager
def world(token: str = "", **more: tuple[str, ...]) -> Iterator[World]:
    with http_receiver() as receiver:
        made = World("", receiver)
        receivers = {"default": (f"json://{receiver.url}/default",), **more}
        relay = Relay(receivers, seconds=20.0, clock=lambda: made.now)
        server = RelayServer(("127.0.0.1", 0), relay, token, made.lines.append)
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def test_a_repeated_delivery_is_one_message_and_its_end_another() -> None:
    with world() as own:
        firing = group(alert())
        assert [own.post(firing).status_code for _ in range(3)] == [200, 200, 200]
        assert own.post(group(alert(status="resolved"))).status_code == 200
        assert own.receiver.titles == ["No run of m", "over: No run of m"]
        # It begins again, and a reminder comes when the first is forgotten.
        again = group(alert(started="2026-11-26T18:00:00Z"))
        own.post(again)
        own.post(again)
        own.now += REMEMBERED + 1
        own.post(again)
        assert own.receiver.titles[2:] == ["No run of m", "No run of m"]
        _, sent = own.receiver.got[0]
        assert (sent["message"], sent["type"]) == ("m is late.\ndocs/r.md", "failure")
        assert own.receiver.got[1][1]["type"] == "success"
        assert own.lines == []


@pytest.mark.long
def test_another_alert_of_the_group_is_another_message_that_names_both() -> None:
    with world() as own:
        own.post(group(alert("a")))
        own.post(group(alert("a"), alert("b")))
        own.post(group(alert("a", status="resolved"), alert("b")))
        assert own.receiver.titles == ["No run of a", "No run of a (and 1 more)", "No run of b"]
        assert own.receiver.got[1][1]["message"].splitlines()[-2:] == ["No run of b", "b is late."]
        assert own.receiver.got[2][1]["message"].splitlines()[-1] == "over by now: 1"


def test_what_fails_is_answered_so_that_it_comes_again_and_only_there() -> None:
    with http_receiver() as second, world() as first:
        first.receiver.refusals = 1
        with world(both=(f"json://{first.receiver.url}/a", f"json://{second.url}/b")) as own:
            failed = own.post(group(alert()), "both")
            assert (failed.status_code, len(second.got), first.receiver.got) == (502, 1, [])
            assert own.lines == [failed.text.strip()]
            assert own.lines[0].startswith("both: json://... did not take it")
            assert own.lines[0].endswith("; Alertmanager delivers it again")
            assert own.post(group(alert()), "both").status_code == 200
            assert (len(second.got), len(first.receiver.got)) == (1, 1)


def test_one_that_may_have_arrived_is_sent_twice_at_most() -> None:
    with world() as own:
        own.receiver.got.clear()
        relay = Relay({"default": (f"json://{own.receiver.url}",)}, seconds=2.0)
        own.receiver.delay = 4.0
        delivery = Delivery.model_validate(group(alert()))
        answers = [relay.deliver("default", delivery).status for _ in range(3)]
        assert (answers, len(own.receiver.got)) == ([502, 200, 200], 2)


def test_deliveries_at_once_are_one_message() -> None:
    with world() as own:
        own.receiver.delay = 0.5
        threads = [threading.Thread(target=own.post, args=(group(alert()),), kwargs={"timeout": 30}) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert own.receiver.titles == ["No run of m"]


@pytest.mark.parametrize(
    ("content", "status", "line"),
    [
        (b"", 400, "no delivery of Alertmanager's webhook, version 4: body: Invalid JSON"),
        (b"{", 400, "version 4: body: Invalid JSON"),
        (b"[" * 100_000, 400, "version 4: body: Invalid JSON"),
        (b"\xff\xfe", 400, "version 4: body: Invalid JSON"),
        (group(alert(), version="3"), 400, "version 4: version: Input should be '4'"),
        (group(), 400, "version 4: alerts: List should have at least 1 item"),
        (group({"status": "odd"}), 400, "version 4: alerts.0.status: Input should be 'firing' or 'resolved'"),
    ],
)
def test_what_is_no_delivery_is_one_line(content: object, status: int, line: str) -> None:
    with world() as own:
        answer = own.post(content)
        assert (answer.status_code, own.receiver.got) == (status, [])
        assert line in own.lines[0]
        assert "\n" not in own.lines[0]
        assert own.post(group(alert())).status_code == 200


def test_a_receiver_that_is_not_there_yet_is_asked_for_again() -> None:
    with world() as own:
        answer = own.post(group(alert()), "teems")
        assert answer.status_code == 503
        assert own.lines == ["no receiver 'teems' in [relay] of lamplighter.toml; known: default"]
        assert own.post(group(alert()), "a/b").status_code == 404
        assert httpx.get(f"{own.url}/-/healthy").text == "healthy\n"
        assert httpx.get(f"{own.url}/").status_code == 404


def test_too_much_and_too_slow_are_refused() -> None:
    with world() as own:
        headers = {"Content-Length": str(MOST_BODY + 1)}
        with socket.create_connection(("127.0.0.1", int(own.url.rpartition(":")[2]))) as connection:
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(f"POST /alertmanager/default HTTP/1.0\r\n{head}\r\n".encode())
            assert b" 413 " in connection.recv(4096)
        assert httpx.post(f"{own.url}/alertmanager/default", content=iter([b"x"])).status_code == 411
        port = int(own.url.rpartition(":")[2])
        waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(MOST_THREADS)]
        try:
            deadline = time.monotonic() + 30
            while "busy" not in (said := _healthy(own.url)) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert "busy" in said
        finally:
            for connection in waiting:
                connection.close()


def _healthy(url: str) -> str:
    try:
        return httpx.get(f"{url}/-/healthy").text
    except httpx.HTTPError:
        return ""


def test_what_no_code_foresaw_is_said_and_answered_so_that_it_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no process can be started")

    with world() as own:
        monkeypatch.setattr("storage.sinks.relay.send", broken)
        assert own.post(group(alert())).status_code == 500
        monkeypatch.undo()
        assert own.post(group(alert())).status_code == 200
        assert own.lines == ["unexpected RuntimeError: no process can be started"]


def test_a_delivery_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.sinks.relay_server.SLOWEST", 0.3)
    with world() as own, socket.create_connection(("127.0.0.1", int(own.url.rpartition(":")[2]))) as connection:
        connection.sendall(b"POST /alertmanager/default HTTP/1.0\r\nContent-Length: 100\r\n\r\n")
        answer = b""
        for _ in range(100):
            with suppress(OSError):
                connection.sendall(b"x")
            connection.settimeout(0.1)
            with suppress(TimeoutError):
                answer = connection.recv(100)
                break
        assert b" 408 " in answer
        assert len(own.lines) == 1


def test_a_token_is_asked_for_where_one_is_set() -> None:
    with world(token="s3cr3t") as own:
        assert own.post(group(alert())).status_code == 401
        assert own.post(group(alert()), headers={"Authorization": "Bearer s3cr3t\u00e9".encode()}).status_code == 401
        assert own.post(group(alert()), headers={"Authorization": "Bearer s3cr3t"}).status_code == 200
        assert "s3cr3t" not in " ".join(own.lines)


@pytest.mark.parametrize("annotations", [{}, {"summary": "It is down"}, {"message": "down"}, {"description": " "}])
def test_an_alert_of_another_rule_that_says_little_is_sent_with_its_labels(annotations: dict[str, str]) -> None:
    alert = {"status": "firing", "labels": {"alertname": "Up", "job": "db"}, "annotations": annotations}
    group = {"version": "4", "groupKey": "g", "status": "firing", "alerts": [alert]}
    assert alert_message(Delivery.model_validate(group)).body == "alertname=Up, job=db"


def test_texts_of_alerts_are_bounded_and_forge_no_line() -> None:
    names = [f"model-{number}" for number in range(60)]
    wild = group(*(alert(name) for name in names), truncatedAlerts=940)
    wild["alerts"][0]["annotations"] = {"summary": "x" * 100_000 + "\n", "description": "a\nrunbook: forged"}
    message = alert_message(Delivery.model_validate(wild))
    assert message.title.endswith("(and 999 more)")
    assert len(message.title) < 600
    assert len(message.body) < 20 * 2 * 600
    assert "\nrunbook: forged" not in message.body
    assert message.body.splitlines()[-1] == "and 980 more"


def test_receivers_are_read_and_what_is_wrong_is_one_line_without_a_secret(tmp_path: Path) -> None:
    settings = tmp_path / "lamplighter.toml"
    (tmp_path / ".env").write_text("TEAMS=workflows://host/s3cr3t/x/\n")
    (tmp_path / ".env").chmod(0o600)
    settings.write_text('[relay]\nreceivers = {teams = "${TEAMS}", default = ["json://a", "json://b"]}\n')
    read = relay_receivers(Project.open(tmp_path))
    assert read == {"teams": ("workflows://host/s3cr3t/x/",), "default": ("json://a", "json://b")}
    assert str(Relay(read)) == "teams (workflows://), default (json://, json://)"
    for text, what in (
        ("relay = 3\n", ":1: relay is a section; write [relay]"),
        ("[relay]\nreceiver = {}\n", ":2: unknown key 'receiver' of [relay]; did you mean 'receivers'?"),
        ("[relay]\nreceivers = 3\n", ":1: [relay] receivers are URLs by name; write receivers ="),
        ("[relay]\nreceivers = {a = []}\n", "[relay] a should be a URL or a list of them"),
        ("[relay]\nreceivers = {'a b' = 'json://a'}\n", "[relay] 'a b' is no name"),
        ("[relay]\nreceivers = {a = 's3cr3t'}\n", "[relay] a: a URL is not one"),
        ("[relay]\nreceivers = {a = '${NONE}'}\n", "[relay] a: the environment has no variable NONE; set it"),
        ("[relay]\nreceivers = {a = 'json://u:s3cr3t@x@host/'}\n", "[relay] a: the URL holds more than one @"),
    ):
        settings.write_text(text)
        with pytest.raises(MonitorError) as caught:
            relay_receivers(Project.open(tmp_path))
        assert what in str(caught.value)
        assert "s3cr3t" not in str(caught.value)


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), "relay", "--port", port])
    assert result.exit_code == 2
    what = f"cannot listen at 127.0.0.1:{port}: Address already in use"
    assert result.output == f"lamplighter: relay: {what}; give another --host or --port\n"
