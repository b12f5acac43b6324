"""What a model service imports. Needs only core, so that a service installs nothing of the application."""

from lamplighter.serving.prediction_log import PredictionLog

__all__ = ["PredictionLog"]
