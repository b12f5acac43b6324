"""`alertmanager.yml`: who is notified of which alert, and which alert another one makes needless."""

from __future__ import annotations

from collections.abc import Callable

from prometheus.queries import quoted
from prometheus.spans import promql
from prometheus.yaml_text import yaml_text
from storage.project.observability import Observability
from storage.project.observability_alerting import RELAY, Alertmanager, Owner, Receiver

OF_STALE_GAUGES = (
    "LamplighterRunFailed",
    "LamplighterLabelsLate",
    "LamplighterMessagesUndelivered",
    "LamplighterIncidentOpen",
)
"""Alerts that read what a run left behind: while the run is missing they say what was, and not what is."""

TITLE = "{{ .Status | toUpper }} {{ .GroupLabels.alertname }} {{ .GroupLabels.model }}"
LINES = ("{{ .Annotations.summary }}", "{{ .Annotations.description }}", "{{ .Annotations.runbook_url }}")
TEXT = "{{ range .Alerts }}" + "\n".join(LINES) + "\n{{ end }}"


def alertmanager_yaml(config: Observability | None = None) -> str:
    """The configuration of Alertmanager.

    Examples
    --------
    >>> "url: http://localhost:9094/alertmanager/default" in alertmanager_yaml()
    True
    """
    config = config or Observability()
    own = config.alertmanager
    receivers = {RELAY: Receiver(relay="default"), **own.receivers}
    route = {
        "receiver": own.warning,
        # Instances and checks of one model are one message.
        "group_by": ["alertname", "model", "job", *config.keep],
        "group_wait": promql(own.group_wait),
        "group_interval": promql(own.group_interval),
        "repeat_interval": promql(own.repeat_interval),
        "routes": [
            *(
                {
                    "matchers": [f"owner={quoted(name)}"],
                    "receiver": owner.warning,
                    "routes": _of_critical(config, owner),
                }
                for name, owner in own.owners.items()
            ),
            *_of_critical(config, own),
        ],
    }
    mail = {"global": _mail(config)} if own.smtp else {}
    return yaml_text(
        {
            **mail,
            "route": route,
            "inhibit_rules": inhibitions(config),
            "receivers": [_receiver(config, name, receiver) for name, receiver in receivers.items()],
        }
    )


def _of_critical(config: Observability, to: Owner | Alertmanager) -> list[dict[str, object]]:
    """A route of its own for what is critical."""
    return [{"matchers": [f"severity={quoted(config.critical)}"], "receiver": to.critical}]


def inhibitions(config: Observability) -> list[dict[str, object]]:
    """Which alert silences which others.

    Examples
    --------
    >>> [rule["source_matchers"] for rule in inhibitions(Observability())][:2]
    [['alertname="LamplighterRunMissing"'], ['alertname="LamplighterBudgetBurnsFast"']]
    """
    return [
        _silences("LamplighterRunMissing", "|".join(OF_STALE_GAUGES), ["model", *config.keep]),
        _silences("LamplighterBudgetBurnsFast", "LamplighterBudgetBurnsSlowly", ["job", "model", *config.keep]),
        # Which service is down says more than how many answer. The latter counts all of them, so no label is equal.
        _silences("LamplighterServiceDown", "LamplighterServicesTooFew", []),
        _silences("LamplighterMachinesTooFew", "LamplighterTargetDown", [], of_target=config.machines.job),
        # All that a Pushgateway holds is gone while it is down.
        _silences("LamplighterTargetDown", "LamplighterModelGone", [], of_source=config.scrape.pushgateway_job),
    ]


def _silences(
    source: str, targets: str, equal: list[str], of_source: str = "", of_target: str = ""
) -> dict[str, object]:
    """A rule; where a job is given, it is about the alerts of that job alone."""
    of_job = {side: [f"job={quoted(job)}"] if job else [] for side, job in (("from", of_source), ("to", of_target))}
    return {
        "source_matchers": [f'alertname="{source}"', *of_job["from"]],
        "target_matchers": [f'alertname=~"{targets}"', *of_job["to"]],
        "equal": equal,
    }


def _mail(config: Observability) -> dict[str, object]:
    own = config.alertmanager
    user = {"smtp_auth_username": own.smtp_user, "smtp_auth_password_file": own.smtp_password_file}
    return {"smtp_smarthost": own.smtp, "smtp_from": own.smtp_from, **(user if own.smtp_user else {})}


def _receiver(config: Observability, name: str, receiver: Receiver) -> dict[str, object]:
    """A receiver; every one hears of the end too."""
    kind, settings = next(
        (kind, settings(config, receiver)) for field, kind, settings in RECEIVERS if getattr(receiver, field)
    )
    return {"name": name, f"{kind}_configs": [{**settings, "send_resolved": True}]}


def _email(_: Observability, receiver: Receiver) -> dict[str, object]:
    return {"to": receiver.email, "headers": {"Subject": TITLE}}


def _slack(_: Observability, receiver: Receiver) -> dict[str, object]:
    return {"api_url_file": receiver.slack, "channel": receiver.channel, "title": TITLE, "text": TEXT}


def _pagerduty(config: Observability, receiver: Receiver) -> dict[str, object]:
    is_critical = f"if eq .CommonLabels.severity {quoted(config.critical)}"
    severity = f"{{{{ {is_critical} }}}}critical{{{{ else }}}}warning{{{{ end }}}}"
    return {"routing_key_file": receiver.pagerduty, "description": TITLE, "severity": severity}


def _webhook(config: Observability, receiver: Receiver) -> dict[str, object]:
    # Alertmanager reads the URL of a webhook from a file since 0.26 alone, so it is none; a token may go beside.
    own = config.alertmanager
    token = {"http_config": {"authorization": {"credentials_file": own.relay_token_file}}}
    return {"url": f"{own.relay_url}/{receiver.relay}", **(token if own.relay_token_file else {})}


RECEIVERS: tuple[tuple[str, str, Callable[[Observability, Receiver], dict[str, object]]], ...] = (
    ("email", "email", _email),
    ("slack", "slack", _slack),
    ("pagerduty", "pagerduty", _pagerduty),
    ("relay", "webhook", _webhook),
)
"""The key of a receiver, what Alertmanager calls it, and what it is set by."""
