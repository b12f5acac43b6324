"""The series of one version of a model, kept at hand: looking them up would cost more than counting."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import isnan
from typing import Any

from lamplighter.core.records.live import Reason
from lamplighter.errors import LamplighterError
from lamplighter.serving.answers import counted_classes, present_in, rows_of, scores_of
from lamplighter.serving.faults import reported
from lamplighter.serving.series import ModelSeries
from lamplighter.serving.traces import exemplar

NOT_TIMED = frozenset({Reason.CLIENT, Reason.REJECTED})
"""Failures that the model was not asked for, or not for long: their times would flatter its own."""


class VersionSeries:
    """What one version answered and where it failed.

    Parameters
    ----------
    series : ModelSeries
    version : str
    numbers, classes : bool
        Whether its predictions are numbers or classes; neither: only rows are counted.
    unsure : tuple of float, optional
        The band of scores, bounds included.
    declared : sequence of str
        Classes that have a series before the first answer.
    """

    def __init__(
        self,
        series: ModelSeries,
        version: str,
        *,
        numbers: bool,
        classes: bool,
        unsure: tuple[float, float] | None,
        declared: Sequence[str],
    ) -> None:
        self.version = version
        self._series, self._label = series, series.version(version)
        self._numbers, self._by_class, self._unsure = numbers, classes, unsure
        self._duration = self._child("inference_duration_seconds")
        self._size = self._child("inference_batch_size")
        self._rows = self._child("inference_predictions_total")
        self._null = self._child("inference_null_predictions_total")
        self._ok, self._failed = (self._child("inference_requests_total", status) for status in ("ok", "failed"))
        # A counter that begins at 0 shows its first failure to rate(); one that begins at 1 does not.
        self._reasons = {reason: self._child("inference_failures_total", reason.value) for reason in Reason}
        self._unsure_rows = self._child("inference_unsure_predictions_total") if unsure else None
        self._values = self._child("inference_prediction_value") if numbers else None
        self._last: Any = None
        self._classes: dict[str, Any] = {}
        for name in declared:
            self._class(name)
        self._stages: dict[str, Any] = {}

    def _child(self, name: str, *labels: str) -> Any:
        return self._series.child(name, self._label, *labels)

    def _class(self, name: str) -> Any:
        if name not in self._classes:
            # Names beyond the most are not kept: they may be without end.
            if (bounded := self._series.classes.of(name)) != name:
                return self._class(bounded)
            self._classes[name] = self._child("inference_predicted_class_total", name)
        return self._classes[name]

    def shown(self) -> None:
        """Say that the service serves this version."""
        self._series.show(self._label)

    def hidden(self) -> None:
        """Say so no longer; what it counted stays."""
        self._series.hide(self._label)

    def stage(self, name: str, seconds: float) -> None:
        """Count the time of what stands before or after an inference."""
        if name not in self._stages:
            self._stages[name] = self._child(f"{name}_duration_seconds")
        self._stages[name].observe(seconds)

    def failed(self, reason: Reason, seconds: float | None = None) -> None:
        """Count an inference that failed."""
        self._failed.inc()
        self._reasons[reason].inc()
        if seconds is not None and reason not in NOT_TIMED:
            self._duration.observe(seconds, exemplar())

    def answered(self, seconds: float, answers: Sequence[tuple[Any, Any]], rows: int | None) -> None:
        """Count an inference that succeeded."""
        self._ok.inc()
        self._duration.observe(seconds, exemplar())
        # An iterator gives its rows once.
        batches = [(rows_of(batch), None if scores is None else rows_of(scores)) for batch, scores in answers]
        predictions = batches[0][0] if len(batches) == 1 else [value for batch, _ in batches for value in batch]
        size = rows if rows is not None else len(predictions)
        self._size.observe(size)
        if size:
            if self._last is None:
                # Made with the first answer: before it, its age would be that of 1970.
                self._last = self._child("inference_last_prediction_timestamp_seconds")
            self._last.set(time.time())
        self._rows.inc(len(predictions) if answers else size)
        present = present_in(predictions)
        if missing := len(predictions) - len(present):
            self._null.inc(missing)
        for batch, scores in batches:
            if scores is not None:
                self._scored(batch, scores)
        if self._by_class:
            for name, count in counted_classes(present).items():
                self._class(name).inc(count)
        elif self._values is not None:
            self._values.observe_all([number for number in map(float, present) if not isnan(number)])

    def _scored(self, batch: Sequence[Any], scores: list[Any]) -> None:
        """Count the unsure ones of a batch."""
        if self._unsure_rows is not None and self._unsure is not None:
            low, high = self._unsure
            if unsure := sum(low <= score <= high for score in scores_of(scores)):
                self._unsure_rows.inc(unsure)
        if len(scores) != len(batch):
            what = f"{len(batch)} predictions were given with scores of {len(scores)} rows"
            fix = "give one score a row, or for each row the scores of its classes"
            reported(self._series.model, LamplighterError(what, fix=fix))
