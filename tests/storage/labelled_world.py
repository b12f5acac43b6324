"""A project with predictions and labels that arrive, for the tests of both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window
from storage.labelling.join import LabelIndex, Seen, Truth, truths_of
from storage.project.folder import Project
from storage.sources.labels import Arrived, labels_arrived
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan, ScanSpec

DAY = dt.date(2013, 6, 1)
HOUR = dt.timedelta(hours=1)
START = dt.datetime(2013, 6, 1, tzinfo=dt.UTC)
PREDICTIONS = {"parquet": "log/day={day}/*.parquet", "time": "at", "id": "id", "prediction": "answer"}
LABELS = {"parquet": "labels/day={day}/*.parquet", "target": "truth", "mature_after": "3d"}
DATED = LABELS | {"time": "labelled_at"}


def at(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


class World:
    """A project with predictions, labels and the monitor that reads them."""

    def __init__(self, project: Project, monitor: Monitor, write: Callable[..., str]) -> None:
        self.project, self.monitor, self.write, self.files = project, monitor, write, 0

    def _file(self, folder: str, day: str) -> Path:
        self.files += 1
        return self.project.root / folder / f"day={day}" / f"{self.files:03d}.parquet"

    def predict(self, day: str, ids: Any, **columns: Any) -> None:
        count = len(ids)
        times = pa.array([at(f"{day}T12:00")] * count, pa.timestamp("us", tz="UTC"))
        self.write(self._file("log", day), at=times, id=ids, **({"answer": [0] * count} | columns))

    def label(self, day: str, ids: Any, truth: Any, times: list[str | None] | None = None, **columns: Any) -> str:
        if times is not None:
            moments = [time and at(time) for time in times]
            columns["labelled_at"] = pa.array(moments, pa.timestamp("us", tz="UTC"))
        return self.write(self._file("labels", day), id=ids, truth=truth, **columns)

    def specs(self, *days: str) -> list[ScanSpec]:
        windows = [
            Window.of("m", self.monitor.every, self.monitor.timezone, dt.date.fromisoformat(day)) for day in days
        ]
        return [predictions_of(self.project, self.monitor, w, self.project.home / "spool") for w in windows]

    def arrived(self, first: str, now: str) -> Arrived:
        begin = self.specs(first)[0].window.start
        arrived = labels_arrived(self.project, self.monitor, begin, at(now), self.project.home / "spool")
        assert arrived is not None
        return arrived

    def truths(self, *days: str, now: str, relabel: bool = False) -> list[Truth]:
        index = None
        if self.monitor.labels and not self.monitor.labels.same_row:
            index = LabelIndex.of(self.arrived(min(days), now), self.monitor.predictions.id)
        seen = [Seen(Scan(where), at(now) if relabel else None) for where in self.specs(*days)]
        return list(truths_of(seen, self.monitor, index))

    def known(self, day: str, now: str, relabel: bool = False) -> dict[str, Any]:
        [truth] = self.truths(day, now=now, relabel=relabel)
        return dict(zip(truth.labelled["id"], truth.y_true, strict=True))
