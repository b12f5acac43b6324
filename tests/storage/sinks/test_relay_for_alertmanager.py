"""The real Alertmanager with the rendered configuration, the relay as a process, and a receiver behind it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from prometheus.alertmanager import alertmanager_yaml
from storage.project.observability import Observability
from storage.project.observability_alerting import Alertmanager
from tests.receivers import http_receiver

SECRET = "s3cr3t"
COMMAND = "from lamplighter.command import main; main()"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


def test_an_alert_arrives_once_although_sending_fails_first_and_so_does_its_end(amtool: str, tmp_path: Path) -> None:
    alertmanager = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    assert alertmanager, "amtool is there, and Alertmanager is not"
    port, relay_port = free_port(), free_port()
    config = Observability(alertmanager=Alertmanager(relay_url=f"http://127.0.0.1:{relay_port}/alertmanager"))
    (tmp_path / "alertmanager.yml").write_text(alertmanager_yaml(config.scaled(600)))
    (tmp_path / "lamplighter.toml").write_text('[relay]\nreceivers = {default = "${WHERE}"}\n')
    with http_receiver() as receiver:
        receiver.refusals = 1
        where = os.environ | {"WHERE": f"json://user:{SECRET}@{receiver.url}"}
        relay = [sys.executable, "-c", COMMAND, "-C", str(tmp_path), "relay", "--port", str(relay_port)]
        arguments = ["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="]
        with (tmp_path / "relay.log").open("w") as log, (tmp_path / "alertmanager.log").open("w") as own:
            started = [
                subprocess.Popen(relay, stdout=log, stderr=log, env=where),
                subprocess.Popen(
                    [alertmanager, *arguments, f"--web.listen-address=127.0.0.1:{port}"],
                    cwd=tmp_path, stdout=own, stderr=own,
                ),
            ]  # fmt: skip
            try:
                until(lambda: answers(f"http://127.0.0.1:{relay_port}/-/healthy"), "the relay does not answer")
                until(lambda: answers(f"http://127.0.0.1:{port}/-/ready"), "Alertmanager does not answer")
                sent = {
                    "labels": {"alertname": "LamplighterRunMissing", "model": "m", "severity": "critical"},
                    "annotations": {"summary": "No run of m", "description": "It is late."},
                }
                httpx.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=[sent]).raise_for_status()
                until(lambda: receiver.titles == ["No run of m"], "the alert does not arrive")
                ended = {**sent, "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
                httpx.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=[ended]).raise_for_status()
                until(lambda: len(receiver.titles) > 1, "its end does not arrive")
                assert receiver.titles == ["No run of m", "over: No run of m"]
            finally:
                for process in started:
                    process.terminate()
                codes = [process.wait(timeout=20) for process in started]
    said = (tmp_path / "relay.log").read_text()
    assert said.count("relay: default: json://... did not take it") == 1
    assert said.splitlines()[-1] == "relay: ended"
    assert (SECRET in said, codes[0]) == (False, 0)
