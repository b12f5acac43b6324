"""The history: every number that runs found, as it was known at each logical date."""

from storage.history.database import History, open_history
from storage.history.lock import model_lock

__all__ = ["History", "model_lock", "open_history"]
