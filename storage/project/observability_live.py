"""The sections `[observability.live]` and `[observability.machines]`: limits on what is live."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from lamplighter.core.time.duration import format_duration
from storage.project.observability_fields import ConfigSection, Expression, Positive, Ratio, Shares, Span, Word

Count = Annotated[int, Field(ge=0, le=100_000)]
Limit = Annotated[float, Field(gt=0, le=86_400)]


class Live(ConfigSection):
    """Limits on model services."""

    job: Word = Field(default="model-service", description="Prometheus' job of the services")
    rate_window: Positive = Field(default=timedelta(minutes=5), description="what rates are computed over")
    latency_quantile: Ratio = Field(default=0.95, description="quantile of the time of requests that is held against")
    latency_seconds: Limit = Field(default=1.0, description="this limit; the services' buckets need one above it")
    latency_after: Span = Field(default=timedelta(minutes=5), description="for how long it is above")
    error_ratio: Ratio = Field(default=0.05, description="share of requests or inferences that may fail")
    error_after: Span = Field(default=timedelta(minutes=10), description="for how long more fail")
    least_requests: Count = Field(
        default=20, description="with fewer requests or inferences in the time that is looked at there is no alert"
    )
    stuck_after: Span = Field(
        default=timedelta(minutes=5), description="for how long requests are processed and none is answered"
    )
    objective: Ratio = Field(default=0.995, description="share of requests that are to succeed")
    objective_period: Positive = Field(default=timedelta(days=30), description="in this time")
    page: Shares = Field(
        default={timedelta(hours=1): 0.02, timedelta(hours=6): 0.05},
        description="share of the failures allowed for the period that, used up in this time, is critical",
    )
    ticket: Shares = Field(
        default={timedelta(days=1): 0.1, timedelta(days=3): 0.1}, description="and what is a warning"
    )
    burn_after: Span = Field(default=timedelta(minutes=2), description="for how long they are used up so fast")
    down_after: Span = Field(default=timedelta(minutes=2), description="for how long a service does not answer")
    champion_after: Span = Field(default=timedelta(minutes=5), description="for how long the champion cannot be loaded")
    least_services: Count = Field(default=1, description="how many services have to answer; 0 for no such alert")
    share_window: Positive = Field(default=timedelta(hours=1), description="what shares of answers are computed over")
    share_tolerance: Ratio = Field(default=0.05, description="how far they may differ from the reference's")
    share_after: Span = Field(default=timedelta(minutes=30), description="for how long they differ more")
    least_predictions: Count = Field(default=200, description="with fewer rows in that window there is no alert")
    log_window: Positive = Field(default=timedelta(minutes=15), description="how far back losses of the log count")
    log_after: Span = Field(default=timedelta(minutes=10), description="for how long writes of the log fail")

    @model_validator(mode="after")
    def _can_burn(self) -> Live:
        for span, share in {**self.page, **self.ticket}.items():
            if self.burn_limit(span, share) >= 1:
                period, time = format_duration(self.objective_period), format_duration(span)
                raise ValueError(
                    f"{share:g} of the failures allowed for {period} cannot be used up in {time}, even if all requests "
                    "fail; lower the share, or raise objective"
                )
        return self

    def burn_limit(self, span: timedelta, share: float) -> float:
        """The share of requests that fails when so much of the budget is used up in a time.

        Examples
        --------
        >>> round(Live().burn_limit(timedelta(hours=1), 0.02), 6)
        0.072
        """
        return share * (self.objective_period / span) * (1 - self.objective)


class Machines(ConfigSection):
    """Limits on machines, by what services say of theirs, by node_exporter and by NVIDIA's DCGM exporter."""

    job: Word = Field(default="node", description="Prometheus' job of node_exporter")
    least: Count = Field(default=1, description="how many machines have to answer; 0 for no such alert")
    down_after: Span = Field(
        default=timedelta(minutes=5), description="for how long fewer do, or one or a Pushgateway is down"
    )
    window: Positive = Field(default=timedelta(minutes=5), description="what use of CPU and GPU is averaged over")
    busy_ratio: Ratio = Field(default=0.95, description="share of a CPU or GPU that is in use")
    busy_after: Span = Field(default=timedelta(minutes=30), description="for how long more is")
    memory_ratio: Ratio = Field(default=0.9, description="share of the memory that is in use")
    memory_after: Span = Field(default=timedelta(minutes=10), description="for how long more is")
    disk_ratio: Ratio = Field(default=0.95, description="share of a disk that is in use")
    disk_window: Positive = Field(default=timedelta(hours=6), description="what the growth of a disk is fitted to")
    disk_ahead: Positive = Field(default=timedelta(days=1), description="a disk that is full by then is reported")
    disk_from_ratio: Ratio = Field(default=0.6, description="where so much is used already")
    disk_after: Span = Field(default=timedelta(minutes=30), description="for how long it is expected to")
    filesystems: Expression = Field(
        default="tmpfs|ramfs|overlay|squashfs|iso9660|nsfs", description="types of disks that are not looked at"
    )
