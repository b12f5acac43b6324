"""What a model service imports. Needs only core, so that a service installs nothing of the application."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamplighter.core.records.live import Reason
    from lamplighter.serving.asgi import RequestMetrics
    from lamplighter.serving.champion import Champion
    from lamplighter.serving.exposition import metrics_app, start_metrics_server
    from lamplighter.serving.instruments import ModelInstruments
    from lamplighter.serving.prediction_log import PredictionLog
    from lamplighter.serving.sql_table import SqlTable

__all__ = [
    "Champion",
    "ModelInstruments",
    "PredictionLog",
    "Reason",
    "RequestMetrics",
    "SqlTable",
    "metrics_app",
    "start_metrics_server",
]

_PLACES = {
    "Champion": "lamplighter.serving.champion",
    "ModelInstruments": "lamplighter.serving.instruments",
    "PredictionLog": "lamplighter.serving.prediction_log",
    "Reason": "lamplighter.core.records.live",
    "RequestMetrics": "lamplighter.serving.asgi",
    "SqlTable": "lamplighter.serving.sql_table",
    "metrics_app": "lamplighter.serving.exposition",
    "start_metrics_server": "lamplighter.serving.exposition",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for: who only logs predictions, or only counts them, waits for nothing else."""
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
