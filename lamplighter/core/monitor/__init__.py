"""Monitor files as typed objects."""

from lamplighter.core.monitor.checks import DATA_CHECK, Check, Severity
from lamplighter.core.monitor.fields import class_label
from lamplighter.core.monitor.model import Monitor
from lamplighter.core.monitor.parse import parse
from lamplighter.core.monitor.places import Sql
from lamplighter.core.monitor.sources import (
    Duplicates,
    Features,
    Labels,
    Predictions,
    Reference,
    Source,
)

__all__ = [
    "DATA_CHECK",
    "Check",
    "Duplicates",
    "Features",
    "Labels",
    "Monitor",
    "Predictions",
    "Reference",
    "Severity",
    "Source",
    "Sql",
    "class_label",
    "parse",
]
