"""Monitor files that the tests write, and the ways in which they read them."""

from __future__ import annotations

from typing import Any

import pytest

from lamplighter.core.monitor import Monitor, parse
from lamplighter.errors import MonitorError

FILE = "monitors/m.yaml"

DESIGN = """\
model: flight-delays
kind: classification
every: 1d
timezone: America/New_York
schedule: "15 5 * * *"
tags: {owner: ops, env: prod, region: us-east}
predictions:
  parquet: data/predictions/day={day}/*.parquet
  time: predicted_at
  id: request_id
  prediction: late
  score: probability_late
  version: model_version
  duplicates: first
labels:
  parquet: data/labels/day={day}/*.parquet
  id: request_id
  target: was_late
  time: labelled_at
  mature_after: 3d
features: {numeric: [distance, wind_speed], categorical: [carrier, origin, dest]}
private: []
segments: [origin, carrier]
reference: {days: 2013-01-01..2013-03-31}
drift: {verdict: evidently}
checks:
  - {metric: f1, below: 0.40}
  - {name: inputs, metric: drift_share, above: 0.3}
retrain:
  on: [f1-below, inputs]
  trainer: examples/flights/train.py:train
  cooldown: 7d
  accept: {metric: f1, gain: 0.0}
notify: ["${ALERTS_URL}"]
"""
"""The example of the design, as far as runs measure it today."""


def monitor_text(rest: str = "", *, kind: str = "classification", predictions: str = "", labels: str = "") -> str:
    """A sound file: a line for each of model, kind, predictions and labels, and the rest from line 5 on.

    What is given as predictions or labels stands behind the keys that they have already.
    """
    rows = ", ".join(filter(None, ["parquet: p.parquet, time: t, prediction: y, id: i", predictions]))
    truth = ", ".join(filter(None, ["parquet: l.parquet, target: z", labels]))
    return f"model: m\nkind: {kind}\npredictions: {{{rows}}}\nlabels: {{{truth}}}\n{rest}"


AUTO = "segments: [origin]\nreference: {trailing: 28d}\nfeatures: {auto: true, exclude: [raw_*]}\n"
"""Lines 5 to 7 of a file whose inputs are measured."""


def with_check(check: str, rest: str = AUTO, **sections: str) -> str:
    """A sound file but for one check, on the last line."""
    return monitor_text(f"{rest}checks:\n  - {{{check}}}\n", **sections)


def monitor_of(kind: str = "classification", predictions: dict[str, Any] | None = None, **sections: Any) -> Monitor:
    """A monitor out of its sections; its predictions have every column there is but what is changed."""
    rows = {"parquet": "p", "time": "at", "id": "i", "prediction": "y", "score": "s", "version": "v"}
    return Monitor.model_validate({"model": "m", "kind": kind, "predictions": rows | (predictions or {})} | sections)


def read(text: str, **environ: str) -> Monitor:
    """Read a monitor file."""
    return parse(FILE, text, environ=environ)


def refusal(text: str, **environ: str) -> str:
    """The message about a file that is refused, without the file's name: its line, and one line of text."""
    with pytest.raises(MonitorError) as caught:
        read(text, **environ)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{FILE}:")
    return message.removeprefix(FILE)
