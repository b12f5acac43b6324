"""Quality of predictions against the truth: every metric with its rows, its 95 % interval, or why it has no value.

Each function takes the rows once and any number of groupings, and returns a measurement per metric and group. Metrics
of counts and ranks are computed for all groups at once; each equals what the group's rows alone would give.
"""

from __future__ import annotations

from lamplighter.core.quality.catalogue import METRICS, Metric
from lamplighter.core.quality.classifiers import classes_of, classification
from lamplighter.core.quality.confusion import NO_PREDICTION, Confusion
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.items import Items, read_items, read_lists
from lamplighter.core.quality.labels import Labels
from lamplighter.core.quality.probabilities import improper
from lamplighter.core.quality.rankers import GradedLists, ranking
from lamplighter.core.quality.regressors import BEYOND, regression
from lamplighter.core.quality.resampling import custom
from lamplighter.core.quality.scores import Scores, slack
from lamplighter.core.quality.texts import GradedTexts, read_text, text

__all__ = [
    "BEYOND",
    "METRICS",
    "NO_PREDICTION",
    "Confusion",
    "GradedLists",
    "GradedTexts",
    "Grouping",
    "Items",
    "Labels",
    "Metric",
    "Scores",
    "classes_of",
    "classification",
    "custom",
    "improper",
    "ranking",
    "read_items",
    "read_lists",
    "read_text",
    "regression",
    "slack",
    "text",
]
