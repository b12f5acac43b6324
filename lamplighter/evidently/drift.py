"""Evidently's drift preset, drawn around results that were measured elsewhere.

Evidently takes a statistic of the user's own. Here each column is given one that answers with what was recorded, so
that counters, table and snapshot show the recorded score and verdict, however they were measured, and a report can
say nothing else than the history. It also saves drawing the columns that the preset draws and then does not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamplighter.core.drift.result import ColumnDrift, ReportSection
from lamplighter.evidently.measure import METHODS

if TYPE_CHECKING:
    from evidently import Dataset

LABELS = {method.name: method.label for method in METHODS.values()}
"""What Evidently's tables call a method; a method that Evidently does not have is called by its own name."""


def drift_section(reference: Dataset, current: Dataset, drift: Mapping[str, ColumnDrift]) -> ReportSection:
    """The widgets of `DataDriftPreset` but its verdict, and as metrics its `DriftedColumnsCount` and `ValueDrift`.

    Parameters
    ----------
    reference, current : evidently.Dataset
        What the distributions are drawn from.
    drift : mapping of str to ColumnDrift
        The decided results, by the name of the column in the data sets.
    """
    from evidently import Report
    from evidently.legacy.renderers.html_widgets import header_text
    from evidently.metrics import DriftedColumnsCount
    from evidently.presets import DataDriftPreset

    columns = {"columns": list(drift), "per_column_method": _recorded(drift)}
    run = Report([DriftedColumnsCount(**columns)]).run(current, reference)
    counted = run.to_snapshot_model().metric_results
    # The preset's first widget judges the share by a threshold of its own; what is too much is for the checks to say.
    _, *drawn = DataDriftPreset(**columns).render(run.context)
    return ReportSection(counted | _values(drift), [header_text(label="Dataset Drift"), *drawn])


def _recorded(drift: Mapping[str, ColumnDrift]) -> dict[str, Any]:
    """For each column a statistic that answers with the recorded result."""
    from evidently.legacy.calculations.stattests import StatTest
    from evidently.legacy.calculations.stattests.registry import StatTestResult

    class Recorded(StatTest):  # type: ignore[misc]  # Evidently has no types
        def __call__(self, reference_data: Any, *_: object, **__: object) -> Any:
            found = drift[reference_data.name]
            return StatTestResult(found.score, bool(found.drifted), found.threshold)

    return {
        column: Recorded(name=found.method, display_name=_label(found), allowed_feature_types=[])
        for column, found in drift.items()
    }


def _values(drift: Mapping[str, ColumnDrift]) -> dict[str, Any]:
    """Each score as the result of Evidently's own metric, under the identifier that the preset gives it."""
    from evidently.metrics import ValueDrift

    values = {}
    for column, found in drift.items():
        calculation = ValueDrift(column=column).to_calculation()
        calculation.resolve_parameter("method", _label(found))
        calculation.resolve_parameter("threshold", found.threshold)
        values[calculation.id] = calculation.result(found.score)
    return values


def _label(found: ColumnDrift) -> str:
    """The method as Evidently's readers know it."""
    return LABELS.get(found.method, found.method)
