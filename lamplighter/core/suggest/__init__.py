"""A first monitor for a table that was not prepared for it: what its columns' names, types and values suggest."""

from lamplighter.core.suggest.columns import MOST_CLASSES, NO_SAMPLE, Column, Sample
from lamplighter.core.suggest.label_table import LabelTable, id_column, labels_in
from lamplighter.core.suggest.monitor_file import Suggestion, suggest
from lamplighter.core.suggest.roles import Roles, roles_of

__all__ = [
    "MOST_CLASSES",
    "NO_SAMPLE",
    "Column",
    "LabelTable",
    "Roles",
    "Sample",
    "Suggestion",
    "id_column",
    "labels_in",
    "roles_of",
    "suggest",
]
