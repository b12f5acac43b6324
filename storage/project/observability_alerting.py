"""The sections `[observability.scrape]` and `[observability.alertmanager]`: what is collected, and who is notified."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from lamplighter.core.hints import did_you_mean
from storage.project.observability_fields import ConfigSection, Positive, Span, Targets, Word

RELAY = "relay"
"""The receiver that is always there."""


def _printable(text: str) -> str:
    if "{{" in text or not text.isprintable():
        raise ValueError("should be a text of one line, without {{")
    return text


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "@" in parts.netloc or parts.query or parts.fragment or not url.isprintable():
        raise ValueError("is no address of a relay; write one such as http://localhost:9094/alertmanager")
    return url.rstrip("/")


def _name(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise ValueError(f"{text!r} is no name of a receiver; use letters, digits, - and _")
    return text


NAME = r"[A-Za-z0-9_-]{0,63}"
Text = Annotated[str, AfterValidator(_printable)]


class Scraping(ConfigSection):
    """What `prometheus.yml` collects."""

    interval: Positive = Field(default=timedelta(seconds=15), description="how often each target is asked")
    rules_every: Positive = Field(default=timedelta(minutes=1), description="how often rules are evaluated")
    services: Targets = Field(default=("localhost:8000",), description="model services with `/metrics`")
    plain_services: dict[Word, Targets] = Field(
        default={}, description="services that do not say which model they serve, by its name"
    )
    pushgateway_job: Word = Field(default="pushgateway", description="Prometheus' job of the Pushgateway")
    pushgateway_user: Text = Field(default="", description="user that the Pushgateway asks for")
    pushgateway_password_file: Text = Field(default="", description="file with that user's password")
    pushgateways: Targets = Field(default=("localhost:9091",), description="what runs push their gauges to")
    nodes: Targets = Field(default=("localhost:9100",), description="node_exporter of each machine")
    prefect_job: Word = Field(default="prefect", description="Prometheus' job of the Prefect server")
    prefect: Targets = Field(default=("localhost:4200",), description="the Prefect server, where it exposes metrics")
    alertmanagers: Targets = Field(default=("localhost:9093",), description="what alerts are sent to")

    @model_validator(mode="after")
    def _has_both(self) -> Scraping:
        if bool(self.pushgateway_user) != bool(self.pushgateway_password_file):
            raise ValueError("pushgateway_user and pushgateway_password_file belong together; give both or none")
        return self


class Receiver(ConfigSection):
    """Where messages go: one of the four. What is secret stands in a file that Alertmanager reads."""

    email: Text = Field(default="", description="address that mails go to")
    slack: Text = Field(default="", description="file with the URL of a Slack webhook")
    channel: Text = Field(default="", description="Slack's channel, such as #models")
    pagerduty: Text = Field(default="", description="file with the integration key of a PagerDuty service (events v2)")
    relay: Annotated[str, AfterValidator(_name)] = Field(
        default="", description="receiver of `lamplighter relay`, for Teams and the rest"
    )

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Receiver:
        given = [name for name in KINDS_OF_RECEIVERS if getattr(self, name)]
        if len(given) != 1:
            kinds = ", ".join(KINDS_OF_RECEIVERS)
            raise ValueError(f"has {' and '.join(given) or 'nothing to send by'}; give it one of {kinds}")
        if bool(self.slack) != bool(self.channel):
            raise ValueError("slack and channel belong together; give both, such as channel = '#models'")
        return self


KINDS_OF_RECEIVERS = ("email", "slack", "pagerduty", "relay")


class Owner(ConfigSection):
    """Who is notified of alerts on the models of an owner, which is a tag of their monitors."""

    critical: Word = Field(default=RELAY, description="receiver of what is critical")
    warning: Word = Field(default=RELAY, description="receiver of what is not")


class Alertmanager(ConfigSection):
    """Who `alertmanager.yml` notifies. Without any receiver everything goes to the relay."""

    critical: Word = Field(default=RELAY, description="receiver of what is critical")
    warning: Word = Field(default=RELAY, description="receiver of what is not")
    receivers: dict[Word, Receiver] = Field(default={}, description="receivers by name; `relay` is always there")
    owners: dict[str, Owner] = Field(default={}, description="receivers of the models of an owner")
    relay_url: Annotated[str, AfterValidator(_address)] = Field(
        default="http://localhost:9094/alertmanager", description="where `lamplighter relay` listens"
    )
    relay_token_file: Text = Field(
        default="", description="file with what the relay asks for (LAMPLIGHTER_RELAY_TOKEN)"
    )
    smtp: Text = Field(default="", description="mail server, such as mail.example.org:587")
    smtp_from: Text = Field(default="", description="sender of mails")
    smtp_user: Text = Field(default="", description="user at the mail server")
    smtp_password_file: Text = Field(default="", description="file with that user's password")
    group_wait: Span = Field(default=timedelta(seconds=30), description="what comes within it is one message")
    group_interval: Positive = Field(
        default=timedelta(minutes=5), description="before a group that changed is sent again"
    )
    repeat_interval: Positive = Field(default=timedelta(hours=12), description="before one that did not change is")

    @model_validator(mode="after")
    def _names_receivers(self) -> Alertmanager:
        known = {RELAY, *self.receivers}
        if RELAY in self.receivers:
            raise ValueError(f"receivers.{RELAY} is there already; choose another name")
        named = {name: getattr(self, name) for name in ("critical", "warning")}
        for owner, its in self.owners.items():
            named |= {f"owners.{owner}.{name}": getattr(its, name) for name in ("critical", "warning")}
        for place, name in named.items():
            if name not in known:
                raise ValueError(f"{place} names no receiver: {name!r}; {did_you_mean(name, sorted(known))}")
        if any(its.email for its in self.receivers.values()) and not (self.smtp and self.smtp_from):
            raise ValueError("mails need a server and a sender; set smtp = 'mail.example.org:587' and smtp_from")
        if self.smtp and not re.search(r":\d{1,5}$", self.smtp):
            raise ValueError(f"smtp = {self.smtp!r} has no port; write mail.example.org:587")
        if bool(self.smtp_user) != bool(self.smtp_password_file):
            raise ValueError("smtp_user and smtp_password_file belong together; give both or none")
        return self
