"""A monitor: one model, declared once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import Field, model_validator

from lamplighter.core.monitor.checks import Check, Drift, OwnMetric, Retrain, Urls
from lamplighter.core.monitor.sources import Labels, Names, OptionalFeatures, Predictions, Reference, Section, Zone
from lamplighter.core.window import Grain, Window


class Kind(StrEnum):
    """What a model answers."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    RANKING = "ranking"
    TEXT = "text"
    DETECTION = "detection"


# A quarter past five: after most nightly loads, before most mornings.
SCHEDULES = {
    Grain.HOUR: "15 * * * *",
    Grain.DAY: "15 5 * * *",
    Grain.WEEK: "15 5 * * 1",
    Grain.MONTH: "15 5 1 * *",
}


class Monitor(Section):
    """What a monitor file says, with its defaults filled in."""

    model: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$")]
    kind: Kind
    every: Grain = Grain.DAY
    timezone: Annotated[Zone, Field(description="a day is a local day of this zone")] = "UTC"
    schedule: Annotated[str, Field(description="cron, in the model's zone")] = ""
    tags: dict[str, str] = {}
    predictions: Predictions
    labels: Labels | None = None
    features: OptionalFeatures | None = None
    private: Annotated[Names, Field(description="columns whose values are never shown or stored in the clear")] = ()
    segments: Names = ()
    reference: Reference | None = None
    drift: Drift = Drift()
    metrics: tuple[OwnMetric, ...] = ()
    top_k: Annotated[int, Field(gt=0, description="how many ranked items count")] = 10
    checks: tuple[Check, ...] = ()
    retrain: Retrain | None = None
    notify: Urls = ()

    @model_validator(mode="after")
    def _consistent(self) -> Monitor:
        try:
            CronSim(self.cron, datetime(2000, 1, 1))
        except CronSimError as error:
            raise ValueError(
                f"schedule {self.cron!r} is not cron: {error}; write five fields, such as 15 5 * * *"
            ) from None
        if self.labels and not self.labels.same_row and not self.predictions.id:
            raise ValueError("labels are joined on ids; give predictions.id, or labels.same_row: true")
        if self.labels and not self.predictions.prediction:
            raise ValueError("labels need predictions.prediction, the column that they are compared with")
        if self.labels and self.labels.id and len(self.labels.id) != len(self.predictions.id):
            raise ValueError("labels.id and predictions.id name a different number of columns")
        shown = {*self.segments, self.predictions.prediction, self.predictions.version, *self.predictions.scores}
        if hidden := sorted(set(self.private) & {name for name in shown if name}):
            raise ValueError(f"private column {hidden[0]!r} is also a segment, prediction, score or version")
        names = [check.name for check in self.checks]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two checks are named {twice!r}; give one of them a name of its own")
        if self.retrain and (unknown := [name for name in self.retrain.on if name not in names]):
            raise ValueError(f"retrain.on names no check {unknown[0]!r}; known: {', '.join(names) or 'none'}")
        return self

    @property
    def cron(self) -> str:
        """The schedule, or the default of the grain."""
        return self.schedule or SCHEDULES[self.every]

    def window(self, moment: datetime) -> Window:
        """The newest window that is complete at a moment."""
        return Window.of(self.model, self.every, self.timezone, moment).previous()

    def night_after(self, window: Window) -> datetime:
        """The first scheduled instant at which the window is complete: when its own night begins, in UTC."""
        eve = (window.end - timedelta(seconds=1)).astimezone(ZoneInfo(self.timezone))
        return next(CronSim(self.cron, eve)).astimezone(UTC)
