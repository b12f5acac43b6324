"""The report of a run: sections of Evidently's own presets, joined in one page that opens without a network."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pandas as pd

from lamplighter.core.drift.columns import Undecided
from lamplighter.core.drift.result import Checks, ColumnDrift, Quality, ReportSection, most_drifted_first
from lamplighter.core.profiles.profile import ColumnKind
from lamplighter.errors import ReportError
from lamplighter.evidently.checks import checks_section
from lamplighter.evidently.display import plain, shown, written
from lamplighter.evidently.drift import drift_section
from lamplighter.evidently.measure import measure
from lamplighter.evidently.narrow import NARROW
from lamplighter.evidently.quality import quality_section
from lamplighter.evidently.quiet import quiet
from lamplighter.evidently.redraw import redrawn
from lamplighter.evidently.sheets import Sheet, with_sheets
from lamplighter.evidently.summary import summary_section

if TYPE_CHECKING:
    from evidently import Dataset
    from evidently.core.serialization import SnapshotModel

Maker: TypeAlias = Callable[[], ReportSection]
"""Makes one section, or raises `Undecided`."""

Pair: TypeAlias = "tuple[pd.Series[Any], pd.Series[Any]]"
"""One column of the reference and of the current window, as it is shown."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a snapshot that was given none: the ground floor has no clock."""


def report(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Mapping[str, ColumnKind],
    *,
    title: str,
    notes: Sequence[str] = (),
    drift: Sequence[ColumnDrift] | None = None,
    quality: Quality | None = None,
    checks: Checks | None = None,
    private: Collection[str] = frozenset(),
    summary: bool = True,
    at: datetime = EPOCH,
    sheets: Sequence[Sheet] = (),
    form: Literal["html", "snapshot"] = "html",
) -> str:
    """Make the Evidently report of a window.

    It shows the checks, the quality that is recorded, drift, and a summary of every column. What cannot be shown is
    left out and named, with the reason, at the head of the page.

    Parameters
    ----------
    reference, current : DataFrame
        Sampled rows, from which the distributions are drawn.
    columns : mapping of str to {"numeric", "categorical"}
        The columns to show, and how each is compared.
    title : str
        Of the page, for a reader: model and window.
    notes : sequence of str
        What else stands at the head of the page, a line each.
    drift : sequence of ColumnDrift, optional
        The recorded results, which the report shows as they are. Measured by `measure` unless given.
    quality : Quality, optional
        What is recorded of the newest window whose labels have come, shown as it is.
    checks : Checks, optional
        What was decided and what is open.
    private : collection of str
        Columns whose values are never shown in the clear. Quality is not of columns: a private one can be neither
        truth, prediction, score, version nor segment.
    summary : bool, default=True
        Whether to show the summary of every column: about 0.5 s and 0.15 MB for 15 columns.
    at : datetime, optional
        The time of the snapshot.
    sheets : sequence of Sheet
        Pictures above all of it, in the page alone.
    form : {"html", "snapshot"}
        A page that needs no network, or the JSON that Evidently loads with `Snapshot.loads` and its service stores.

    Returns
    -------
    str
        The text to be written. Evidently names its widgets at random, so two pages of one window differ in bytes.

    Raises
    ------
    ReportError
        If no section at all can be made.
    """
    with quiet():
        results = measure(reference, current, columns) if drift is None else drift
        pairs, left_out = _drawable(reference, current, columns, results, private)
        order = [plain(found.column) for found in most_drifted_first(results)]
        sections: dict[str, Maker] = {}
        if checks and checks.decisions:
            sections["checks"] = partial(checks_section, checks)
        if quality:
            sections["quality"] = partial(quality_section, quality)
        if pairs:
            ours, theirs = _datasets(pairs, columns)
            recorded = {plain(found.column): found for found in results if found.column in pairs}
            sections["drift"] = partial(drift_section, ours, theirs, recorded)
            if summary:
                sections["summary"] = partial(summary_section, ours, theirs, list(recorded))
        finish = partial(redrawn, private={plain(column) for column in private}, order=order)
        made = _made(sections, left_out, finish)
        if not made:
            raise ReportError(f"no report can be made of '{title}': {_listed(left_out) or 'no columns'}")
        # Evidently reads the head as Markdown, and nothing else.
        head = f"# {written(title)}\n\nDrift of {len(current):,} rows, against {len(reference):,} of the reference."
        head += "".join(f"\n\n{written(note)}" for note in notes)
        if left_out:
            head += f"\n\nLeft out: {written(_listed(left_out))}."
        text = WRITTEN[form](_joined(title, head, made, at), title)
        return with_sheets(text, sheets) if form == "html" else text


def _drawable(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    columns: Mapping[str, ColumnKind],
    results: Sequence[ColumnDrift],
    private: Collection[str],
) -> tuple[dict[str, Pair], dict[str, str]]:
    """What is shown of each decided column, and of every other one the reason."""
    pairs: dict[str, Pair] = {}
    left_out: dict[str, str] = {}
    by_column = {found.column: found for found in results}
    for column, kind in columns.items():
        found = by_column.get(column, ColumnDrift(column=column, reason="not measured"))
        try:
            if not found.decided:
                raise Undecided(found.reason)
            pairs[column] = shown(reference, current, column, kind, private=column in private)
        except Undecided as undecided:
            left_out[column] = str(undecided)
    return pairs, left_out


def _datasets(pairs: Mapping[str, Pair], columns: Mapping[str, ColumnKind]) -> tuple[Dataset, Dataset]:
    """Both sides as Evidently takes them, with the kinds that were declared instead of guessed ones."""
    from evidently import DataDefinition, Dataset

    definition = DataDefinition(
        numerical_columns=[plain(column) for column in pairs if columns[column] == "numeric"],
        categorical_columns=[plain(column) for column in pairs if columns[column] == "categorical"],
        text_columns=[],
        datetime_columns=[],
        unknown_columns=[],
        list_columns=[],
    )
    ours, theirs = (
        Dataset.from_pandas(
            pd.DataFrame({plain(column): pair[side] for column, pair in pairs.items()}), data_definition=definition
        )
        for side in (0, 1)
    )
    return ours, theirs


def _made(
    sections: Mapping[str, Maker], left_out: dict[str, str], finish: Callable[[list[Any]], list[Any]]
) -> list[ReportSection]:
    """The sections that can be made; of the others the reason is added to what is left out."""
    made = []
    for name, section in sections.items():
        try:
            results, widgets = section()
            made.append(ReportSection(results, finish(widgets)))
        except Undecided as undecided:
            left_out[name] = str(undecided)
        except Exception as error:
            # A fault in one of Evidently's presets costs that preset, not the report; its text may quote the data.
            left_out[name] = f"Evidently could not make it ({type(error).__name__})"
    return made


def _listed(left_out: Mapping[str, str]) -> str:
    """What is left out and why, in a line."""
    return "; ".join(f"{name} ({reason})" for name, reason in left_out.items())


def _joined(title: str, head: str, sections: Sequence[ReportSection], at: datetime) -> SnapshotModel:
    """The sections as one of Evidently's snapshots, under a head."""
    from evidently.core.serialization import ReportModel, SnapshotModel
    from evidently.legacy.renderers.html_widgets import text_widget

    results = {identifier: result for section in sections for identifier, result in section.metric_results.items()}
    return SnapshotModel(
        report=ReportModel(items=[]),
        name=title,
        timestamp=at,
        metadata={},
        tags=[],
        metric_results=results,
        top_level_metrics=list(results),
        widgets=[text_widget(text=head), *(widget for section in sections for widget in section.widgets)],
        tests_widgets=[],
    )


def _page(model: SnapshotModel, title: str) -> str:
    """A page of its own, scripts, fonts and all."""
    from evidently.core.report import Snapshot

    page: str = Snapshot.load_model(model).get_html_str(as_iframe=False)
    page = page.strip().replace("<head>", f"<head>\n        <title>{html.escape(title)}</title>", 1)
    return page.replace("</head>", f"{NARROW}</head>", 1)


def _snapshot(model: SnapshotModel, _: str) -> str:
    """What Evidently saves of a run."""
    from evidently.core.report import Snapshot

    text: str = Snapshot.load_model(model).dumps()
    return text


WRITTEN = {"html": _page, "snapshot": _snapshot}
"""By form: how a report is written."""
