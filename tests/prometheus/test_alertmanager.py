"""Who is notified: routes, receivers and inhibitions, by Alertmanager's own tool."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from lamplighter.errors import LamplighterError
from prometheus.alert import Alert
from prometheus.alertmanager import alertmanager_yaml, inhibitions
from prometheus.rule_files import every_rule
from storage.project.observability import Observability, load_observability
from tests.prometheus.tools import agreed

TEAM = """
[observability]
critical = "page"
keep = ["cluster"]
[observability.alertmanager]
critical = "pager"
relay_token_file = "/run/secrets/relay"
smtp = "mail.example.org:587"
smtp_from = "lamplighter@example.org"
smtp_user = "lamplighter"
smtp_password_file = "/run/secrets/smtp"
[observability.alertmanager.receivers]
pager = {pagerduty = "/run/secrets/pagerduty"}
teams = {relay = "teams"}
mail = {email = "ops@example.org"}
[observability.alertmanager.receivers.growth-slack]
slack = "/run/secrets/slack"
channel = "#growth"
[observability.alertmanager.owners]
growth = {critical = "teams", warning = "growth-slack"}
'ops "late" \\ x' = {warning = "mail"}
"""


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """The configuration of a team with each kind of receiver."""
    (tmp_path / "lamplighter.toml").write_text(TEAM)
    path = tmp_path / "alertmanager.yml"
    path.write_text(alertmanager_yaml(load_observability(tmp_path)))
    return path


def routed(amtool: str, path: Path, *labels: str) -> str:
    command = [amtool, "config", "routes", "test", f"--config.file={path}", *labels]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_alertmanager_takes_every_kind_of_receiver(amtool: str, team: Path) -> None:
    agreed(amtool, "check-config", team)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("severity=warning",), "relay"),
        (("severity=page",), "pager"),
        (("severity=critical",), "relay"),
        (("severity=page", "owner=growth"), "teams"),
        (("severity=warning", "owner=growth"), "growth-slack"),
        (("severity=page", 'owner=ops "late" \\ x'), "relay"),
        (("severity=warning", 'owner=ops "late" \\ x'), "mail"),
        (("severity=page", "owner=unknown"), "pager"),
    ],
)
def test_an_alert_goes_to_whom_its_owner_and_severity_say(
    amtool: str, team: Path, labels: tuple[str, ...], receiver: str
) -> None:
    written = [f"{name}={json.dumps(value)}" for name, _, value in (label.partition("=") for label in labels)]
    assert routed(amtool, team, *written) == receiver


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_without_receivers_everything_goes_to_the_relay(amtool: str, tmp_path: Path, severity: str) -> None:
    path = tmp_path / "alertmanager.yml"
    path.write_text(alertmanager_yaml())
    assert routed(amtool, path, f"severity={severity}", "owner=ops") == "relay"
    (receiver,) = yaml.safe_load(path.read_text())["receivers"]
    assert receiver["webhook_configs"][0]["url"] == "http://localhost:9094/alertmanager/default"


def test_secrets_stand_in_files_and_every_end_is_sent(team: Path) -> None:
    content = yaml.safe_load(team.read_text())
    for receiver in content["receivers"]:
        (settings,) = next(value for key, value in receiver.items() if key.endswith("_configs"))
        assert settings["send_resolved"] is True
    assert set(re.findall(r"/run/secrets/\w+", team.read_text())) == {
        f"/run/secrets/{name}" for name in ("relay", "smtp", "pagerduty", "slack")
    }


def test_inhibitions_name_alerts_that_are_there_and_spare_what_is_live() -> None:
    alerts = {rule.name: rule for rule in every_rule() if isinstance(rule, Alert)}
    for rule in inhibitions(Observability()):
        matchers = [*rule["source_matchers"], *rule["target_matchers"]]
        named = {name for it in matchers if it[:5] == "alert" for name in it.split('"')[1].split("|")}
        assert named <= alerts.keys()
        assert ("model" in rule["equal"]) == all(alerts[name].is_of_model for name in named)
        assert "LamplighterRequestsFailing" not in named


def test_a_user_without_a_password_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "lamplighter.toml").write_text("[observability.scrape]\npushgateway_user = 'lamp'\n")
    with pytest.raises(
        LamplighterError, match="scrape: pushgateway_user and pushgateway_password_file belong together"
    ):
        load_observability(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("critical = 'pagr'\n", "critical names no receiver: 'pagr'; did you mean 'pager'?"),
        ("owners = {a = {warning = 'x'}}\n", "owners.a.warning names no receiver: 'x'"),
        (
            "receivers = {a = {}}\n",
            "receivers.a: has nothing to send by; give it one of email, slack, pagerduty, relay",
        ),
        ("receivers = {a = {email = 'a@b.org', relay = 'x'}}\n", "receivers.a: has email and relay; give it one of"),
        ("receivers = {a = {slack = '/f'}}\n", "receivers.a: slack and channel belong together"),
        (
            "receivers = {a = {emial = 'a@b.org'}}\n",
            "unknown key 'emial' of [observability.alertmanager.receivers.a]; did",
        ),
        ("receivers = {a = {email = 'a@b.org'}}\n", "mails need a server and a sender; set smtp = "),
        ("receivers = {relay = {relay = 'x'}}\n", "receivers.relay is there already; choose another name"),
        ("receivers = {a = {relay = 'x/y'}}\n", "receivers.a.relay: 'x/y' is no name of a receiver"),
        ("smtp = 'mail.example.org'\n", "smtp = 'mail.example.org' has no port; write mail.example.org:587"),
        ("smtp_user = 'a'\n", "smtp_user and smtp_password_file belong together"),
        ("relay_url = 'http://user:word@host/x'\n", "relay_url: is no address of a relay"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    text = text if "receivers" in text else f"{text}receivers = {{pager = {{pagerduty = '/f'}}}}\n"
    (tmp_path / "lamplighter.toml").write_text(f"[observability.alertmanager]\n{text}")
    with pytest.raises(LamplighterError) as caught:
        load_observability(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
