"""What rules and dashboards are rendered with: the section `[observability]` of `lamplighter.toml`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from lamplighter.core.hints import did_you_mean
from lamplighter.core.time.duration import format_duration, parse_duration
from lamplighter.errors import MonitorError
from storage.project.settings import OBSERVABILITY, line_of, settings_file

RUNBOOK = "docs/how-to/missing-runs.md"
LABEL = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")
OF_ALERTS = frozenset({"alertname", "severity", "model"})
"""Labels that every alert has already."""

OF_GAUGES = frozenset(
    {
        "model",
        "segment",
        "class",
        "feature",
        "method",
        "check",
        "severity",
        "metric",
        "cause",
        "version",
        "form",
        "direction",
    }
)
"""Labels by which the panels themselves choose series."""


def _span(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError("should be a length of time such as 15m, 26h or 3d")
    return parse_duration(value)


def _positive(span: timedelta) -> timedelta:
    if not span:
        raise ValueError("should be longer than nothing; write 26h, or what fits your models")
    return span


def _uid(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,40}", text):
        raise ValueError("should be at most 40 of letters, digits, - and _, as Grafana has it")
    return text


def _page(url: str) -> str:
    """A page that people open; a fragment is added for each alert, and Prometheus expands braces."""
    if url == RUNBOOK:
        return url
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("is not the address of a page; write one such as https://wiki.example.org/lamplighter")
    if "@" in parts.netloc or "#" in url:
        raise ValueError("takes no user and no fragment; the name of the alert becomes the fragment")
    if any(sign.isspace() or not sign.isprintable() or sign in "{}<>\"'\\" for sign in url):
        raise ValueError("takes no blank, quote or brace; write them as %20, %22, %7B and %7D")
    return url


def _labels(labels: dict[str, str]) -> dict[str, str]:
    for name, value in labels.items():
        if not LABEL.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a label; use letters, digits and _, and no digit in front")
        if not value:
            raise ValueError(f"label {name!r} is empty, which Prometheus takes for no label; leave it out")
    return labels


def _plain(labels: dict[str, str]) -> dict[str, str]:
    for name, value in labels.items():
        if name in OF_ALERTS:
            raise ValueError(f"{name!r} is a label that every alert has already; choose another name")
        if "{{" in value:
            raise ValueError(f"label {name!r} holds {{{{, which Prometheus would expand; write the text itself")
    return labels


def _matched(labels: dict[str, str]) -> dict[str, str]:
    for name, value in labels.items():
        if name in OF_GAUGES:
            raise ValueError(
                f"{name!r} is a label of the gauges, which panels choose by; match one that Prometheus adds"
            )
        if "$" in value or "[[" in value:
            raise ValueError(f"the value of {name!r} holds $ or [[, which Grafana would replace; match another label")
    return labels


def _word(text: str) -> str:
    if not text.strip() or "{{" in text or not text.isprintable():
        raise ValueError("should be a text of one line, without {{")
    return text


Span = Annotated[timedelta, BeforeValidator(_span)]
Positive = Annotated[timedelta, BeforeValidator(_span), AfterValidator(_positive)]
Word = Annotated[str, AfterValidator(_word)]
AlertLabels = Annotated[dict[str, str], AfterValidator(_labels), AfterValidator(_plain)]
Matchers = Annotated[dict[str, str], AfterValidator(_labels), AfterValidator(_matched)]
Uid = Annotated[str, AfterValidator(_uid)]
Given = Annotated[Uid, AfterValidator(_word)]


class Observability(BaseModel):
    """How rules and dashboards of a project differ from those that are committed, which have the defaults.

    Examples
    --------
    >>> Observability().selector("up"), Observability(match={"cluster": 'the "old" one'}).selector("up", 'a="b"')
    ('up', 'up{a="b", cluster="the \\\\"old\\\\" one"}')
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, validate_default=True
    )

    match: Matchers = Field(default={}, description="labels by which rules and panels choose series, such as cluster")
    alert_labels: AlertLabels = Field(default={}, description="labels that every alert gets, to route it by")
    critical: Word = Field(default="critical", description="severity of an alert that wakes a person")
    warning: Word = Field(default="warning", description="severity of an alert that waits for the morning")
    runbook_url: Annotated[str, AfterValidator(_page)] = Field(
        default=RUNBOOK, description="page that alerts link to; its heading has the name of the alert"
    )
    alert_after: Span = Field(default=timedelta(minutes=15), description="how long a run is missing or failed first")
    overdue_factor: float = Field(
        default=1.15, ge=1, le=10, description="a run is missing after so many times the length of its window"
    )
    overdue_at_least: Positive = Field(default=timedelta(hours=26), description="and never earlier than this")
    overdue_at_most: Positive = Field(default=timedelta(days=36), description="and never later than this")
    gone_after: Positive = Field(default=timedelta(hours=26), description="how long there is no gauge of any model")
    dashboard_uid: Given = Field(default="lamplighter-model", description="what links to the dashboard name it by")
    dashboard_title: Word = Field(default="Lamplighter: a model, day by day", description="title of the dashboard")
    datasource_uid: Uid = Field(
        default="", description="Grafana's data source of Prometheus; empty: the dashboard asks for one"
    )
    look_back: Positive = Field(
        default=timedelta(hours=26), description="how old the newest value that a panel shows may be"
    )
    largest: Annotated[int, Field(ge=1, le=100)] = Field(
        default=10, description="how many features, classes or segments a panel shows"
    )

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Observability:
        if self.overdue_at_least > self.overdue_at_most:
            least, most = format_duration(self.overdue_at_least), format_duration(self.overdue_at_most)
            raise ValueError(f"overdue_at_least ({least}) is longer than overdue_at_most ({most}); raise the latter")
        return self

    def selector(self, metric: str, *matchers: str) -> str:
        """Series of a metric in PromQL, with some matchers and those that every selector has."""
        # JSON escapes as PromQL does.
        every = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self.match.items()]
        inside = ", ".join([*filter(None, matchers), *every])
        return f"{metric}{{{inside}}}" if inside else metric


def load_observability(folder: Path) -> Observability:
    r"""The section `[observability]` of a project folder's settings; the defaults where there is none.

    Raises
    ------
    MonitorError
        If a key is unknown or a value is wrong.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "lamplighter.toml").write_text('[observability]\nalert_labels = {team = "growth"}\n')
    ...     load_observability(Path(folder)).alert_labels
    {'team': 'growth'}
    """
    path, text, values = settings_file(folder)
    section = values.get(OBSERVABILITY, {})
    if not isinstance(section, Mapping):
        where = f"{path}:{line_of(text, OBSERVABILITY)}"
        raise MonitorError(f"{OBSERVABILITY} is a section", where=where, fix="write [observability]")
    lines = text.splitlines()
    head = re.compile(rf"\s*\[\s*{OBSERVABILITY}\b")
    above = next((i for i, line in enumerate(lines) if head.match(line)), 0)

    def place(key: str) -> str:
        """Where a key of the section stands; settings above it may have the same name."""
        return f"{path}:{above + line_of(chr(10).join(lines[above:]), key)}"

    known = Observability.model_fields
    if unknown := next((name for name in section if name not in known), None):
        what = f"unknown key {unknown!r} of [observability]"
        raise MonitorError(what, where=place(unknown), fix=did_you_mean(unknown, known))
    try:
        return Observability(**section)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        message = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
        keys = [str(key) for key in detail["loc"]]
        what = f"{'.'.join(keys)}: {message}" if keys else message
        raise MonitorError(f"[observability] {what}", where=place([*keys, OBSERVABILITY][0])) from None
