"""A monitor: one model, declared once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from lamplighter.core.hints import did_you_mean
from lamplighter.core.kinds import KINDS, Kind
from lamplighter.core.monitor.check_defaults import with_check_defaults
from lamplighter.core.monitor.checks import DATA_CHECK, Check, CheckDefaults, Windows
from lamplighter.core.monitor.fields import NO_FLAG, Name, Names, Section, Zone, fault
from lamplighter.core.monitor.images import Images
from lamplighter.core.monitor.measuring import CustomMetric, Drift, QualityJudging
from lamplighter.core.monitor.notify import Notify, OptionalNotify
from lamplighter.core.monitor.of_boxes import box_faults
from lamplighter.core.monitor.retrain import Retrain
from lamplighter.core.monitor.roles import clash
from lamplighter.core.monitor.sources import Labels, OptionalFeatures, Predictions, Reference
from lamplighter.core.time.cron import checked_cron, next_tick
from lamplighter.core.time.duration import format_duration
from lamplighter.core.time.window import Grain, Window


def _kind(value: Any) -> Kind:
    known = value if isinstance(value, Kind) else KINDS.get(value) if isinstance(value, str) else None
    if known is None:
        raise PydanticCustomError("enum", "no kind", {"expected": ", ".join(map(repr, KINDS))})
    return known


def _kinds_named() -> str:
    measured, planned = ([name for name, it in KINDS.items() if it.is_measured is there] for there in (True, False))
    text = f"{', '.join(measured[:-1])} or {measured[-1]}"
    return f"{text}; {', '.join(planned)} is not there yet" if planned else text


NamedKind = Annotated[
    Kind,
    PlainValidator(_kind),
    PlainSerializer(lambda kind: kind.name),
    WithJsonSchema({"type": "string", "enum": [*KINDS]}),
]
"""A row of the table of kinds, written by its name."""


# A quarter past five: after most loads of data, before most mornings.
SCHEDULES = {
    Grain.HOUR: "15 * * * *",
    Grain.DAY: "15 5 * * *",
    Grain.WEEK: "15 5 * * 1",
    Grain.MONTH: "15 5 1 * *",
}


LONGEST_WINDOW = {
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
    Grain.WEEK: timedelta(days=8),
    Grain.MONTH: timedelta(days=32),
}
"""A span that holds a whole window at least, whatever the clocks do."""


class Monitor(Section):
    """What a monitor file says, with its defaults filled in."""

    model: str = Field(pattern=r"^[a-z0-9-]{1,63}$", description="at most 63 of a-z, 0-9 and -")
    kind: NamedKind = Field(description=_kinds_named())
    every: Grain = Field(default=Grain.DAY, description="how long a window is")
    timezone: Zone = Field(default="UTC", description="a day is a local day of this zone")
    schedule: Annotated[str, AfterValidator(checked_cron)] = Field(
        default="",
        description="cron, in the model's zone; by default a quarter past the hour, or past five after the window",
    )
    tags: dict[Name, str] = Field(
        default={}, description="owner, env and region become labels of the gauge `lamplighter_model_info`"
    )
    predictions: Predictions = Field(description="where the rows are: parquet or sql, and time")
    labels: Labels | None = Field(
        default=None,
        description="where the truth is, and when it counts as complete; without it quality is not measured",
    )
    features: OptionalFeatures | None = Field(
        default=None, description="which columns are the model's inputs; `auto` takes what is left"
    )
    images: Images | None = Field(
        default=None, description="where the images are that the model saw; their statistics are measured and compared"
    )
    private: Names = Field(default=(), description="columns whose values are never shown or stored in the clear")
    segments: Names = Field(
        default=(), description="columns; quality is also measured for each of their values, but not for combinations"
    )
    reference: Reference | None = Field(default=None, description="what the current window is compared with")
    drift: Drift = Field(default=Drift(), description="how drift is measured, and what counts as drift")
    metrics: tuple[CustomMetric, ...] = Field(default=(), description="custom metrics")
    top_k: Annotated[int, Field(gt=0, le=1000), NO_FLAG] = Field(default=10, description="how many ranked items count")
    quality: QualityJudging = Field(default=QualityJudging(), description="how quality is judged")
    check_defaults: CheckDefaults = Field(
        default=CheckDefaults(), description="what every check has unless it says otherwise; a fleet can share it"
    )
    checks: tuple[Check, ...] = Field(default=(), description="limits on metrics")
    undecided_after: Windows = Field(
        default=3,
        description="an incident opens when the data leave a check undecided for so many windows in a row; 0: never",
    )
    retrain: Retrain | None = Field(
        default=None, description="when a model is retrained, with what, and what the new one must prove"
    )
    notify: OptionalNotify = Field(
        default=Notify(), description="who is notified of incidents: apprise URLs, or `alertmanager`"
    )

    @model_validator(mode="before")
    @classmethod
    def _checks_have_defaults(cls, value: Any) -> Any:
        return with_check_defaults(value) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _boxes_are_declared(self) -> Monitor:
        for at, message in box_faults(self):
            raise fault(message, *at)
        return self

    @model_validator(mode="after")
    def _labels_can_be_joined(self) -> Monitor:
        predictions, labels = self.predictions, self.labels
        if labels and not predictions.prediction:
            raise fault("labels need predictions.prediction, the column that they are compared with; name it", "labels")
        if labels and not labels.same_row and not predictions.id:
            raise fault("labels are joined on ids; give predictions.id, or labels.same_row: true", "labels")
        if labels and labels.id and len(labels.id) != len(predictions.id):
            counts = f"labels.id names {len(labels.id)} columns and predictions.id {len(predictions.id)}"
            raise fault(f"{counts}; name as many, in the same order", "labels", "id")
        return self

    @model_validator(mode="after")
    def _crops_have_boxes(self) -> Monitor:
        if self.images and self.images.crops and self.kind.name != "detection":
            what = f"crops are measured by the boxes of a detector, and this monitor is of {self.kind.name}"
            raise fault(f"{what}; leave crops out", "images", "crops")
        return self

    @model_validator(mode="after")
    def _columns_have_one_role(self) -> Monitor:
        if clashing := clash(self):
            use, message = clashing
            raise fault(message, *use.at)
        return self

    @model_validator(mode="after")
    def _names_are_clear(self) -> Monitor:
        for i, name in enumerate(self.segments):
            if "=" in name:
                what = f"segment {name!r} holds =, which stands between column and value"
                raise fault(f"{what}; rename the column, or leave it out", "segments", i)
        checks = [check.name for check in self.checks]
        for of, names in (("checks", checks), ("metrics", [own.name for own in self.metrics])):
            if twice := next((i for i, name in enumerate(names) if name in names[:i]), None):
                raise fault(f"two {of} are named {names[twice]!r}; give this one another name", of, twice)
        for i, check in enumerate(self.checks):
            if check.name == DATA_CHECK.name:
                what = f"{check.name!r} is the name of the check on broken data, which every monitor has"
                raise fault(f"{what}; give this one another name", "checks", i, "name")
        for i, name in enumerate(self.retrain.on if self.retrain else ()):
            if name not in checks:
                raise fault(f"retrain.on names no check {name!r}; {did_you_mean(name, checks)}", "retrain", "on", i)
        return self

    @model_validator(mode="after")
    def _trainer_has_truth(self) -> Monitor:
        if self.retrain and self.retrain.trainer and not self.labels:
            raise fault("a trainer learns from labels; say where they are as labels", "retrain", "trainer")
        if self.retrain and self.retrain.accept and self.retrain.accept.days < LONGEST_WINDOW[self.every]:
            least = format_duration(LONGEST_WINDOW[self.every])
            what = f"a window of {self.every.value} is longer than accept.days; give {least} or more"
            raise fault(what, "retrain", "accept", "days")
        return self

    @property
    def judged(self) -> tuple[Check, ...]:
        """What a run judges: first the check on broken data, then the declared checks."""
        return (DATA_CHECK, *self.checks)

    def undecided_windows(self, check: Check) -> int:
        """After how many windows in a row that leave a check undecided its incident opens; 0 for never."""
        return self.undecided_after if check.undecided_after is None else check.undecided_after

    @property
    def cron(self) -> str:
        """The schedule, or the default of the grain."""
        return self.schedule or SCHEDULES[self.every]

    def window(self, moment: datetime) -> Window:
        """The newest window that is complete at a moment."""
        return Window.of(self.model, self.every, self.timezone, moment).previous()

    def run_after(self, window: Window) -> datetime:
        """The first scheduled instant at which the window is complete: when its own run begins, in UTC."""
        return next_tick(self.cron, window.end - timedelta(seconds=1), self.timezone)
