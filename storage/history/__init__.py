"""The history: every number that the nights found, as it was known each night."""

from storage.history.database import History, open_history
from storage.history.lock import only_one

__all__ = ["History", "only_one", "open_history"]
