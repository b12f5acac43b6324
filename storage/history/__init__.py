"""The history: every number that the nights found, as it was known each night."""

from storage.history.database import History, open_history
from storage.history.lock import model_lock

__all__ = ["History", "model_lock", "open_history"]
