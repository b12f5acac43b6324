"""What rules and dashboards are rendered with: the section `[observability]` of `lamplighter.toml`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError, model_validator

from lamplighter.core.hints import did_you_mean
from lamplighter.core.time.duration import format_duration
from lamplighter.errors import MonitorError
from storage.project.observability_alerting import Alertmanager, Scraping
from storage.project.observability_fields import (
    RUNBOOK,
    AlertLabels,
    ConfigSection,
    Given,
    Kept,
    Matchers,
    Positive,
    Ratio,
    Span,
    Uid,
    Word,
    config_section_of,
    page,
)
from storage.project.observability_live import Live, Machines
from storage.project.settings import OBSERVABILITY, line_of, settings_file


class Observability(ConfigSection):
    """How rules and dashboards of a project differ from those that are committed, which have the defaults.

    Examples
    --------
    >>> Observability().selector("up"), Observability(match={"cluster": 'the "old" one'}).selector("up", 'a="b"')
    ('up', 'up{a="b", cluster="the \\\\"old\\\\" one"}')
    """

    match: Matchers = Field(default={}, description="labels by which rules and panels choose series, such as cluster")
    alert_labels: AlertLabels = Field(default={}, description="labels that every alert gets, to route it by")
    keep: Kept = Field(
        default=(), description="labels that numbers of services and machines are kept apart by, beside job and model"
    )
    critical: Word = Field(default="critical", description="severity of an alert that wakes a person")
    warning: Word = Field(default="warning", description="severity of an alert that waits for the morning")
    runbook_url: Annotated[str, AfterValidator(page)] = Field(
        default=RUNBOOK, description="page that alerts link to; its heading has the name of the alert"
    )
    alert_after: Span = Field(default=timedelta(minutes=15), description="how long a run is missing or failed first")
    overdue_factor: float = Field(
        default=1.15, ge=1, le=10, description="a run is missing after so many times the length of its window"
    )
    overdue_at_least: Positive = Field(default=timedelta(hours=3), description="and never earlier than this")
    overdue_at_most: Positive = Field(default=timedelta(days=36), description="and never later than this")
    gone_after: Positive = Field(default=timedelta(hours=26), description="how long there is no gauge of any model")
    gone_within: Positive = Field(
        default=timedelta(days=3), description="for how long a model is reported whose gauges are gone"
    )
    labels_ratio: Ratio = Field(default=0.5, description="labels are late where so much of the usual share arrived")
    labels_usual: Positive = Field(default=timedelta(days=28), description="what is usual is the median of this time")
    trend_window: Positive = Field(default=timedelta(days=1), description="what a value of a recorded trend is about")
    trends_every: Positive = Field(default=timedelta(minutes=2), description="how often trends are recorded")
    dashboard_uid: Given = Field(
        default="lamplighter-model", description="what links to the dashboard of a model name it by"
    )
    dashboard_title: Word = Field(
        default="Lamplighter: a model, day by day", description="title of the dashboard of a model"
    )
    datasource_uid: Uid = Field(
        default="", description="Grafana's data source of Prometheus; empty: the dashboards ask for one"
    )
    postgresql_uid: Uid = Field(
        default="", description="Grafana's data source of a history in PostgreSQL; empty: the dashboards ask for one"
    )
    look_back: Positive = Field(
        default=timedelta(hours=26), description="how old the newest value that a panel shows may be"
    )
    largest: Annotated[int, Field(ge=1, le=100)] = Field(
        default=10, description="how many features, classes or segments a panel shows"
    )
    live: Live = Field(default=Live(), description="alerts on services")
    machines: Machines = Field(default=Machines(), description="alerts on machines")
    scrape: Scraping = Field(default=Scraping(), description="what prometheus.yml collects")
    alertmanager: Alertmanager = Field(default=Alertmanager(), description="who is notified by alertmanager.yml")

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Observability:
        if self.overdue_at_least > self.overdue_at_most:
            least, most = format_duration(self.overdue_at_least), format_duration(self.overdue_at_most)
            raise ValueError(f"overdue_at_least ({least}) is longer than overdue_at_most ({most}); raise the latter")
        if self.gone_within <= self.alert_after:
            within, after = format_duration(self.gone_within), format_duration(self.alert_after)
            raise ValueError(f"gone_within ({within}) ends before alert_after ({after}) has passed; raise the former")
        return self

    @model_validator(mode="after")
    def _rates_have_two_values(self) -> Observability:
        every = self.scrape.interval
        for name, window in (
            ("live.rate_window", self.live.rate_window),
            ("live.share_window", self.live.share_window),
            ("live.log_window", self.live.log_window),
            ("machines.window", self.machines.window),
        ):
            if window < 2 * every:
                shown, interval = map(format_duration, (window, every))
                raise ValueError(
                    f"{name} ({shown}) holds fewer than two values of what is asked for every {interval}, so no rate "
                    "is known and no alert comes; lengthen it, or shorten scrape.interval"
                )
        return self

    @model_validator(mode="after")
    def _labels_stay_apart(self) -> Observability:
        if both := sorted(set(self.alert_labels) & set(self.keep)):
            raise ValueError(f"{both[0]!r} is in keep and in alert_labels, which replaces it; leave one out")
        return self

    @model_validator(mode="after")
    def _jobs_have_names_of_their_own(self) -> Observability:
        scrape = self.scrape
        places: dict[str, str] = {}
        for place, job, targets in (
            ("live.job", self.live.job, scrape.services or scrape.plain_services),
            ("scrape.pushgateway_job", scrape.pushgateway_job, scrape.pushgateways),
            ("machines.job", self.machines.job, scrape.nodes),
            ("scrape.prefect_job", scrape.prefect_job, scrape.prefect),
        ):
            if targets and (other := places.setdefault(job, place)) != place:
                raise ValueError(
                    f"{place} and {other} are both {job!r}, and Prometheus takes a name once; change one, or have "
                    "targets for one alone"
                )
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
    try:
        return Observability(**section)
    except ValidationError as error:
        # An unknown key first: what is misspelt leaves something else unsaid.
        details = error.errors(include_url=False, include_input=False)
        detail = min(details, key=lambda found: found["type"] != UNKNOWN)
        keys = [str(key) for key in detail["loc"] if key != "[key]"]
        place = f"{path}:{_line_of(text, keys)}"
        if detail["type"] == UNKNOWN:
            *sections, last = keys
            where = ".".join((OBSERVABILITY, *sections))
            known = did_you_mean(last, _known_in(sections))
            raise MonitorError(f"unknown key {last!r} of [{where}]", where=place, fix=known) from None
        message = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
        if detail["type"] == "model_type":
            message = f"is a section; write [observability.{'.'.join(keys)}]"
        what = f"{'.'.join(keys)}: {message}" if keys else message
        raise MonitorError(f"[observability] {what}", where=place) from None


UNKNOWN = "extra_forbidden"
"""Pydantic's word for an unknown key."""


def _known_in(sections: Iterable[str]) -> Iterable[str]:
    """The keys that a section has; what stands between two is the name of a section that a user names."""
    section: type[ConfigSection] = Observability
    for name in sections:
        if name in section.model_fields:
            section = config_section_of(section.model_fields[name]) or section
    return section.model_fields


def _line_of(text: str, keys: Sequence[str]) -> int:
    """Where a key of the section stands, or of a section in it; what stands above may have the same name."""
    lines = text.splitlines()
    for depth in range(len(keys), -1, -1):
        names = r"\s*\.\s*".join(rf"[\"']?{re.escape(name)}[\"']?" for name in (OBSERVABILITY, *keys[:depth]))
        head = re.compile(rf"\s*\[\s*{names}\s*\]")
        above = next((i for i, line in enumerate(lines) if head.match(line)), None)
        if above is not None:
            own = keys[depth] if depth < len(keys) else ""
            return above + (line_of("\n".join(lines[above:]), own) if own else 1)
    return line_of(text, OBSERVABILITY)
