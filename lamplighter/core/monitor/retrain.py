"""The part of a monitor file that says when a model is retrained, and what a new one must prove."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from lamplighter.core.monitor.fields import NO_FLAG, Duration, Flag, Lasting, Name, Names, Number, Section, fault
from lamplighter.core.time.cron import checked_cron

Confidence = Annotated[float, Field(ge=0.5, le=0.99, allow_inf_nan=False), NO_FLAG]
"""Beyond 0.99 the draws of the bootstrap are too few."""

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), NO_FLAG]
OWN_PREFIX = "LAMPLIGHTER_"


def _variables(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"{name!r} is not the name of a variable; write letters, digits and _")
        if name.upper().startswith(OWN_PREFIX):
            raise ValueError(f"{name} is a setting of Lamplighter, which a trainer does not get; leave it out")
    return names


Variables = Annotated[Names, AfterValidator(_variables)]
Count = Annotated[int, Field(gt=0), NO_FLAG]


class Accept(Section):
    """What a challenger must prove before it replaces the champion."""

    metric: Name = Field(description="the name of a metric of quality, such as f1")
    gain: Number = Field(default=0.0, description="by how much the challenger must be better, in the metric's unit")
    confidence: Confidence = Field(
        default=0.9, description="how sure the gain must be: the one-sided level of its bootstrap interval"
    )
    days: Duration = Field(
        default=timedelta(days=7), description="the newest matured time, which the challenger is not trained on"
    )
    floor: NotNegative = Field(
        default=0.05,
        description="most that a segment or class of 100 rows or boxes may surely lose, in the metric's unit",
    )


class Retrain(Section):
    """When a model is retrained, with what, and what the result must prove."""

    on: Names = Field(default=(), description="names of the checks whose open incident requests a retraining")
    age: Lasting | None = Field(default=None, description="age of the champion from which on a retraining is requested")
    calendar: Annotated[str, AfterValidator(checked_cron)] = Field(
        default="",
        description="cron, in the model's zone: dates on which a retraining is requested, whatever the checks say",
    )
    trainer: str | None = Field(
        default=None, pattern=r"^.+\.py:\w+$", description="path.py:function; the same file has `predict`"
    )
    deployment: str | None = Field(
        default=None, pattern=r"^[^/]+/[^/]+$", description="flow/deployment of another team's training flow"
    )
    parameters: dict[Name, str | int | float | bool] = Field(
        default={}, description="what the deployment is started with"
    )
    window: Lasting = Field(default=timedelta(days=90), description="how much of the labelled past the trainer gets")
    cooldown: Duration = Field(
        default=timedelta(days=7), description="time after the end of a retraining in which no other one starts"
    )
    budget: Count = Field(default=4, description="most retrainings in a calendar month of the model's zone")
    accept: Accept | None = Field(default=None, description="what a challenger must prove to replace the champion")
    approval: Flag = Field(default=False, description="a challenger that is accepted waits for `lamplighter approve`")
    time_limit: Lasting = Field(default=timedelta(hours=2), description="how long a training may take")
    environment: Variables = Field(
        default=(),
        description="names of variables that the trainer needs beside those of the system, such as AWS_PROFILE",
    )
    memory: Count | None = Field(default=None, description="most memory of a training, in MiB; default all there is")

    @model_validator(mode="after")
    def _one(self) -> Retrain:
        if (self.trainer is None) == (self.deployment is None):
            raise ValueError("give either trainer (path.py:function) or deployment (flow/deployment)")
        if self.parameters and self.deployment is None:
            raise fault("parameters are handed to a deployment, and a trainer takes none; leave them out", "parameters")
        if self.environment and self.trainer is None:
            raise fault("environment is of a trainer; a deployment has an environment of its own", "environment")
        if self.trainer and self.accept is None:
            raise fault(
                "a trainer needs accept, what its model must prove, such as accept: {metric: f1}; add it", "trainer"
            )
        if self.deployment and (self.accept or self.approval):
            key = "accept" if self.accept else "approval"
            raise fault(f"{key} belongs to a trainer; a deployment judges its own models; leave it out", key)
        return self
